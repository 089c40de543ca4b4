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

mod answers;
mod checksum;
mod cic;
pub mod control;
mod copied;
mod counts;
mod fragments;
mod icmp;
mod ip;
mod key;
mod layers;
mod link;
pub mod names;
mod nfstream;
mod payload;
mod segment;
mod transport;
mod tunnel;
mod walk;
mod wireless;

pub use answers::NameAnswer;
pub use control::{Control, ControlReader, Expectation, Place};
pub use copied::LinkAddresses;
pub use counts::{Counts, Kind};
pub use fragments::{Fragment, FragmentTable};
pub use icmp::has_mate as icmp_has_mate;
pub use key::{Endpoint, Key, Placement, shard_of_words};
pub use layers::{Layers, Tunnels, Vlans};
pub use link::link_type_is_read;
pub use nfstream::vlan_and_tunnel as nfstream_vlan_and_tunnel;
pub use payload::{PayloadPlace, Payloads, PlacesBefore};
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
    pub rules: ReadingRules,
    /// Times are rounded down to whole units.
    pub time_unit_ns: i64,
    /// The outermost IP packet counts: what tunnels over IP carry is its payload.
    pub outer: bool,
    /// Checksums of TCP and UDP are looked at.
    pub checksums: bool,
}

/// By whose rules headers are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadingRules {
    /// Ours: section 2 of FLOWS.md.
    Ours,
    /// Ours, but TCP and UDP with ports only, and no VLANs or tunnels in the key.
    BareTransport,
    /// CICFlowMeter's: FLOWS-cic.md.
    Cic,
    /// NFStream's: FLOWS-nfstream.md.
    Nfstream,
}

impl Reading {
    /// Our rules, to the nanosecond.
    pub const OURS: Self = Self::by(ReadingRules::Ours, 1);

    /// These rules, with times in whole units.
    pub const fn by(rules: ReadingRules, time_unit_ns: i64) -> Self {
        Self { rules, time_unit_ns, outer: false, checksums: false }
    }

    /// True when the rules are of another program.
    pub fn is_copied(&self) -> bool {
        matches!(self.rules, ReadingRules::Cic | ReadingRules::Nfstream)
    }
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
    /// Of each packet of the current chunk, where the rules are NFStream's.
    pub link_addresses: Vec<LinkAddresses>,
    /// Where the payload of each packet of the current chunk is, where someone wants it.
    pub payloads: Option<Vec<PayloadPlace>>,
    /// What packets of the current chunk told of names, where someone wants it.
    pub answers: Vec<NameAnswer>,
}

impl Decoder {
    pub fn new(reading: Reading, placement: Placement) -> Self {
        Self {
            reading,
            placement,
            counts: Counts::default(),
            layers: Layers::default(),
            deep_stacks: DeepStacks::new(),
            link_addresses: Vec::new(),
            payloads: None,
            answers: Vec::new(),
        }
    }

    /// From now on tells where payload is, and which names it answers.
    pub fn keep_payloads(&mut self) {
        self.payloads = Some(Vec::new());
    }

    /// The packet's time as this profile sees it.
    #[inline]
    pub fn time(&self, packet: &Packet<'_>) -> Timestamp {
        match self.reading.time_unit_ns {
            1 => packet.time,
            unit_ns => packet.time.floor_to(unit_ns),
        }
    }

    /// Decodes one packet.
    #[inline(always)]
    pub fn decode(&mut self, packet: &Packet<'_>, moment: Moment) -> Decoded {
        self.counts.packets += 1;
        if let Some(payloads) = &mut self.payloads {
            payloads.push(PayloadPlace::default());
        }
        match self.try_decode(packet, moment) {
            Ok(decoded) => decoded,
            Err(kind) => {
                self.counts.add(kind);
                Decoded::Nothing
            }
        }
    }

    /// Copies the payload of the packet just decoded behind `copies`, where its place is from now on.
    pub fn copy_payload(&mut self, packet: &Packet<'_>, copies: &mut Vec<u8>) {
        let Some(place) = self.payloads.as_mut().and_then(|places| places.last_mut()) else {
            return;
        };
        let at = place.address.wrapping_sub(packet.data.as_ptr() as usize);
        let payload = packet.data.get(at..).and_then(|rest| rest.get(..place.bytes as usize));
        place.address = copies.len();
        copies.extend_from_slice(payload.unwrap_or_default());
    }

    /// Decodes one packet by the rules of the program that the profile copies.
    #[inline(never)]
    pub fn decode_copied(&mut self, packet: &Packet<'_>, moment: Moment) -> Decoded {
        self.counts.packets += 1;
        let taken = match self.reading.rules {
            ReadingRules::Nfstream => nfstream::read(packet, &mut self.counts),
            _ => cic::read(packet),
        };
        self.link_addresses.extend(taken.link_addresses);
        let Some(taken) = taken.packet else {
            self.counts.add(Kind::NotTaken);
            return Decoded::Nothing;
        };
        self.counts.count_transport(taken.protocol);
        Decoded::Segment(taken.segment(moment, &self.placement))
    }

    /// True when packets are to be given to [`Decoder::decode_copied`].
    #[inline]
    pub fn is_copied(&self) -> bool {
        self.reading.is_copied()
    }

    /// NFStream's clock does not move with packets that it drops.
    pub fn clock_is_of_taken_packets(&self) -> bool {
        self.reading.rules == ReadingRules::Nfstream
    }

    #[inline(always)]
    fn try_decode(&mut self, packet: &Packet<'_>, moment: Moment) -> Result<Decoded, Kind> {
        self.layers.clear();
        // A record may say less than it holds.
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
        let bare = self.reading.rules == ReadingRules::BareTransport;
        if bare && !matches!(datagram.protocol, ip::TCP | ip::UDP) && !datagram.is_fragment() {
            return Err(Kind::OtherTransport);
        }
        let stack = if bare || self.layers.is_empty() { 0 } else { self.stack_word() };
        let mut segment = transport.segment(&datagram, moment, stack, &self.placement);
        if self.reading.checksums && checksum::is_bad(datagram) {
            segment.marks |= marks::BAD_CHECKSUM;
        }
        if let Some(place) = self.payloads.as_mut().and_then(|payloads| payloads.last_mut()) {
            let payload = transport.payload(&datagram);
            *place =
                PayloadPlace { address: payload.as_ptr() as usize, bytes: payload.len() as u32 };
            if transport.is_from_answerer() {
                answers::read(&segment, payload, &mut self.answers);
            }
        }
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
