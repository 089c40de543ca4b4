//! Link layers: where in a frame the IP packet begins.

use super::vlan::VlanStack;
use super::{Kind, u16_at, u32_at};
use crate::limits::HEADER_DEPTH_MAX;

/// Numbers of the LINKTYPE_ registry (tcpdump.org/linktypes.html).
mod number {
    pub const NULL: u16 = 0;
    pub const ETHERNET: u16 = 1;
    pub const RAW_BSD: u16 = 12;
    pub const RAW_OPENBSD: u16 = 14;
    pub const RAW: u16 = 101;
    pub const LOOP: u16 = 108;
    pub const LINUX_SLL: u16 = 113;
    pub const IPV4: u16 = 228;
    pub const IPV6: u16 = 229;
    pub const LINUX_SLL2: u16 = 276;
}

/// Which IP version the layer before announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    Four,
    Six,
    /// Nothing was said: the first nibble decides.
    ByNibble,
}

/// The place of an IP packet in a frame.
pub struct Located {
    pub offset: usize,
    pub version: Version,
    pub stack: Option<VlanStack>,
}

/// True when packets of this link type are looked into.
pub fn link_type_is_read(link_type: u16) -> bool {
    !matches!(locate(link_type, &[]), Err(Kind::UnsupportedLink))
}

/// Finds the IP packet of a frame.
#[inline(always)]
pub fn locate(link_type: u16, data: &[u8]) -> Result<Located, Kind> {
    if link_type == number::ETHERNET {
        return ethernet(data);
    }
    other_link(link_type, data)
}

#[inline(always)]
fn ethernet(data: &[u8]) -> Result<Located, Kind> {
    match u16_at(data, 12).ok_or(Kind::CutShort)? {
        0x0800 => Ok(Located { offset: 14, version: Version::Four, stack: None }),
        0x86dd => Ok(Located { offset: 14, version: Version::Six, stack: None }),
        ether_type => behind_type(data, 14, ether_type),
    }
}

fn other_link(link_type: u16, data: &[u8]) -> Result<Located, Kind> {
    let at = |offset, version| Ok(Located { offset, version, stack: None });
    match link_type {
        number::RAW | number::RAW_BSD | number::RAW_OPENBSD => at(0, Version::ByNibble),
        number::IPV4 => at(0, Version::Four),
        number::IPV6 => at(0, Version::Six),
        number::NULL | number::LOOP => at(4, family(data)?),
        number::LINUX_SLL => behind_type(data, 16, u16_at(data, 14).ok_or(Kind::CutShort)?),
        number::LINUX_SLL2 => {
            let ether_type = u16_at(data, 0).ok_or(Kind::CutShort)?;
            behind_type(data, 20, ether_type)
        }
        _ => Err(Kind::UnsupportedLink),
    }
}

/// The address family word of NULL and LOOP, in the byte order of whoever wrote it.
fn family(data: &[u8]) -> Result<Version, Kind> {
    let word = u32_at(data, 0).ok_or(Kind::CutShort)?;
    match word.min(word.swap_bytes()) {
        // AF_INET, and AF_INET6 of Linux, BSD, FreeBSD and macOS.
        2 | 10 | 24 | 28 | 30 => Ok(Version::ByNibble),
        _ => Err(Kind::NotIp),
    }
}

/// Steps over VLAN tags and a SNAP header until the type says IP.
fn behind_type(data: &[u8], offset: usize, ether_type: u16) -> Result<Located, Kind> {
    let (mut offset, mut ether_type) = (offset, ether_type);
    let mut stack: Option<VlanStack> = None;
    for depth in 0.. {
        match ether_type {
            0x0800 => return Ok(Located { offset, version: Version::Four, stack }),
            0x86dd => return Ok(Located { offset, version: Version::Six, stack }),
            0x8100 | 0x88a8 | 0x9100 if depth >= HEADER_DEPTH_MAX => return Err(Kind::TooDeep),
            0x8100 | 0x88a8 | 0x9100 => {
                let tag = u16_at(data, offset).ok_or(Kind::CutShort)?;
                ether_type = u16_at(data, offset + 2).ok_or(Kind::CutShort)?;
                stack.get_or_insert_default().push(tag & 0xfff);
                offset += 4;
            }
            // An IEEE 802.3 length: IP may follow a SNAP header (RFC 1042).
            0..=1500 if data.get(offset..offset + 6) == Some(&[0xaa, 0xaa, 3, 0, 0, 0]) => {
                ether_type = u16_at(data, offset + 6).ok_or(Kind::CutShort)?;
                offset += 8;
                if ether_type <= 1500 {
                    return Err(Kind::NotIp);
                }
            }
            _ => return Err(Kind::NotIp),
        }
    }
    Err(Kind::TooDeep)
}
