//! The link layers that `nfstream` knows, and what stands between them and IP (FLOWS-nfstream.md, section 2).

use super::reading::Reader;
use crate::oracle::link::{u16_at, u32_at};

pub const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;

impl Reader<'_> {
    /// Where the link layer's payload begins.
    pub fn link(&mut self, base: usize) -> Option<usize> {
        let bytes = self.bytes;
        let frame = bytes.get(base..).filter(|frame| frame.len() >= 28)?;
        match self.link_type {
            1 => return Some(base + self.ethernet(frame)?),
            12 | 101 => {
                match frame[0] >> 4 {
                    4 => self.kind = IPV4,
                    6 => self.kind = IPV6,
                    _ => (),
                }
                return Some(base);
            }
            228 | 229 => {
                self.kind = if self.link_type == 228 { IPV4 } else { IPV6 };
                return Some(base);
            }
            0 => {
                self.kind = if u32_at(frame, 0)? == 2 { IPV4 } else { IPV6 };
                return Some(base + 4);
            }
            113 => {
                self.kind = u16_at(frame, 14)?;
                return Some(base + 16);
            }
            50 => {
                self.kind = u16_at(frame, 2)?;
                return Some(base + 4);
            }
            9 | 104 => {
                let before = if matches!(bytes[0], 0x0f | 0x8f) { 2 } else { 0 };
                self.kind = u16_at(frame, before)?;
                return Some(base + before + 2);
            }
            127 => return Some(base + self.radiotap(frame)?),
            _ => (),
        }
        None
    }

    fn ethernet(&mut self, frame: &[u8]) -> Option<usize> {
        self.hardware = [address(frame, 6)?, address(frame, 0)?];
        match u16_at(frame, 12)? {
            kind @ 0x600.. => self.kind = kind,
            1..=1500 if frame[14] == 0xaa || frame[15] == 0xaa => {
                self.kind = 0;
                return Some(22);
            }
            1..=1500 if frame[14] == 0x42 || frame[15] == 0x42 => return None,
            _ => (),
        }
        Some(14)
    }

    fn radiotap(&mut self, frame: &[u8]) -> Option<usize> {
        let radio_bytes = usize::from(u16::from_le_bytes([frame[2], frame[3]]));
        if frame[16] & 0x50 == 0x50 {
            return None;
        }
        let wireless = frame.get(radio_bytes..).filter(|rest| rest.len() >= 24)?;
        if wireless[0] >> 2 & 3 != 2 {
            return None;
        }
        self.hardware = [address(wireless, 10)?, address(wireless, 16)?];
        let one_way = matches!(wireless[1] & 3, 1 | 2);
        let wireless_bytes = if one_way { 26 } else { 0 };
        let control = wireless.get(wireless_bytes..wireless_bytes + 8)?;
        if control[0] == 0xaa {
            self.kind = u16_at(control, 6)?;
        }
        Some(radio_bytes + wireless_bytes + 8)
    }

    pub fn types(&mut self, mut ip: usize) -> Option<usize> {
        loop {
            let word = |ip: usize| {
                let is_inside = ip + 4 < self.bytes.len();
                u32_at(self.bytes, ip).filter(|_| is_inside)
            };
            match self.kind {
                0x8100 => {
                    let tag = word(ip)?;
                    (self.vlan, self.kind) = ((tag >> 16) as u16 & 0xfff, tag as u16);
                    ip += 4;
                }
                0x8847 | 0x8848 => {
                    let mut label = word(ip)?;
                    ip += 4;
                    while label & 0x100 == 0
                        && let Some(next) = word(ip)
                    {
                        label = next;
                        ip += 4;
                    }
                    self.kind = IPV4;
                }
                0x8864 => {
                    self.kind = IPV4;
                    ip += 8;
                }
                _ => return Some(ip),
            }
        }
    }
}

pub fn address(bytes: &[u8], at: usize) -> Option<[u8; 6]> {
    bytes.get(at..at + 6)?.try_into().ok()
}
