//! Calls: signalling and media.

use super::internet::is_dtls;
use super::stun::is_stun;
use crate::labels::*;
use crate::read::{begins, first_line, holds, u8_at, u16_at, u32_at, u32_little};
use crate::seen::{Said, Talk};
use crate::signature::{BEHAVIOUR, BOTH_SIDES, Hit, ONE_SIDE, Signature, WITH_PORT, tcp, udp};

pub const SIGNATURES: &[Signature] = &[
    udp(b"IABOCRSUMNPirosu", sip).everywhere().or_server(b"S"),
    udp(b"\r\0", sip_keep_alive),
    udp(&[0, 1], super::stun::stun).or_server(&[0, 1]),
    tcp(&[0, 1], super::stun::stun),
    udp(&[8], super::stun::whatsapp),
    udp(&[0x80, 0x81, 0x82, 0x83, 0x84], rtcp),
    udp(&[0x80, 0x90, 0xa0, 0xb0, 0x81, 0x91], rtp).or_server(&[0x80, 0x90]),
    tcp(&[0, 1, 2, 3, 4, 5], rtp_on_tcp),
    tcp(&[3], h323),
    udp(&[], h323_registration),
    udp(b"ACDEMNRcadmenr", mgcp),
    udp(&[0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88], iax),
    tcp(&[], skinny),
    udp(b"T", teamspeak),
    udp(&[0], mumble),
    udp(&[5, 13, 15, 16], zoom).or_server(&[5, 13, 15, 16]),
    udp(&[0x1f], zoom_peer),
    udp(&[0], discord_voice),
];

/// RFC 3261 section 7: a request line that ends with the version, or a status line that begins with
/// it.
fn sip(talk: &Talk) -> Option<Hit> {
    let says = |said: &Said| {
        let (line, is_whole) = first_line(said.bytes);
        let methods = [
            "INVITE ",
            "ACK ",
            "BYE ",
            "OPTIONS ",
            "CANCEL ",
            "REGISTER ",
            "SUBSCRIBE ",
            "NOTIFY ",
            "MESSAGE ",
            "INFO ",
            "PRACK ",
            "UPDATE ",
            "REFER ",
            "PUBLISH ",
        ];
        let is_request = methods.iter().any(|word| begins(line, word))
            && (holds(line, b" SIP/2.0") || (!is_whole && holds(line, b"sip:")));
        is_request || begins(line, "SIP/2.0 ")
    };
    // On its port a damaged datagram may come first.
    let later = || {
        let mut all = talk.datagrams(0).chain(talk.datagrams(1));
        talk.has_port(5060) && all.any(|said| says(&said))
    };
    let fits = talk.sides().any(|said| says(&said)) || later();
    fits.then(|| Hit::of(talk, SIP, "SIP: start line"))
}

/// RFC 5626 section 4.4.1: two empty lines; others send zeros. Only on SIP's port.
fn sip_keep_alive(talk: &Talk) -> Option<Hit> {
    let is_ping = |said: Said| matches!(said.bytes, b"\r\n\r\n" | b"\r\n" | b"\0\0\0\0" | b"\0");
    let fits = talk.has_port(5060) && talk.sides().all(is_ping);
    fits.then(|| Hit::new(SIP, WITH_PORT, "SIP: keep-alive"))
}

/// RFC 3550 section 6.4: version 2, packet type 200 to 207, a length in words that leads to the
/// next or to the end.
fn is_rtcp(said: Said) -> bool {
    let mut at = 0;
    while at + 4 <= said.bytes.len() {
        let is_header = said.bytes[at] >> 6 == 2 && (200..=207).contains(&said.bytes[at + 1]);
        let words = usize::from(u16_at(said.bytes, at + 2).unwrap_or(0)) + 1;
        // What SRTCP appends (RFC 3711 section 3.4) is no packet.
        if !is_header {
            return at > 0 && said.length - at <= 24;
        }
        at += words * 4;
    }
    at > 0 && at <= said.length + 3 || at > 8 && at == said.length
}

fn rtcp(talk: &Talk) -> Option<Hit> {
    let begins_well = talk.client.length >= 8 && matches!(u8_at(talk.client.bytes, 1)?, 200..=207);
    let all_fit = begins_well && talk.datagrams(0).all(is_rtcp);
    let server_fits =
        talk.server.is_empty() || is_rtcp(talk.server) || rtp_header(talk.server).is_some();
    (all_fit && server_fits).then(|| Hit::of(talk, RTCP, "RTCP: packet"))
}

/// What packets of one source have in common.
#[derive(Clone, Copy)]
struct Rtp {
    sequence: u16,
    source: u32,
}

/// RFC 3550 section 5.1: version 2; a payload type of RFC 3551 or a dynamic one; 72 to 76 are
/// RTCP's.
fn rtp_header(said: Said) -> Option<Rtp> {
    let (first, kind) = (u8_at(said.bytes, 0)?, u8_at(said.bytes, 1)? & 0x7f);
    let is_kind = matches!(kind, 0..=34 | 77..=127);
    let listed = usize::from(first & 0xf);
    let source = u32_at(said.bytes, 8)?;
    let fits = first >> 6 == 2 && is_kind && said.length > 12 + listed * 4 && listed <= 2;
    fits.then_some(Rtp { sequence: u16_at(said.bytes, 2)?, source })
}

/// How many packets of one side go on from each other: the same source, sequence numbers that are
/// near. `None` if more than one in four is something else.
fn rtp_run(talk: &Talk, side: usize) -> Option<usize> {
    let mut first: Option<Rtp> = None;
    let (mut count, mut misfits, mut all) = (0, 0, 0);
    for said in talk.datagrams(side) {
        if is_rtcp(said) || is_stun(said) || is_dtls(said) == Some(true) {
            continue;
        }
        all += 1;
        let Some(header) = rtp_header(said) else {
            misfits += 1;
            continue;
        };
        let before = *first.get_or_insert(header);
        let is_near = header.sequence.wrapping_sub(before.sequence) < 100;
        // A video and its sound may share a flow: other sources are not counted, but allowed.
        count += usize::from(before.source == header.source && is_near);
    }
    (misfits * 4 <= all || all == 0).then_some(count)
}

fn rtp(talk: &Talk) -> Option<Hit> {
    // Media do not go to ports of well-known services, but to 443 through a relay.
    let (client, server) = (talk.client_port(), talk.server_port());
    if client.min(server) < 1024 && server != 443 && client != 443 {
        return None;
    }
    let (client, server) = (rtp_run(talk, 0)?, rtp_run(talk, 1)?);
    match (client, server) {
        (2.., 2..) => Some(Hit::new(RTP, BOTH_SIDES, "RTP: sources of both sides go on")),
        (3.., _) | (_, 3..) => Some(Hit::new(RTP, ONE_SIDE, "RTP: a source goes on")),
        (1.., 1..) | (2, _) => Some(Hit::new(RTP, WITH_PORT, "RTP: headers")),
        _ => {
            // One large packet was kept of each flow: the sizes go on as media do.
            let is_media = talk.seen.packets[0] + talk.seen.packets[1] > 8 && client + server > 0;
            is_media.then(|| Hit::new(RTP, BEHAVIOUR, "RTP: header, and many packets"))
        }
    }
}

/// RFC 4571: two bytes of length before each packet.
fn rtp_on_tcp(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let length = usize::from(u16_at(bytes, 0)?);
    let first = Said { bytes: bytes.get(2..)?, length };
    if length + 2 == talk.client.length && length > 512 && length >= bytes.len() - 2 {
        // A segment that one large packet fills; of the next nothing was kept.
        let fits = rtp_header(first).is_some() && talk.seen.packets.iter().sum::<u64>() > 8;
        return fits.then(|| Hit::new(RTP, BEHAVIOUR, "RTP on TCP: header, and many packets"));
    }
    let second = bytes.get(2 + length..)?;
    let next_length = usize::from(u16_at(second, 0)?);
    let next = Said { bytes: second.get(2..)?, length: next_length };
    let (a, b) = (rtp_header(first)?, rtp_header(next)?);
    let fits = a.source == b.source
        && b.sequence.wrapping_sub(a.sequence) < 100
        && length < 1500
        && next_length < 1500;
    fits.then(|| Hit::new(RTP, ONE_SIDE, "RTP on TCP: a source goes on"))
}

/// TPKT (RFC 1006) round Q.931: protocol discriminator 8, a call reference of two bytes, user-user
/// information.
fn h323(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let is_packet = bytes.starts_with(&[3, 0]) && usize::from(u16_at(bytes, 2)?) >= 10;
    let is_call =
        u8_at(bytes, 4)? == 8 && u8_at(bytes, 5)? == 2 && matches!(u8_at(bytes, 8)?, 1..=0x7d);
    (is_packet && is_call).then(|| Hit::of(talk, H323, "H.323: call signalling"))
}

/// H.225 registration: a PER-encoded choice, and the protocol's object identifier 0.0.8.2250.0.
fn h323_registration(talk: &Talk) -> Option<Hit> {
    let is_named = holds(
        talk.client.bytes.get(..32.min(talk.client.bytes.len()))?,
        &[0x06, 0x00, 0x08, 0x91, 0x4a, 0x00],
    );
    is_named.then(|| Hit::of(talk, H323, "H.323: registration"))
}

/// RFC 3435 section 3.1: four letters, a transaction, an endpoint, MGCP and its version.
fn mgcp(talk: &Talk) -> Option<Hit> {
    let (line, _) = first_line(talk.client.bytes);
    let fits = line.get(4) == Some(&b' ')
        && line[..4].iter().all(u8::is_ascii_alphabetic)
        && holds(line, b" MGCP 1.0");
    fits.then(|| Hit::of(talk, MGCP, "MGCP: command"))
}

/// RFC 5456 section 8.1.1: a full frame begins with bit 1, and its subclass NEW, REGREQ, POKE … of
/// type 6; the sequence numbers of a call start at 0.
fn iax(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let begins = u16_at(bytes, 8)? == 0
        && u8_at(bytes, 10)? == 6
        && matches!(u8_at(bytes, 11)?, 1 | 13 | 30 | 40);
    let fits = begins && talk.has_port(4569);
    fits.then(|| Hit::of(talk, IAX, "IAX2: full frame"))
}

/// Skinny: length (little-endian), version 0 or that of a telephone, message number; on its port or
/// with known first ones.
fn skinny(talk: &Talk) -> Option<Hit> {
    let is_message = |said: Said| {
        let length = u32_little(said.bytes, 0).unwrap_or(0) as usize;
        let version = u32_little(said.bytes, 4).unwrap_or(u32::MAX);
        let number = u32_little(said.bytes, 8).unwrap_or(u32::MAX);
        (4..2000).contains(&length)
            && length + 8 <= said.length
            && version <= 0x20
            && number < 0x160
    };
    let fits = talk.has_port(2000) && talk.sides().all(is_message);
    fits.then(|| Hit::new(SKINNY, WITH_PORT, "Skinny: header on port 2000"))
}

/// TeamSpeak 3: the first datagrams name themselves.
fn teamspeak(talk: &Talk) -> Option<Hit> {
    talk.client
        .bytes
        .starts_with(b"TS3INIT1")
        .then(|| Hit::of(talk, TEAMSPEAK, "TeamSpeak 3: init"))
}

/// Mumble's ping: zero, 8 bytes; the answer is version, the same 8 bytes, users, most users,
/// bandwidth: 24 bytes.
fn mumble(talk: &Talk) -> Option<Hit> {
    let (client, server) = (talk.client, talk.server);
    let fits = client.length == 12 && server.length == 24 && u32_at(client.bytes, 0)? == 0;
    let same = client.bytes.get(4..12) == server.bytes.get(4..12);
    (fits && same).then(|| Hit::of(talk, MUMBLE, "Mumble: ping"))
}

/// Zoom's media: an outer header (type 5, or a session's 1 to 4), in it RTP at the place that the
/// type gives. Michel et al., "Enabling Passive Measurement of Zoom Performance" (IMC 2022),
/// section 4.
fn zoom(talk: &Talk) -> Option<Hit> {
    let media = |said: Said| {
        let at = if said.bytes.first() == Some(&5) { 8 } else { 0 };
        let inner = said.bytes.get(at..)?;
        let header = match inner.first()? {
            15 => 19,
            16 => 20,
            13 => 33,
            _ => return None,
        };
        rtp_header(Said { bytes: inner.get(header..)?, length: said.length - at - header })
    };
    let is_port = (8801..=8810).contains(&talk.server_port());
    let found =
        talk.datagrams(0).chain(talk.datagrams(1)).filter(|said| media(*said).is_some()).count();
    let fits = found > 1 || (found > 0 && is_port);
    fits.then(|| Hit::new(ZOOM, ONE_SIDE, "Zoom: media"))
}

/// Zoom between peers: type 31, version 2.1, the address as text behind its length.
fn zoom_peer(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let length = u32_at(bytes, 24)? as usize;
    let is_address = |text: &[u8]| {
        text.iter().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':'))
    };
    let fits = bytes.starts_with(&[0x1f, 2, 1, 0])
        && (3..46).contains(&length)
        && bytes.get(28..28 + length).is_some_and(is_address);
    fits.then(|| Hit::of(talk, ZOOM, "Zoom: peer"))
}

/// Discord's address discovery: request 1 or answer 2, length 70, a source.
fn discord_voice(talk: &Talk) -> Option<Hit> {
    let asks = talk.client.length == 74 && talk.client.bytes.starts_with(&[0, 1, 0, 70]);
    let answers = talk.server.is_empty() || talk.server.bytes.starts_with(&[0, 2, 0, 70]);
    (asks && answers).then(|| Hit::of(talk, DISCORD, "Discord: address discovery"))
}
