//! Who may come in: accounts and directories.

use crate::labels::*;
use crate::read::{ber_length, holds, u8_at, u16_at, u24_at, u32_at};
use crate::seen::Talk;
use crate::signature::{Hit, Signature, WITH_PORT, tcp, udp};

pub const SIGNATURES: &[Signature] = &[
    udp(&[], radius),
    tcp(&[0xc0, 0xc1], tacacs),
    tcp(&[1], diameter),
    udp(&[0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x7e], kerberos),
    tcp(&[0], kerberos),
    tcp(&[0x30], ldap).everywhere(),
];

/// RFC 2865 section 3: code, id, length, and attributes that end with it. What pads a datagram does
/// not count.
fn radius(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let known = (1..=51).contains(&u8_at(bytes, 0)?);
    let length = usize::from(u16_at(bytes, 2)?);
    if !known || length < 20 || length > talk.client.length {
        return None;
    }
    let is_port = [1812, 1813, 1645, 1646, 3799].iter().any(|port| talk.has_port(*port));
    let mut at = 20;
    while at + 2 <= length.min(bytes.len()) {
        let size = usize::from(bytes[at + 1]);
        if size < 2 || bytes[at] == 0 {
            // On the protocol's port a damaged attribute is no other protocol.
            return is_port.then(|| Hit::new(RADIUS, WITH_PORT, "RADIUS: header on its port"));
        }
        at += size;
    }
    let fits = (at == length || length > bytes.len())
        && (length == talk.client.length || is_port)
        && (length >= 26 || is_port);
    (fits || is_port && length == talk.client.length)
        .then(|| Hit::of(talk, RADIUS, "RADIUS: attributes"))
}

/// RFC 8907 section 4.1: version 12.0 or 12.1, type, sequence 1, flags, session, length.
fn tacacs(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let fits = matches!(u8_at(bytes, 1)?, 1..=3)
        && u8_at(bytes, 2)? == 1
        && u8_at(bytes, 3)? & !5 == 0
        && u32_at(bytes, 8)? as usize + 12 == talk.client.length;
    fits.then(|| Hit::of(talk, TACACS, "TACACS+: header"))
}

/// RFC 6733 section 3: version 1, length, flags, command, application.
fn diameter(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let length = u24_at(bytes, 1)? as usize;
    let flags = u8_at(bytes, 4)?;
    let command = u24_at(bytes, 5)?;
    let fits = length >= 20
        && length.is_multiple_of(4)
        && length <= talk.client.length.max(1400)
        && flags & 0x0f == 0;
    let known = (257..=330).contains(&command) || (8_388_600..=8_388_740).contains(&command);
    (fits && known).then(|| Hit::of(talk, DIAMETER, "Diameter: header"))
}

/// RFC 4120 section 5.10: an application tag of ASN.1 (10 to 15, 30), a sequence, version 5. TCP
/// has a length before it.
fn kerberos(talk: &Talk) -> Option<Hit> {
    let mut bytes = talk.client.bytes;
    if talk.is_tcp() {
        let length = u32_at(bytes, 0)? as usize;
        if length > 1 << 20 || length + 4 < talk.client.length {
            return None;
        }
        bytes = bytes.get(4..)?;
    }
    let tag = u8_at(bytes, 0)?;
    let is_tag = matches!(tag, 0x6a..=0x6f | 0x7e);
    // Lengths may be long; the version stands as [1] or [0] INTEGER 5 behind the sequence.
    let start = bytes.get(..bytes.len().min(24))?;
    let has_version = holds(start, &[0xa1, 3, 2, 1, 5]) || holds(start, &[0xa0, 3, 2, 1, 5]);
    (is_tag && has_version).then(|| Hit::of(talk, KERBEROS, "Kerberos: message"))
}

/// RFC 4511 section 4.1.1: a sequence, an id, an operation of application tags 0 to 25.
fn ldap(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let (length, at) = ber_length(bytes, 1)?;
    let id = usize::from(u8_at(bytes, at + 1)?);
    let operation = u8_at(bytes, at + 2 + id)?;
    let is_id = u8_at(bytes, at)? == 2 && (1..=4).contains(&id);
    let known = matches!(
        operation,
        0x60 | 0x42 | 0x63 | 0x66 | 0x68 | 0x4a | 0x6c | 0x6e | 0x50 | 0x77 | 0x61 | 0x64 | 0x65
    );
    // A bind: version 2 or 3; a search: a base and a scope.
    let (inner, inside) = ber_length(bytes, at + 3 + id)?;
    let fits_inside = match operation {
        0x60 => {
            bytes.get(inside..inside + 2)? == [2, 1] && matches!(u8_at(bytes, inside + 2)?, 1..=3)
        }
        0x63 => u8_at(bytes, inside)? == 4,
        _ => inner <= length,
    };
    let length_fits = length + at == talk.client.length
        || (talk.is_tcp() && length + at >= talk.client.bytes.len())
        || talk.has_port(389);
    (is_id && known && fits_inside && length_fits).then(|| Hit::of(talk, LDAP, "LDAP: message"))
}
