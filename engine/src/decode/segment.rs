//! The small record of a packet that travels through the dataflow.

use super::Key;
use crate::time::Timestamp;

/// TCP flags, byte 13 of the header (RFC 9293).
pub mod flags {
    pub const FIN: u8 = 0x01;
    pub const SYN: u8 = 0x02;
    pub const RST: u8 = 0x04;
    pub const PSH: u8 = 0x08;
    pub const ACK: u8 = 0x10;
    pub const URG: u8 = 0x20;
    pub const ECE: u8 = 0x40;
    pub const CWR: u8 = 0x80;
}

/// Parts of [`Segment::marks`].
pub mod marks {
    /// The sender is the key's larger endpoint.
    pub const FROM_LARGER: u16 = 0x0001;
    /// A TCP header was there: TCP, and no later fragment.
    pub const TCP_HEADER: u16 = 0x0002;
    /// The transport's checksum was looked at and is wrong.
    pub const BAD_CHECKSUM: u16 = 0x0004;
    /// The sender is the larger endpoint though the packet counts for the smaller: where a profile
    /// tells directions by address alone and both are equal.
    pub const SENDER_IS_LARGER: u16 = 0x0008;
    /// Differentiated services code point (RFC 2474), six bits.
    pub const DSCP: u16 = 0x03f0;
    pub const DSCP_SHIFT: u32 = 4;
    /// Bytes of the transport header, at most 60, six bits.
    pub const HEADER_BYTES: u16 = 0xfc00;
    pub const HEADER_BYTES_SHIFT: u32 = 10;
    /// In place of header bytes: a later fragment.
    pub const NO_HEADER: u32 = 63;

    /// DSCP and header bytes in their places.
    #[inline]
    pub fn packed(dscp: u8, header_bytes: u32) -> u16 {
        (u16::from(dscp) << DSCP_SHIFT & DSCP) | (header_bytes as u16) << HEADER_BYTES_SHIFT
    }
}

/// When a packet came, and where in its chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// The packet's time, as the profile reads it.
    pub time: Timestamp,
    /// The greatest such time of the chunk up to this packet.
    pub clock: Timestamp,
    /// The packet's place in its chunk, counted from 0.
    pub index: u16,
}

/// One packet of a flow: everything that flows and features need of it, 96 bytes, no pointer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    pub key: Key,
    /// The packet's time.
    pub time: Timestamp,
    /// The greatest packet time of its chunk up to this packet.
    pub clock: Timestamp,
    /// Shard in the upper eight bits, seeded hash of the key below.
    pub hash: u32,
    /// IP header and payload, by the header's own length field.
    pub ip_bytes: u32,
    pub payload_bytes: u32,
    pub sequence: u32,
    pub acknowledgement: u32,
    /// The packet's place in its chunk, counted from 0.
    pub index: u16,
    pub window: u16,
    pub marks: u16,
    pub flags: u8,
    pub time_to_live: u8,
}

/// The shard in a hash of [`Placement::hash`](super::Placement::hash).
#[inline]
pub fn shard_of(hash: u32) -> usize {
    (hash >> 24) as usize
}

impl Segment {
    #[inline]
    pub fn shard(&self) -> usize {
        shard_of(self.hash)
    }

    /// 0 when the sender is the key's smaller endpoint, 1 when it is the larger.
    #[inline]
    pub fn side(&self) -> usize {
        (self.marks & marks::FROM_LARGER) as usize
    }

    /// The same packet, counted for another side.
    pub fn counted_for(&self, side: usize) -> Self {
        Self { marks: (self.marks & !marks::FROM_LARGER) | side as u16, ..*self }
    }

    /// Differentiated services code point.
    #[inline]
    pub fn dscp(&self) -> u8 {
        ((self.marks & marks::DSCP) >> marks::DSCP_SHIFT) as u8
    }

    /// Bytes of the transport header, at most 60; `None` of a later fragment.
    #[inline]
    pub fn header_bytes(&self) -> Option<u8> {
        let bytes = (self.marks >> marks::HEADER_BYTES_SHIFT) as u8;
        (u32::from(bytes) != marks::NO_HEADER).then_some(bytes)
    }

    /// The side of whoever sent the packet: not [`Segment::side`] where directions are told by
    /// address alone and both are equal.
    #[inline]
    pub fn sender_side(&self) -> usize {
        usize::from(self.marks & (marks::FROM_LARGER | marks::SENDER_IS_LARGER) != 0)
    }

    #[inline]
    pub fn has_tcp_header(&self) -> bool {
        self.marks & marks::TCP_HEADER != 0
    }

    /// SYN set; ACK, FIN and RST not: the client's opening.
    #[inline]
    pub fn is_plain_syn(&self) -> bool {
        self.flags & (flags::SYN | flags::ACK | flags::FIN | flags::RST) == flags::SYN
    }

    /// SYN and ACK set, FIN and RST not: the server's answer.
    #[inline]
    pub fn is_syn_ack(&self) -> bool {
        self.flags & (flags::SYN | flags::ACK | flags::FIN | flags::RST) == flags::SYN | flags::ACK
    }
}

const _: () = assert!(size_of::<Segment>() <= 96, "a segment is copied once per packet");
