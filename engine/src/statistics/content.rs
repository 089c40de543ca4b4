//! What one capture holds: what `tractor info` prints.

use crate::capture::{CaptureFile, Description, Packet, Problem};
use crate::decode::{Counts, Decoded, Decoder, FragmentTable, Moment, Placement, Reading, Segment};
use crate::limits::{CHUNK_BYTES, UNIQUE_FLOWS_MAX};
use crate::time::Timestamp;
use foldhash::fast::RandomState;
use std::collections::HashSet;
use std::hash::BuildHasher;

/// Everything `info` knows of a capture.
pub struct Content {
    pub description: Description,
    pub counts: Counts,
    /// Captured bytes of all packets.
    pub bytes: u64,
    pub first_time: Option<Timestamp>,
    pub last_time: Option<Timestamp>,
    /// Distinct unordered pairs of TCP or UDP (address, port), protocols apart, without time-outs.
    pub unique_flows: u64,
    /// More pairs than are counted: `unique_flows` is a floor.
    pub more_unique_flows: bool,
    /// Why the file ended before its end.
    pub problem: Option<Problem>,
}

/// Reads a whole capture.
///
/// # Errors
/// When it cannot be opened or is no capture.
pub fn content_of(file: &CaptureFile) -> Result<Content, Problem> {
    let mut reader = file.open()?;
    let mut counter = PacketCounter::default();
    let problem = loop {
        let end = reader.read_chunk(CHUNK_BYTES, &mut |packet| counter.add(packet));
        if end.end_of_file {
            break end.problem;
        }
    };
    let mut counts = counter.decoder.counts;
    counts.merge(&counter.fragments.counts);
    Ok(Content {
        description: reader.describe(),
        counts,
        bytes: counter.bytes,
        first_time: counter.first_time,
        last_time: counter.last_time,
        unique_flows: counter.pairs.seen.len() as u64,
        more_unique_flows: counter.pairs.overflowed,
        problem,
    })
}

/// Counts packets as they come.
pub struct PacketCounter {
    packets: u64,
    bytes: u64,
    first_time: Option<Timestamp>,
    last_time: Option<Timestamp>,
    decoder: Decoder,
    fragments: FragmentTable,
    pairs: Pairs,
}

impl Default for PacketCounter {
    fn default() -> Self {
        let placement = Placement::default();
        Self {
            packets: 0,
            bytes: 0,
            first_time: None,
            last_time: None,
            decoder: Decoder::new(Reading::OURS, placement.clone()),
            fragments: FragmentTable::new(Reading::OURS, placement),
            pairs: Pairs::default(),
        }
    }
}

impl PacketCounter {
    pub fn add(&mut self, packet: &Packet<'_>) {
        self.packets += 1;
        self.bytes += packet.data.len() as u64;
        self.first_time = Some(self.first_time.map_or(packet.time, |time| time.min(packet.time)));
        self.last_time = Some(self.last_time.map_or(packet.time, |time| time.max(packet.time)));
        let segment = match self.decoder.decode(packet, Moment::default()) {
            Decoded::Segment(segment) => Some(segment),
            Decoded::Fragment(fragment) => self.fragments.resolve(&fragment, packet.time),
            Decoded::Nothing => None,
        };
        segment.iter().for_each(|segment| self.pairs.add(segment));
        // They are for flows.
        self.decoder.deep_stacks.clear();
    }

    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Captured bytes of all packets.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// As [`Content::unique_flows`].
    pub fn unique_flows(&self) -> u64 {
        self.pairs.seen.len() as u64
    }
}

/// Distinct pairs, kept as 128-bit fingerprints under seeds that nobody outside knows.
#[derive(Default)]
struct Pairs {
    seen: HashSet<u128, RandomState>,
    low: RandomState,
    high: RandomState,
    overflowed: bool,
}

impl Pairs {
    fn add(&mut self, segment: &Segment) {
        let key = &segment.key;
        if !key.has_ports() || !matches!(key.protocol(), 6 | 17) {
            return;
        }
        // Without VLANs and tunnels: the pair is of addresses and ports.
        let pair = &key.words()[..5];
        let low = u128::from(self.low.hash_one(pair));
        let fingerprint = u128::from(self.high.hash_one(pair)) << 64 | low;
        if self.seen.len() < UNIQUE_FLOWS_MAX {
            self.seen.insert(fingerprint);
        } else {
            self.overflowed |= !self.seen.contains(&fingerprint);
        }
    }
}
