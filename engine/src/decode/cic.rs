//! Frames as CICFlowMeter 4.0 reads them, its errors included: FLOWS-cic.md, "Reading a frame".
//!
//! Every frame is Ethernet to it, padding may be payload, and a quoted or tunnelled header lends its
//! ports to the addresses of the outermost IPv4 header.

use super::copied::{Taken, TakenPacket, kept};
use super::{Key, ip, u16_at, u32_at};
use crate::capture::Packet;

const L2TP: u8 = 115;
const IP_IN_IP: u8 = 4;
const L2TP_PORT: u16 = 1701;
/// RTP, RTCP and SIP: to these ports, a datagram from port 1701 is no L2TP.
const NOT_L2TP_PORTS: [u16; 3] = [5004, 5005, 5060];

/// What follows in the chain of headers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    EtherType(u16),
    Ipv4 { behind_ethernet: bool },
    Ipv6,
    Protocol(u8),
    L2tp,
    Ppp,
    Stop,
}

/// A header that the program cannot read: the whole packet is lost.
struct Unreadable;

struct Walk<'a> {
    data: &'a [u8],
    /// Bytes on the wire, as far as the program still believes in them.
    original: i64,
    offset: usize,
    /// Where the packet ends: behind it is padding.
    end: usize,
    addresses: Option<(u128, u128, usize)>,
    tcp: Option<TakenPacket>,
    udp: Option<TakenPacket>,
}

/// Reads one frame.
pub fn read(packet: &Packet<'_>) -> Taken {
    let data = kept(packet);
    let whole = data.len() <= packet.original_bytes as usize;
    let mut walk = Walk {
        data,
        original: packet.original_bytes.into(),
        offset: 0,
        end: data.len(),
        addresses: None,
        tcp: None,
        udp: None,
    };
    let packet = if whole { walk.walk().ok().flatten() } else { None };
    Taken { packet, link_addresses: None }
}

impl Walk<'_> {
    fn walk(&mut self) -> Result<Option<TakenPacket>, Unreadable> {
        let mut next = self.ethernet().unwrap_or(Next::Stop);
        while next != Next::Stop && self.offset < self.end {
            next = self.step(next)?.unwrap_or(Next::Stop);
        }
        let Some((source, destination, offset)) = self.addresses else { return Ok(None) };
        let transport = self.tcp.or(self.udp).unwrap_or_default();
        Ok(Some(TakenPacket {
            source,
            destination,
            by_address: true,
            // The UDP header may stand before the first IPv4 header: IPv6 may carry L2TP.
            bytes: (self.end.saturating_sub(offset) as u32)
                .max(transport.header_bytes + transport.payload_bytes),
            ..transport
        }))
    }

    /// Bytes from the offset to the end.
    fn left(&self) -> usize {
        self.end.saturating_sub(self.offset)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.data[..self.end].get(self.offset + at).copied()
    }

    fn word(&self, at: usize) -> Option<u16> {
        u16_at(&self.data[..self.end], self.offset + at)
    }

    /// Reads one header; `None` when it is not there.
    fn step(&mut self, next: Next) -> Result<Option<Next>, Unreadable> {
        match next {
            Next::EtherType(0x0800) => self.ipv4(false),
            Next::Ipv4 { behind_ethernet } => self.ipv4(behind_ethernet),
            Next::EtherType(0x86dd) | Next::Ipv6 => Ok(self.ipv6()),
            Next::EtherType(0x8100 | 0x88a8 | 0x9100) => Ok(self.vlan()),
            Next::Protocol(ip::ICMP) => Ok(self.icmp()),
            Next::Protocol(IP_IN_IP) => self.ipv4(false),
            Next::Protocol(ip::TCP) => self.tcp(),
            Next::Protocol(ip::UDP) => Ok(self.udp()),
            Next::Protocol(L2TP) | Next::L2tp => Ok(self.l2tp()),
            Next::Ppp => Ok(self.ppp()),
            _ => Ok(None),
        }
    }

    fn ethernet(&mut self) -> Option<Next> {
        let ether_type = self.word(12)?;
        self.offset = 14;
        match ether_type {
            0x0800 => Some(Next::Ipv4 { behind_ethernet: true }),
            0..0x0600 => {
                self.original -= self.data.len() as i64 - i64::from(ether_type);
                self.end = self.end.min(usize::try_from(self.original).unwrap_or(0));
                self.logical_link()
            }
            _ => Some(Next::EtherType(ether_type)),
        }
    }

    /// IEEE 802.2. The length before it the program takes for that of the whole frame.
    fn logical_link(&mut self) -> Option<Next> {
        let (access_point, control) = (self.byte(0)?, self.byte(2)?);
        self.offset += if control & 1 == 1 { 3 } else { 4 };
        if access_point != 0xaa {
            return None;
        }
        let organisation = u32_at(self.data, self.offset)? >> 8;
        let ether_type = self.word(3)?;
        self.offset += 5;
        matches!(organisation, 0 | 0xf8).then_some(Next::EtherType(ether_type))
    }

    fn vlan(&mut self) -> Option<Next> {
        let ether_type = self.word(2)?;
        self.offset += 4;
        match ether_type {
            0..0x0600 => self.logical_link(),
            _ => Some(Next::EtherType(ether_type)),
        }
    }

    fn ipv4(&mut self, behind_ethernet: bool) -> Result<Option<Next>, Unreadable> {
        let words = self.byte(0).map_or(0, |byte| usize::from(byte & 0xf));
        if self.left() < 20 || words == 0 {
            return Ok(None);
        }
        let field = |at| self.word(at).map_or(0, usize::from);
        let (total, fragment) = (field(2), field(6));
        let next = self.byte(9).unwrap_or(0);
        // Padding is cut off straight behind Ethernet only.
        if behind_ethernet && total <= self.end && self.offset + total < self.end {
            self.end = self.offset + total;
        }
        // Of headers further in, nobody asks for more than their length.
        if self.addresses.is_none() {
            let header = self.ipv4_header(words * 4, total, fragment)?;
            options_are_readable(header, words * 4)?;
            let address = |at| u32_at(header, at).map(Key::address_v4).ok_or(Unreadable);
            self.addresses = Some((address(12)?, address(16)?, self.offset));
        }
        self.offset += words * 4;
        Ok(Some(if fragment & 0x1fff != 0 { Next::Stop } else { Next::Protocol(next) }))
    }

    /// The header's bytes: cut where the packet ends too early, if that may be.
    fn ipv4_header(
        &self,
        length: usize,
        total: usize,
        fragment: usize,
    ) -> Result<&[u8], Unreadable> {
        if length < 20 {
            return Err(Unreadable);
        }
        let (start, behind) = (self.offset, self.offset + length);
        // More fragments, or an odd offset: the program takes either for the former.
        let more = fragment & 0x2001 != 0;
        let may_be_cut = behind > self.end && !more && start + total > self.end;
        let header = self.data.get(start..if may_be_cut { self.end } else { behind });
        header.ok_or(Unreadable)
    }

    fn ipv6(&mut self) -> Option<Next> {
        if self.left() < 40 {
            return None;
        }
        let mut next = self.byte(6)?;
        self.offset += 40;
        while matches!(next, 0 | 43 | 44 | 50 | 51 | 60 | 135) && self.offset < self.end {
            let (following, length) = (self.byte(0)?, self.byte(1)?);
            next = following;
            self.offset += (usize::from(length) + 1) * 8;
        }
        match next {
            ip::ICMP | IP_IN_IP | ip::TCP | ip::UDP => Some(Next::Protocol(next)),
            _ => None,
        }
    }

    fn icmp(&mut self) -> Option<Next> {
        let kind = self.byte(0)?;
        if self.left() < 4 {
            return None;
        }
        self.offset += 8;
        // Unreachable and parameter problem quote the packet that they are about.
        matches!(kind, 3 | 12).then_some(Next::Ipv4 { behind_ethernet: false })
    }

    fn tcp(&mut self) -> Result<Option<Next>, Unreadable> {
        let words = self.byte(12).map_or(0, |byte| usize::from(byte >> 4));
        if self.left() < 20 || words == 0 {
            return Ok(None);
        }
        // Four words pass.
        if words < 4 {
            return Err(Unreadable);
        }
        let header_bytes = (words * 4).min(self.left());
        let is_cut = self.byte(20).is_none_or(|option| option > 1 && header_bytes < 22);
        if words > 5 && is_cut {
            return Err(Unreadable);
        }
        let flags = self.byte(13).unwrap_or(0);
        let window = self.word(14).unwrap_or(0);
        let packet = self.transport(ip::TCP, header_bytes);
        self.tcp = packet.map(|packet| TakenPacket { flags, window, ..packet });
        Ok(None)
    }

    fn udp(&mut self) -> Option<Next> {
        if self.left() < 8 {
            return None;
        }
        let packet = self.transport(ip::UDP, 8)?;
        self.udp = self.udp.or(Some(packet));
        self.offset += 8;
        let is_tunnel = packet.destination_port == L2TP_PORT
            || packet.source_port == L2TP_PORT
                && !NOT_L2TP_PORTS.contains(&packet.destination_port);
        is_tunnel.then_some(Next::L2tp)
    }

    fn transport(&self, protocol: u8, header_bytes: usize) -> Option<TakenPacket> {
        Some(TakenPacket {
            source_port: self.word(0)?,
            destination_port: self.word(2)?,
            protocol,
            header_bytes: header_bytes as u32,
            payload_bytes: self.left().saturating_sub(header_bytes) as u32,
            ..TakenPacket::default()
        })
    }

    fn l2tp(&mut self) -> Option<Next> {
        let flags = self.byte(0)?;
        let optional = [(0x40, 2), (0x08, 4), (0x02, 4)];
        let present = optional.iter().filter(|(bit, _)| flags & bit != 0);
        self.offset += 6 + present.map(|(_, bytes)| bytes).sum::<usize>();
        (flags & 0x80 == 0).then_some(Next::Ppp)
    }

    fn ppp(&mut self) -> Option<Next> {
        let protocol = self.word(2)?;
        self.offset += 4;
        match protocol {
            0x0021 => Some(Next::Ipv4 { behind_ethernet: false }),
            0x0057 => Some(Next::Ipv6),
            _ => None,
        }
    }
}

/// Walks the options as the program does, which fails where they lead out of the header.
fn options_are_readable(header: &[u8], length: usize) -> Result<(), Unreadable> {
    let mut at = 20;
    while at < length {
        match header.get(at).ok_or(Unreadable)? & 31 {
            0 | 22 | 26.. => break,
            1 => at += 1,
            _ => at += 1 + usize::from(*header.get(at + 1).ok_or(Unreadable)?),
        }
    }
    Ok(())
}
