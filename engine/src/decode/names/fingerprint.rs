//! Fingerprints of a whole client hello: JA3 (github.com/salesforce/ja3) and JA4
//! (github.com/FoxIO-LLC/ja4, "JA4: TLS Client Fingerprinting").

use super::hello::{Carrier, Hello, extension, is_grease};
use super::reader::u16_list;
use md5::{Digest, Md5};
use ring::digest::{SHA256, digest};
use std::fmt::Write;

/// The MD5 digest of what a hello offers, in hexadecimal.
pub fn ja3(hello: &Hello<'_>) -> Box<str> {
    let mut text = String::with_capacity(32);
    for byte in Md5::digest(ja3_text(hello)) {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text.into()
}

/// Version, ciphers, extensions, groups and point formats, in the client's order, without GREASE.
fn ja3_text(hello: &Hello<'_>) -> String {
    let mut text = hello.version.to_string();
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
    text.push(',');
    for (place, number) in numbers.filter(|number| !is_grease(*number)).enumerate() {
        let dash = if place == 0 { "" } else { "-" };
        // A string takes all that is written.
        let _ = write!(text, "{dash}{number}");
    }
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
        listed = format!("{listed}_{}", list(&algorithms));
    }
    let (of_ciphers, of_extensions) = (digest_word(&sorted_list(ciphers)), digest_word(&listed));
    let offered =
        format!("{carrier}{version}{names}{cipher_count:02}{extension_count:02}{first}{last}");
    format!("{offered}_{of_ciphers}_{of_extensions}").into_boxed_str()
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
    list(&values)
}

fn list(values: &[u16]) -> String {
    let words: Vec<String> = values.iter().map(|value| format!("{value:04x}")).collect();
    words.join(",")
}

/// The first twelve hexadecimal digits of the SHA-256 digest; zeros for nothing.
fn digest_word(text: &str) -> String {
    if text.is_empty() {
        return "0".repeat(12);
    }
    let digest = digest(&SHA256, text.as_bytes());
    digest.as_ref().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
