//! TLS, DTLS and QUIC: the encrypted carriers.

use crate::certificate::common_names;
use crate::labels::*;
use crate::read::{holds, u8_at, u16_at, u24_at, u32_at};
use crate::seen::{Said, Talk};
use crate::signature::{BEHAVIOUR, Hit, ONE_SIDE, Signature, tcp, udp};

pub const SIGNATURES: &[Signature] = &[
    tcp(&[0x14, 0x15, 0x16, 0x17], tls).or_server(&[0x14, 0x15, 0x16, 0x17]),
    tcp(&[], ssl_2),
    udp(&[0x14, 0x15, 0x16, 0x17, 0x19], dtls),
    udp(&[], quic),
    udp(&[], quic_of_google),
    udp(&[], quic_in_the_middle),
];

/// Greatest length of a record: 2^14 and what ciphers may add (RFC 5246 section 6.2.3).
const RECORD_BYTES_MAX: usize = (1 << 14) + 2048;

/// Type and length of a record at `at` (RFC 8446 section 5.1).
fn record(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let kind = *bytes.get(at)?;
    let version = u16_at(bytes, at + 1)?;
    let length = usize::from(u16_at(bytes, at + 3)?);
    let fits = (0x14..=0x18).contains(&kind)
        && (0x300..=0x304).contains(&version)
        && (1..=RECORD_BYTES_MAX).contains(&length)
        // Change cipher spec is one byte, a plain alert two.
        && (kind != 0x14 || length == 1);
    fits.then_some((kind, length))
}

/// How many records stand one behind the other; `None` where one is broken.
fn records(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut count) = (0, 0);
    while at + 5 <= bytes.len() && count < 8 {
        let (_, length) = record(bytes, at)?;
        (at, count) = (at + 5 + length, count + 1);
    }
    (count > 0).then_some(count)
}

/// A hello in the first record: its type, its length of 24 bits within bounds, its version (RFC
/// 8446 section 4.1).
fn is_hello(bytes: &[u8], kind: u8) -> bool {
    let starts = matches!(record(bytes, 0), Some((0x16, length)) if length >= 4)
        && bytes.get(5) == Some(&kind);
    let length_fits = u24_at(bytes, 6).is_none_or(|length| (34..1 << 17).contains(&length));
    let version_fits = u16_at(bytes, 9).is_none_or(|version| (0x300..=0x304).contains(&version));
    starts && length_fits && version_fits
}

fn tls(talk: &Talk) -> Option<Hit> {
    let (client, server) = (talk.client.bytes, talk.server.bytes);
    let of_server = server.is_empty() || records(server).is_some();
    if let Some(hit) = by_certificate(talk) {
        return Some(hit);
    }
    if is_hello(client, 1) && of_server {
        return Some(Hit::of(talk, TLS, "TLS: client hello"));
    }
    if is_hello(server, 2) && (client.is_empty() || record(client, 0).is_some()) {
        return Some(Hit::of(talk, TLS, "TLS: server hello"));
    }
    let (of_client, of_server) = (records(client), records(server));
    match (of_client, of_server) {
        (Some(_), Some(_)) => Some(Hit::new(TLS, ONE_SIDE, "TLS: records of both sides")),
        (Some(count), None) | (None, Some(count)) if !talk.both_spoke() => {
            let is_exact = talk.sides().all(|said| is_one_record(said));
            let confidence = if count > 1 || is_exact { 0.8 } else { BEHAVIOUR };
            Some(Hit::new(TLS, confidence, "TLS: records of one side"))
        }
        _ => None,
    }
}

fn is_one_record(said: Said) -> bool {
    record(said.bytes, 0).is_some_and(|(_, length)| length + 5 == said.length)
}

/// SSL 2 as TLS 1.0 clients may still begin (RFC 5246 appendix E.2): length, CLIENT-HELLO, version,
/// three lengths.
fn ssl_2(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let length = usize::from(u16_at(bytes, 0)? & 0x7fff);
    let version = u16_at(bytes, 3)?;
    let is_hello = u8_at(bytes, 0)? & 0x80 != 0 && u8_at(bytes, 2)? == 1;
    let version_fits = version == 2 || (0x300..=0x303).contains(&version);
    let parts = [5, 7, 9].map(|at| u16_at(bytes, at).map(usize::from));
    let [Some(ciphers), Some(session), Some(challenge)] = parts else { return None };
    let adds_up = 9 + ciphers + session + challenge == length && ciphers % 3 == 0 && ciphers > 0;
    let challenge_fits = (16..=32).contains(&challenge);
    let fits = is_hello && version_fits && adds_up && challenge_fits;
    fits.then(|| Hit::of(talk, TLS, "SSL 2: client hello"))
}

/// What a server's own certificates say of the application. Those of AnyDesk and of Sonos' devices
/// name it. Tor's are made anew (tor-spec section 2): issuer and subject are nothing but a common
/// name www.<random>.com and www.<random>.net.
fn by_certificate(talk: &Talk) -> Option<Hit> {
    let mut names = common_names(certificates(talk.server.bytes)?);
    let (issuer, subject) = (names.next()?, names.next()?);
    if issuer.text == b"Sonos Device Authentication Root CA" {
        return Some(Hit::new(SONOS, ONE_SIDE, "TLS: certificate of a device of Sonos"));
    }
    let of_anydesk: [&[u8]; 3] = [b"AnyDesk Client", b"AnyNet Root CA", b"AnyNet Relay"];
    if [&issuer, &subject].iter().any(|name| of_anydesk.contains(&name.text)) {
        return Some(Hit::new(ANYDESK, ONE_SIDE, "TLS: certificate of AnyDesk"));
    }
    let is_tor = issuer.is_alone
        && subject.is_alone
        && is_random_name(issuer.text, b".com")
        && is_random_name(subject.text, b".net");
    is_tor.then(|| Hit::new(TOR, ONE_SIDE, "TLS: certificate of a Tor relay"))
}

/// What follows the server's hello, if that are certificates in the clear (RFC 5246 section 7.4.2):
/// in the same record or in the next.
pub fn certificates(bytes: &[u8]) -> Option<&[u8]> {
    const CERTIFICATE: u8 = 11;
    let hello_end = 9 + u24_at(bytes, 6)? as usize;
    let record_end = 5 + usize::from(u16_at(bytes, 3)?);
    let is_next_record = hello_end == record_end && bytes.get(hello_end) == Some(&0x16);
    let at = if is_next_record { hello_end + 5 } else { hello_end };
    let is_hello = bytes.first() == Some(&0x16) && bytes.get(5) == Some(&2);
    let rest = bytes.get(at..)?;
    (is_hello && rest.first() == Some(&CERTIFICATE)).then_some(rest)
}

/// What follows the begin of certificates in a datagram of DTLS (RFC 6347, 4.2.2): records, each a
/// message or a part of one, behind the server's hello or alone.
pub fn certificates_in_datagram(bytes: &[u8]) -> Option<&[u8]> {
    const CERTIFICATE: u8 = 11;
    let mut rest = bytes;
    loop {
        let is_handshake = rest.first() == Some(&0x16) && u16_at(rest, 3)? == 0;
        let record = rest.get(13..).filter(|_| is_handshake)?;
        if record.first() == Some(&CERTIFICATE) {
            return Some(record);
        }
        rest = record.get(usize::from(u16_at(rest, 11)?)..)?;
    }
}

/// Five to twenty letters and digits of base 32 between www. and the top-level domain.
fn is_random_name(name: &[u8], top: &[u8]) -> bool {
    let middle = name.strip_prefix(b"www.").and_then(|name| name.strip_suffix(top));
    middle.is_some_and(|middle| {
        let is_base_32 = |byte: &u8| matches!(byte, b'a'..=b'z' | b'2'..=b'7');
        (5..=20).contains(&middle.len()) && middle.iter().all(is_base_32)
    })
}

/// DTLS records (RFC 6347 section 4.1): type, version, epoch, sequence number, length. Version 1.0
/// of old OpenSSL was 0x100.
fn dtls(talk: &Talk) -> Option<Hit> {
    is_dtls(talk.client)?.then(|| Hit::of(talk, DTLS, "DTLS: record"))
}

/// Whether a datagram is a DTLS record; `None` where it is too short.
pub fn is_dtls(said: Said) -> Option<bool> {
    let (kind, version) = (*said.bytes.first()?, u16_at(said.bytes, 1)?);
    let length = usize::from(u16_at(said.bytes, 11)?);
    let version_fits = matches!(version, 0xfeff | 0xfefd | 0xfefc | 0x100);
    // The upper half of the sequence number stays zero in any session that a capture holds.
    let fits =
        version_fits && length > 0 && length + 13 <= said.length && u16_at(said.bytes, 5)? == 0;
    let is_handshake = kind == 0x16 && u16_at(said.bytes, 3)? == 0;
    let message_fits = !is_handshake || matches!(said.bytes.get(13)?, 0..=4 | 11..=16 | 20);
    Some(fits && message_fits)
}

/// Long header (RFC 9000 section 17.2, RFC 9369): a known version and ids of at most 20 bytes; a
/// client's first datagram is at least 1,200 bytes long (section 14.1).
fn quic(talk: &Talk) -> Option<Hit> {
    let said = talk.client;
    let first = *said.bytes.first()?;
    let version = u32_at(said.bytes, 1)?;
    let destination = usize::from(*said.bytes.get(5)?);
    let source = usize::from(*said.bytes.get(6 + destination)?);
    let are_ids = destination <= 20 && source <= 20 && 7 + destination + source < said.length;
    if first & 0x80 == 0 || !are_ids {
        return None;
    }
    let is_forced = version & 0x0f0f_0f0f == 0x0a0a_0a0a && said.length >= 1200;
    if version == 0 {
        let listed = said.bytes.get(7 + destination + source..)?.chunks_exact(4);
        let any_known = listed.into_iter().any(|version| {
            u32_at(version, 0).is_some_and(|version| {
                is_quic_version(version) || version & 0x0f0f_0f0f == 0x0a0a_0a0a
            })
        });
        return any_known.then(|| Hit::of(talk, QUIC, "QUIC: version negotiation"));
    }
    let has_fixed_bit = first & 0x40 != 0;
    let fits = (is_quic_version(version) && has_fixed_bit) || is_forced;
    fits.then(|| Hit::of(talk, QUIC, "QUIC: long header"))
}

/// Versions 1 and 2, drafts, those of mvfst, and Google's of before (IANA registry "QUIC
/// Versions").
fn is_quic_version(version: u32) -> bool {
    let [a, b, c, d] = version.to_be_bytes();
    matches!(version, 1 | 0x6b33_43cf | 0x709a_50c4 | 0xff02_0000 | 0x5130_3433..=0x5130_3530)
        || (version >> 8 == 0xff_0000 && d < 40)
        || version >> 8 == 0xfa_ceb0
        || (matches!(a, b'Q' | b'T') && b == b'0' && c.is_ascii_digit() && d.is_ascii_digit())
}

/// Google's QUIC up to Q043: flags, an id of 8 bytes, the version in ASCII.
fn quic_of_google(talk: &Talk) -> Option<Hit> {
    let [flags, .., a, b, c, d] = *talk.client.bytes.first_chunk::<13>()?;
    let is_flags = flags & 0x09 == 0x09 && flags & 0xc2 == 0;
    let is_version = a == b'Q' && b == b'0' && c.is_ascii_digit() && d.is_ascii_digit();
    if is_flags && is_version {
        return Some(Hit::of(talk, QUIC, "QUIC of Google: version"));
    }
    // The server's answer, not encrypted yet: a message of tags (QUIC Crypto), rejection or hello.
    let start = &talk.client.bytes[..talk.client.bytes.len().min(48)];
    let answers =
        flags & 0xc3 == 0 && flags & 8 != 0 && (holds(start, b"REJ\0") || holds(start, b"SHLO"));
    answers.then(|| Hit::new(QUIC, ONE_SIDE, "QUIC of Google: answer"))
}

/// A capture that begins within a connection: every datagram of both sides has a short header (RFC
/// 9000 section 17.3), all of a side the same bytes of an id, on the port of HTTP/3.
fn quic_in_the_middle(talk: &Talk) -> Option<Hit> {
    if !talk.has_port(443) {
        return None;
    }
    let is_short = |said: Said| {
        said.length > 20 && u8_at(said.bytes, 0).is_some_and(|byte| byte & 0xc0 == 0x40)
    };
    let sides = [0, 1].map(|side| {
        let count = talk.datagrams(side).count();
        (count, talk.datagrams(side).all(is_short))
    });
    let count = sides[0].0 + sides[1].0;
    let mut ids = talk.datagrams(0).filter_map(|said| u32_at(said.bytes, 1));
    let first = ids.next();
    let has_id = ids.all(|id| Some(id) == first);
    let fits = count >= 3 && sides.iter().all(|(_, all_short)| *all_short);
    (fits && has_id).then(|| Hit::new(QUIC, BEHAVIOUR, "QUIC: short headers on port 443"))
}
