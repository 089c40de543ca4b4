//! Cars, hospitals, houses and instruments.

use crate::labels::*;
use crate::read::{holds, is_text, u8_at, u16_at, u32_at, u32_little};
use crate::seen::Talk;
use crate::signature::{BEHAVIOUR, Hit, Signature, WITH_PORT, tcp, udp};

pub const SIGNATURES: &[Signature] = &[
    tcp(&[0x10, 0xc0], mqtt),
    udp(
        &[
            0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x50, 0x51, 0x52, 0x53, 0x54,
            0x58, 0x60, 0x61, 0x62, 0x64, 0x68,
        ],
        coap,
    ),
    udp(b"I", can),
    udp(&[], someip).everywhere(),
    udp(&[1, 2, 3], doip).everywhere(),
    udp(b"R", rtps),
    tcp(b"H", hislip),
    tcp(&[0x0b], hl7),
    tcp(&[1], dicom),
    udp(&[0xd0], tplink),
    tcp(&[0], tplink),
    tcp(&[], nest),
];

/// MQTT 3.1 to 5 section 3.1: CONNECT, remaining length, the protocol's name and level.
fn mqtt(talk: &Talk) -> Option<Hit> {
    let (bytes, server) = (talk.client.bytes, talk.server.bytes);
    // From the middle: PINGREQ and PINGRESP.
    if bytes == [0xc0, 0] {
        return (server == [0xd0, 0]).then(|| Hit::new(MQTT, WITH_PORT, "MQTT: ping"));
    }
    let at = 2 + bytes.get(1..5)?.iter().position(|byte| byte & 0x80 == 0)?;
    let rest = bytes.get(at..)?;
    let fits = rest.starts_with(b"\0\x04MQTT") || rest.starts_with(b"\0\x06MQIsdp");
    let answers = server.is_empty() || server[0] == 0x20;
    (fits && answers).then(|| Hit::of(talk, MQTT, "MQTT: CONNECT"))
}

/// RFC 7252 section 3: version 1, token of at most 8 bytes, a method or response code, options;
/// answered with the same token.
fn coap(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let token = usize::from(u8_at(bytes, 0)? & 0xf);
    let code = u8_at(bytes, 1)?;
    let is_code = matches!(code, 0 | 1..=7 | 0x41..=0x45 | 0x5f | 0x80..=0x8f | 0xa0..=0xa5);
    if token > 8
        || !is_code
        || (code == 0 && talk.client.length != 4)
        || talk.client.length < 4 + token
    {
        return None;
    }
    let is_port = talk.has_port(5683);
    let server = talk.server.bytes;
    let same_message = bytes.get(2..4) == server.get(2..4);
    let same_token = token > 1 && bytes.get(4..4 + token) == server.get(4..4 + token);
    let answers = !server.is_empty()
        && u8_at(server, 0)? >> 6 == 1
        && (same_message || same_token)
        && matches!(u8_at(server, 1)?, 0 | 0x41..=0x45 | 0x5f | 0x80..=0xa5);
    let fits = (answers && code != 0) || (is_port && talk.server.is_empty());
    let path = usize::from(u8_at(bytes, 4 + token).unwrap_or(0) & 0xf);
    let has_path = bytes.get(5 + token..5 + token + path.min(12)).is_some_and(is_text);
    (fits && (is_port || has_path)).then(|| Hit::of(talk, COAP, "CoAP: request"))
}

/// CAN in UDP: the standard's number, a version.
fn can(talk: &Talk) -> Option<Hit> {
    talk.client.bytes.starts_with(b"ISO11898").then(|| Hit::of(talk, CAN, "CAN: ISO11898"))
}

/// AUTOSAR SOME/IP section 4.1: service and method, length, client and session, protocol version 1,
/// type, return code.
fn someip(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let length = u32_at(bytes, 4)? as usize;
    let version = u8_at(bytes, 12)? == 1;
    let kind = matches!(u8_at(bytes, 14)?, 0..=2 | 0x20..=0x22 | 0x80 | 0x81 | 0xa0 | 0xa1)
        && u8_at(bytes, 15)? <= 0x5e;
    let exact = length + 8 == talk.client.length
        || (length >= 8
            && length + 8 < talk.client.length
            && u8_at(bytes, length + 8 + 12).is_none_or(|version| version == 1));
    let is_discovery = u32_at(bytes, 0)? == 0xffff_8100;
    // Without the service of discovery, the answer must be of the same service and request.
    let answers = talk.server.bytes.get(..4) == bytes.get(..4)
        && talk.server.bytes.get(8..12) == bytes.get(8..12);
    let fits = version
        && kind
        && exact
        && length >= 8
        && u8_at(bytes, 13)? < 16
        && u16_at(bytes, 0)? != 0
        && (is_discovery || answers);
    fits.then(|| Hit::of(talk, SOMEIP, "SOME/IP: header"))
}

/// ISO 13400-2 section 7.3: version and its complement, payload type, length.
fn doip(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let known = matches!(u16_at(bytes, 2)?, 0..=8 | 0x4001..=0x4004 | 0x8001..=0x8003);
    let fits = u8_at(bytes, 0)? == !u8_at(bytes, 1)?
        && known
        && u32_at(bytes, 4)? as usize + 8 <= talk.client.length;
    fits.then(|| Hit::of(talk, DOIP, "DoIP: header"))
}

/// OMG DDSI-RTPS section 8.3.3: RTPS, version 2, vendor.
fn rtps(talk: &Talk) -> Option<Hit> {
    let fits =
        talk.client.bytes.starts_with(b"RTPS") && matches!(u8_at(talk.client.bytes, 4)?, 1 | 2);
    fits.then(|| Hit::of(talk, RTPS, "RTPS: header"))
}

/// IVI-6.1 section 2.2: HS, message type, control code, parameter, 8 bytes of length.
fn hislip(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let fits = bytes.starts_with(b"HS")
        && u8_at(bytes, 2)? < 40
        && u32_at(bytes, 8)? == 0
        && u32_at(bytes, 12)? as usize + 16 <= talk.client.length.max(16);
    fits.then(|| Hit::of(talk, HISLIP, "HiSLIP: message"))
}

/// HL7's minimal lower layer: vertical tab, then a message header and its separators.
fn hl7(talk: &Talk) -> Option<Hit> {
    talk.client.bytes.starts_with(b"\x0bMSH|").then(|| Hit::of(talk, HL7, "HL7: MSH"))
}

/// DICOM PS3.8 section 9.3.2: A-ASSOCIATE-RQ, length, version 1, titles of 16 characters.
fn dicom(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let fits = u8_at(bytes, 1)? == 0
        && u32_at(bytes, 2)? as usize + 6 >= talk.client.length
        && u16_at(bytes, 6)? == 1
        && u16_at(bytes, 8)? == 0;
    let has_context = holds(bytes, b"1.2.840.10008.3.1.1.1");
    (fits && has_context).then(|| Hit::of(talk, DICOM, "DICOM: association"))
}

/// Plugs and lamps of TP-Link: JSON, each byte combined with the one before, from 0xab; on TCP a
/// length before it.
fn tplink(talk: &Talk) -> Option<Hit> {
    let bytes = if talk.is_tcp() { talk.client.bytes.get(4..)? } else { talk.client.bytes };
    let plain =
        |at: usize| Some(u8_at(bytes, at)? ^ if at == 0 { 0xab } else { u8_at(bytes, at - 1)? });
    let length_fits =
        !talk.is_tcp() || u32_at(talk.client.bytes, 0)? as usize + 4 == talk.client.length;
    let fits = length_fits
        && plain(0)? == b'{'
        && plain(1)? == b'"'
        && (2..12).all(|at| plain(at).is_none_or(|byte| matches!(byte, b' '..=b'~')));
    fits.then(|| Hit::of(talk, TPLINK, "TP-Link: disguised JSON"))
}

/// Weave of Nest's thermostats: length (little-endian) of a message whose header says version 1, on
/// port 11095.
fn nest(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let length = usize::from(u32_little(bytes, 0)? as u16);
    let fits = talk.has_port(11095) && u8_at(bytes, 3)? & 0xf0 == 0x10 && length > 8;
    let confidence = if length + 2 == talk.client.length { WITH_PORT } else { BEHAVIOUR };
    fits.then(|| Hit::new(NEST_LOG, confidence, "Weave: message on port 11095"))
}
