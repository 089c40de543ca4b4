//! Tunnels over IP: by the protocol's number, or by a port and a header that could be one.

use super::ip::{self, Datagram};
use super::layers::{Layers, Tunnel};
use super::walk::{Head, Version, Walk};
use super::{Counts, Kind, u16_at, u32_at};
use crate::limits::HEADER_DEPTH_MAX;

const IPV4: u8 = 4;
const IPV6: u8 = 41;
const GRE: u8 = 47;

/// Ports, the least and the greatest for a first look.
const L2TP: u16 = 1701;
const GTP_USER: u16 = 2152;
const TEREDO: u16 = 3544;
const VXLAN: u16 = 4789;
const GENEVE: u16 = 6081;
/// Linux had it before VXLAN was given its own.
const VXLAN_LINUX: u16 = 8472;

/// A quick look at whether a datagram may carry another. Fragments belong to their own flow.
#[inline(always)]
pub fn may_begin(datagram: &Datagram<'_>) -> bool {
    let may = match datagram.protocol {
        ip::TCP => return false,
        ip::UDP => match *datagram.payload {
            [a, b, c, d, ..] => {
                let is_near = |high, low| {
                    u16::from_be_bytes([high, low]).wrapping_sub(L2TP) <= VXLAN_LINUX - L2TP
                };
                is_near(a, b) | is_near(c, d)
            }
            _ => false,
        },
        protocol => matches!(protocol, IPV4 | IPV6 | GRE),
    };
    may && !datagram.is_fragment()
}

/// What stands in a datagram that may be a tunnel.
#[derive(Clone, Copy)]
pub struct Outer<'a> {
    pub protocol: u8,
    pub is_ipv6: bool,
    pub payload: Walk<'a>,
}

impl<'a> Outer<'a> {
    #[inline(always)]
    pub fn of(datagram: &Datagram<'a>) -> Self {
        let &Datagram { protocol, is_ipv6, .. } = datagram;
        Self { protocol, is_ipv6, payload: datagram.payload() }
    }
}

/// What a tunnel's header says: its kind, its id, and what follows.
type Begun = (Tunnel, Option<u32>, Head);

/// The innermost datagram. `None` when this is no tunnel or what it carries is not IP: then the
/// packet is the outer datagram's. A loop here, and none on the ordinary way, whose results it
/// would send through memory.
///
/// # Errors
/// What is wrong with the headers inside, or too many of them.
#[cold]
#[inline(never)]
pub fn innermost<'a>(
    outer: Outer<'a>,
    layers: &mut Layers,
    counts: &mut Counts,
) -> Result<Option<Datagram<'a>>, Kind> {
    let (mut outer, mut innermost) = (outer, None);
    while let Some((walk, version)) = find_inner_ip(outer, layers)? {
        let datagram = ip::read(version, walk, counts)?;
        outer = Outer::of(&datagram);
        let ends = !may_begin(&datagram);
        innermost = Some(datagram);
        if ends {
            break;
        }
    }
    Ok(innermost)
}

/// The IP packet inside; if there is none, the layers are as before.
fn find_inner_ip<'a>(
    outer: Outer<'a>,
    layers: &mut Layers,
) -> Result<Option<(Walk<'a>, Version)>, Kind> {
    let mut walk = outer.payload;
    let Some((tunnel, id, head)) = begin(&mut walk, outer) else { return Ok(None) };
    let before = layers.len();
    layers.step()?;
    layers.push_tunnel(tunnel, id);
    match walk.find_ip(layers, head) {
        Ok(version) => Ok(Some((walk, version))),
        Err(Kind::NotIp) => {
            layers.truncate(before);
            Ok(None)
        }
        Err(kind) => Err(kind),
    }
}

/// Reads the tunnel's own header. `None`: it cannot be one, or is not all there.
fn begin(walk: &mut Walk<'_>, outer: Outer<'_>) -> Option<Begun> {
    let (four, six) = (Head::Ip(Version::Four), Head::Ip(Version::Six));
    match (outer.protocol, outer.is_ipv6) {
        (IPV4, false) => Some((Tunnel::Ipip, None, four)),
        (IPV4, true) => Some((Tunnel::FourInSix, None, four)),
        (IPV6, false) => Some((Tunnel::SixInFour, None, six)),
        (IPV6, true) => Some((Tunnel::SixInSix, None, six)),
        (GRE, _) => gre(walk),
        _ => over_udp(walk),
    }
}

fn over_udp(walk: &mut Walk<'_>) -> Option<Begun> {
    let (from, to) = (u16_at(walk.rest, 0)?, u16_at(walk.rest, 2)?);
    if let length @ 8.. = usize::from(u16_at(walk.rest, 4)?) {
        walk.cut(length);
    }
    walk.advance(8).ok()?;
    match (to, from) {
        (VXLAN | VXLAN_LINUX, _) => vxlan(walk),
        (GENEVE, _) => geneve(walk),
        (GTP_USER, _) => gtp(walk),
        (TEREDO, _) => teredo(walk),
        (L2TP, _) => l2tp(walk),
        (_, GTP_USER) => gtp(walk),
        (_, TEREDO) => teredo(walk),
        (_, L2TP) => l2tp(walk),
        _ => None,
    }
}

/// GRE (RFC 2784, RFC 2890), and its enhanced version for PPTP (RFC 2637).
fn gre(walk: &mut Walk<'_>) -> Option<Begun> {
    let (flags, protocol) = (u16_at(walk.rest, 0)?, u16_at(walk.rest, 2)?);
    let has = |bit: u16| flags & bit != 0;
    const CHECKSUM: u16 = 0x8000;
    const ROUTING: u16 = 0x4000;
    const KEY: u16 = 0x2000;
    const SEQUENCE: u16 = 0x1000;
    const ACKNOWLEDGEMENT: u16 = 0x0080;
    let word = |bit| if has(bit) { 4 } else { 0 };
    match flags & 7 {
        // With routing fields (RFC 1701) its length is not known.
        0 if !has(ROUTING) => {
            let key_at = 4 + word(CHECKSUM);
            let key = if has(KEY) { Some(u32_at(walk.rest, key_at)?) } else { None };
            walk.advance(key_at + word(KEY) + word(SEQUENCE)).ok()?;
            match protocol {
                0x88be if has(SEQUENCE) => erspan(walk, 8),
                0x88be => Some((Tunnel::Erspan, None, Head::Ethernet)),
                0x22eb => erspan(walk, 12),
                // Aruba's, a type for each radio and network: what its access points hear.
                0x8200..=0x8370 => Some((Tunnel::Gre, key, Head::Wireless)),
                _ => Some((Tunnel::Gre, key, head_of(protocol))),
            }
        }
        // Without a sequence number it only acknowledges.
        1 if has(KEY) && has(SEQUENCE) && protocol == 0x880b => {
            walk.advance(12 + word(ACKNOWLEDGEMENT)).ok()?;
            Some((Tunnel::Pptp, None, Head::Ppp))
        }
        _ => None,
    }
}

/// The protocol type of GRE and Geneve: an ether type, or one of these two.
fn head_of(protocol: u16) -> Head {
    match protocol {
        0x6558 => Head::Ethernet,
        0x880b => Head::Ppp,
        _ => Head::Type(protocol),
    }
}

/// ERSPAN II and III (draft-foschiano-erspan-03): a mirrored frame. Its session is no id of both
/// directions: a port's two may be mirrored by two.
fn erspan(walk: &mut Walk<'_>, header_bytes: usize) -> Option<Begun> {
    let has_more = header_bytes == 12 && walk.rest.get(11)? & 1 == 1;
    walk.advance(header_bytes + if has_more { 8 } else { 0 }).ok()?;
    Some((Tunnel::Erspan, None, Head::Ethernet))
}

/// VXLAN (RFC 7348): the flag that says that the id is valid, and room for a frame.
fn vxlan(walk: &mut Walk<'_>) -> Option<Begun> {
    let id = u32_at(walk.rest, 4)? >> 8;
    let is_valid = walk.rest[0] & 8 != 0;
    walk.advance(8).ok()?;
    (is_valid && walk.original >= 14).then_some((Tunnel::Vxlan, Some(id), Head::Ethernet))
}

/// Geneve (RFC 8926) of version 0, data and not control, its options stepped over.
fn geneve(walk: &mut Walk<'_>) -> Option<Begun> {
    let (first, second) = (walk.u8(0).ok()?, walk.u8(1).ok()?);
    let (protocol, id) = (u16_at(walk.rest, 2)?, u32_at(walk.rest, 4)? >> 8);
    if first >> 6 != 0 || second & 0x80 != 0 {
        return None;
    }
    walk.advance(8 + usize::from(first & 0x3f) * 4).ok()?;
    (walk.original >= 14).then_some((Tunnel::Geneve, Some(id), head_of(protocol)))
}

/// GTP-U (3GPP TS 29.281): a G-PDU whose length fits, its extension headers stepped over.
fn gtp(walk: &mut Walk<'_>) -> Option<Begun> {
    let [flags, kind, a, b] = *walk.rest.first_chunk()?;
    let length = usize::from(u16::from_be_bytes([a, b]));
    if flags & 0xf8 != 0x30 || kind != 0xff || length + 8 > walk.original {
        return None;
    }
    let has_extensions = flags & 4 != 0;
    let mut next = if has_extensions { *walk.rest.get(11)? } else { 0 };
    walk.advance(if flags & 7 == 0 { 8 } else { 12 }).ok()?;
    // Each extension header ends with the type of the next, as the fixed part does.
    for depth in 0.. {
        if next == 0 {
            break;
        }
        let bytes = usize::from(walk.u8(0).ok()?) * 4;
        if bytes == 0 || depth == HEADER_DEPTH_MAX {
            return None;
        }
        next = walk.u8(bytes - 1).ok()?;
        walk.advance(bytes).ok()?;
    }
    Some((Tunnel::Gtp, None, by_nibble(walk)?))
}

fn by_nibble(walk: &Walk<'_>) -> Option<Head> {
    match walk.rest.first()? >> 4 {
        4 => Some(Head::Ip(Version::Four)),
        6 => Some(Head::Ip(Version::Six)),
        _ => None,
    }
}

/// Teredo (RFC 4380, section 5.1.1): indications, then an IPv6 packet that fits.
fn teredo(walk: &mut Walk<'_>) -> Option<Begun> {
    if walk.rest.starts_with(&[0, 1]) {
        let (id_bytes, value_bytes) = (walk.u8(2).ok()?, walk.u8(3).ok()?);
        walk.advance(13 + usize::from(id_bytes) + usize::from(value_bytes)).ok()?;
    }
    if walk.rest.starts_with(&[0, 0]) {
        walk.advance(8).ok()?;
    }
    let length = usize::from(u16_at(walk.rest, 4)?);
    let fits = walk.rest[0] >> 4 == 6 && length + 40 <= walk.original;
    fits.then_some((Tunnel::Teredo, None, Head::Ip(Version::Six)))
}

/// A data message of L2TP version 2 (RFC 2661).
fn l2tp(walk: &mut Walk<'_>) -> Option<Begun> {
    let flags = u16_at(walk.rest, 0)?;
    let has = |bit: u16| flags & bit != 0;
    const RESERVED_AND_VERSION: u16 = 0x34ff;
    const CONTROL: u16 = 0x8000;
    const LENGTH: u16 = 0x4000;
    const SEQUENCE: u16 = 0x0800;
    const OFFSET: u16 = 0x0200;
    if flags & RESERVED_AND_VERSION != 2 || has(CONTROL) {
        return None;
    }
    if has(LENGTH) && usize::from(u16_at(walk.rest, 2)?) > walk.original {
        return None;
    }
    walk.advance(6 + if has(LENGTH) { 2 } else { 0 } + if has(SEQUENCE) { 4 } else { 0 }).ok()?;
    if has(OFFSET) {
        let padding = u16_at(walk.rest, 0)?;
        walk.advance(2 + usize::from(padding)).ok()?;
    }
    Some((Tunnel::L2tp, None, Head::Ppp))
}
