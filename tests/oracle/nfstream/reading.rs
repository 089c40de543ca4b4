//! What the profile `nfstream` sees of a frame (FLOWS-nfstream.md, sections 2 and 3).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::link::IPV4;
use super::tunnels::Inner;
use crate::oracle::decode::{TCP, UDP};
use crate::oracle::link::{u16_at, u32_at};
use crate::oracle::snaplen::captured;
use crate::support::capture::RawPacket;

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

/// What is known so far of a frame.
pub struct Reader<'a> {
    pub bytes: &'a [u8],
    pub link_type: u16,
    /// The type of what follows.
    pub kind: u16,
    /// The last protocol that was looked at; not every IPv4 header's is.
    protocol: u8,
    pub vlan: u16,
    pub tunnel: u8,
    pub hardware: [[u8; 6]; 2],
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
}
