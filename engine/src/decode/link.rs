//! Link layers: from the start of a frame to what its first type names.

use super::layers::Layers;
use super::walk::{Head, Version, Walk};
use super::{Kind, u32_at, wireless};

/// Numbers of the LINKTYPE_ registry (tcpdump.org/linktypes.html).
mod number {
    pub const NULL: u16 = 0;
    pub const ETHERNET: u16 = 1;
    pub const PPP: u16 = 9;
    pub const RAW_BSD: u16 = 12;
    pub const RAW_OPENBSD: u16 = 14;
    pub const PPP_HDLC: u16 = 50;
    pub const PPP_ETHER: u16 = 51;
    pub const RAW: u16 = 101;
    pub const C_HDLC: u16 = 104;
    pub const IEEE802_11: u16 = 105;
    pub const FRAME_RELAY: u16 = 107;
    pub const LOOP: u16 = 108;
    pub const LINUX_SLL: u16 = 113;
    pub const IEEE802_11_PRISM: u16 = 119;
    pub const IEEE802_11_RADIOTAP: u16 = 127;
    pub const IEEE802_11_AVS: u16 = 163;
    pub const PPI: u16 = 192;
    pub const IPV4: u16 = 228;
    pub const IPV6: u16 = 229;
    pub const LINUX_SLL2: u16 = 276;
}

/// True when packets of this link type are looked into.
pub fn link_type_is_read(link_type: u16) -> bool {
    let mut nothing = Walk { rest: &[], original: 0 };
    !matches!(head(&mut nothing, &mut Layers::default(), link_type), Err(Kind::UnsupportedLink))
}

/// The IP packet of a frame. By value: what has its address taken does not stay in registers.
#[inline(always)]
pub fn find_ip<'a>(
    walk: Walk<'a>,
    layers: &mut Layers,
    link_type: u16,
) -> Result<(Walk<'a>, Version), Kind> {
    if link_type == number::ETHERNET
        && let Some((header, rest)) = walk.rest.split_first_chunk::<14>()
        && let Some(version) = version([header[12], header[13]])
    {
        return Ok((Walk { rest, original: walk.original - 14 }, version));
    }
    // Taken apart, so that only the results of others come through memory.
    let (walk, version) = find_ip_of_others(walk, layers, link_type)?;
    Ok((walk, version))
}

#[inline(always)]
fn version(ether_type: [u8; 2]) -> Option<Version> {
    match u16::from_be_bytes(ether_type) {
        0x0800 => Some(Version::Four),
        0x86dd => Some(Version::Six),
        _ => None,
    }
}

#[cold]
#[inline(never)]
fn find_ip_of_others<'a>(
    mut walk: Walk<'a>,
    layers: &mut Layers,
    link_type: u16,
) -> Result<(Walk<'a>, Version), Kind> {
    let head = head(&mut walk, layers, link_type)?;
    let version = walk.find_ip(layers, head)?;
    Ok((walk, version))
}

/// What stands behind the link layer's own header.
fn head(walk: &mut Walk<'_>, layers: &mut Layers, link_type: u16) -> Result<Head, Kind> {
    match link_type {
        number::ETHERNET => Ok(Head::Ethernet),
        number::RAW | number::RAW_BSD | number::RAW_OPENBSD => Ok(Head::Ip(Version::ByNibble)),
        number::IPV4 => Ok(Head::Ip(Version::Four)),
        number::IPV6 => Ok(Head::Ip(Version::Six)),
        number::NULL | number::LOOP => family(walk),
        number::LINUX_SLL => walk.typed(14, 16),
        number::LINUX_SLL2 => walk.typed(0, 20),
        number::PPP | number::PPP_HDLC => ppp_or_c_hdlc(walk),
        number::PPP_ETHER => walk.pppoe(layers),
        number::C_HDLC => walk.typed(2, 4),
        number::FRAME_RELAY => frame_relay(walk, layers),
        number::IEEE802_11 => wireless::frame(walk, layers),
        number::IEEE802_11_RADIOTAP => wireless::behind_radiotap(walk, layers),
        number::IEEE802_11_PRISM | number::IEEE802_11_AVS => {
            wireless::behind_prism_or_avs(walk, layers)
        }
        number::PPI => per_packet_information(walk, layers),
        _ => Err(Kind::UnsupportedLink),
    }
}

/// The address family word of NULL and LOOP, in the byte order of whoever wrote it.
fn family(walk: &mut Walk<'_>) -> Result<Head, Kind> {
    let word = u32_at(walk.rest, 0).ok_or(Kind::CutShort)?;
    walk.advance(4)?;
    match word.min(word.swap_bytes()) {
        // AF_INET, and AF_INET6 of Linux, BSD, FreeBSD and macOS.
        2 | 10 | 24 | 28 | 30 => Ok(Head::Ip(Version::ByNibble)),
        _ => Err(Kind::NotIp),
    }
}

/// Serial lines of both kinds have one link type: the address tells.
fn ppp_or_c_hdlc(walk: &mut Walk<'_>) -> Result<Head, Kind> {
    match walk.rest {
        [0x0f | 0x8f, 0, ..] => walk.typed(2, 4),
        _ => Ok(Head::Ppp),
    }
}

/// A Q.922 address, then RFC 2427's NLPID, or an ether type as Cisco has it.
fn frame_relay(walk: &mut Walk<'_>, layers: &mut Layers) -> Result<Head, Kind> {
    let address_bytes = match walk.rest {
        [_, second, ..] if second & 1 == 1 => 2,
        [_, _, third, ..] if third & 1 == 1 => 3,
        [_, _, _, fourth, ..] if fourth & 1 == 1 => 4,
        [_, _, _, _, ..] => return Err(Kind::NotIp),
        _ => return Err(Kind::CutShort),
    };
    walk.advance(address_bytes)?;
    if walk.u8(0)? != 3 {
        return walk.typed(0, 2);
    }
    // The control field of an unnumbered frame, and perhaps a byte of padding.
    walk.advance(if walk.u8(1)? == 0 { 2 } else { 1 })?;
    let protocol = walk.u8(0)?;
    walk.advance(1)?;
    match protocol {
        0xcc => Ok(Head::Ip(Version::Four)),
        0x8e => Ok(Head::Ip(Version::Six)),
        0xcf => Ok(Head::Ppp),
        0x80 => frame_relay_snap(walk, layers),
        _ => Err(Kind::NotIp),
    }
}

/// An OUI and a protocol: an ether type, or a bridged Ethernet frame, with its check sequence or
/// without.
fn frame_relay_snap(walk: &mut Walk<'_>, layers: &mut Layers) -> Result<Head, Kind> {
    layers.step()?;
    let oui: [u8; 3] = *walk.rest.first_chunk().ok_or(Kind::CutShort)?;
    match (oui, walk.typed(3, 5)?) {
        ([0, 0, 0], Head::Type(0..=1500)) => Err(Kind::NotIp),
        ([0, 0, 0], head) => Ok(head),
        ([0, 0x80, 0xc2], Head::Type(1 | 7)) => Ok(Head::Ethernet),
        _ => Err(Kind::NotIp),
    }
}

/// PPI names the link type of the packet behind it (CACE Technologies, PPI 1.0.10).
fn per_packet_information(walk: &mut Walk<'_>, layers: &mut Layers) -> Result<Head, Kind> {
    let header: [u8; 8] = *walk.rest.first_chunk().ok_or(Kind::CutShort)?;
    walk.advance(u16::from_le_bytes([header[2], header[3]]).max(8).into())?;
    let link_type = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
    match u16::try_from(link_type) {
        Ok(number::PPI) | Err(_) => Err(Kind::UnsupportedLink),
        Ok(link_type) => head(walk, layers, link_type),
    }
}
