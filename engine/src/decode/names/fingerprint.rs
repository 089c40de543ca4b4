//! Fingerprints of a whole client hello: JA3 (github.com/salesforce/ja3) and JA4
//! (github.com/FoxIO-LLC/ja4, "JA4: TLS Client Fingerprinting").

use super::hello::{Carrier, Hello, extension, is_grease};
use super::reader::u16_list;
use md5::{Digest, Md5};
use ring::digest::{SHA256, digest};
use std::fmt::Write;

/// Room for the lists of most hellos.
const TEXT_BYTES: usize = 512;

/// The MD5 digest of what a hello offers, in hexadecimal.
pub fn ja3(hello: &Hello<'_>) -> Box<str> {
    let mut text = String::with_capacity(32);
    push_hex(&mut text, &Md5::digest(ja3_text(hello)));
    text.into_boxed_str()
}

/// Version, ciphers, extensions, groups and point formats, in the client's order, without GREASE.
fn ja3_text(hello: &Hello<'_>) -> String {
    let mut text = String::with_capacity(TEXT_BYTES);
    text.push_str(itoa::Buffer::new().format(hello.version));
    let extensions = hello.extensions().map(|(kind, _)| kind);
    let groups = hello.list(extension::GROUPS, 2).unwrap_or_default();
    let formats = hello.list(extension::POINT_FORMATS, 1).unwrap_or_default();
    push_numbers(&mut text, u16_list(hello.ciphers));
    push_numbers(&mut text, extensions);
    push_numbers(&mut text, u16_list(groups));
    push_numbers(&mut text, formats.iter().map(|format| u16::from(*format)));
    text
}

fn push_numbers(text: &mut String, numbers: impl Iterator<Item = u16>) {
    let mut separator = ',';
    for number in numbers.filter(|number| !is_grease(*number)) {
        text.push(separator);
        text.push_str(itoa::Buffer::new().format(number));
        separator = '-';
    }
    if separator == ',' {
        text.push(separator);
    }
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value & 15)]);
    text.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]));
}

/// The fingerprint of three parts: what is offered in words, a digest of the ciphers, and one of
/// the extensions with the signature algorithms.
pub fn ja4(hello: &Hello<'_>) -> Box<str> {
    let ciphers = without_grease(u16_list(hello.ciphers));
    let extensions = without_grease(hello.extensions().map(|(kind, _)| kind));
    let algorithms = hello.list(extension::SIGNATURE_ALGORITHMS, 2).unwrap_or_default();
    let algorithms = without_grease(u16_list(algorithms));
    let carrier = match hello.carrier {
        Carrier::Tls => 't',
        Carrier::Dtls => 'd',
        Carrier::Quic => 'q',
    };
    let names = if extensions.contains(&extension::SERVER_NAME) { 'd' } else { 'i' };
    let version = version_word(hello.newest_version());
    let (cipher_count, extension_count) = (ciphers.len().min(99), extensions.len().min(99));
    let [first, last] = alpn_ends(hello.protocols().next().unwrap_or_default());
    // Those of which the first part tells.
    let told = [extension::SERVER_NAME, extension::ALPN];
    let others = extensions.into_iter().filter(|kind| !told.contains(kind)).collect();
    let mut listed = sorted_list(others);
    if !listed.is_empty() && !algorithms.is_empty() {
        listed.push('_');
        push_list(&mut listed, &algorithms);
    }
    let mut text = String::with_capacity(36);
    // Writing to a text cannot fail.
    let _ = write!(
        text,
        "{carrier}{version}{names}{cipher_count:02}{extension_count:02}{first}{last}_"
    );
    push_digest(&mut text, &sorted_list(ciphers));
    text.push('_');
    push_digest(&mut text, &listed);
    text.into_boxed_str()
}

fn without_grease(values: impl Iterator<Item = u16>) -> Vec<u16> {
    values.filter(|value| !is_grease(*value)).collect()
}

fn version_word(version: u16) -> &'static str {
    match version {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        0xfeff => "d1",
        0xfefd => "d2",
        0xfefc => "d3",
        _ => "00",
    }
}

/// The first and last character of a protocol; where one is no letter or digit, the first and last
/// hexadecimal digit.
fn alpn_ends(protocol: &[u8]) -> [char; 2] {
    let (Some(&first), Some(&last)) = (protocol.first(), protocol.last()) else {
        return ['0', '0'];
    };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [first.into(), last.into()];
    }
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or('0');
    [digit(first >> 4), digit(last & 15)]
}

fn sorted_list(mut values: Vec<u16>) -> String {
    values.sort_unstable();
    let mut text = String::with_capacity(TEXT_BYTES);
    push_list(&mut text, &values);
    text
}

fn push_list(text: &mut String, values: &[u16]) {
    for (place, value) in values.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        push_hex(text, &value.to_be_bytes());
    }
}

/// The first twelve hexadecimal digits of the SHA-256 digest; zeros for nothing.
fn push_digest(text: &mut String, of: &str) {
    if of.is_empty() {
        text.push_str("000000000000");
        return;
    }
    push_hex(text, &digest(&SHA256, of.as_bytes()).as_ref()[..6]);
}
