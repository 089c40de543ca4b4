//! From the frame to the IP header (section 2).

/// Where the IP header stands, and what the layer below said of it.
pub struct Found {
    pub offset: usize,
    /// 4 or 6 as the link layer has it; None where the header's own nibble decides.
    pub version: Option<u8>,
    pub vlans: Vec<u16>,
}

const TAGS_MAX: usize = 16;

/// None for frames without IP, and for those that end too soon.
pub fn find(link_type: u16, frame: &[u8]) -> Option<Found> {
    match link_type {
        1 => typed(frame, 12, 14, true),
        113 => typed(frame, 14, 16, false),
        276 => typed(frame, 0, 20, false),
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
fn typed(frame: &[u8], type_at: usize, offset: usize, ethernet: bool) -> Option<Found> {
    let mut kind = u16_at(frame, type_at)?;
    let mut offset = offset;
    let mut vlans = Vec::new();
    let mut tags = 0;
    loop {
        match kind {
            0x8100 | 0x88a8 | 0x9100 => {
                // Reading: priority tags count as tags, though they are left out of the stack.
                tags += 1;
                if tags > TAGS_MAX {
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
            // Reading: a length also behind tags, but only on Ethernet: the small types of SLL mean other things.
            0..=1500 if ethernet => {
                if frame.get(offset..offset + 6)? != [0xaa, 0xaa, 3, 0, 0, 0] {
                    return None;
                }
                kind = u16_at(frame, offset + 6)?;
                offset += 8;
            }
            _ => return None,
        }
    }
}

pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
