//! Routers among themselves, and what they wrap packets in.

use crate::labels::*;
use crate::read::{u8_at, u16_at, u24_at, u32_at};
use crate::seen::{Said, Talk};
use crate::signature::{BEHAVIOUR, Hit, Signature, WITH_PORT, tcp, udp};

pub const SIGNATURES: &[Signature] = &[
    tcp(&[0xff], bgp).or_server(&[0xff]),
    udp(&[0], label_distribution).everywhere(),
    udp(&[], forwarding_detection),
    udp(&[], lisp).everywhere(),
    udp(&[0, 0x10, 1], capwap),
    tcp(&[1, 4, 5, 6], openflow),
    udp(&[0x08, 0x0c, 0], vxlan),
    udp(&[], geneve),
    udp(&[1, 2], rip),
    udp(&[0, 1], hsrp),
];

/// RFC 4271 section 4.1: a marker of sixteen bytes of ones, length, type 1 to 5.
fn bgp(talk: &Talk) -> Option<Hit> {
    let is_message = |said: Said| {
        let marker =
            said.bytes.get(..16).is_some_and(|marker| marker.iter().all(|byte| *byte == 0xff));
        marker
            && matches!(u16_at(said.bytes, 16), Some(19..=4096))
            && matches!(u8_at(said.bytes, 18), Some(1..=5))
    };
    talk.sides().any(is_message).then(|| Hit::of(talk, BGP, "BGP: marker"))
}

/// RFC 5036 section 3.1: version 1, length, id of the router; port 646.
fn label_distribution(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let fits = u16_at(bytes, 0)? == 1
        && usize::from(u16_at(bytes, 2)?) + 4 <= talk.client.length
        && talk.has_port(646)
        && matches!(u16_at(bytes, 10)? & 0x7fff, 1..=0x404);
    fits.then(|| Hit::of(talk, LDP, "LDP: message"))
}

/// RFC 5880 section 4.1: version 1, length that is the datagram's, detection multiplier; the echo
/// of RFC 5881 is free in form.
fn forwarding_detection(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let is_control = [3784, 4784, 7784].iter().any(|port| talk.has_port(*port))
        && u8_at(bytes, 0)? >> 5 <= 1
        && usize::from(u8_at(bytes, 3)?) == talk.client.length;
    let is_echo = talk.client_port() == 3785 || talk.server_port() == 3785;
    let confidence = if is_control { Hit::of(talk, BFD, "").confidence } else { BEHAVIOUR };
    (is_control || is_echo).then(|| Hit::new(BFD, confidence, "BFD: packet"))
}

/// RFC 9301 section 5: control messages by type, on port 4342; RFC 8378's reliable transport on
/// TCP.
fn lisp(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let is_control =
        talk.has_port(4342) && (talk.is_tcp() || matches!(u8_at(bytes, 0)? >> 4, 1..=8 | 15));
    let is_data = talk.has_port(4341) && u8_at(bytes, 8)? >> 4 >= 4;
    (is_control || is_data).then(|| Hit::new(LISP, WITH_PORT, "LISP: message on its port"))
}

/// RFC 5415 section 4: a preamble (0, or 1 for DTLS behind four bytes), header length, on ports
/// 5246 and 5247.
fn capwap(talk: &Talk) -> Option<Hit> {
    if !talk.has_port(5246) && !talk.has_port(5247) {
        return None;
    }
    let bytes = talk.client.bytes;
    let is_encrypted = u8_at(bytes, 0)? & 0xf == 1
        && u24_at(bytes, 1)? == 0
        && matches!(u8_at(bytes, 4)?, 20..=23);
    let is_plain = u8_at(bytes, 0)? == 0 && (2..=8).contains(&(u8_at(bytes, 1)? >> 3));
    (is_encrypted || is_plain).then(|| Hit::of(talk, CAPWAP, "CAPWAP: preamble"))
}

/// OpenFlow 1.0 to 1.5 section 7.1: version, type, length, and a HELLO (0) to begin with.
fn openflow(talk: &Talk) -> Option<Hit> {
    let is_message = |said: Said| {
        let bytes = said.bytes;
        let is_header =
            matches!(u8_at(bytes, 0), Some(1..=6)) && matches!(u8_at(bytes, 1), Some(0..=35));
        is_header
            && u16_at(bytes, 2)
                .is_some_and(|length| length >= 8 && usize::from(length) <= said.length)
    };
    let begins = u8_at(talk.client.bytes, 1)? == 0
        && (talk.both_spoke() || talk.has_port(6633) || talk.has_port(6653));
    let fits = begins
        && talk.sides().all(is_message)
        && u16_at(talk.client.bytes, 2)? <= 64
        && (!talk.both_spoke() || u8_at(talk.server.bytes, 1)? <= 1);
    fits.then(|| Hit::of(talk, OPENFLOW, "OpenFlow: HELLO"))
}

/// RFC 7348 section 5: flags, reserved zeros, port 4789 (Linux before: 8472).
fn vxlan(talk: &Talk) -> Option<Hit> {
    let is_port = talk.has_port(4789) || talk.has_port(8472);
    let bytes = talk.client.bytes;
    let fits = is_port
        && u8_at(bytes, 0)? & 8 == 8
        && u8_at(bytes, 7)? == 0
        && talk.client.length > 8 + 14;
    fits.then(|| Hit::of(talk, VXLAN, "VXLAN: header"))
}

/// RFC 8926 section 3.4: version 0, a protocol type of Ethernet, port 6081.
fn geneve(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let fits = talk.has_port(6081)
        && u8_at(bytes, 0)? >> 6 == 0
        && matches!(u16_at(bytes, 2)?, 0x6558 | 0x0800 | 0x86dd);
    fits.then(|| Hit::of(talk, GENEVE, "Geneve: header"))
}

/// RFC 2453 section 3.6: command, version, zero, entries of 20 bytes; RFC 2080's ng on port 521.
fn rip(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let is_port = talk.has_port(520) || talk.has_port(521);
    let fits = is_port
        && matches!(u8_at(bytes, 1)?, 1 | 2)
        && u16_at(bytes, 2)? == 0
        && talk.client.length % 20 == 4;
    fits.then(|| Hit::of(talk, RIP, "RIP: message"))
}

/// RFC 2281 section 5: version 0, opcode, state, on port 1985.
fn hsrp(talk: &Talk) -> Option<Hit> {
    let fits = talk.has_port(1985)
        && u32_at(talk.client.bytes, 0)? >> 8 & 0xff <= 16
        && talk.client.length >= 20;
    fits.then(|| Hit::of(talk, HSRP, "HSRP: message"))
}
