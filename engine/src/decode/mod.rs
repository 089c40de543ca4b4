//! From packet to [`Segment`]: link layers, IP, fragments and transport, for any bytes at all.
//!
//! Decoding is total: it never panics, never allocates per packet (a stack of more than four VLAN
//! tags aside), and looks at no more than [`HEADER_DEPTH_MAX`](crate::limits::HEADER_DEPTH_MAX)
//! headers. What it cannot read it counts by kind. The rules are section 2 of FLOWS.md.
//!
//! Everything on the way of an ordinary packet is inlined: a result that comes back through memory
//! costs more than the reading, and one part that is not makes the results of all go that way.

mod checksum;
mod counts;
mod fragments;
mod icmp;
mod ip;
mod key;
mod link;
mod segment;
mod transport;
mod vlan;

pub use counts::{Counts, Kind};
pub use fragments::{Fragment, FragmentTable};
pub use icmp::has_mate as icmp_has_mate;
pub use key::{Endpoint, Key, Placement, shard_of_words};
pub use link::link_type_is_read;
pub use segment::{Moment, Segment, flags, marks, shard_of};
pub use vlan::VlanStack;

use crate::capture::Packet;
use crate::time::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

/// What a packet turned out to be.
pub enum Decoded {
    Segment(Segment),
    /// A part of a fragmented datagram: its flow is known once its first fragment is.
    Fragment(Fragment),
    /// In no flow; the reason has been counted.
    Nothing,
}

/// VLAN stacks that do not fit their word of the key, by that word.
pub type DeepStacks = HashMap<u64, Arc<VlanStack>>;

/// How a profile wants packets read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Times are rounded down to the microsecond.
    pub whole_microseconds: bool,
    /// TCP and UDP with ports only, and no VLAN ids in the key.
    pub bare_transport: bool,
    /// Checksums of TCP and UDP are looked at.
    pub checksums: bool,
}

/// Decodes one worker's packets and counts what it meets.
pub struct Decoder {
    reading: Reading,
    placement: Placement,
    pub counts: Counts,
    /// Those of the current chunk.
    pub deep_stacks: DeepStacks,
}

impl Decoder {
    pub fn new(reading: Reading, placement: Placement) -> Self {
        Self { reading, placement, counts: Counts::default(), deep_stacks: DeepStacks::new() }
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
        let located = link::locate(packet.link_type, packet.data)?;
        let rest = packet.data.get(located.offset..).ok_or(Kind::CutShort)?;
        let original = (packet.original_bytes as usize).max(packet.data.len()) - located.offset;
        let datagram = ip::read(located.version, rest, original, &mut self.counts)?;
        let transport = transport::read(&datagram, &mut self.counts)?;
        let bare = self.reading.bare_transport;
        if bare && !matches!(datagram.protocol, ip::TCP | ip::UDP) && !datagram.is_fragment() {
            return Err(Kind::OtherTransport);
        }
        let stack = match located.stack {
            Some(stack) if !bare => self.stack_word(stack),
            _ => 0,
        };
        let mut segment = transport.segment(&datagram, moment, stack, &self.placement);
        if self.reading.checksums && checksum::is_bad(datagram) {
            segment.marks |= marks::BAD_CHECKSUM;
        }
        self.counts.count_transport(datagram.protocol);
        Ok(match datagram.fragment {
            Some(part) => Decoded::Fragment(Fragment::new(segment, part)),
            None => Decoded::Segment(segment),
        })
    }

    /// The stack's word of the key; a deep stack is kept beside the chunk so that a flow can spell it out.
    #[cold]
    fn stack_word(&mut self, stack: VlanStack) -> u64 {
        let word = stack.word();
        if stack.is_deep() {
            self.deep_stacks.entry(word).or_insert_with(|| Arc::new(stack));
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
