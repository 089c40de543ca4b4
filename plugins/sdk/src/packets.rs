//! The first packets of a flow, and their payload in pieces.

use crate::Direction;
use crate::abi::{NOT_KEPT, SERVER_TO_CLIENT, tractor_packet};

/// One packet, of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Microseconds since the flow's first packet.
    pub time_us: u64,
    /// IP header and payload, by its own length field.
    pub wire_bytes: u32,
    /// Of the transport, on the wire.
    pub payload_bytes: u32,
    pub direction: Direction,
    /// Byte 13 of the TCP header, 0 without one.
    pub tcp_flags: u8,
    /// Where in its direction's payload its first byte is, `None`: nowhere.
    pub payload_at: Option<u32>,
}

impl From<&tractor_packet> for Packet {
    fn from(packet: &tractor_packet) -> Self {
        Packet {
            time_us: packet.time_us,
            wire_bytes: packet.wire_bytes,
            payload_bytes: packet.payload_bytes,
            direction: match packet.direction {
                SERVER_TO_CLIENT => Direction::ServerToClient,
                _ => Direction::ClientToServer,
            },
            tcp_flags: packet.tcp_flags,
            payload_at: (packet.payload_at != NOT_KEPT).then_some(packet.payload_at),
        }
    }
}

impl From<&Packet> for tractor_packet {
    fn from(packet: &Packet) -> Self {
        tractor_packet {
            time_us: packet.time_us,
            wire_bytes: packet.wire_bytes,
            payload_bytes: packet.payload_bytes,
            direction: packet.direction as u8,
            tcp_flags: packet.tcp_flags,
            reserved: [0; 2],
            payload_at: packet.payload_at.unwrap_or(NOT_KEPT),
        }
    }
}

/// The first packets of a flow, in the order they were captured.
#[derive(Clone, Debug)]
pub struct Packets<'a>(pub(crate) std::slice::Iter<'a, tractor_packet>);

impl Iterator for Packets<'_> {
    type Item = Packet;

    fn next(&mut self) -> Option<Packet> {
        self.0.next().map(Packet::from)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Packets<'_> {}

/// The payload of one packet: a datagram, or a segment of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Of the packet it came in.
    pub packet: Packet,
    /// What is kept of it; less than `packet.payload_bytes` where the end was not asked for.
    pub bytes: &'a [u8],
}

impl Segment<'_> {
    /// Whether all of it is kept.
    pub fn is_whole(&self) -> bool {
        self.bytes.len() == self.packet.payload_bytes as usize
    }
}

/// Payload, packet by packet, of both directions in the order they were captured.
#[derive(Clone, Debug)]
pub struct Segments<'a> {
    pub(crate) packets: Packets<'a>,
    pub(crate) payload: [&'a [u8]; 2],
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        self.packets.by_ref().find_map(|packet| {
            let kept =
                self.payload[packet.direction as usize].get(packet.payload_at? as usize..)?;
            let bytes = &kept[..kept.len().min(packet.payload_bytes as usize)];
            (!bytes.is_empty()).then_some(Segment { packet, bytes })
        })
    }
}
