//! Common names of certificates that a server sent in the clear (TLS up to 1.2): found by their
//! object identifier, without reading the messages round them, which may have been cut.

/// 2.5.4.3 (X.520), as DER has it.
const COMMON_NAME: [u8; 5] = [0x06, 0x03, 0x55, 0x04, 0x03];

/// A common name, and whether its distinguished name has no other part.
pub struct Name<'a> {
    pub text: &'a [u8],
    pub is_alone: bool,
}

/// Issuer and subject in turn, of one certificate after the other.
pub fn common_names(bytes: &[u8]) -> impl Iterator<Item = Name<'_>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            // The byte where the identifier would end says how far the next one is at least.
            let last = *bytes.get(from + 4)?;
            let step = match last {
                0x03 if bytes[from..].starts_with(&COMMON_NAME) => {
                    let name = name_at(bytes, from);
                    from += 5;
                    if name.is_some() {
                        return name;
                    }
                    0
                }
                0x04 => 1,
                0x55 => 2,
                0x03 => 3,
                0x06 => 4,
                _ => 5,
            };
            from += step;
        }
    })
}

/// Behind the identifier stands a string; before it SEQUENCE, SET, SEQUENCE with their lengths (RFC
/// 5280 section 4.1.2.4).
fn name_at(bytes: &[u8], at: usize) -> Option<Name<'_>> {
    let (kind, length) = (*bytes.get(at + 5)?, usize::from(*bytes.get(at + 6)?));
    let text = bytes.get(at + 7..at + 7 + length)?;
    // UTF8String, PrintableString, T61String, IA5String.
    let is_string = matches!(kind, 0x0c | 0x13 | 0x14 | 0x16) && length > 0 && length < 128;
    let sequence = at.checked_sub(6).map(|start| &bytes[start..at]);
    let is_alone =
        sequence.is_some_and(|outer| outer[0] == 0x30 && usize::from(outer[1]) == length + 11);
    is_string.then_some(Name { text, is_alone })
}
