//! Private networks and relays. OpenVPN, WireGuard, IPsec, L2TP and PPTP are all the label `vpn`;
//! the evidence says which.

use crate::labels::*;
use crate::read::{u8_at, u16_at, u32_at, u32_little};
use crate::seen::{Said, Talk};
use crate::signature::{BEHAVIOUR, Hit, ONE_SIDE, Signature, WITH_PORT, tcp, udp};

pub const SIGNATURES: &[Signature] = &[
    udp(&[0x08, 0x38, 0x50], openvpn),
    tcp(&[0], openvpn),
    udp(&[1, 2, 3, 4], wireguard),
    udp(&[], ike),
    udp(&[], esp_in_udp),
    udp(&[], l2tp),
    tcp(&[0], pptp),
    tcp(&[5], socks_5),
    tcp(&[4], socks_4),
    udp(
        &[
            0, 0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d,
            0x6e, 0x6f,
        ],
        teredo,
    ),
    udp(&[0x30, 0x48], openvpn_in_the_middle),
];

/// Without the two bytes of length that stand before each packet on TCP.
fn openvpn_packet<'a>(talk: &Talk, said: Said<'a>) -> Option<Said<'a>> {
    if !talk.is_tcp() {
        return Some(said);
    }
    let length = usize::from(u16_at(said.bytes, 0)?);
    let bytes = said.bytes.get(2..)?;
    let bytes = &bytes[..bytes.len().min(length)];
    (said.length >= length + 2).then_some(Said { bytes, length })
}

/// Bytes of the digest that `--auth` may name, 0 without `--tls-auth`.
const DIGESTS: [usize; 7] = [0, 16, 20, 28, 32, 48, 64];

/// The first packet of a session (OpenVPN protocol, "Control channel"): opcode, session id, with
/// `--tls-auth` digest, packet id and time, then no acknowledgement and message number 0.
fn openvpn(talk: &Talk) -> Option<Hit> {
    let client = openvpn_packet(talk, talk.client)?;
    // P_CONTROL_HARD_RESET_CLIENT_V1, _V2 and _V3, key id 0.
    if !matches!(client.bytes.first()?, 0x08 | 0x38 | 0x50) {
        return None;
    }
    let server = openvpn_packet(talk, talk.server);
    // Hard reset of the server: V1 or V2.
    let answers = server.is_some_and(|server| matches!(server.bytes.first(), Some(0x10 | 0x40)));
    let repeats = server
        .is_some_and(|server| server.bytes.windows(8).any(|id| Some(id) == client.bytes.get(1..9)));
    if client.length == 14 && u8_at(client.bytes, 9)? == 0 && u32_at(client.bytes, 10)? == 0 {
        let fits = talk.server.is_empty() || answers;
        return fits.then(|| Hit::of(talk, VPN, "OpenVPN: reset"));
    }
    // The packet id counts from 1; the time is that of the sender's clock (2001 to 2033).
    let is_stamp = |at: usize| {
        let time = u32_at(client.bytes, at + 4).unwrap_or(0);
        matches!(u32_at(client.bytes, at), Some(1..=64))
            && (1_000_000_000..2_000_000_000).contains(&time)
    };
    let signed = DIGESTS.iter().any(|digest| client.length == 22 + digest && is_stamp(9 + digest));
    // --tls-crypt: the stamp comes before the digest, all behind is encrypted. V3 has the client's
    // key behind it.
    let encrypted = is_stamp(9)
        && (client.length == 54 || (u8_at(client.bytes, 0)? == 0x50 && client.length > 300));
    let fits = (signed || encrypted) && (talk.server.is_empty() || answers || repeats);
    fits.then(|| Hit::of(talk, VPN, "OpenVPN: signed reset"))
}

/// Data of one session: every datagram has the same opcode and key (P_DATA_V1, P_DATA_V2), on
/// OpenVPN's port.
fn openvpn_in_the_middle(talk: &Talk) -> Option<Hit> {
    let opcode = *talk.client.bytes.first()?;
    let is_data = |said: Said| said.bytes.first() == Some(&opcode) && said.length > 40;
    let fits = talk.has_port(1194) && (0..2).all(|side| talk.datagrams(side).all(is_data));
    fits.then(|| Hit::new(VPN, BEHAVIOUR, "OpenVPN: data on port 1194"))
}

/// Messages of the WireGuard paper, section 5.4: type and three zeros; 148, 92 and 64 bytes; data
/// in blocks of 16.
fn wireguard(talk: &Talk) -> Option<Hit> {
    let kind = |said: Said| {
        let is_padded = said.bytes.get(1..4) == Some(&[0, 0, 0]);
        let fits = match said.bytes.first()? {
            1 => said.length == 148,
            2 => said.length == 92,
            3 => said.length == 64,
            4 => said.length >= 32 && said.length.is_multiple_of(16),
            _ => false,
        };
        (is_padded && fits).then_some(said.bytes[0])
    };
    let client = kind(talk.client)?;
    if talk.server.is_empty() {
        let mut all = talk.datagrams(0).map(kind);
        let fits = all.all(|kind| kind.is_some()) && (client == 1 || talk.datagrams(0).count() > 2);
        return fits.then(|| Hit::new(VPN, ONE_SIDE, "WireGuard: message"));
    }
    let server = kind(talk.server)?;
    let fits = match (client, server) {
        // The answer names the sender of the initiation.
        (1, 2) => u32_little(talk.client.bytes, 4) == u32_little(talk.server.bytes, 8),
        // Data: a counter of 64 bits that has not come far.
        (4, 4) => {
            [talk.client, talk.server].iter().all(|said| u32_little(said.bytes, 12) == Some(0))
        }
        (1 | 4, _) | (_, 4) => true,
        _ => false,
    };
    fits.then(|| Hit::of(talk, VPN, "WireGuard: messages"))
}

/// ISAKMP header (RFC 2408 section 3.1, RFC 7296 section 3.1); on port 4500 behind four zeros (RFC
/// 3948).
fn ike(talk: &Talk) -> Option<Hit> {
    let said = talk.client;
    let marker = if said.bytes.starts_with(&[0, 0, 0, 0]) { 4 } else { 0 };
    let bytes = said.bytes.get(marker..)?;
    let (next, version) = (u8_at(bytes, 16)?, u8_at(bytes, 17)?);
    let (exchange, flags) = (u8_at(bytes, 18)?, u8_at(bytes, 19)?);
    let is_version_1 =
        version == 0x10 && next <= 20 | 130 && flags < 8 && matches!(exchange, 1..=6 | 32 | 33);
    let is_version_2 = version == 0x20
        && matches!(next, 0 | 33..=54)
        && flags & 0xc7 == 0
        && matches!(exchange, 34..=43);
    let has_id = u32_at(bytes, 0)? | u32_at(bytes, 4)? != 0;
    let fits = has_id && u32_at(bytes, 24)? as usize + marker == said.length;
    (fits && (is_version_1 || is_version_2)).then(|| Hit::of(talk, VPN, "IPsec: IKE"))
}

/// RFC 3948 section 2.1: ESP in UDP, an index that is no zero, numbers that count up from 1; or one
/// byte of keep-alive.
fn esp_in_udp(talk: &Talk) -> Option<Hit> {
    if !talk.has_port(4500) {
        return None;
    }
    if talk.client.length == 1 && talk.client.bytes == [0xff] {
        return Some(Hit::new(VPN, WITH_PORT, "IPsec: keep-alive"));
    }
    let index = u32_at(talk.client.bytes, 0)?;
    let number = u32_at(talk.client.bytes, 4)?;
    let same =
        talk.datagrams(0).all(|said| u32_at(said.bytes, 0) == Some(index) || said.length == 1);
    let fits = index > 255 && (1..1 << 28).contains(&number) && talk.client.length >= 32 && same;
    fits.then(|| Hit::new(VPN, WITH_PORT, "IPsec: ESP in UDP"))
}

/// RFC 2661 section 3.1: version 2 (RFC 3931: 3); a control message has a length, and begins with
/// its type.
fn l2tp(talk: &Talk) -> Option<Hit> {
    if !talk.has_port(1701) {
        return None;
    }
    let bytes = talk.client.bytes;
    let flags = u16_at(bytes, 0)?;
    let is_control = flags & 0xcff0 == 0xc800 && matches!(flags & 0xf, 2 | 3);
    if is_control && usize::from(u16_at(bytes, 2)?) == talk.client.length {
        // A zero-length body acknowledges; else the first pair is the message type.
        let fits = talk.client.length == 12 || u16_at(bytes, 16) == Some(0);
        return fits.then(|| Hit::of(talk, VPN, "L2TP: control message"));
    }
    let is_data = flags & 0xb0f0 == 0 && flags & 0xf == 2 && talk.client.length > 8;
    is_data.then(|| Hit::new(VPN, WITH_PORT, "L2TP: data"))
}

/// RFC 2637 section 2: length, message type 1, magic cookie, control message 1 to 15.
fn pptp(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let fits = u16_at(bytes, 2)? == 1
        && u32_at(bytes, 4)? == 0x1a2b_3c4d
        && matches!(u16_at(bytes, 8)?, 1..=15);
    fits.then(|| Hit::of(talk, VPN, "PPTP: control message"))
}

/// RFC 1928 section 3: version, number of methods, that many methods; the answer is version and
/// method.
fn socks_5(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let methods = usize::from(u8_at(bytes, 1)?);
    let are_methods = methods > 0
        && bytes.get(2..2 + methods)?.iter().all(|method| matches!(method, 0..=9 | 0x80..=0xfe));
    let is_greeting = are_methods && talk.client.length == 2 + methods;
    let server = talk.server;
    if !server.is_empty() {
        let answers = u8_at(server.bytes, 0)? == 5
            && server.length == 2
            && matches!(u8_at(server.bytes, 1)?, 0..=9 | 0x80..=0xff);
        return (is_greeting && answers).then(|| Hit::of(talk, SOCKS5, "SOCKS 5: methods"));
    }
    (is_greeting && talk.server_port() == 1080)
        .then(|| Hit::new(SOCKS5, WITH_PORT, "SOCKS 5: methods, port 1080"))
}

/// The SOCKS 4 memorandum: version, CONNECT or BIND, port, address, a user name up to a zero; the
/// answer is 0 and 90 to 93.
fn socks_4(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let asks =
        matches!(u8_at(bytes, 1)?, 1 | 2) && u16_at(bytes, 2)? != 0 && u32_at(bytes, 4)? != 0;
    let ends = talk.client.length >= 9 && bytes.get(talk.client.length - 1) == Some(&0);
    let answers = talk.server.bytes.first() == Some(&0)
        && matches!(u8_at(talk.server.bytes, 1), Some(90..=93));
    let fits = asks && ends && answers && talk.server.length == 8;
    fits.then(|| Hit::of(talk, SOCKS4, "SOCKS 4: request and answer"))
}

/// RFC 4380 section 5.1.1: IPv6 in UDP on port 3544, behind an authentication header and an origin,
/// if any.
fn teredo(talk: &Talk) -> Option<Hit> {
    if !talk.has_port(3544) {
        return None;
    }
    let mut bytes = talk.client.bytes;
    if bytes.starts_with(&[0, 1]) {
        let skipped = 13 + usize::from(u8_at(bytes, 2)?) + usize::from(u8_at(bytes, 3)?);
        bytes = bytes.get(skipped..)?;
    }
    if bytes.starts_with(&[0, 0]) {
        bytes = bytes.get(8..)?;
    }
    let is_version_6 = u8_at(bytes, 0)? >> 4 == 6 && u16_at(bytes, 4).is_some();
    is_version_6.then(|| Hit::of(talk, TEREDO, "Teredo: IPv6 in UDP"))
}
