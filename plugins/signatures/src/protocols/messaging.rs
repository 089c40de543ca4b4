//! Messages between people.

use crate::labels::*;
use crate::read::{
    begins, first_line, holds, is_random, u8_at, u16_at, u24_at, u32_at, u32_little,
};
use crate::seen::{Said, Talk};
use crate::signature::{BEHAVIOUR, Hit, ONE_SIDE, Signature, WITH_PORT, tcp, udp};

pub const SIGNATURES: &[Signature] = &[
    tcp(&[0xef, 0xee, 0xdd], telegram),
    tcp(&[], telegram_full),
    udp(&[], telegram_reflector),
    tcp(b"WE", whatsapp),
    tcp(b"NUCPASnucps:", irc).or_server(b":NE"),
    tcp(b"<", xmpp),
    tcp(&[0x2a], oscar).or_server(&[0x2a]),
    udp(&[2], oicq),
    tcp(&[2], oicq),
    tcp(&[], threema),
    tcp(&[0], smpp),
    tcp(&[0x10], dingtalk),
    udp(&[], imo),
    tcp(&[0], lotus_notes),
    udp(&[0xd8, 0xd9, 0xda, 0xdb], line_call),
];

/// First message of MTProto without encryption: no key yet, req_pq or req_pq_multi
/// (core.telegram.org/mtproto/auth_key).
fn is_unencrypted(bytes: &[u8]) -> bool {
    let has_no_key = u32_at(bytes, 0) == Some(0) && u32_at(bytes, 4) == Some(0);
    has_no_key && matches!(u32_little(bytes, 20), Some(0x6046_9778 | 0xbe7e_8ef1))
}

/// core.telegram.org/mtproto/mtproto-transports: abridged (0xef), intermediate (0xee four times),
/// padded (0xdd).
fn telegram(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let (at, length) = match u8_at(bytes, 0)? {
        0xef => match u8_at(bytes, 1)? {
            0x7f => (5, (u24_at(bytes, 2)?.swap_bytes() >> 8) as usize * 4),
            words => (2, usize::from(words) * 4),
        },
        first if *bytes.first_chunk()? == [first; 4] => (8, u32_little(bytes, 4)? as usize),
        _ => return None,
    };
    let message = bytes.get(at..)?;
    if is_unencrypted(message) {
        return Some(Hit::of(talk, TELEGRAM, "MTProto: key exchange"));
    }
    // Encrypted: the key's id, the message's key, blocks of 16 behind; the header may go ahead in a
    // segment of its own.
    let is_message = (40..1 << 20).contains(&length) && (length - 24).is_multiple_of(16);
    let fits = is_message && (at + length == talk.client.length || talk.client.length <= at);
    let answers =
        talk.server.is_empty() || is_random(&talk.server.bytes[..talk.server.bytes.len().min(64)]);
    (fits && answers).then(|| Hit::new(TELEGRAM, WITH_PORT, "MTProto: encrypted message"))
}

/// The full transport: length, number 0, and a message.
fn telegram_full(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let fits = u32_little(bytes, 0)? as usize == talk.client.length
        && u32_at(bytes, 4)? == 0
        && is_unencrypted(bytes.get(8..)?);
    fits.then(|| Hit::of(talk, TELEGRAM, "MTProto: full transport"))
}

/// Reflectors of calls: the peer's tag of 16 bytes, then twelve or sixteen bytes of ones.
fn telegram_reflector(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let tag = bytes.get(..16)?;
    let is_request = u32_at(bytes, 16)? == u32::MAX
        && u32_at(bytes, 20)? == u32::MAX
        && u32_at(bytes, 24)? == u32::MAX;
    let varies = tag.windows(2).filter(|pair| pair[0] != pair[1]).count() > 8;
    let answers = talk.server.is_empty() || talk.server.bytes.get(..16) == Some(tag);
    (is_request && varies && answers)
        .then(|| Hit::of(talk, TELEGRAM, "Telegram: reflector of calls"))
}

/// Noise handshake of WhatsApp: WA, the dictionary's version; routing information may come first
/// (ED, 0, 1).
fn whatsapp(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let is_prologue = |bytes: &[u8]| {
        bytes.starts_with(b"WA")
            && matches!((u8_at(bytes, 2), u8_at(bytes, 3)), (Some(1..=9), Some(0..=9)))
    };
    let routed =
        bytes.starts_with(b"ED\0\x01") && u24_at(bytes, 4).is_some_and(|length| length < 256);
    (is_prologue(bytes) || routed).then(|| Hit::of(talk, WHATSAPP, "WhatsApp: prologue"))
}

/// RFC 1459 sections 2.3 and 4.1: NICK, USER, PASS or CAP, and answers with a prefix.
fn irc(talk: &Talk) -> Option<Hit> {
    let (client, server) = (talk.client.bytes, talk.server.bytes);
    let (line, is_whole) = first_line(client);
    let commands = ["NICK ", "USER ", "CAP LS", "CAP REQ", "PASS ", "STARTTLS"];
    let asks = is_whole && commands.iter().any(|word| begins(line, word));
    let both_commands = (holds(client, b"NICK ") || holds(client, b"nick "))
        && (holds(client, b"USER ") || holds(client, b"user "));
    let answers = [&b" NOTICE "[..], b" 001 ", b" 433 ", b" CAP ", b" 670 "]
        .iter()
        .any(|word| holds(server, word))
        && server.starts_with(b":")
        || begins(server, "NOTICE AUTH")
        || begins(server, "PING :");
    let fits = (asks && answers) || (both_commands && server.is_empty());
    fits.then(|| Hit::of(talk, IRC, "IRC: NICK and USER"))
}

/// RFC 6120 section 4.2: a stream header.
fn xmpp(talk: &Talk) -> Option<Hit> {
    let says = |said: &Said| {
        let bytes = said.bytes;
        (bytes.starts_with(b"<?xml") || bytes.starts_with(b"<stream:stream"))
            && holds(bytes, b"<stream:stream")
    };
    talk.sides().any(|said| says(&said)).then(|| Hit::of(talk, XMPP, "XMPP: stream header"))
}

/// OSCAR of AIM and ICQ: frames of FLAP: 0x2a, channel 1 to 5, a number, a length; version 1 first.
fn oscar(talk: &Talk) -> Option<Hit> {
    let is_frame = |said: Said| {
        let length = u16_at(said.bytes, 4).map_or(usize::MAX, usize::from);
        let channel = u8_at(said.bytes, 1);
        u8_at(said.bytes, 0) == Some(0x2a)
            && matches!(channel, Some(1..=5))
            && length + 6 <= said.bytes.len().max(said.length)
    };
    let begins = talk
        .sides()
        .any(|said| u8_at(said.bytes, 1) == Some(1) && u32_at(said.bytes, 6) == Some(1));
    (begins && talk.sides().all(is_frame)).then(|| Hit::of(talk, OSCAR, "OSCAR: FLAP"))
}

/// QQ: 2, version, command, sequence, account; ends with 3. The last byte of a datagram that was
/// cut is not known.
fn oicq(talk: &Talk) -> Option<Hit> {
    let said = talk.client;
    let at = if talk.is_tcp() { 2 } else { 0 };
    let bytes = said.bytes.get(at..)?;
    if talk.is_tcp() && usize::from(u16_at(said.bytes, 0)?) != said.length {
        return None;
    }
    let ends = said.is_whole() && bytes.last() == Some(&3);
    let known = matches!(u16_at(bytes, 3)?, 1..=0x1ff);
    let has_account = u32_at(bytes, 7)? > 9999;
    let is_port = [4000, 8000].iter().any(|port| talk.has_port(*port)) || talk.is_tcp();
    let fits = u8_at(bytes, 0)? == 2
        && ends
        && known
        && has_account
        && said.length >= 12
        && is_port
        && u8_at(bytes, 1)? != 0;
    fits.then(|| Hit::of(talk, OICQ, "QQ: message"))
}

/// Threema's cryptography whitepaper, "Chat Protocol": key and cookie (32 + 16 bytes), answered by
/// cookie and box (16 + 64).
fn threema(talk: &Talk) -> Option<Hit> {
    let (client, server) = (talk.client, talk.server);
    let is_port = talk.server_port() == 5222 || talk.server_port() == 443;
    let sizes = client.length == 48 && server.length == 80;
    let fits = is_port
        && sizes
        && is_random(client.bytes.get(..48)?)
        && is_random(server.bytes.get(..80)?);
    fits.then(|| Hit::new(THREEMA, WITH_PORT, "Threema: handshake"))
}

/// SMPP 3.4 section 5.1: length, command, status 0, sequence number; a session begins with a bind.
fn smpp(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let length = u32_at(bytes, 0)? as usize;
    let is_bind = matches!(u32_at(bytes, 4)?, 1 | 2 | 9 | 0x15 | 4 | 5)
        && u32_at(bytes, 8)? == 0
        && u32_at(bytes, 12)? > 0;
    let answers = u32_at(talk.server.bytes, 4)
        .is_some_and(|command| command >> 31 == 1 && command & 0xffff < 0x200);
    let fits = is_bind && (16..4096).contains(&length) && length <= talk.client.length && answers;
    fits.then(|| Hit::of(talk, SMPP, "SMPP: bind and answer"))
}

/// DingTalk's own protocol beside TLS: the key's name "dk" in its hello.
fn dingtalk(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let fits = bytes.starts_with(&[0x10, 0x64])
        && u8_at(bytes, 4)? == 1
        && holds(&bytes[..bytes.len().min(20)], b"\0\x02dk");
    fits.then(|| Hit::of(talk, DINGTALK, "DingTalk: hello"))
}

/// imo's calls: a byte that opens, short datagrams of 10 bytes that count.
fn imo(talk: &Talk) -> Option<Hit> {
    let sizes = |side: usize| {
        talk.datagrams(side)
            .filter(|said| said.length == 10 && said.bytes.starts_with(&[9, 2]))
            .count()
    };
    let opens = talk.client.length == 1 && talk.server.length == 1;
    let fits = opens && sizes(0) + sizes(1) > 2;
    fits.then(|| Hit::new(IMO, BEHAVIOUR, "imo: counting datagrams"))
}

/// Lotus Notes RPC: two zero bytes of the fragment header, the constant of the first request.
fn lotus_notes(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let fits = bytes.get(2..8)? == [0, 0, 2, 0, 0, 0x40] && bytes.get(8..12)? == [2, 0x0f, 0, 6]
        || bytes.get(6..14)? == [0, 0, 2, 0, 0, 0x40, 2, 0x0f];
    fits.then(|| Hit::of(talk, LOTUS_NOTES, "Notes: first request"))
}

/// LINE's calls: a kind of 0xd8 to 0xdb, a length, version 6.2, from both sides.
fn line_call(talk: &Talk) -> Option<Hit> {
    let is_header = |said: Said| {
        let kind = said.bytes.first().copied().unwrap_or(0);
        (0xd8..=0xdb).contains(&kind) && said.length > 64 && said.bytes.get(4..6) == Some(&[6, 2])
    };
    let fits = is_header(talk.client) && is_header(talk.server);
    fits.then(|| Hit::new(LINE, ONE_SIDE, "LINE: call"))
}
