//! Between servers: queues, calls of procedures, trading.

use crate::labels::*;
use crate::read::{first_line, holds, is_text, u8_at, u16_at, u24_at, u32_at, u32_little};
use crate::seen::{Said, Talk};
use crate::signature::{BEHAVIOUR, Hit, Signature, WITH_PORT, tcp, udp};

pub const SIGNATURES: &[Signature] = &[
    tcp(b"A", amqp),
    tcp(&[1, 2, 3, 8], amqp_frame),
    tcp(b"SC", stomp),
    tcp(&[0], openwire),
    tcp(&[0], kafka),
    tcp(&[0xff], zeromq),
    tcp(b"CI", nats).or_server(b"I"),
    tcp(&[0], gearman),
    tcp(&[1, 2, 3], raft),
    tcp(&[0x80, 0x00], thrift),
    udp(&[0x80, 0x82], thrift_compact),
    tcp(b"GM", corba).everywhere(),
    tcp(b"J", java_rmi),
    tcp(b"8", fix).or_server(b"8"),
    tcp(&[5], dce_rpc),
    udp(&[4], dce_rpc_datagram),
    tcp(&[0x80, 0x00], sun_rpc),
    udp(&[], sun_rpc_datagram),
];

/// AMQP 0-9-1 section 4.2.2, AMQP 1.0 section 2.2: AMQP, a protocol id, three numbers of the
/// version.
fn amqp(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let fits = bytes.starts_with(b"AMQP") && u8_at(bytes, 4)? <= 3 && u8_at(bytes, 7)? < 100;
    fits.then(|| Hit::of(talk, AMQP, "AMQP: protocol header"))
}

/// From the middle: type, channel, length, and at its end 0xce.
fn amqp_frame(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let length = u32_at(bytes, 3)? as usize;
    let fits = length < 1 << 17 && bytes.get(7 + length) == Some(&0xce);
    let goes_on = matches!(bytes.get(8 + length), None | Some(1 | 2 | 3 | 8));
    let is_method =
        u8_at(bytes, 0)? != 1 || matches!(u16_at(bytes, 7)?, 10 | 20 | 40 | 50 | 60 | 85 | 90);
    (fits && goes_on && is_method).then(|| Hit::of(talk, AMQP, "AMQP: frame"))
}

/// STOMP 1.2: CONNECT or STOMP with headers, answered by CONNECTED.
fn stomp(talk: &Talk) -> Option<Hit> {
    let (line, is_whole) = first_line(talk.client.bytes);
    let asks = is_whole && matches!(line, b"STOMP" | b"CONNECT");
    let has_headers = holds(talk.client.bytes, b"accept-version:")
        || holds(talk.client.bytes, b"login:")
        || talk.server.bytes.starts_with(b"CONNECTED");
    (asks && has_headers).then(|| Hit::of(talk, STOMP, "STOMP: CONNECT"))
}

/// WireFormatInfo: length, type 1, ActiveMQ.
fn openwire(talk: &Talk) -> Option<Hit> {
    let fits = talk.client.bytes.get(4..13)? == b"\x01ActiveMQ";
    fits.then(|| Hit::of(talk, OPENWIRE, "OpenWire: WireFormatInfo"))
}

/// Kafka's request header: length, API key, version, correlation, the client's name; answered with
/// the correlation.
fn kafka(talk: &Talk) -> Option<Hit> {
    let (bytes, server) = (talk.client.bytes, talk.server.bytes);
    let length = u32_at(bytes, 0)? as usize;
    let known = u16_at(bytes, 4)? < 75 && u16_at(bytes, 6)? < 20;
    let name = usize::from(u16_at(bytes, 12)?);
    let is_name = bytes.get(14..14 + name).is_some_and(is_text) && name > 0;
    let answers = u32_at(server, 4)? == u32_at(bytes, 8)?
        && u32_at(server, 0)? as usize + 4 >= talk.server.length;
    let fits = known && is_name && answers && length + 4 == talk.client.length;
    fits.then(|| Hit::of(talk, KAFKA, "Kafka: request and answer"))
}

/// ZMTP 3 (rfc.zeromq.org/spec/23): 0xff, eight bytes, 0x7f, the version, the mechanism.
fn zeromq(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let fits = u8_at(bytes, 9)? == 0x7f
        && (talk.client.length == 10 || u8_at(bytes, 10)? <= 3)
        && u32_at(bytes, 1)? == 0;
    fits.then(|| Hit::of(talk, ZEROMQ, "ZMTP: signature"))
}

/// NATS: the server's INFO with JSON.
fn nats(talk: &Talk) -> Option<Hit> {
    let fits =
        talk.server.bytes.starts_with(b"INFO {") || talk.client.bytes.starts_with(b"CONNECT {");
    fits.then(|| Hit::of(talk, NATS, "NATS: INFO"))
}

/// Gearman's binary protocol: zero, REQ or RES, type, length.
fn gearman(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let is_magic = bytes.starts_with(b"\0REQ") || bytes.starts_with(b"\0RES");
    (is_magic && u32_at(bytes, 4)? < 64).then(|| Hit::of(talk, GEARMAN, "Gearman: header"))
}

/// canonical/raft: words of eight bytes: version or type, id, length of the address, the address
/// with its port.
fn raft(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let is_word = |at: usize, below: u32| {
        Some(u32_little(bytes, at)? < below && u32_little(bytes, at + 4)? == 0)
    };
    let length = u32_little(bytes, 16)? as usize;
    let address = bytes.get(24..24 + length.min(64))?;
    let text = &address[..address.iter().position(|byte| *byte == 0).unwrap_or(address.len())];
    let is_address =
        is_text(text) && holds(text, b":") && length.is_multiple_of(8) && text.len() > 2;
    let fits = is_word(0, 16)? && is_word(16, 256)? && is_address;
    fits.then(|| Hit::of(talk, RAFT, "Raft: handshake with address"))
}

/// Thrift's strict binary protocol: 0x8001, type 1 to 4, the length of the method's name; a length
/// may stand before it.
fn thrift(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let at = if u16_at(bytes, 0)? == 0x8001 { 0 } else { 4 };
    let length = u32_at(bytes, at + 4)? as usize;
    let is_header = u16_at(bytes, at)? == 0x8001
        && u8_at(bytes, at + 2)? == 0
        && matches!(u8_at(bytes, at + 3)?, 1..=4);
    let fits = is_header
        && (1..128).contains(&length)
        && bytes.get(at + 8..at + 8 + length).is_some_and(is_text);
    fits.then(|| Hit::of(talk, THRIFT, "Thrift: message"))
}

/// The compact protocol: 0x82, version 1 and type, a sequence number, the method's name (as
/// Jaeger's agents have it).
fn thrift_compact(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let is_header =
        u8_at(bytes, 0)? == 0x82 && matches!(u8_at(bytes, 1)?, 0x21 | 0x41 | 0x61 | 0x81);
    let end = bytes.get(2..)?.iter().position(|byte| byte & 0x80 == 0)? + 3;
    let length = usize::from(u8_at(bytes, end)?);
    let fits = is_header
        && end < 8
        && (1..64).contains(&length)
        && bytes.get(end + 1..end + 1 + length).is_some_and(is_text);
    fits.then(|| Hit::of(talk, THRIFT, "Thrift: compact message"))
}

/// CORBA 3 part 2 section 9.4.1: GIOP, version 1, flags, type; MIOP round it on multicast.
fn corba(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let is_header = bytes.starts_with(b"GIOP\x01") || bytes.starts_with(b"MIOP\x10");
    (is_header && (u8_at(bytes, 7)? < 8 || u8_at(bytes, 0)? == b'M'))
        .then(|| Hit::of(talk, CORBA, "CORBA: GIOP"))
}

/// Java RMI's wire protocol section 10.2: JRMI, version, one of three protocols.
fn java_rmi(talk: &Talk) -> Option<Hit> {
    let fits = talk.client.bytes.starts_with(b"JRMI\0")
        && matches!(u8_at(talk.client.bytes, 6)?, 0x4b..=0x4d);
    fits.then(|| Hit::of(talk, JAVA_RMI, "Java RMI: header"))
}

/// FIX: BeginString, BodyLength.
fn fix(talk: &Talk) -> Option<Hit> {
    let says = |said: Said| {
        let bytes = said.bytes;
        let start = bytes.get(..bytes.len().min(20)).unwrap_or_default();
        let named = bytes.starts_with(b"8=FIX") || bytes.starts_with(b"8=O\x01");
        named && holds(start, b"\x019=")
    };
    talk.sides().any(says).then(|| Hit::of(talk, FIX, "FIX: BeginString"))
}

/// C706 chapter 12.6.3: version 5.0 or 5.1, type, flags, data representation, length of the
/// fragment.
fn dce_rpc(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let is_version = u8_at(bytes, 1)? <= 1 && matches!(u8_at(bytes, 2)?, 0 | 2 | 3 | 11..=19);
    let is_data =
        matches!(u8_at(bytes, 4)?, 0 | 0x10) && u8_at(bytes, 5)? == 0 && u16_at(bytes, 6)? == 0;
    let length = u16_at(bytes, 8)?;
    let length = usize::from(if u8_at(bytes, 4)? == 0x10 { length.swap_bytes() } else { length });
    let fits = is_version
        && is_data
        && length >= 16
        && (length <= talk.client.length || talk.client.length > 1000);
    fits.then(|| Hit::of(talk, DCE_RPC, "DCE RPC: header"))
}

/// C706 chapter 12.5.1: version 4, type up to 10; PROFINET's interfaces have an UUID of their own.
fn dce_rpc_datagram(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let is_header =
        u8_at(bytes, 1)? <= 10 && matches!(u8_at(bytes, 4)?, 0 | 0x10) && u8_at(bytes, 5)? <= 3;
    let length = u16_at(bytes, 74)?;
    let length =
        usize::from(if u8_at(bytes, 4)? & 0x10 != 0 { length.swap_bytes() } else { length });
    let fits =
        is_header && length + 80 <= talk.client.length && talk.client.length <= length + 80 + 32;
    // Objects and interfaces DEA00000-6C97-11D1-8271 and on (IEC 61158-6-10), in either order of
    // bytes.
    let ids = bytes.get(8..40)?;
    let is_profinet =
        holds(ids, b"\x6c\x97\x11\xd1\x82\x71") || holds(ids, b"\x97\x6c\xd1\x11\x82\x71");
    let label = if is_profinet { PROFINET } else { DCE_RPC };
    (fits && u16_at(bytes, 2)? & 0x40 == 0).then(|| Hit::of(talk, label, "DCE RPC: datagram"))
}

/// RFC 5531 section 9: transaction, call, version 2, program; 100000 to 100399 are Sun's. NFS is
/// 100003, mount 100005.
fn rpc_call(bytes: &[u8]) -> Option<u32> {
    let program = u32_at(bytes, 12)?;
    let is_call = u32_at(bytes, 4)? == 0
        && u32_at(bytes, 8)? == 2
        && u32_at(bytes, 16)? <= 5
        && u32_at(bytes, 20)? < 64;
    let known = (100_000..100_400).contains(&program) || program == 390_103 || program == 300_019;
    (is_call && known).then_some(program)
}

fn rpc_hit(talk: &Talk, program: u32) -> Hit {
    let is_files = matches!(program, 100_003 | 100_005 | 100_021 | 100_024 | 100_227);
    Hit::of(talk, if is_files { NFS } else { ONC_RPC }, "ONC RPC: call")
}

/// On TCP a mark of the record stands before it (section 11).
fn sun_rpc(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let program = rpc_call(bytes.get(4..)?)?;
    (u24_at(bytes, 1)? >= 40).then(|| rpc_hit(talk, program))
}

fn sun_rpc_datagram(talk: &Talk) -> Option<Hit> {
    if let Some(program) = rpc_call(talk.client.bytes) {
        return Some(rpc_hit(talk, program));
    }
    // An answer alone: the call went to another port.
    let bytes = talk.client.bytes;
    let is_answer = u32_at(bytes, 4)? == 1 && u32_at(bytes, 8)? <= 1 && talk.has_port(2049);
    is_answer.then(|| {
        Hit::new(
            NFS,
            if talk.both_spoke() { WITH_PORT } else { BEHAVIOUR },
            "ONC RPC: answer on port 2049",
        )
    })
}
