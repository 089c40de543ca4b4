//! Running a network: monitoring, logs, devices.

use crate::labels::*;
use crate::read::{ber_length, first_line, is_text, u8_at, u16_at, u32_at};
use crate::seen::{Said, Talk};
use crate::signature::{BEHAVIOUR, Hit, ONE_SIDE, Signature, WITH_PORT, tcp, udp};

pub const SIGNATURES: &[Signature] = &[
    udp(&[0x30], snmp),
    udp(b"<", syslog).everywhere(),
    udp(&[], syslog_bare),
    tcp(b"Z", zabbix).or_server(b"Z"),
    tcp(b"cvlnfqCVLNFQ", munin).or_server(b"#"),
    udp(b"M", ripe_atlas).everywhere(),
    udp(b"B", bjnp),
    tcp(b"*!", kismet).or_server(b"*"),
    udp(&[0x1a], cluster_control),
    udp(&[0xfe], meraki),
    tcp(b"N", avast),
    tcp(&[], whois),
    udp(&[0], flow_export),
    udp(&[], gtp).everywhere(),
    udp(&[0x2e, 0x2f, 0x0e, 0x0f, 0x1e, 0x3e, 0x4e], gtp_prime),
    udp(b"R", roughtime),
    udp(&[0xff], wake_on_lan),
    udp(&[0x00, 0x0b, 0x0d, 0x08, 0x09, 0x01, 0x02], ptp),
];

/// RFC 1157 section 4, RFC 3416, RFC 3412: a sequence as long as the datagram, version 0, 1 or 3,
/// then a community or a sequence.
fn snmp(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let (length, at) = ber_length(bytes, 1)?;
    let version_fits =
        bytes.get(at..at + 2)? == [2, 1] && matches!(u8_at(bytes, at + 2)?, 0 | 1 | 3);
    let next = u8_at(bytes, at + 3)?;
    let next_fits = next == if bytes[at + 2] == 3 { 0x30 } else { 0x04 };
    let exact = length + at == talk.client.length || talk.has_port(161) || talk.has_port(162);
    (version_fits && next_fits && exact).then(|| Hit::of(talk, SNMP, "SNMP: message"))
}

/// RFC 3164 section 4.1.1, RFC 5424 section 6.2.1: a priority up to 191 in angle brackets, then
/// text.
fn syslog(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let end = bytes.iter().take(5).position(|byte| *byte == b'>')?;
    let digits = bytes.get(1..end)?;
    let priority = digits.iter().try_fold(0u16, |sum, digit| {
        digit.is_ascii_digit().then(|| sum * 10 + u16::from(digit - b'0'))
    })?;
    let rest = &bytes[end + 1..];
    let start = &rest[..rest.len().min(16)];
    let is_message = !start.is_empty() && start.iter().all(|byte| *byte >= b' ' || *byte == b'\t');
    let fits = !digits.is_empty() && priority <= 191 && is_message;
    fits.then(|| Hit::of(talk, SYSLOG, "syslog: priority"))
}

/// Without a priority: text on the port of syslog.
fn syslog_bare(talk: &Talk) -> Option<Hit> {
    let fits = talk.server_port() == 514
        && talk.client.bytes.len() > 8
        && is_text(&talk.client.bytes[..8]);
    fits.then(|| Hit::new(SYSLOG, WITH_PORT, "syslog: text on port 514"))
}

/// Zabbix: ZBXD, flags, length.
fn zabbix(talk: &Talk) -> Option<Hit> {
    let says =
        |said: Said| said.bytes.starts_with(b"ZBXD") && matches!(u8_at(said.bytes, 4), Some(1..=7));
    talk.sides().any(says).then(|| Hit::of(talk, ZABBIX, "Zabbix: header"))
}

/// The node greets with its name.
fn munin(talk: &Talk) -> Option<Hit> {
    talk.server
        .bytes
        .starts_with(b"# munin node at ")
        .then(|| Hit::of(talk, MUNIN, "Munin: greeting"))
}

/// Probes of scanners that name themselves.
fn ripe_atlas(talk: &Talk) -> Option<Hit> {
    talk.client
        .bytes
        .starts_with(b"MGLNDD_")
        .then(|| Hit::of(talk, RIPE_ATLAS, "RIPE Atlas: probe"))
}

/// Canon's printers and scanners.
fn bjnp(talk: &Talk) -> Option<Hit> {
    let known = [&b"BJNP"[..], b"BJNB", b"BNJB", b"BFNP", b"MFNP"]
        .iter()
        .any(|magic| talk.client.bytes.starts_with(magic));
    let known = known && talk.client.length >= 16;
    known.then(|| Hit::of(talk, BJNP, "BJNP: header"))
}

/// The server of Kismet greets with its version.
fn kismet(talk: &Talk) -> Option<Hit> {
    talk.sides()
        .any(|said| said.bytes.starts_with(b"*KISMET: "))
        .then(|| Hit::of(talk, KISMET, "Kismet: greeting"))
}

/// Check Point's cluster control: magic 0x1a90, port 8116.
fn cluster_control(talk: &Talk) -> Option<Hit> {
    let fits = u16_at(talk.client.bytes, 0)? == 0x1a90 && talk.has_port(8116);
    fits.then(|| Hit::of(talk, CPHA, "CPHA: magic number"))
}

/// Meraki's devices to their cloud: magic 0xfef72891.
fn meraki(talk: &Talk) -> Option<Hit> {
    (u32_at(talk.client.bytes, 0)? == 0xfef7_2891)
        .then(|| Hit::of(talk, MERAKI, "Meraki: magic number"))
}

fn avast(talk: &Talk) -> Option<Hit> {
    let fits = talk.client.bytes.starts_with(b"NOSA\0")
        && u16_at(talk.client.bytes, 4)? as usize <= talk.client.length;
    fits.then(|| Hit::of(talk, AVAST, "Avast: NOSA"))
}

/// RFC 3912, RFC 1288: one line asks, text answers.
fn whois(talk: &Talk) -> Option<Hit> {
    let (line, is_whole) = first_line(talk.client.bytes);
    let asks = is_whole && is_text(line);
    match talk.server_port() {
        43 if asks && !line.is_empty() => {
            Some(Hit::new(WHOIS, WITH_PORT, "whois: line on port 43"))
        }
        79 if asks => Some(Hit::new(FINGER, WITH_PORT, "finger: line on port 79")),
        _ => None,
    }
}

/// NetFlow 1 to 9 (RFC 3954), IPFIX (RFC 7011) and sFlow 5: version, a count or a length that leads
/// to the end.
fn flow_export(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let (version, count) = (u16_at(bytes, 0)?, usize::from(u16_at(bytes, 2)?));
    let length = talk.client.length;
    match version {
        5 if (1..=30).contains(&count) && length == 24 + count * 48 => {
            Some(Hit::of(talk, NETFLOW, "NetFlow 5: records"))
        }
        1 if (1..=24).contains(&count) && length == 16 + count * 52 => {
            Some(Hit::of(talk, NETFLOW, "NetFlow 1: records"))
        }
        9 if (1..=64).contains(&count)
            && matches!(u16_at(bytes, 20)?, 0 | 1 | 256..)
            && usize::from(u16_at(bytes, 22)?) + 20 <= length =>
        {
            Some(Hit::of(talk, NETFLOW, "NetFlow 9: sets"))
        }
        10 if count == length && matches!(u16_at(bytes, 16)?, 2 | 3 | 256..) => {
            Some(Hit::of(talk, NETFLOW, "IPFIX: sets"))
        }
        0 if u32_at(bytes, 0)? == 5
            && matches!(u32_at(bytes, 4)?, 1 | 2)
            && talk.has_port(6343) =>
        {
            Some(Hit::of(talk, SFLOW, "sFlow 5: datagram"))
        }
        _ => None,
    }
}

/// 3GPP TS 29.060 section 6, TS 29.281 section 5, TS 29.274 section 5: version, type, length behind
/// the first 8 or 4 bytes.
fn gtp(talk: &Talk) -> Option<Hit> {
    if !talk.has_port(2152) && !talk.has_port(2123) {
        return None;
    }
    let bytes = talk.client.bytes;
    let (first, kind) = (u8_at(bytes, 0)?, u8_at(bytes, 1)?);
    let length = usize::from(u16_at(bytes, 2)?);
    let is_port = talk.has_port(2152) || talk.has_port(2123);
    let fits = match first >> 5 {
        1 => {
            length + 8 == talk.client.length
                && matches!(kind, 1..=60 | 96..=129 | 240 | 241 | 254 | 255)
        }
        2 => {
            matches!(length + 4, total if total == talk.client.length)
                && matches!(kind, 1..=3 | 32..=250)
        }
        _ => talk.has_port(2152) && kind == 255 && length + 8 <= talk.client.length,
    };
    let fits = fits || talk.has_port(2152) && kind == 255 && length + 8 >= talk.client.length;
    (fits && is_port).then(|| Hit::of(talk, GTP, "GTP: header"))
}

/// 3GPP TS 32.295: charging data on port 3386.
fn gtp_prime(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let length = usize::from(u16_at(bytes, 2)?);
    let fits = talk.has_port(3386)
        && (length + 6 == talk.client.length || length + 20 == talk.client.length);
    fits.then(|| Hit::of(talk, GTP, "GTP': header"))
}

/// draft-ietf-ntp-roughtime section 5.1: ROUGHTIM and a length.
fn roughtime(talk: &Talk) -> Option<Hit> {
    talk.client
        .bytes
        .starts_with(b"ROUGHTIM")
        .then(|| Hit::of(talk, ROUGHTIME, "Roughtime: header"))
}

/// AMD's magic packet: six bytes of ones, then an address sixteen times.
fn wake_on_lan(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let address = bytes.get(6..12)?;
    let fits = bytes.get(..6)? == [0xff; 6]
        && bytes.get(6..102)?.chunks_exact(6).all(|chunk| chunk == address);
    fits.then(|| Hit::of(talk, WAKE_ON_LAN, "Wake-on-LAN: magic packet"))
}

/// IEEE 1588 section 13.3: type, version 2, length, on ports 319 and 320.
fn ptp(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let fits = (talk.has_port(319) || talk.has_port(320))
        && u8_at(bytes, 1)? & 0xf <= 2
        && usize::from(u16_at(bytes, 2)?) <= talk.client.length;
    let confidence = if u8_at(bytes, 1)? & 0xf == 2 { ONE_SIDE } else { BEHAVIOUR };
    fits.then(|| Hit::new(PTP, confidence, "PTP: header"))
}
