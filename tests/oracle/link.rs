//! From the frame to the IP header (section 2).

/// Where the IP header stands, and what the layer below said of it.
pub struct Found {
    pub offset: usize,
    /// 4 or 6 as the link layer has it; None where the header's own nibble decides.
    pub version: Option<u8>,
    pub vlans: Vec<u16>,
}

/// Tags and SNAP headers that a tag may have before it, less one.
const BEFORE_A_TAG_MAX: usize = 15;

/// None for frames without IP, and for those that end too soon.
pub fn find(link_type: u16, frame: &[u8]) -> Option<Found> {
    match link_type {
        1 => typed(frame, 12, 14),
        113 => typed(frame, 14, 16),
        276 => typed(frame, 0, 20),
        0 | 108 => {
            let family: [u8; 4] = frame.get(..4)?.try_into().ok()?;
            let known = |family| matches!(family, 2 | 24 | 28 | 30 | 10);
            let either = known(u32::from_be_bytes(family)) || known(u32::from_le_bytes(family));
            either.then_some(Found { offset: 4, version: None, vlans: Vec::new() })
        }
        12 | 14 | 101 => Some(Found { offset: 0, version: None, vlans: Vec::new() }),
        228 => Some(Found { offset: 0, version: Some(4), vlans: Vec::new() }),
        229 => Some(Found { offset: 0, version: Some(6), vlans: Vec::new() }),
        _ => None,
    }
}

/// Follows types and tags. `offset` is where the payload of the outermost type begins.
fn typed(frame: &[u8], type_at: usize, offset: usize) -> Option<Found> {
    let mut kind = u16_at(frame, type_at)?;
    let mut offset = offset;
    let mut vlans = Vec::new();
    for before in 0.. {
        match kind {
            0x8100 | 0x88a8 | 0x9100 => {
                if before > BEFORE_A_TAG_MAX {
                    return None;
                }
                let id = u16_at(frame, offset)? & 0x0fff;
                if id != 0 {
                    vlans.push(id);
                }
                kind = u16_at(frame, offset + 2)?;
                offset += 4;
            }
            0x0800 => return Some(Found { offset, version: Some(4), vlans }),
            0x86dd => return Some(Found { offset, version: Some(6), vlans }),
            0..=1500 => {
                if frame.get(offset..offset + 6)? != [0xaa, 0xaa, 3, 0, 0, 0] {
                    return None;
                }
                kind = u16_at(frame, offset + 6)?;
                offset += 8;
                if kind <= 1500 {
                    return None;
                }
            }
            _ => return None,
        }
    }
    None
}

pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
