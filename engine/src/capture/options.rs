//! Options of pcapng blocks (draft-ietf-opsawg-pcapng, section 3.5), as far as they can be read.

use super::bytes::ByteOrder;

const OPTION_END: u16 = 0;
const OPTION_COMMENT: u16 = 1;

/// How a comment begins that tells a label.
pub(super) const LABEL: &str = "label: ";

/// Bytes of a label that is taken from a comment.
const LABEL_BYTES_MAX: usize = 255;

/// Codes and values, one after the other.
#[derive(Clone, Copy)]
pub(super) struct Options<'a> {
    order: ByteOrder,
    rest: &'a [u8],
}

impl<'a> Options<'a> {
    pub(super) fn new(order: ByteOrder, bytes: &'a [u8]) -> Self {
        Self { order, rest: bytes }
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (code, bytes) = (self.order.u16(self.rest, 0)?, self.order.u16(self.rest, 2)?);
        let bytes = usize::from(bytes);
        let value = self.rest.get(4..4 + bytes).filter(|_| code != OPTION_END)?;
        self.rest = self.rest.get(4 + bytes.next_multiple_of(4)..).unwrap_or_default();
        Some((code, value))
    }
}

/// The label that a comment tells: one line of text.
pub(super) fn label(options: Options<'_>) -> Option<String> {
    let comments = options.filter(|(code, _)| *code == OPTION_COMMENT);
    let mut labels =
        comments.filter_map(|(_, text)| std::str::from_utf8(text).ok()?.strip_prefix(LABEL));
    let is_label = |label: &&str| {
        !label.is_empty() && label.len() <= LABEL_BYTES_MAX && !label.contains(char::is_control)
    };
    labels.find(is_label).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_a_comment_of_one_line_and_bad_options_are_no_end() {
        let of = |comments: &[&[u8]]| {
            let mut bytes = vec![2, 0, 3, 0, b'l', b'a', b'b', 0];
            for comment in comments {
                bytes.extend([1, 0, comment.len() as u8, 0]);
                bytes.extend(*comment);
                bytes.resize(bytes.len().next_multiple_of(4), 0);
            }
            bytes.extend([0, 0, 0, 0, 1, 0, 9, 0]);
            bytes.extend(b"label: no");
            label(Options::new(ByteOrder::Little, &bytes))
        };
        assert_eq!(of(&[b"host: x", b"label: mail", b"label: chat"]), Some("mail".to_owned()));
        for wrong in [&b"label: "[..], b"label: a\nb", b"label: \xff", b"Label: a"] {
            assert_eq!(of(&[wrong]), None);
            assert_eq!(of(&[wrong, b"label: x"]), Some("x".to_owned()));
        }
        assert_eq!(label(Options::new(ByteOrder::Big, &[0, 1, 0])), None);
    }
}
