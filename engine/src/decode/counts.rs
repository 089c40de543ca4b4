//! What decoding met, counted by kind: nothing is dropped in silence.

use serde::{Deserialize, Serialize};

/// Why a packet is in no flow, or what was odd about one that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Kind {
    /// Link type that is not read.
    UnsupportedLink,
    /// Not IPv4 or IPv6: ARP, spanning tree and the like. Nothing wrong with it.
    NotIp,
    /// Neither TCP nor UDP, in a profile that knows only these.
    OtherTransport,
    /// The captured bytes end before the addresses, the protocol or the ports.
    CutShort,
    /// The version nibble is not what the link layer announced.
    BadIpVersion,
    /// IPv4 header length under 20 bytes.
    BadIpHeader,
    /// IP length field larger than the packet or smaller than its header.
    BadIpLength,
    /// TCP data offset under 20 bytes. The packet still counts in its flow.
    BadTcpHeader,
    /// More headers inside one another than are looked at.
    TooDeep,
    /// A later fragment whose first fragment did not come before it.
    FragmentWithoutFirst,
    /// The program that a profile copies does not take it.
    NotTaken,
}

/// Every kind with its name in messages and JSON.
pub const KINDS: [(Kind, &str); 11] = [
    (Kind::UnsupportedLink, "unsupported_link"),
    (Kind::NotIp, "not_ip"),
    (Kind::OtherTransport, "other_transport"),
    (Kind::CutShort, "cut_short"),
    (Kind::BadIpVersion, "bad_ip_version"),
    (Kind::BadIpHeader, "bad_ip_header"),
    (Kind::BadIpLength, "bad_ip_length"),
    (Kind::BadTcpHeader, "bad_tcp_header"),
    (Kind::TooDeep, "too_deep"),
    (Kind::FragmentWithoutFirst, "fragment_without_first"),
    (Kind::NotTaken, "not_read_by_the_profile"),
];

/// Packets met, by kind and transport.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All packet records.
    pub packets: u64,
    /// Packets that carry TCP (fragments by their protocol field).
    pub tcp_packets: u64,
    /// Packets that carry UDP.
    pub udp_packets: u64,
    kinds: [u64; KINDS.len()],
}

impl Counts {
    #[inline]
    pub fn add(&mut self, kind: Kind) {
        self.kinds[kind as usize] += 1;
    }

    pub fn of(&self, kind: Kind) -> u64 {
        self.kinds[kind as usize]
    }

    #[inline]
    pub(crate) fn count_transport(&mut self, protocol: u8) {
        self.tcp_packets += u64::from(protocol == super::ip::TCP);
        self.udp_packets += u64::from(protocol == super::ip::UDP);
    }

    /// Kinds that are a defect of a packet, with their counts, those that occurred.
    pub fn malformed(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.occurred()
            .filter(|(kind, ..)| !kind.is_ordinary())
            .map(|(_, name, count)| (name, count))
    }

    /// Kinds that are no defect (ARP, other link types), with their counts, those that occurred.
    pub fn ordinary(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.occurred()
            .filter(|(kind, ..)| kind.is_ordinary())
            .map(|(_, name, count)| (name, count))
    }

    fn occurred(&self) -> impl Iterator<Item = (Kind, &'static str, u64)> + '_ {
        KINDS.iter().map(|&(kind, name)| (kind, name, self.of(kind))).filter(|&(.., n)| n > 0)
    }

    /// Adds another worker's counts.
    pub fn merge(&mut self, other: &Self) {
        self.packets += other.packets;
        self.tcp_packets += other.tcp_packets;
        self.udp_packets += other.udp_packets;
        for (mine, theirs) in self.kinds.iter_mut().zip(other.kinds) {
            *mine += theirs;
        }
    }
}

impl Kind {
    fn is_ordinary(self) -> bool {
        matches!(self, Self::UnsupportedLink | Self::NotIp | Self::OtherTransport | Self::NotTaken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_stands_at_its_own_place() {
        for (place, (kind, _)) in KINDS.iter().enumerate() {
            assert_eq!(place, *kind as usize);
        }
    }
}
