//! What the profile `cic` sees of a frame (FLOWS-cic.md, section 1): header after header, Ethernet first.

use std::net::{IpAddr, Ipv4Addr};

use crate::oracle::decode::{TCP, UDP};
use crate::oracle::link::{u16_at, u32_at};
use crate::oracle::snaplen::captured;
use crate::support::capture::RawPacket;

#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub source: IpAddr,
    pub destination: IpAddr,
    /// Its protocol and the rest are 0 where there is neither TCP nor UDP.
    pub transport: Transport,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Transport {
    pub protocol: u8,
    pub ports: (u16, u16),
    pub flags: u8,
    pub window: u16,
    pub header_bytes: i128,
    pub payload_bytes: i128,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Header {
    Ethernet,
    Vlan,
    Llc,
    Snap,
    Ipv4,
    Ipv6,
    Icmp,
    Udp,
    Tcp,
    L2tp,
    Ppp,
}

impl Header {
    fn least_bytes(self) -> usize {
        match self {
            Self::Ethernet => 14,
            Self::Vlan | Self::Icmp | Self::Ppp => 4,
            Self::Llc => 3,
            Self::Snap => 5,
            Self::Ipv4 | Self::Tcp => 20,
            Self::Ipv6 => 40,
            Self::Udp => 8,
            Self::L2tp => 1,
        }
    }
}

struct Walk<'a> {
    captured: &'a [u8],
    /// What is before it counts.
    end: usize,
    original: usize,
    /// The addresses of the first IPv4 header; the inner None if it is unreadable.
    addresses: Option<Option<(Ipv4Addr, Ipv4Addr)>>,
    tcp: Option<Option<Transport>>,
    udp: Option<Transport>,
}

/// None for frames that are in no flow.
pub fn read(record: &RawPacket) -> Option<Seen> {
    let captured = captured(record);
    let original = record.original_bytes as usize;
    if captured.len() > original {
        return None;
    }
    let end = captured.len();
    let mut walk = Walk { captured, end, original, addresses: None, tcp: None, udp: None };
    let mut before = None;
    let mut next = Some(Header::Ethernet);
    let mut offset = 0;
    while let Some(header) = next {
        if offset + header.least_bytes() > walk.end {
            break;
        }
        let (length, follows) = walk.header(header, before, offset);
        offset += length;
        before = Some(header);
        next = follows;
    }
    let (source, destination) = walk.addresses??;
    let transport = match (walk.tcp, walk.udp) {
        (Some(tcp), _) => tcp?,
        (None, udp) => udp.unwrap_or_default(),
    };
    Some(Seen { source: source.into(), destination: destination.into(), transport })
}

impl Walk<'_> {
    /// Takes in a header whose least bytes are there: its length, and what follows it.
    fn header(
        &mut self,
        header: Header,
        before: Option<Header>,
        offset: usize,
    ) -> (usize, Option<Header>) {
        let bytes = &self.captured[offset..self.end];
        let u16_at = |at: usize| u16_at(bytes, at).expect("one of the least bytes");
        match header {
            Header::Ethernet => {
                let kind = u16_at(12);
                if kind >= 0x600 {
                    return (14, by_type(kind));
                }
                // At least what was captured, so this does not go below 0.
                self.original = self.original + usize::from(kind) - self.captured.len();
                self.end = self.end.min(self.original);
                (14, Some(Header::Llc))
            }
            Header::Vlan if u16_at(2) < 0x600 => (4, Some(Header::Llc)),
            Header::Vlan => (4, by_type(u16_at(2))),
            Header::Llc => {
                let length = if bytes[2] % 2 == 1 { 3 } else { 4 };
                (length, (bytes[0] == 0xaa).then_some(Header::Snap))
            }
            Header::Snap => {
                let known = matches!(bytes[..3], [0, 0, 0] | [0, 0, 0xf8]);
                (5, if known { by_type(u16_at(3)) } else { None })
            }
            Header::Ipv4 => self.ipv4(before, offset),
            Header::Ipv6 => ipv6(bytes),
            Header::Icmp => (8, matches!(bytes[0], 3 | 12).then_some(Header::Ipv4)),
            Header::Udp => {
                self.udp(offset);
                let (from, to) = (u16_at(0), u16_at(2));
                let is_l2tp = to == 1701 || from == 1701 && ![5004, 5005, 5060].contains(&to);
                (8, is_l2tp.then_some(Header::L2tp))
            }
            Header::Tcp => {
                self.tcp(offset);
                (0, None)
            }
            Header::L2tp => {
                let more = [(0x40, 2), (0x08, 4), (0x02, 4)];
                let more = more.into_iter().filter(|(bit, _)| bytes[0] & bit != 0);
                let length = 6 + more.map(|(_, length)| length).sum::<usize>();
                (length, (bytes[0] & 0x80 == 0).then_some(Header::Ppp))
            }
            Header::Ppp => match u16_at(2) {
                0x0021 => (4, Some(Header::Ipv4)),
                0x0057 => (4, Some(Header::Ipv6)),
                _ => (4, None),
            },
        }
    }

    fn ipv4(&mut self, before: Option<Header>, offset: usize) -> (usize, Option<Header>) {
        let bytes = &self.captured[offset..];
        let (nibble, total) = (bytes[0] & 15, usize::from(bytes[2]) << 8 | usize::from(bytes[3]));
        let length = usize::from(nibble) * 4;
        if nibble == 0 {
            return (0, None);
        }
        if before == Some(Header::Ethernet) {
            self.end = self.end.min(offset + total);
        }
        let is_whole = bytes[6] & 0x20 == 0 && bytes[7] & 1 == 0;
        let is_cut = is_whole && offset + length.min(total) > self.end;
        let there = if is_cut { self.end - offset } else { length };
        let is_readable = nibble >= 5
            && bytes.get(..there).is_some_and(|header| options_are_readable(header, length));
        let addresses = || Some((address(bytes, 12)?, address(bytes, 16)?));
        self.addresses.get_or_insert_with(|| addresses().filter(|_| is_readable));
        let is_later = (u16::from(bytes[6]) << 8 | u16::from(bytes[7])) & 0x1fff != 0;
        let next = match bytes[9] {
            1 => Some(Header::Icmp),
            115 => Some(Header::L2tp),
            protocol => transport(protocol),
        };
        (there, next.filter(|_| !is_later))
    }

    fn udp(&mut self, offset: usize) {
        let bytes = &self.captured[offset..self.end];
        let ports = (u16_at(bytes, 0).unwrap_or(0), u16_at(bytes, 2).unwrap_or(0));
        self.udp.get_or_insert(Transport {
            protocol: UDP,
            ports,
            header_bytes: 8,
            payload_bytes: bytes.len() as i128 - 8,
            ..Transport::default()
        });
    }

    fn tcp(&mut self, offset: usize) {
        let bytes = &self.captured[offset..self.end];
        let nibble = bytes[12] >> 4;
        if nibble == 0 {
            return;
        }
        let length = bytes.len().min(usize::from(nibble) * 4);
        let option_is_missing = nibble > 5 && (length <= 20 || bytes[20] > 1 && length == 21);
        let is_readable = nibble > 3 && !option_is_missing;
        let transport = Transport {
            protocol: TCP,
            ports: (u16_at(bytes, 0).unwrap_or(0), u16_at(bytes, 2).unwrap_or(0)),
            flags: bytes[13],
            window: u16_at(bytes, 14).unwrap_or(0),
            header_bytes: length as i128,
            payload_bytes: (bytes.len() - length) as i128,
        };
        self.tcp = Some(is_readable.then_some(transport));
    }
}

fn address(bytes: &[u8], at: usize) -> Option<Ipv4Addr> {
    u32_at(bytes, at).map(Ipv4Addr::from)
}

fn by_type(kind: u16) -> Option<Header> {
    match kind {
        0x0800 => Some(Header::Ipv4),
        0x86dd => Some(Header::Ipv6),
        0x8100 | 0x88a8 | 0x9100 => Some(Header::Vlan),
        _ => None,
    }
}

fn transport(protocol: u8) -> Option<Header> {
    match protocol {
        4 => Some(Header::Ipv4),
        TCP => Some(Header::Tcp),
        UDP => Some(Header::Udp),
        _ => None,
    }
}

/// The header with its extension headers.
fn ipv6(bytes: &[u8]) -> (usize, Option<Header>) {
    let (mut next, mut length) = (bytes[6], 40);
    while [0, 43, 44, 50, 51, 60, 135].contains(&next) {
        let Some(&[following, units]) = bytes.get(length..length + 2) else {
            return (length, None);
        };
        next = following;
        length += (usize::from(units) + 1) * 8;
    }
    (length, if next == 1 { Some(Header::Icmp) } else { transport(next) })
}

/// `header` is what is there of a header of `length` bytes.
fn options_are_readable(header: &[u8], length: usize) -> bool {
    let mut at = 20;
    while at < length {
        let Some(kind) = header.get(at).map(|byte| byte & 31) else { return false };
        match kind {
            0 | 22 | 26.. => return true,
            1 => at += 1,
            _ => {
                let Some(option_bytes) = header.get(at + 1) else { return false };
                at += 1 + usize::from(*option_bytes);
            }
        }
    }
    true
}
