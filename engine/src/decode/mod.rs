//! From packet to [`Segment`]: link layers, tunnels, IP, fragments and transport, for any bytes at
//! all.
//!
//! Decoding is total: it never panics, never allocates per packet (one of a tunnel, or with more
//! than four VLAN tags, aside), and steps over no more than
//! [`HEADER_DEPTH_MAX`](crate::limits::HEADER_DEPTH_MAX) headers. What it cannot read it counts by
//! kind. The rules are section 2 of FLOWS.md.
//!
//! Everything on the way of an ordinary packet is inlined: a result that comes back through memory
//! costs more than the reading, and one part that is not makes the results of all go that way.

mod counts;
mod fragments;
mod icmp;
mod ip;
mod key;
mod layers;
mod link;
mod segment;
mod transport;
mod tunnel;
mod walk;
mod wireless;

pub use counts::{Counts, Kind};
pub use fragments::{Fragment, FragmentTable};
pub use icmp::has_mate as icmp_has_mate;
pub use key::{Endpoint, Key, Placement, shard_of_words};
pub use layers::{Layers, Tunnels, Vlans};
pub use link::link_type_is_read;
pub use segment::{Moment, Segment, flags, marks, shard_of};

use crate::capture::Packet;
use crate::time::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;
use walk::Walk;

/// What a packet turned out to be.
pub enum Decoded {
    Segment(Segment),
    /// A part of a fragmented datagram: its flow is known once its first fragment is.
    Fragment(Fragment),
    /// In no flow; the reason has been counted.
    Nothing,
}

/// VLANs and tunnels that their word of the key does not spell out, by that word.
pub type DeepStacks = HashMap<u64, Arc<Layers>>;

/// How a profile wants packets read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Times are rounded down to the microsecond.
    pub whole_microseconds: bool,
    /// TCP and UDP with ports only, and no VLANs or tunnels in the key.
    pub bare_transport: bool,
    /// The outermost IP packet counts: what tunnels over IP carry is its payload.
    pub outer: bool,
}

/// Decodes one worker's packets and counts what it meets.
pub struct Decoder {
    reading: Reading,
    placement: Placement,
    pub counts: Counts,
    /// Of the current packet.
    layers: Layers,
    /// Those of the current chunk.
    pub deep_stacks: DeepStacks,
}

impl Decoder {
    pub fn new(reading: Reading, placement: Placement) -> Self {
        Self {
            reading,
            placement,
            counts: Counts::default(),
            layers: Layers::default(),
            deep_stacks: DeepStacks::new(),
        }
    }

    /// The packet's time as this profile sees it.
    #[inline]
    pub fn time(&self, packet: &Packet<'_>) -> Timestamp {
        match self.reading.whole_microseconds {
            true => packet.time.floor_to_microsecond(),
            false => packet.time,
        }
    }

    /// Decodes one packet.
    #[inline(always)]
    pub fn decode(&mut self, packet: &Packet<'_>, moment: Moment) -> Decoded {
        self.counts.packets += 1;
        match self.try_decode(packet, moment) {
            Ok(decoded) => decoded,
            Err(kind) => {
                self.counts.add(kind);
                Decoded::Nothing
            }
        }
    }

    #[inline(always)]
    fn try_decode(&mut self, packet: &Packet<'_>, moment: Moment) -> Result<Decoded, Kind> {
        self.layers.clear();
        let original = (packet.original_bytes as usize).max(packet.data.len());
        let frame = Walk { rest: packet.data, original };
        let (walk, version) = link::find_ip(frame, &mut self.layers, packet.link_type)?;
        let mut datagram = ip::read(version, walk, &mut self.counts)?;
        if tunnel::may_begin(&datagram) && !self.reading.outer {
            let outer = tunnel::Outer::of(&datagram);
            if let Some(inner) = tunnel::innermost(outer, &mut self.layers, &mut self.counts)? {
                datagram = inner;
            }
        }
        let transport = transport::read(&datagram, &mut self.counts)?;
        let bare = self.reading.bare_transport;
        if bare && !matches!(datagram.protocol, ip::TCP | ip::UDP) && !datagram.is_fragment() {
            return Err(Kind::OtherTransport);
        }
        let stack = if bare || self.layers.is_empty() { 0 } else { self.stack_word() };
        let segment = transport.segment(&datagram, moment, stack, &self.placement);
        self.counts.count_transport(datagram.protocol);
        Ok(match datagram.fragment {
            Some(part) => Decoded::Fragment(Fragment::new(segment, part)),
            None => Decoded::Segment(segment),
        })
    }

    /// The layers' word of the key; what that does not spell out is kept beside the chunk so that
    /// a flow can.
    #[cold]
    fn stack_word(&mut self) -> u64 {
        let word = self.layers.word();
        if !self.layers.is_spelled() {
            self.deep_stacks.entry(word).or_insert_with(|| Arc::new(self.layers));
        }
        word
    }
}

#[inline]
pub(crate) fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*data.get(at..)?.first_chunk()?))
}

#[inline]
pub(crate) fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*data.get(at..)?.first_chunk()?))
}
