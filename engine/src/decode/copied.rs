//! What the readings that copy another program share.

use super::{Endpoint, Key, Moment, Placement, Segment, ip, marks};
use crate::capture::Packet;

/// Bytes that libpcap keeps of a packet where the file sets no limit (its `MAXIMUM_SNAPLEN`).
const SNAPLEN_BYTES_MAX: u32 = 262_144;

/// The addresses of a frame's link layer: source and destination, zeros where it has none.
pub type LinkAddresses = [[u8; 6]; 2];

/// What a program makes of a packet.
pub struct Taken {
    /// `None` when the program does not take it.
    pub packet: Option<TakenPacket>,
    /// Where the profile prints them.
    pub link_addresses: Option<LinkAddresses>,
}

/// A packet as the program reads it.
#[derive(Clone, Copy, Debug, Default)]
pub struct TakenPacket {
    pub source: u128,
    pub destination: u128,
    pub source_port: u16,
    pub destination_port: u16,
    pub protocol: u8,
    pub is_ipv6: bool,
    /// The word of the key beside addresses, ports and protocol.
    pub stack: u64,
    /// Directions are told by address alone.
    pub by_address: bool,
    pub bytes: u32,
    pub payload_bytes: u32,
    pub header_bytes: u32,
    pub window: u16,
    pub flags: u8,
}

impl TakenPacket {
    pub fn segment(&self, moment: Moment, placement: &Placement) -> Segment {
        let (key, from_larger) = Key::new(
            Endpoint { address: self.source, port: self.source_port },
            Endpoint { address: self.destination, port: self.destination_port },
            self.protocol,
            matches!(self.protocol, ip::TCP | ip::UDP),
            self.is_ipv6,
            self.stack,
        );
        let side = match self.by_address && self.source == self.destination {
            true => u16::from(from_larger) * marks::SENDER_IS_LARGER,
            false => u16::from(from_larger) * marks::FROM_LARGER,
        };
        Segment {
            key,
            time: moment.time,
            clock: moment.clock,
            hash: placement.hash(&key),
            ip_bytes: self.bytes,
            payload_bytes: self.payload_bytes,
            index: moment.index,
            window: self.window,
            marks: side | marks::packed(0, self.header_bytes),
            flags: self.flags,
            ..Segment::default()
        }
    }
}

/// The bytes of a packet that libpcap hands out: no more than the file's own limit.
pub fn kept<'a>(packet: &Packet<'a>) -> &'a [u8] {
    let limit = match packet.snaplen_bytes {
        0 | 0x8000_0000.. => SNAPLEN_BYTES_MAX,
        snaplen_bytes => snaplen_bytes,
    };
    &packet.data[..packet.data.len().min(limit as usize)]
}
