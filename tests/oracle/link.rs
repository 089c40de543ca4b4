//! From the frame to the IP header (section 2).

use super::key::Layer;

/// Where the IP header stands, and what the layer below said of it.
pub struct Found {
    pub offset: usize,
    /// 4 or 6 as the link layer has it; None where the header's own nibble decides.
    pub version: Option<u8>,
}

/// Why there is no IP packet to read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    NotIp,
    /// Cut short, too deep, or broken.
    Broken,
}

/// What was stepped over on the way.
#[derive(Clone, Default)]
pub struct Path {
    pub stack: Vec<Layer>,
    headers: usize,
}

impl Path {
    /// One more header, with at most 15 before it.
    pub fn header(&mut self) -> Result<(), Lost> {
        self.headers += 1;
        if self.headers > 16 { Err(Lost::Broken) } else { Ok(()) }
    }
}

/// What follows at some place of a frame.
#[derive(Clone, Copy)]
pub enum Next {
    Type(u16),
    Ethernet,
    Wireless,
    Ppp,
    Snap,
    Ip(Option<u8>),
}

type Step = Result<(usize, Next), Lost>;

pub fn find(link_type: u16, frame: &[u8], path: &mut Path) -> Result<Found, Lost> {
    let (offset, next) = begin(link_type, frame, path)?;
    follow(frame, offset, next, path)
}

/// The place behind the link layer's own header, and what stands there.
fn begin(link_type: u16, frame: &[u8], path: &mut Path) -> Step {
    match link_type {
        1 => Ok((0, Next::Ethernet)),
        113 => Ok((16, Next::Type(two(frame, 14)?))),
        276 => Ok((20, Next::Type(two(frame, 0)?))),
        104 => Ok((4, Next::Type(two(frame, 2)?))),
        9 | 50 if matches!(frame.get(..2), Some([0x0f | 0x8f, 0])) => begin(104, frame, path),
        9 | 50 => Ok((0, Next::Ppp)),
        51 => pppoe(frame, 0, path),
        107 => frame_relay(frame, path),
        105 => wireless(frame, 0),
        127 => match one(frame, 0)? {
            0 => wireless(frame, usize::from(two(frame, 2)?.swap_bytes()).max(8)),
            _ => Err(Lost::NotIp),
        },
        119 | 163 => {
            let length = four(frame, 4)?;
            let is_avs = matches!(four(frame, 0)?, 0x8021_1001 | 0x8021_1002);
            let length = if is_avs { length } else { length.min(length.swap_bytes()) };
            wireless(frame, length.max(8) as usize)
        }
        192 => {
            let within = four(frame, 4)?.swap_bytes();
            let header_bytes = usize::from(two(frame, 2)?.swap_bytes()).max(8);
            let rest = frame.get(header_bytes..).ok_or(Lost::Broken)?;
            if within == 192 || within > 0xffff {
                return Err(Lost::NotIp);
            }
            let (offset, next) = begin(within as u16, rest, path)?;
            Ok((header_bytes + offset, next))
        }
        0 | 108 => {
            let family = four(frame, 0)?;
            let known = |family| matches!(family, 2 | 24 | 28 | 30 | 10);
            let either = known(family) || known(family.swap_bytes());
            if either { Ok((4, Next::Ip(None))) } else { Err(Lost::NotIp) }
        }
        12 | 14 | 101 => Ok((0, Next::Ip(None))),
        228 => Ok((0, Next::Ip(Some(4)))),
        229 => Ok((0, Next::Ip(Some(6)))),
        _ => Err(Lost::NotIp),
    }
}

/// Follows types, tags and labels up to IP.
pub fn follow(frame: &[u8], from: usize, next: Next, path: &mut Path) -> Result<Found, Lost> {
    let (mut offset, mut next) = (from, next);
    loop {
        // Of every header, all bytes must be there.
        if offset > frame.len() {
            return Err(Lost::Broken);
        }
        (offset, next) = match next {
            Next::Ip(version) => return Ok(Found { offset, version }),
            Next::Ethernet => (offset + 14, Next::Type(two(frame, offset + 12)?)),
            Next::Ppp => ppp(frame, offset, path)?,
            Next::Wireless => wireless(frame, offset)?,
            Next::Type(0x0800) => (offset, Next::Ip(Some(4))),
            Next::Type(0x86dd) => (offset, Next::Ip(Some(6))),
            Next::Type(0x8100 | 0x88a8 | 0x9100) => {
                path.header()?;
                let id = two(frame, offset)? & 0x0fff;
                if id != 0 {
                    path.stack.push(Layer::Vlan(id));
                }
                (offset + 4, Next::Type(two(frame, offset + 2)?))
            }
            Next::Type(0x8847 | 0x8848) => mpls(frame, offset, path)?,
            Next::Type(0x8864) => pppoe(frame, offset, path)?,
            Next::Type(0x8909) => {
                path.header()?;
                match two(frame, offset)? {
                    0x0101 => (offset + 8, Next::Type(two(frame, offset + 6)?)),
                    _ => return Err(Lost::NotIp),
                }
            }
            Next::Snap | Next::Type(0..=1500) => {
                if frame.get(offset..offset + 6) != Some(&[0xaa, 0xaa, 3, 0, 0, 0]) {
                    return Err(Lost::NotIp);
                }
                path.header()?;
                (offset + 8, Next::Type(over_1500(two(frame, offset + 6)?)?))
            }
            Next::Type(_) => return Err(Lost::NotIp),
        };
    }
}

fn over_1500(kind: u16) -> Result<u16, Lost> {
    if kind > 1500 { Ok(kind) } else { Err(Lost::NotIp) }
}

fn mpls(frame: &[u8], offset: usize, path: &mut Path) -> Step {
    let mut offset = offset;
    loop {
        path.header()?;
        let label = four(frame, offset)?;
        offset += 4;
        if label & 0x100 != 0 {
            break;
        }
    }
    path.stack.push(Layer::Tunnel("mpls", None));
    match one(frame, offset)? >> 4 {
        version @ (4 | 6) => Ok((offset, Next::Ip(Some(version)))),
        0 if two(frame, offset)? == 0 => Ok((offset + 4, Next::Ethernet)),
        _ => Err(Lost::NotIp),
    }
}

fn pppoe(frame: &[u8], offset: usize, path: &mut Path) -> Step {
    path.header()?;
    if two(frame, offset)? != 0x1100 {
        return Err(Lost::NotIp);
    }
    path.stack.push(Layer::Tunnel("pppoe", Some(two(frame, offset + 2)?.into())));
    Ok((offset + 6, Next::Ppp))
}

fn ppp(frame: &[u8], offset: usize, path: &mut Path) -> Step {
    let has_address = frame.get(offset..offset + 2) == Some(&[0xff, 0x03]);
    let offset = if has_address { offset + 2 } else { offset };
    let first = one(frame, offset)?;
    let (protocol, offset) = if first % 2 == 1 {
        (u16::from(first), offset + 1)
    } else {
        (two(frame, offset)?, offset + 2)
    };
    match protocol {
        0x21 => Ok((offset, Next::Ip(Some(4)))),
        0x57 => Ok((offset, Next::Ip(Some(6)))),
        0x281 | 0x283 => mpls(frame, offset, path),
        _ => Err(Lost::NotIp),
    }
}

fn frame_relay(frame: &[u8], path: &mut Path) -> Step {
    let last = (1..4).find(|at| frame.get(*at).is_none_or(|byte| byte & 1 == 1));
    let mut offset = last.ok_or(Lost::NotIp)? + 1;
    if one(frame, offset)? != 3 {
        return Ok((offset + 2, Next::Type(two(frame, offset)?)));
    }
    offset += if one(frame, offset + 1)? == 0 { 2 } else { 1 };
    match one(frame, offset)? {
        0xcc => Ok((offset + 1, Next::Ip(Some(4)))),
        0x8e => Ok((offset + 1, Next::Ip(Some(6)))),
        0xcf => Ok((offset + 1, Next::Ppp)),
        0x80 => {
            path.header()?;
            let kind = two(frame, offset + 4)?;
            match (frame.get(offset + 1..offset + 4), kind) {
                (Some([0, 0, 0]), _) => Ok((offset + 6, Next::Type(over_1500(kind)?))),
                (Some([0, 0x80, 0xc2]), 1 | 7) => Ok((offset + 6, Next::Ethernet)),
                _ => Err(Lost::NotIp),
            }
        }
        _ => Err(Lost::NotIp),
    }
}

fn wireless(frame: &[u8], offset: usize) -> Step {
    let (control, flags) = (one(frame, offset)?, one(frame, offset + 1)?);
    let (version, kind, subtype) = (control & 3, control >> 2 & 3, control >> 4);
    let is_encrypted = flags & 0x40 != 0;
    if version != 0 || kind != 2 || subtype & 4 != 0 || is_encrypted {
        return Err(Lost::NotIp);
    }
    let fragment_number = one(frame, offset + 22)? & 15;
    let mut end = offset + if flags & 3 == 3 { 30 } else { 24 };
    let mut is_aggregated = false;
    if subtype & 8 != 0 {
        is_aggregated = one(frame, end)? & 0x80 != 0;
        end += if flags & 0x80 != 0 { 6 } else { 2 };
    }
    if fragment_number != 0 || is_aggregated { Err(Lost::NotIp) } else { Ok((end, Next::Snap)) }
}

fn one(bytes: &[u8], at: usize) -> Result<u8, Lost> {
    bytes.get(at).copied().ok_or(Lost::Broken)
}

fn two(bytes: &[u8], at: usize) -> Result<u16, Lost> {
    u16_at(bytes, at).ok_or(Lost::Broken)
}

fn four(bytes: &[u8], at: usize) -> Result<u32, Lost> {
    u32_at(bytes, at).ok_or(Lost::Broken)
}

pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
