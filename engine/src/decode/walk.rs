//! Walking inwards through headers, up to an IP packet.

use super::layers::{Layers, Tunnel};
use super::{Kind, u16_at, wireless};

/// Which IP version the layer before announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    Four,
    Six,
    /// Nothing was said: the first nibble decides.
    ByNibble,
}

/// What is still to be read of a packet.
#[derive(Clone, Copy)]
pub struct Walk<'a> {
    /// What was captured of it.
    pub rest: &'a [u8],
    /// How long that was on the wire, at least.
    pub original: usize,
}

/// What stands at the place that a walk has come to.
#[derive(Clone, Copy)]
pub enum Head {
    Ip(Version),
    /// What an ether type names.
    Type(u16),
    Ethernet,
    /// IEEE 802.11.
    Wireless,
    Ppp,
}

impl<'a> Walk<'a> {
    /// Steps over bytes, all of which must be there.
    pub fn advance(&mut self, bytes: usize) -> Result<(), Kind> {
        self.rest = self.rest.get(bytes..).ok_or(Kind::CutShort)?;
        self.original = self.original.saturating_sub(bytes);
        Ok(())
    }

    /// What is behind the first `bytes` is not looked at.
    pub fn cut(&mut self, bytes: usize) {
        self.original = self.original.min(bytes);
        self.rest = &self.rest[..self.rest.len().min(bytes)];
    }

    pub fn u8(&self, at: usize) -> Result<u8, Kind> {
        self.rest.get(at).copied().ok_or(Kind::CutShort)
    }

    pub fn u16(&self, at: usize) -> Result<u16, Kind> {
        u16_at(self.rest, at).ok_or(Kind::CutShort)
    }

    /// The type at this place names what stands behind the first `bytes`.
    pub fn typed(&mut self, at: usize, bytes: usize) -> Result<Head, Kind> {
        let ether_type = self.u16(at)?;
        self.advance(bytes)?;
        Ok(Head::Type(ether_type))
    }

    /// Goes on to the IP packet. Ends: each turn takes bytes off, or is the last.
    pub fn find_ip(&mut self, layers: &mut Layers, head: Head) -> Result<Version, Kind> {
        let mut head = head;
        loop {
            head = match head {
                Head::Ip(version) => return Ok(version),
                Head::Ethernet => self.typed(12, 14)?,
                Head::Ppp => self.ppp(layers)?,
                Head::Wireless => wireless::frame(self, layers)?,
                Head::Type(0x0800) => Head::Ip(Version::Four),
                Head::Type(0x86dd) => Head::Ip(Version::Six),
                Head::Type(0x8100 | 0x88a8 | 0x9100) => self.vlan(layers)?,
                Head::Type(0x8847 | 0x8848) => self.mpls(layers)?,
                Head::Type(0x8864) => self.pppoe(layers)?,
                Head::Type(0x8909) => self.metadata(layers)?,
                Head::Type(0..=1500) => self.snap(layers)?,
                Head::Type(_) => return Err(Kind::NotIp),
            };
        }
    }

    fn vlan(&mut self, layers: &mut Layers) -> Result<Head, Kind> {
        layers.step()?;
        layers.push_vlan(self.u16(0)? & 0xfff);
        self.typed(2, 4)
    }

    /// Cisco's metadata: version 1, and one option, which is the group that the packet is of.
    fn metadata(&mut self, layers: &mut Layers) -> Result<Head, Kind> {
        layers.step()?;
        if self.u16(0)? != 0x0101 {
            return Err(Kind::NotIp);
        }
        self.typed(6, 8)
    }

    /// Behind an IEEE 802.3 length IP may follow a SNAP header (RFC 1042).
    pub fn snap(&mut self, layers: &mut Layers) -> Result<Head, Kind> {
        if !self.rest.starts_with(&[0xaa, 0xaa, 3, 0, 0, 0]) {
            return Err(Kind::NotIp);
        }
        layers.step()?;
        match self.typed(6, 8)? {
            Head::Type(0..=1500) => Err(Kind::NotIp),
            head => Ok(head),
        }
    }

    /// Labels up to the bottom of the stack (RFC 3032). What follows has no type: the first nibble
    /// tells, and a control word (RFC 4448) means Ethernet.
    fn mpls(&mut self, layers: &mut Layers) -> Result<Head, Kind> {
        loop {
            layers.step()?;
            let is_bottom = self.u8(2)? & 1 == 1;
            self.advance(4)?;
            if is_bottom {
                break;
            }
        }
        layers.push_tunnel(Tunnel::Mpls, None);
        match self.u8(0)? >> 4 {
            4 => Ok(Head::Ip(Version::Four)),
            6 => Ok(Head::Ip(Version::Six)),
            0 if self.u16(0)? == 0 => {
                self.advance(4)?;
                Ok(Head::Ethernet)
            }
            _ => Err(Kind::NotIp),
        }
    }

    /// A PPPoE header of a session (RFC 2516).
    pub fn pppoe(&mut self, layers: &mut Layers) -> Result<Head, Kind> {
        layers.step()?;
        if self.u16(0)? != 0x1100 {
            return Err(Kind::NotIp);
        }
        layers.push_tunnel(Tunnel::Pppoe, Some(self.u16(2)?.into()));
        self.advance(6)?;
        Ok(Head::Ppp)
    }

    /// PPP (RFC 1661), with address and control or without, its protocol in one byte or two.
    fn ppp(&mut self, layers: &mut Layers) -> Result<Head, Kind> {
        if self.rest.starts_with(&[0xff, 3]) {
            self.advance(2)?;
        }
        let first = self.u8(0)?;
        let (protocol, bytes) = if first & 1 == 1 { (first.into(), 1) } else { (self.u16(0)?, 2) };
        self.advance(bytes)?;
        match protocol {
            0x0021 => Ok(Head::Ip(Version::Four)),
            0x0057 => Ok(Head::Ip(Version::Six)),
            0x0281 | 0x0283 => self.mpls(layers),
            _ => Err(Kind::NotIp),
        }
    }
}
