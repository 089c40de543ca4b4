//! Packets as NFStream 6.6 reads them: FLOWS-nfstream.md, "Reading a packet".

use super::copied::{LinkAddresses, Taken, TakenPacket, kept};
use super::{Counts, Key, Kind, ip, u16_at, u32_at};
use crate::capture::Packet;

/// Shorter frames are dropped.
const FRAME_BYTES_MIN: usize = 28;
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const IP_IN_IP: u8 = 4;
const IPV6_IN_IP: u8 = 41;
const GTP_PORT: u16 = 2152;
const TZSP_PORT: u16 = 37_008;
const CAPWAP_PORT: u16 = 5247;

/// Numbers that NFStream gives to tunnels.
const GTP: u64 = 1;
const CAPWAP: u64 = 2;
const TZSP: u64 = 3;

/// Where the reading stands, and what it has found out.
struct Walk<'a> {
    link_type: u16,
    data: &'a [u8],
    /// Of the IP header, or of what is taken for one.
    offset: usize,
    ether_type: u16,
    /// What is searched for tunnels; not always the protocol of the last IP header.
    carried: u8,
    vlan: u64,
    tunnel: u64,
    link_addresses: LinkAddresses,
}

/// An IP header and what it says of the packet behind it.
#[derive(Clone, Copy)]
struct Header {
    source: u128,
    destination: u128,
    is_ipv6: bool,
    protocol: u8,
    /// Where the transport header begins, and the bytes from there on by the header's own count.
    transport: usize,
    transport_bytes: usize,
    /// The header was captured, and the packet is no shorter than it.
    fits: bool,
}

/// What follows a UDP header.
enum Inside {
    /// No tunnel: the packet is of the flow outside.
    Nothing,
    /// An IP header that is the last one looked at.
    FinalIp,
    /// An IP header, and everything again.
    Ip,
    /// A frame of the capture's link type, and everything again.
    Frame,
}

/// Reads one packet.
pub fn read(packet: &Packet<'_>, counts: &mut Counts) -> Taken {
    let data = kept(packet);
    let mut walk = Walk {
        link_type: packet.link_type,
        data,
        offset: 0,
        ether_type: 0,
        carried: 0,
        vlan: 0,
        tunnel: 0,
        link_addresses: LinkAddresses::default(),
    };
    let packet = walk.walk().map(|header| walk.taken(&header, packet.original_bytes, counts));
    Taken { packet, link_addresses: Some(walk.link_addresses) }
}

/// VLAN id and tunnel in the key's word.
fn stack(vlan: u64, tunnel: u64) -> u64 {
    tunnel << 16 | vlan
}

/// VLAN id and tunnel of a key's word.
pub fn vlan_and_tunnel(stack: u64) -> (u64, u64) {
    (stack & 0xffff, stack >> 16)
}

impl Walk<'_> {
    fn byte(&self, at: usize) -> Option<u8> {
        self.data.get(at).copied()
    }

    fn word(&self, at: usize) -> Option<u16> {
        u16_at(self.data, at)
    }

    /// The header of the packet's flow; `None` when the packet is dropped.
    fn walk(&mut self) -> Option<Header> {
        self.frame(0)?;
        // Every turn steps over a header at least.
        loop {
            let header = self.innermost(true)?;
            match self.tunnel_behind(&header)? {
                Inside::Nothing => return header.fits.then_some(header),
                Inside::FinalIp => return self.innermost(false).filter(|header| header.fits),
                Inside::Ip => self.ether_types()?,
                Inside::Frame => self.frame(self.offset)?,
            }
        }
    }

    /// Steps over a link layer that begins at `start`.
    fn frame(&mut self, start: usize) -> Option<()> {
        if self.data.len() < start + FRAME_BYTES_MIN {
            return None;
        }
        let typed = |walk: &Self, bytes: usize, type_at: usize| {
            Some((start + bytes, walk.word(start + type_at)?))
        };
        (self.offset, self.ether_type) = match self.link_type {
            1 => self.ethernet(start)?,
            12 | 101 => (start, if self.byte(start)? >> 4 == 6 { IPV6 } else { IPV4 }),
            228 => (start, IPV4),
            229 => (start, IPV6),
            0 => (start + 4, if u32_at(self.data, start)? == 2 { IPV4 } else { IPV6 }),
            113 => typed(self, 16, 14)?,
            50 => typed(self, 4, 2)?,
            9 | 104 => match self.byte(0)? {
                0x0f | 0x8f => typed(self, 4, 2)?,
                _ => typed(self, 2, 0)?,
            },
            127 => self.radiotap(start)?,
            _ => return None,
        };
        self.ether_types()
    }

    fn ethernet(&mut self, start: usize) -> Option<(usize, u16)> {
        let addresses: &[u8; 12] = self.data.get(start..)?.first_chunk()?;
        let [destination, source] = [&addresses[..6], &addresses[6..]];
        self.link_addresses = [source.try_into().ok()?, destination.try_into().ok()?];
        let offset = start + 14;
        match self.word(start + 12)? {
            0 | 1_501..1_536 => Some((offset, self.ether_type)),
            1..=1_500 => match (self.byte(offset)?, self.byte(offset + 1)?) {
                (0xaa, _) | (_, 0xaa) => Some((offset + 8, 0)),
                // Spanning tree.
                (0x42, _) | (_, 0x42) => None,
                _ => Some((offset, self.ether_type)),
            },
            ether_type => Some((offset, ether_type)),
        }
    }

    fn radiotap(&mut self, start: usize) -> Option<(usize, u16)> {
        if self.byte(start + 16)? & 0x50 == 0x50 {
            return None;
        }
        let length = u16::from_le_bytes([self.byte(start + 2)?, self.byte(start + 3)?]);
        let frame = start + usize::from(length);
        self.ieee_80211_addresses(frame)?;
        let [control, direction] = [self.byte(frame)?, self.byte(frame + 1)?];
        let is_data = control & 0x0c == 0x08;
        let header = if matches!(direction & 3, 1 | 2) { 26 } else { 0 };
        let logical_link = frame + header;
        let ether_type = match self.byte(logical_link)? {
            0xaa => self.word(logical_link + 6)?,
            _ => self.ether_type,
        };
        let is_whole = self.data.len() >= logical_link + 8;
        (is_data && is_whole).then_some((logical_link + 8, ether_type))
    }

    /// The source and destination of a frame of IEEE 802.11, of which 24 bytes must be there.
    fn ieee_80211_addresses(&mut self, frame: usize) -> Option<()> {
        let header: &[u8; 24] = self.data.get(frame..)?.first_chunk()?;
        let address = |at: usize| Some(*header.get(at..)?.first_chunk()?);
        self.link_addresses = [address(10)?, address(16)?];
        Some(())
    }

    /// Steps over VLAN tags, MPLS labels and PPPoE.
    fn ether_types(&mut self) -> Option<()> {
        loop {
            match self.ether_type {
                0x8100 => {
                    self.more_than(4)?;
                    self.vlan = u64::from(self.word(self.offset)? & 0xfff);
                    self.ether_type = self.word(self.offset + 2)?;
                    self.offset += 4;
                }
                0x8847 | 0x8848 => {
                    self.more_than(4)?;
                    while self.byte(self.offset + 2)? & 1 == 0 && self.more_than(8).is_some() {
                        self.offset += 4;
                    }
                    self.offset += 4;
                    self.ether_type = IPV4;
                }
                0x8864 => {
                    self.offset += 8;
                    self.ether_type = IPV4;
                }
                _ => return Some(()),
            }
        }
    }

    /// `None` unless more bytes than these are left.
    fn more_than(&self, bytes: usize) -> Option<()> {
        (self.offset + bytes < self.data.len()).then_some(())
    }

    /// Goes to the innermost of IP headers inside one another, if `inner` says so.
    fn innermost(&mut self, inner: bool) -> Option<Header> {
        loop {
            let (header, length) = match self.byte(self.offset)? >> 4 {
                4 => self.ipv4(inner)?,
                6 => (self.ipv6()?, 40),
                _ => return None,
            };
            if header.is_ipv6 || self.ether_type == IPV4 {
                self.carried = header.protocol;
            }
            let steps_in = matches!(header.protocol, IP_IN_IP | IPV6_IN_IP) && length > 0;
            if !inner || !steps_in {
                return Some(header);
            }
            self.offset = header.transport;
        }
    }

    fn ipv4(&self, inner: bool) -> Option<(Header, usize)> {
        let header: &[u8; 20] = self.data.get(self.offset..)?.first_chunk()?;
        let length = usize::from(header[0] & 0xf) * 4;
        let total = usize::from(u16_at(header, 2)?);
        let protocol = header[9];
        let read = Header {
            source: Key::address_v4(u32_at(header, 12)?),
            destination: Key::address_v4(u32_at(header, 16)?),
            is_ipv6: false,
            protocol,
            transport: self.offset + length,
            transport_bytes: total.saturating_sub(length),
            fits: length <= self.data.len() - self.offset && length <= total,
        };
        // What stands around another header is not looked at more closely.
        if inner && matches!(protocol, IP_IN_IP | IPV6_IN_IP) && length > 0 {
            return Some((read, length));
        }
        let is_later_fragment = u16_at(header, 6)? & 0x1fff != 0;
        let is_dropped = inner && self.ether_type == IPV4 && is_later_fragment;
        (!is_dropped).then_some((read, length))
    }

    fn ipv6(&self) -> Option<Header> {
        let header: &[u8; 40] = self.data.get(self.offset..)?.first_chunk()?;
        let address = |at: usize| Some(u128::from_be_bytes(*header.get(at..)?.first_chunk()?));
        let payload = usize::from(u16_at(header, 4)?);
        let (mut transport, mut protocol) = (self.offset + 40, header[6]);
        let end = transport + payload;
        if end > self.data.len() {
            return None;
        }
        loop {
            // Every turn steps over eight bytes at least.
            if self.data.len() - transport < 2 {
                break;
            }
            let length = match protocol {
                0 | 43 | 60 | 135 => (usize::from(self.byte(transport + 1)?) + 1) * 8,
                44 => 8,
                59 => return None,
                _ => break,
            };
            if transport + length > end {
                return None;
            }
            if protocol == 44 && self.word(transport + 2)? & 0xfff8 != 0 {
                return None;
            }
            protocol = self.byte(transport)?;
            transport += length;
        }
        Some(Header {
            source: address(8)?,
            destination: address(24)?,
            is_ipv6: true,
            protocol,
            transport,
            transport_bytes: end - transport,
            fits: true,
        })
    }

    /// Looks for a tunnel behind a UDP header and goes to what is inside. `None`: dropped.
    fn tunnel_behind(&mut self, header: &Header) -> Option<Inside> {
        if self.carried != ip::UDP || header.is_ipv6 {
            return Some(Inside::Nothing);
        }
        let behind = header.transport + 8;
        if self.data.len() < behind {
            return None;
        }
        let ports = [self.word(header.transport)?, self.word(header.transport + 2)?];
        if ports.contains(&GTP_PORT) && behind + 8 < self.data.len() {
            self.gtp(behind)
        } else if ports.contains(&TZSP_PORT) {
            self.tzsp(behind)
        } else if ports.contains(&CAPWAP_PORT) {
            Some(self.capwap(behind).unwrap_or(Inside::Nothing))
        } else {
            Some(Inside::Nothing)
        }
    }

    /// GTP version 1, user data (3GPP TS 29.281).
    fn gtp(&mut self, at: usize) -> Option<Inside> {
        let Some(inner) = self.gtp_payload(at) else { return Some(Inside::Nothing) };
        self.tunnel = GTP;
        self.offset = inner;
        matches!(self.byte(inner)? >> 4, 4 | 6).then_some(Inside::FinalIp)
    }

    fn gtp_payload(&self, at: usize) -> Option<usize> {
        let (flags, kind) = (self.byte(at)?, self.byte(at + 1)?);
        if flags >> 5 != 1 || kind != 0xff {
            return None;
        }
        let mut inner = at + 8 + if flags & 7 != 0 { 4 } else { 0 };
        let mut has_extension = flags & 4 != 0;
        while has_extension {
            let length = usize::from(self.byte(inner)?) * 4;
            inner += length;
            if length == 0 || inner >= self.data.len() {
                return None;
            }
            has_extension = self.byte(inner - 1)? != 0;
        }
        (inner < self.data.len()).then_some(inner)
    }

    /// TaZmen Sniffer Protocol: of the tags one is skipped, whatever follows it.
    fn tzsp(&mut self, at: usize) -> Option<Inside> {
        let start: &[u8; 4] = self.data.get(at..)?.first_chunk()?;
        self.tunnel = TZSP;
        let tag = at + 4;
        let (true, Some(kind)) = (*start == [1, 0, 0, 1], self.byte(tag)) else {
            return Some(Inside::Nothing);
        };
        let length = match kind {
            0 | 1 => 1,
            _ => usize::from(self.byte(tag + 1)?),
        };
        self.offset = tag + length;
        (self.offset < self.data.len()).then_some(Inside::Frame)
    }

    /// CAPWAP data with an IEEE 802.11 frame inside (RFC 5415). `None`: it is none.
    fn capwap(&mut self, at: usize) -> Option<Inside> {
        let (first, second) = (self.byte(at)?, self.byte(at + 1)?);
        let frame = at + usize::from((second & 0xf8) >> 1);
        if first & 0xf != 0 || frame + 32 >= self.data.len() {
            return None;
        }
        self.ieee_80211_addresses(frame)?;
        self.ether_type = self.word(frame + 24 + 6)?;
        self.offset = frame + 32;
        self.tunnel = CAPWAP;
        Some(Inside::Ip)
    }

    /// The packet by the header of its flow. What it would read beyond the captured bytes is 0.
    fn taken(&self, header: &Header, original_bytes: u32, counts: &mut Counts) -> TakenPacket {
        let is_tcp = header.protocol == ip::TCP && header.transport_bytes >= 20;
        let is_udp = header.protocol == ip::UDP && header.transport_bytes >= 8;
        let mut packet = TakenPacket {
            source: header.source,
            destination: header.destination,
            protocol: header.protocol,
            is_ipv6: header.is_ipv6,
            stack: stack(self.vlan, self.tunnel),
            bytes: original_bytes & 0xffff,
            ..TakenPacket::default()
        };
        if is_tcp || is_udp {
            packet.source_port = self.word(header.transport).unwrap_or(0);
            packet.destination_port = self.word(header.transport + 2).unwrap_or(0);
            packet.flags = self.byte(header.transport + 13).filter(|_| is_tcp).unwrap_or(0);
            if self.data.len() < header.transport + if is_tcp { 14 } else { 4 } {
                counts.add(Kind::CutShort);
            }
        }
        packet
    }
}
