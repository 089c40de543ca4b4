//! Names that peers greet with: FTP (RFC 959), SMTP (RFC 5321), IMAP (RFC 9051), POP3 (RFC 1939),
//! SSH (RFC 4253).

use super::message::split_line;
use super::text;
use crate::limits::USER_AGENT_BYTES_MAX;

/// The host name in a server's greeting.
pub fn host(greeting: &[u8]) -> Option<Box<str>> {
    // The name, if there is one, comes first.
    const GREETING_BYTES_MAX: usize = 512;
    let greeting = &greeting[..greeting.len().min(GREETING_BYTES_MAX)];
    let (line, _) = split_line(greeting)?;
    match line {
        // FTP and SMTP; with a dash when more lines follow.
        [b'2', b'2', b'0', b' ' | b'-', words @ ..] => first_host(words, 1),
        [b'*', b' ', b'O', b'K', b' ', words @ ..] => first_host(behind_brackets(words), 1),
        // POP3 has it in the stamp for APOP, if it has one.
        [b'+', b'O', b'K', b' ', words @ ..] => stamp_host(words).or_else(|| first_host(words, 2)),
        _ => None,
    }
}

/// The first of so many words that is a name with a domain.
fn first_host(words: &[u8], count: usize) -> Option<Box<str>> {
    let mut words = words.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    words.by_ref().take(count).find(|word| is_host(word)).and_then(text::host_name)
}

/// Letters, digits and dashes between dots, and no number at the end: versions have dots, too.
fn is_host(word: &[u8]) -> bool {
    let word = word.strip_suffix(b".").unwrap_or(word);
    let is_label = |label: &[u8]| {
        let is_of_names = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !label.is_empty() && label.iter().all(is_of_names)
    };
    let mut labels = word.split(|byte| *byte == b'.');
    let last = labels.clone().next_back().unwrap_or_default();
    let is_domain =
        last.len() > 1 && last.iter().all(u8::is_ascii_alphabetic) || last.starts_with(b"xn--");
    word.contains(&b'.') && is_domain && labels.all(is_label)
}

/// What follows the capabilities that IMAP may greet with.
fn behind_brackets(words: &[u8]) -> &[u8] {
    let end = words.iter().position(|byte| *byte == b']');
    match (words.first(), end) {
        (Some(b'['), Some(end)) => &words[end + 1..],
        _ => words,
    }
}

/// The host of `<process.clock@host>`.
fn stamp_host(words: &[u8]) -> Option<Box<str>> {
    let begin = words.iter().rposition(|byte| *byte == b'<')?;
    let stamp = &words[begin + 1..];
    let stamp = &stamp[..stamp.iter().position(|byte| *byte == b'>')?];
    let at = stamp.iter().position(|byte| *byte == b'@')?;
    let host = &stamp[at + 1..];
    is_host(host).then(|| text::host_name(host)).flatten()
}

/// The software that a side says that it is, and its comments: `SSH-2.0-software comments`.
pub fn ssh_software(banner: &[u8]) -> Option<Box<str>> {
    // What RFC 4253, 4.2 allows.
    const BANNER_BYTES_MAX: usize = 255;
    let rest = banner.strip_prefix(b"SSH-")?;
    let (line, _) = split_line(&rest[..rest.len().min(BANNER_BYTES_MAX)])?;
    let dash = line.iter().position(|byte| *byte == b'-')?;
    text::line(&line[dash + 1..], USER_AGENT_BYTES_MAX)
}
