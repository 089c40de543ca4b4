//! Plants, grids and buildings.

use crate::labels::*;
use crate::read::{u8_at, u16_at, u16_little, u32_at, u32_little};
use crate::seen::{Said, Talk};
use crate::signature::{BEHAVIOUR, Hit, ONE_SIDE, Signature, WITH_PORT, tcp, udp};

pub const SIGNATURES: &[Signature] = &[
    tcp(&[], modbus),
    tcp(&[0x05], dnp3).everywhere(),
    udp(&[0x81], bacnet),
    tcp(&[3], iso_on_tcp),
    tcp(&[0x68], iec_104),
    tcp(&[0x04, 0x63, 0x64, 0x65, 0x66, 0x6f, 0x70], ethernet_ip).everywhere(),
    udp(&[2], cip_io),
    tcp(b"HAMO", opc_ua),
    udp(&[1, 2], hart_ip).everywhere(),
    udp(&[6], knx).everywhere(),
    udp(&[0xaa], synchrophasor).everywhere(),
    udp(&[0x60], ansi_c1222).everywhere(),
    tcp(b"F", fins),
    udp(&[0x80, 0xc0, 0xc1, 0x81], fins_on_udp),
    udp(&[0], ether_sbus),
    udp(b"E", ether_sio),
    udp(&[0x0d], global_data),
    tcp(&[0], automation_device),
    udp(&[], profinet_io),
];

/// Modbus Messaging on TCP/IP 1.0b section 3.1: transaction, protocol 0, length, unit, function
/// code.
fn modbus_header(said: Said) -> Option<(u16, u8)> {
    let length = usize::from(u16_at(said.bytes, 4)?);
    let function = u8_at(said.bytes, 7)?;
    let known = matches!(function & 0x7f, 1..=8 | 11 | 12 | 15..=17 | 20..=24 | 43 | 90);
    let fits = u16_at(said.bytes, 2)? == 0
        && (2..=254).contains(&length)
        && length + 6 <= said.length.max(length + 6);
    let exact = length + 6 == said.length
        || said.length > length + 6
            && u16_at(said.bytes, 6 + length + 2).is_none_or(|protocol| protocol == 0);
    (fits && exact && known).then(|| (u16_at(said.bytes, 0).unwrap_or(0), function))
}

fn modbus(talk: &Talk) -> Option<Hit> {
    let (transaction, function) = modbus_header(talk.client)?;
    let is_port = talk.has_port(502);
    if talk.server.is_empty() {
        return is_port.then(|| Hit::new(MODBUS, WITH_PORT, "Modbus: request on port 502"));
    }
    let (answered, answer) = modbus_header(talk.server)?;
    let is_answer = answered == transaction && answer & 0x7f == function & 0x7f;
    let fits = is_answer || is_port;
    fits.then(|| Hit::of(talk, MODBUS, "Modbus: request and answer"))
}

/// IEEE 1815 section 9.2: 0x0564, length, control, and the header's checksum.
fn dnp3(talk: &Talk) -> Option<Hit> {
    let header = talk.client.bytes.get(..10)?;
    let checksum = dnp3_checksum(&header[..8]);
    let fits =
        header.starts_with(&[0x05, 0x64]) && header[2] >= 5 && u16_little(header, 8)? == checksum;
    fits.then(|| Hit::of(talk, DNP3, "DNP3: header and checksum"))
}

/// Section 9.2.4.3: polynomial 0x3d65, bits from the right, complemented.
fn dnp3_checksum(bytes: &[u8]) -> u16 {
    let of_byte = |sum: u16, byte: &u8| {
        let mut sum = sum ^ u16::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0xa6bc } else { sum >> 1 };
        }
        sum
    };
    !bytes.iter().fold(0, of_byte)
}

/// ASHRAE 135 annex J.2: type 0x81, function, length.
fn bacnet(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let function = u8_at(bytes, 1)?;
    let length_fits = usize::from(u16_at(bytes, 2)?) == talk.client.length;
    // With a network layer inside, its version is 1.
    let version_at = match function {
        0x04 => 10,
        0x09..=0x0b => 4,
        0x00..=0x08 | 0x0c => usize::MAX,
        _ => return None,
    };
    let version_fits = version_at == usize::MAX || u8_at(bytes, version_at)? == 1;
    (length_fits && version_fits).then(|| Hit::of(talk, BACNET, "BACnet: virtual link"))
}

/// TPKT (RFC 1006) and COTP: S7's messages begin with 0x32 (or 0x72), those of MMS are presentation
/// data of ISO 8823. A connection request names the called selector: S7 by two bytes of rack and
/// slot.
fn iso_on_tcp(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let length = usize::from(u16_at(bytes, 2)?);
    if !bytes.starts_with(&[3, 0]) || length < 7 || length > talk.client.length {
        return None;
    }
    let is_connect = u8_at(bytes, 5)? == 0xe0 && usize::from(u8_at(bytes, 4)?) + 5 == length;
    // Behind the connection: the first data.
    let next = if is_connect { bytes.get(length..).unwrap_or_default() } else { bytes };
    let is_data = next.starts_with(&[3, 0]) && next.get(4..6) == Some(&[2, 0xf0]);
    let evidence = "ISO on TCP: data";
    match next.get(7) {
        Some(0x32) if is_data && matches!(next.get(8), Some(1..=3 | 7)) => {
            Some(Hit::of(talk, S7, evidence))
        }
        Some(0x72) if is_data && matches!(next.get(8), Some(1..=3 | 0xfe)) => {
            Some(Hit::of(talk, S7, evidence))
        }
        // A session's connect (0x0d), accept (0x0e), or data (0x01 0x00 0x01 0x00).
        Some(0x0d | 0x0e | 0x01) if is_data => Some(Hit::of(talk, MMS, evidence)),
        _ if is_connect && talk.has_port(102) => {
            let has_rack =
                bytes.windows(4).any(|window| matches!(window, [0xc2, 2, 1..=3 | 0x10, _]));
            has_rack.then(|| Hit::new(S7, WITH_PORT, "ISO on TCP: selector of rack and slot"))
        }
        _ => None,
    }
}

/// IEC 60870-5-104 section 5: 0x68, length 4 to 253, four control octets: of type U, S or I.
fn iec_104(talk: &Talk) -> Option<Hit> {
    let is_frame = |said: Said| {
        let bytes = said.bytes;
        let length = u8_at(bytes, 1).unwrap_or(0);
        let control = u8_at(bytes, 2).unwrap_or(0);
        let rest = (u8_at(bytes, 3).unwrap_or(1), u16_at(bytes, 4).unwrap_or(1));
        let is_kind = match control & 3 {
            3 => {
                length == 4
                    && matches!(control, 0x07 | 0x0b | 0x13 | 0x23 | 0x43 | 0x83)
                    && rest == (0, 0)
            }
            1 => length == 4 && control == 1,
            _ => length >= 10 && matches!(u8_at(bytes, 6), Some(1..=126)),
        };
        bytes.first() == Some(&0x68) && usize::from(length) + 2 <= said.length && is_kind
    };
    let fits = talk.sides().all(is_frame) && (talk.both_spoke() || talk.has_port(2404));
    fits.then(|| Hit::of(talk, IEC104, "IEC 104: frame"))
}

/// ODVA's encapsulation: command, length, session, status 0, 8 bytes of context, options 0.
fn ethernet_ip(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let command = u16_little(bytes, 0)?;
    let known = matches!(command, 0x04 | 0x63 | 0x64 | 0x65 | 0x66 | 0x6f | 0x70);
    let fits = known
        && usize::from(u16_little(bytes, 2)?) + 24 == talk.client.length
        && u32_at(bytes, 8)? == 0
        && u32_at(bytes, 20)? == 0;
    fits.then(|| Hit::of(talk, ETHERNET_IP, "EtherNet/IP: encapsulation"))
}

/// Connected data: two items: a sequenced address (0x8002, 8 bytes), then connected data (0x00b1)
/// up to the end.
fn cip_io(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let is_address =
        u16_little(bytes, 0)? == 2 && u16_little(bytes, 2)? == 0x8002 && u16_little(bytes, 4)? == 8;
    let is_data = u16_little(bytes, 14)? == 0xb1
        && usize::from(u16_little(bytes, 16)?) + 18 == talk.client.length;
    (is_address && is_data).then(|| Hit::of(talk, ETHERNET_IP, "EtherNet/IP: input and output"))
}

/// OPC 10000-6 section 7.1.2: HEL, ACK, MSG or OPN, F, C or A, the length.
fn opc_ua(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let kind = bytes.get(..3)?;
    let known = [&b"HEL"[..], b"ACK", b"MSG", b"OPN", b"CLO"].contains(&kind)
        && matches!(u8_at(bytes, 3)?, b'F' | b'C' | b'A');
    let fits = known && u32_little(bytes, 4)? as usize <= talk.client.length.max(1400);
    fits.then(|| Hit::of(talk, OPC_UA, "OPC UA: message"))
}

/// HART-IP section 5: version, message type, id, status, sequence number, length.
fn hart_ip(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let header_fits = matches!(u8_at(bytes, 1)?, 0 | 1 | 2 | 15) && u8_at(bytes, 2)? <= 4;
    let length_fits =
        usize::from(u16_at(bytes, 6)?) == talk.client.length && talk.client.length >= 8;
    (header_fits && length_fits && u8_at(bytes, 3)? <= 32)
        .then(|| Hit::of(talk, HART_IP, "HART-IP: header"))
}

/// KNXnet/IP section 2.3: header of 6 bytes, version 1.0, service, total length.
fn knx(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let known = matches!(u16_at(bytes, 2)? >> 8, 2..=9);
    let length = usize::from(u16_at(bytes, 4)?);
    let length_fits = length == talk.client.length
        || (talk.is_tcp()
            && length < talk.client.length
            && bytes.get(length..length + 2) == Some(&[6, 0x10]));
    (bytes.starts_with(&[6, 0x10]) && known && length_fits)
        .then(|| Hit::of(talk, KNX, "KNXnet/IP: header"))
}

/// IEEE C37.118.2 section 6.2: 0xaa, frame type and version, size, and the checksum at the end.
fn synchrophasor(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let kind = u8_at(bytes, 1)?;
    let size = usize::from(u16_at(bytes, 2)?);
    let is_kind = kind >> 7 == 0
        && kind >> 4 <= 5
        && matches!(kind & 0xf, 1 | 2)
        && (16..=talk.client.length).contains(&size);
    let frame = bytes.get(..size.checked_sub(2)?);
    let checksum_fits = frame.is_none_or(|frame| u16_at(bytes, size - 2) == Some(ccitt(frame)));
    (is_kind && checksum_fits).then(|| Hit::of(talk, SYNCHROPHASOR, "C37.118: frame"))
}

/// CRC-CCITT of annex B: polynomial 0x1021, from 0xffff.
fn ccitt(bytes: &[u8]) -> u16 {
    let of_byte = |sum: u16, byte: &u8| {
        let mut sum = sum ^ u16::from(*byte) << 8;
        for _ in 0..8 {
            sum = if sum >> 15 == 1 { sum << 1 ^ 0x1021 } else { sum << 1 };
        }
        sum
    };
    bytes.iter().fold(0xffff, of_byte)
}

/// IEEE 1703: an ACSE message in BER with application titles.
fn ansi_c1222(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let length = u8_at(bytes, 1)?;
    let (at, length) = if length == 0x81 { (3, u8_at(bytes, 2)?) } else { (2, length) };
    let has_title = matches!(u8_at(bytes, at)?, 0xa1 | 0xa2 | 0xa4 | 0xa6 | 0xa7)
        && matches!(u8_at(bytes, at + 2)?, 0x02 | 0x06 | 0x80);
    let fits = usize::from(length) + at == talk.client.length && has_title;
    (fits && (talk.has_port(1153) || talk.both_spoke()))
        .then(|| Hit::of(talk, ANSI_C1222, "C12.22: ACSE"))
}

/// Omron's FINS on TCP: FINS, length, command, error.
fn fins(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let fits = bytes.starts_with(b"FINS")
        && u32_at(bytes, 4)? as usize + 8 == talk.client.length
        && u32_at(bytes, 8)? <= 6;
    fits.then(|| Hit::of(talk, FINS, "FINS: header"))
}

fn fins_on_udp(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let fits = talk.has_port(9600)
        && u8_at(bytes, 1)? == 0
        && u8_at(bytes, 2)? <= 7
        && talk.client.length >= 12;
    fits.then(|| Hit::new(FINS, WITH_PORT, "FINS: datagram on port 9600"))
}

/// Saia's Ether-S-Bus: total length, version 0 or 1, protocol 0, sequence, telegram attribute, and
/// a checksum like C37.118's from 0.
fn ether_sbus(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let header = u32_at(bytes, 0)? as usize == talk.client.length
        && u8_at(bytes, 4)? <= 1
        && u8_at(bytes, 5)? <= 1
        && u8_at(bytes, 8)? <= 2;
    let fits = header && talk.client.length >= 11 && talk.client.length < 1000;
    let confidence = if talk.has_port(5050) { ONE_SIDE } else { BEHAVIOUR };
    fits.then(|| Hit::new(ETHER_SBUS, confidence, "Ether-S-Bus: header"))
}

/// Saia's Ether-S-IO.
fn ether_sio(talk: &Talk) -> Option<Hit> {
    talk.client.bytes.starts_with(b"ESIO\0").then(|| Hit::of(talk, ETHER_SIO, "Ether-S-IO: header"))
}

/// GE's Ethernet Global Data: type 13, version 1, request, the producer's own address.
fn global_data(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let fits = u8_at(bytes, 1)? == 1
        && talk.client.length >= 32
        && (talk.has_port(18246) || bytes.get(4..8)? == &talk.seen.client_ip[12..]);
    fits.then(|| Hit::of(talk, EGD, "EGD: header"))
}

/// Beckhoff's AMS/TCP: zero, length, target and source with ports, command 1 to 9, state flags.
fn automation_device(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let length = u32_little(bytes, 2)? as usize;
    let command = u16_little(bytes, 22)?;
    let fits = u16_at(bytes, 0)? == 0
        && length + 6 == talk.client.length
        && (1..=9).contains(&command)
        && u16_little(bytes, 24)? & 0xfe == 4;
    fits.then(|| Hit::of(talk, BECKHOFF_ADS, "ADS: header"))
}

/// Cyclic data of PROFINET on UDP: a frame id of the ranges of IEC 61158-6-10, on its port.
fn profinet_io(talk: &Talk) -> Option<Hit> {
    let is_port = [34962, 34963].iter().any(|port| talk.has_port(*port));
    let fits = is_port && matches!(u16_at(talk.client.bytes, 0)?, 0x8000..=0xfbff);
    fits.then(|| Hit::new(PROFINET, WITH_PORT, "PROFINET: frame id"))
}
