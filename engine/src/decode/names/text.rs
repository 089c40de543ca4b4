//! Texts as they may be shown: what peers sent, without what acts on a terminal or breaks a row.

use crate::limits::HOST_NAME_BYTES_MAX;

/// A host name as sent, without the dot at its end. `None` if it is empty, too long, or holds white
/// space or control characters, as none does.
pub fn host_name(bytes: &[u8]) -> Option<Box<str>> {
    let bytes = bytes.strip_suffix(b".").unwrap_or(bytes);
    if bytes.is_empty() || bytes.len() > HOST_NAME_BYTES_MAX {
        return None;
    }
    let name = std::str::from_utf8(bytes).ok()?;
    let is_shown = |character: char| !character.is_control() && !character.is_whitespace();
    name.chars().all(is_shown).then(|| name.into())
}

/// The host of `user@host:port` (RFC 3986, 3.2); an IPv6 address without its brackets.
pub fn authority_host(authority: &[u8]) -> Option<Box<str>> {
    if authority.iter().any(|byte| matches!(byte, b'/' | b'?' | b'#' | b'\\')) {
        return None;
    }
    let after_user = authority.iter().rposition(|byte| *byte == b'@').map_or(0, |at| at + 1);
    let authority = &authority[after_user..];
    if let Some(inner) = authority.strip_prefix(b"[") {
        let end = inner.iter().position(|byte| *byte == b']')?;
        return host_name(&inner[..end]);
    }
    let is_port = |port: &[u8]| port.iter().all(u8::is_ascii_digit);
    let colon = authority.iter().position(|byte| *byte == b':');
    match colon {
        Some(at) if is_port(&authority[at + 1..]) => host_name(&authority[..at]),
        _ => host_name(authority),
    }
}

/// A line of text of at most so many bytes: control characters become spaces, what is not UTF-8 the
/// replacement character. `None` if nothing is left.
pub fn line(bytes: &[u8], bytes_max: usize) -> Option<Box<str>> {
    // Not longer than what would be cut anyway.
    let bytes = bytes.trim_ascii();
    let mut text = String::from_utf8_lossy(&bytes[..bytes.len().min(bytes_max)]).into_owned();
    if text.chars().any(char::is_control) {
        text = text.replace(char::is_control, " ");
    }
    while text.len() > bytes_max {
        text.pop();
    }
    let text = text.trim();
    (!text.is_empty()).then(|| text.into())
}
