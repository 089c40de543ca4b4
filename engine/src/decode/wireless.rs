//! IEEE 802.11 data frames, and the headers that captures put before them.

use super::layers::Layers;
use super::walk::{Head, Walk};
use super::{Kind, u32_at};

/// A frame that begins with its frame control. Only data that is not encrypted, nor in parts, nor
/// several packets in one frame, can hold an IP packet that is read here.
pub fn frame(walk: &mut Walk<'_>, layers: &mut Layers) -> Result<Head, Kind> {
    let (kind, flags) = (walk.u8(0)?, walk.u8(1)?);
    const DATA_MASK: u8 = 0x4f;
    const DATA: u8 = 0x08;
    const PROTECTED: u8 = 0x40;
    // Version 0, type data, and not one of the subtypes without a body.
    if kind & DATA_MASK != DATA || flags & PROTECTED != 0 {
        return Err(Kind::NotIp);
    }
    let is_later_part = walk.u8(22)? & 0xf != 0;
    let (has_four_addresses, has_quality) = (flags & 3 == 3, kind & 0x80 != 0);
    let mut header_bytes = if has_four_addresses { 30 } else { 24 };
    if has_quality {
        let is_aggregate = walk.u8(header_bytes)? & 0x80 != 0;
        if is_aggregate {
            return Err(Kind::NotIp);
        }
        // Order in a frame with quality of service: high throughput control follows.
        header_bytes += if flags & 0x80 != 0 { 6 } else { 2 };
    }
    if is_later_part {
        return Err(Kind::NotIp);
    }
    walk.advance(header_bytes)?;
    walk.snap(layers)
}

/// Radiotap (radiotap.org): version, padding and a length, little-endian.
pub fn behind_radiotap(walk: &mut Walk<'_>, layers: &mut Layers) -> Result<Head, Kind> {
    if walk.u8(0)? != 0 {
        return Err(Kind::NotIp);
    }
    let header_bytes = walk.u16(2)?.swap_bytes();
    walk.advance(header_bytes.max(8).into())?;
    frame(walk, layers)
}

/// AVS by its magic number, else Prism's header with its length in the byte order of the writer.
pub fn behind_prism_or_avs(walk: &mut Walk<'_>, layers: &mut Layers) -> Result<Head, Kind> {
    let first = u32_at(walk.rest, 0).ok_or(Kind::CutShort)?;
    let length = u32_at(walk.rest, 4).ok_or(Kind::CutShort)?;
    let header_bytes = match first {
        0x8021_1001 | 0x8021_1002 => length,
        _ => length.min(length.swap_bytes()),
    };
    walk.advance(header_bytes.max(8) as usize)?;
    frame(walk, layers)
}
