//! Text that others wrote: how it is shown, and which names are names.

/// At most so many bytes of a text, cut between characters; control characters are spelled out, and
/// what is no UTF-8 is U+FFFD, but for a character that is cut at the very end.
pub fn printable(text: &[u8], bytes_max: usize) -> String {
    if text.len() <= bytes_max && text.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        return String::from_utf8_lossy(text).into_owned();
    }
    let mut shown = String::with_capacity(text.len().min(bytes_max));
    let mut chunks = text.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        let is_cut_here = chunks.peek().is_none();
        let broken = (!chunk.invalid().is_empty() && !is_cut_here).then_some('\u{fffd}');
        for character in chunk.valid().chars().chain(broken) {
            let before = shown.len();
            match character.is_control() {
                true => shown.extend(character.escape_default()),
                false => shown.push(character),
            }
            if shown.len() > bytes_max {
                shown.truncate(before);
                return shown;
            }
        }
    }
    shown
}

/// Whether it may be the id of a classifier, such as `org.example.ports`.
pub fn is_id(text: &str) -> bool {
    let may_be = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !text.is_empty() && text.bytes().all(may_be)
}

/// Whether it may be the name of a label or a group; classes of models may have capitals.
pub fn is_name(text: &str, may_have_capitals: bool) -> bool {
    let may_be = |byte: u8| match byte {
        b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' => true,
        b'A'..=b'Z' => may_have_capitals,
        _ => false,
    };
    !text.is_empty() && text.bytes().all(may_be)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters_and_shows_no_controls() {
        assert_eq!(printable("größe".as_bytes(), 3), "gr");
        assert_eq!(printable("größe".as_bytes(), 4), "grö");
        assert_eq!(printable(b"a\x1b[2Jb", 255), "a\\u{1b}[2Jb");
        assert_eq!(printable(b"ab\n", 3), "ab");
        assert_eq!(printable(b"a\xffb\xc3", 255), "a\u{fffd}b");
    }

    #[test]
    fn names_are_lower_case_but_for_classes_of_models() {
        assert!(is_name("http-2.0_x", false) && !is_name("", true));
        assert!(is_name("VPN-VOIP", true) && !is_name("VPN-VOIP", false));
        assert!(!is_name("a b", true) && !is_name("é", true));
        assert!(is_id("org.tractor.signatures") && !is_id("a=b") && !is_id(""));
    }
}
