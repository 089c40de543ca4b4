//! The UDP tunnels that `nfstream` looks into (FLOWS-nfstream.md, section 3).

use super::link::address;
use super::reading::Reader;
use crate::oracle::link::u16_at;

/// Where reading goes on after a UDP tunnel.
pub enum Inner {
    /// The outer packet is the packet.
    None,
    Frame(usize),
    Ip(usize),
    /// An IP packet that is not looked into.
    LastIp(usize),
}

impl Reader<'_> {
    pub fn tunnel(&mut self, udp: usize) -> Option<Inner> {
        let bytes = self.bytes;
        let inner = udp + 8;
        let behind = bytes.get(inner..)?;
        let has_port = |port| [0, 2].iter().any(|at| u16_at(bytes, udp + at) == Some(port));
        if has_port(2152) && behind.len() > 8 {
            Some(self.gtp(inner))
        } else if has_port(37_008) {
            self.tzsp(inner)
        } else if has_port(5247) {
            Some(self.capwap(inner))
        } else {
            Some(Inner::None)
        }
    }

    fn gtp(&mut self, at: usize) -> Inner {
        let bytes = self.bytes;
        if bytes[at] >> 5 != 1 || bytes[at + 1] != 0xff {
            return Inner::None;
        }
        let mut ip = at + 8 + if bytes[at] & 7 == 0 { 0 } else { 4 };
        while bytes[at] & 4 != 0 && ip < bytes.len() {
            let length = usize::from(bytes[ip]) * 4;
            ip += length;
            if length == 0 || ip >= bytes.len() {
                return Inner::None;
            }
            if bytes[ip - 1] == 0 {
                break;
            }
        }
        if ip >= bytes.len() {
            return Inner::None;
        }
        self.tunnel = 1;
        Inner::LastIp(ip)
    }

    fn tzsp(&mut self, at: usize) -> Option<Inner> {
        let start = self.bytes.get(at..at + 4)?;
        self.tunnel = 3;
        let Some(tag) = self.bytes.get(at + 4).filter(|_| start == [1, 0, 0, 1]) else {
            return Some(Inner::None);
        };
        let length = if *tag < 2 { 1 } else { usize::from(*self.bytes.get(at + 5)?) };
        Some(Inner::Frame(at + 4 + length))
    }

    fn capwap(&mut self, at: usize) -> Inner {
        let Some([first, second]) = self.bytes.get(at..at + 2) else { return Inner::None };
        let wireless = at + usize::from((second & 0xf8) >> 1);
        if first & 15 != 0 || wireless + 32 >= self.bytes.len() {
            return Inner::None;
        }
        self.tunnel = 2;
        self.hardware =
            [10, 16].map(|at| address(self.bytes, wireless + at).expect("32 bytes more"));
        self.kind = u16_at(self.bytes, wireless + 30).expect("32 bytes more");
        Inner::Ip(wireless + 32)
    }
}
