//! What the profile `nfstream` sees of a frame (FLOWS-nfstream.md, sections 2 and 3).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::decode::{TCP, UDP};
use super::link::{captured, u16_at, u32_at};
use crate::support::capture::RawPacket;

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;

#[derive(Clone, Debug)]
pub struct Seen {
    pub source: IpAddr,
    pub destination: IpAddr,
    pub ports: (u16, u16),
    pub protocol: u8,
    pub vlan: u16,
    pub tunnel: u8,
    /// Of the source and the destination.
    pub hardware: [[u8; 6]; 2],
    pub flags: u8,
    pub size: u16,
}

/// Addresses, protocol, the place of the transport, and how long it is by the headers.
struct Network {
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    transport: usize,
    transport_bytes: usize,
}

/// Where reading goes on after a UDP tunnel.
enum Inner {
    /// The outer packet is the packet.
    None,
    Frame(usize),
    Ip(usize),
    /// An IP packet that is not looked into.
    LastIp(usize),
}

struct Reader<'a> {
    bytes: &'a [u8],
    link_type: u16,
    kind: u16,
    /// The last protocol that was looked at; not every IPv4 header's is.
    protocol: u8,
    vlan: u16,
    tunnel: u8,
    hardware: [[u8; 6]; 2],
}

/// None for dropped frames.
pub fn read(record: &RawPacket) -> Option<Seen> {
    let mut reader = Reader {
        bytes: captured(record),
        link_type: record.link_type,
        kind: 0,
        protocol: 0,
        vlan: 0,
        tunnel: 0,
        hardware: [[0; 6]; 2],
    };
    let network = reader.frame(0)?;
    let has_ports = match network.protocol {
        TCP => network.transport_bytes >= 20,
        UDP => network.transport_bytes >= 8,
        _ => false,
    };
    let port = |at| {
        let port = u16_at(reader.bytes, network.transport + at).filter(|_| has_ports);
        port.unwrap_or(0)
    };
    let flags = reader.bytes.get(network.transport + 13).copied();
    Some(Seen {
        source: network.source,
        destination: network.destination,
        ports: (port(0), port(2)),
        protocol: network.protocol,
        vlan: reader.vlan,
        tunnel: reader.tunnel,
        hardware: reader.hardware,
        flags: flags.filter(|_| has_ports && network.protocol == TCP).unwrap_or(0),
        size: record.original_bytes as u16,
    })
}

impl Reader<'_> {
    fn frame(&mut self, base: usize) -> Option<Network> {
        let link = self.link(base)?;
        let ip = self.types(link)?;
        self.ip(ip)
    }

    /// Where the link layer's payload begins.
    fn link(&mut self, base: usize) -> Option<usize> {
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

    fn types(&mut self, mut ip: usize) -> Option<usize> {
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

    fn ip(&mut self, ip: usize) -> Option<Network> {
        let packet = self.bytes.get(ip..).filter(|packet| packet.len() >= 20)?;
        match packet[0] >> 4 {
            4 => {
                let header_bytes = usize::from(packet[0] & 15) * 4;
                if matches!(packet[9], 4 | 41) && header_bytes > 0 {
                    return self.ip(ip + header_bytes);
                }
                if self.kind == IPV4 && u16_at(packet, 6)? & 0x1fff != 0 {
                    return None;
                }
                if self.kind == IPV4 {
                    self.protocol = packet[9];
                }
                if self.protocol == UDP {
                    match self.tunnel(ip + header_bytes)? {
                        Inner::None => (),
                        Inner::Frame(base) => return self.frame(base),
                        Inner::Ip(ip) => return self.ip(ip),
                        Inner::LastIp(ip) => return self.last_ip(ip),
                    }
                }
                self.ipv4(ip)
            }
            6 => {
                let network = self.ipv6(ip)?;
                self.protocol = network.protocol;
                if matches!(network.protocol, 4 | 41) {
                    return self.ip(network.transport);
                }
                Some(network)
            }
            _ => None,
        }
    }

    fn last_ip(&self, ip: usize) -> Option<Network> {
        match self.bytes[ip] >> 4 {
            4 => self.ipv4(ip),
            6 => self.ipv6(ip),
            _ => None,
        }
    }

    fn ipv4(&self, ip: usize) -> Option<Network> {
        let packet = self.bytes.get(ip..).filter(|packet| packet.len() >= 20)?;
        let header_bytes = usize::from(packet[0] & 15) * 4;
        if header_bytes > packet.len() {
            return None;
        }
        let total = usize::from(u16_at(packet, 2)?);
        let address = |at| u32_at(packet, at).map(|bits| IpAddr::from(Ipv4Addr::from(bits)));
        Some(Network {
            source: address(12)?,
            destination: address(16)?,
            protocol: packet[9],
            transport: ip + header_bytes,
            transport_bytes: total.checked_sub(header_bytes)?,
        })
    }

    fn ipv6(&self, ip: usize) -> Option<Network> {
        let packet = self.bytes.get(ip..).filter(|packet| packet.len() >= 40)?;
        let payload_bytes = usize::from(u16_at(packet, 4)?);
        let payload = packet.get(40..40 + payload_bytes)?;
        let (mut protocol, mut at) = (packet[6], 0);
        // Where no more than one byte is left, the number stays what it is.
        while packet.len() > 40 + at + 1 && [0, 43, 44, 59, 60, 135].contains(&protocol) {
            let header = payload.get(at..).filter(|_| protocol != 59)?;
            let is_fragment = protocol == 44;
            let length = if is_fragment { 8 } else { (usize::from(*header.get(1)?) + 1) * 8 };
            if header.len() < length || is_fragment && u16_at(header, 2)? >> 3 != 0 {
                return None;
            }
            protocol = header[0];
            at += length;
        }
        let address = |at: usize| {
            let octets: [u8; 16] = packet[at..at + 16].try_into().ok()?;
            Some(IpAddr::from(Ipv6Addr::from(octets)))
        };
        Some(Network {
            source: address(8)?,
            destination: address(24)?,
            protocol,
            transport: ip + 40 + at,
            transport_bytes: payload_bytes - at,
        })
    }

    fn tunnel(&mut self, udp: usize) -> Option<Inner> {
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

fn address(bytes: &[u8], at: usize) -> Option<[u8; 6]> {
    bytes.get(at..at + 6)?.try_into().ok()
}
