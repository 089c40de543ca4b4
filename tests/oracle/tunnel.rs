//! What an IP packet carries when it is a tunnel's (section 2).

use super::decode::UDP;
use super::key::Layer;
use super::link::{Lost, Next, Path, follow, u16_at, u32_at};

/// A packet inside another.
pub struct Inner<'a> {
    pub packet: &'a [u8],
    pub original: usize,
    pub version: u8,
}

/// A tunnel's header: what it says, how long it is, and what stands behind it.
struct Header {
    layer: Layer,
    bytes: usize,
    next: Next,
}

/// `payload` is what is available behind the IP headers, `original` what was on the wire. None: the packet carries
/// nothing that is IP.
pub fn carried<'a>(
    protocol: u8,
    is_ipv6: bool,
    payload: &'a [u8],
    original: usize,
    path: &mut Path,
) -> Result<Option<Inner<'a>>, Lost> {
    let (mut payload, mut original) = (payload, original);
    if protocol == UDP {
        let length = u16_at(payload, 4).map_or(0, usize::from);
        if length >= 8 {
            payload = &payload[..payload.len().min(length)];
            original = original.min(length);
        }
    }
    let Some(header) = header(protocol, is_ipv6, payload, original) else { return Ok(None) };
    if header.bytes > payload.len() {
        return Ok(None);
    }
    let before = path.stack.len();
    path.header()?;
    path.stack.push(header.layer);
    match follow(payload, header.bytes, header.next, path) {
        Ok(found) => Ok(Some(Inner {
            packet: &payload[found.offset..],
            original: original - found.offset,
            version: found.version.expect("tunnels tell the version"),
        })),
        Err(Lost::NotIp) => {
            path.stack.truncate(before);
            Ok(None)
        }
        Err(Lost::Broken) => Err(Lost::Broken),
    }
}

fn header(protocol: u8, is_ipv6: bool, payload: &[u8], original: usize) -> Option<Header> {
    let ip = |name, version| {
        let next = Next::Ip(Some(version));
        Some(Header { layer: Layer::Tunnel(name, None), bytes: 0, next })
    };
    match (protocol, is_ipv6) {
        (4, false) => ip("ipip", 4),
        (4, true) => ip("4in6", 4),
        (41, false) => ip("6in4", 6),
        (41, true) => ip("6in6", 6),
        (47, _) => gre(payload),
        (UDP, _) => {
            let (from, to) = (u16_at(payload, 0)?, u16_at(payload, 2)?);
            let is_tunnels = matches!(to, 4789 | 8472 | 6081 | 2152 | 3544 | 1701);
            let behind = payload.get(8..)?;
            let original = original - 8;
            let mut header = match if is_tunnels { to } else { from } {
                4789 | 8472 if is_tunnels => vxlan(behind, original),
                6081 if is_tunnels => geneve(behind, original),
                2152 => gtp(behind, original),
                3544 => teredo(behind, original),
                1701 => l2tp(behind, original),
                _ => None,
            }?;
            header.bytes += 8;
            Some(header)
        }
        _ => None,
    }
}

fn gre(payload: &[u8]) -> Option<Header> {
    let (first, second) = (*payload.first()?, *payload.get(1)?);
    let kind = u16_at(payload, 2)?;
    let with = |bit: u8| if first & bit != 0 { 4 } else { 0 };
    let (checksum, key, sequence) = (with(0x80), with(0x20), with(0x10));
    match second & 7 {
        0 if first & 0x40 == 0 => {
            let id = if key > 0 { Some(u32_at(payload, 4 + checksum)?) } else { None };
            let bytes = 4 + checksum + key + sequence;
            match kind {
                0x88be | 0x22eb => {
                    let more = match (kind, sequence) {
                        (0x88be, 0) => 0,
                        (0x88be, _) => 8,
                        _ if payload.get(bytes + 11)? & 1 == 1 => 20,
                        _ => 12,
                    };
                    let layer = Layer::Tunnel("erspan", None);
                    Some(Header { layer, bytes: bytes + more, next: Next::Ethernet })
                }
                0x8200..=0x8370 => {
                    Some(Header { layer: Layer::Tunnel("gre", id), bytes, next: Next::Wireless })
                }
                _ => Some(Header { layer: Layer::Tunnel("gre", id), bytes, next: named(kind) }),
            }
        }
        1 if key > 0 && sequence > 0 && kind == 0x880b => {
            let bytes = if second & 0x80 != 0 { 16 } else { 12 };
            Some(Header { layer: Layer::Tunnel("pptp", None), bytes, next: Next::Ppp })
        }
        _ => None,
    }
}

/// What follows by the type of GRE or Geneve.
fn named(kind: u16) -> Next {
    match kind {
        0x6558 => Next::Ethernet,
        0x880b => Next::Ppp,
        kind => Next::Type(kind),
    }
}

fn vxlan(payload: &[u8], original: usize) -> Option<Header> {
    let id = u32_at(payload, 4)? >> 8;
    let layer = Layer::Tunnel("vxlan", Some(id));
    let is_one = payload[0] & 8 != 0 && original >= 8 + 14;
    is_one.then_some(Header { layer, bytes: 8, next: Next::Ethernet })
}

fn geneve(payload: &[u8], original: usize) -> Option<Header> {
    let id = u32_at(payload, 4)? >> 8;
    let bytes = 8 + 4 * usize::from(payload[0] & 0x3f);
    let is_one = payload[0] < 0x40 && payload[1] < 0x80 && original >= bytes + 14;
    let layer = Layer::Tunnel("geneve", Some(id));
    is_one.then_some(Header { layer, bytes, next: named(u16_at(payload, 2)?) })
}

fn gtp(payload: &[u8], original: usize) -> Option<Header> {
    let flags = *payload.first()?;
    let length = usize::from(u16_at(payload, 2)?);
    if !(0x30..=0x37).contains(&flags) || payload[1] != 0xff || original < 8 + length {
        return None;
    }
    let mut bytes = if flags & 7 == 0 { 8 } else { 12 };
    if flags & 4 != 0 {
        let mut extensions = 0;
        while *payload.get(bytes - 1)? != 0 {
            extensions += 1;
            let units = usize::from(*payload.get(bytes)?);
            if units == 0 || extensions > 16 {
                return None;
            }
            bytes += 4 * units;
        }
    }
    let version = payload.get(bytes)? >> 4;
    let layer = Layer::Tunnel("gtp", None);
    matches!(version, 4 | 6).then_some(Header { layer, bytes, next: Next::Ip(Some(version)) })
}

fn teredo(payload: &[u8], original: usize) -> Option<Header> {
    let mut bytes = 0;
    if payload.starts_with(&[0, 1]) {
        bytes += 13 + usize::from(*payload.get(2)?) + usize::from(*payload.get(3)?);
    }
    if payload.get(bytes..)?.starts_with(&[0, 0]) {
        bytes += 8;
    }
    let fits = bytes + 40 + usize::from(u16_at(payload, bytes + 4)?) <= original;
    let layer = Layer::Tunnel("teredo", None);
    let header = Header { layer, bytes, next: Next::Ip(Some(6)) };
    (payload[bytes] >> 4 == 6 && fits).then_some(header)
}

fn l2tp(payload: &[u8], original: usize) -> Option<Header> {
    let flags = u16_at(payload, 0)?;
    if flags & 0xb4ff != 2 {
        return None;
    }
    let mut bytes = 2;
    if flags & 0x4000 != 0 {
        if usize::from(u16_at(payload, 2)?) > original {
            return None;
        }
        bytes += 2;
    }
    bytes += if flags & 0x0800 != 0 { 8 } else { 4 };
    if flags & 0x0200 != 0 {
        bytes += 2 + usize::from(u16_at(payload, bytes)?);
    }
    Some(Header { layer: Layer::Tunnel("l2tp", None), bytes, next: Next::Ppp })
}
