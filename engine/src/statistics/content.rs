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

const READING: Reading =
    Reading { whole_microseconds: false, bare_transport: false, checksums: false };

/// Reads a whole capture.
///
/// # Errors
/// When it cannot be opened or is no capture.
pub fn content_of(file: &CaptureFile) -> Result<Content, Problem> {
    let mut reader = file.open()?;
    let placement = Placement::default();
    let mut decoder = Decoder::new(READING, placement.clone());
    let mut fragments = FragmentTable::new(READING, placement);
    let mut pairs = Pairs::default();
    let (mut bytes, mut first_time, mut last_time) = (0, None::<Timestamp>, None::<Timestamp>);
    let mut visit = |packet: &Packet<'_>| {
        bytes += packet.data.len() as u64;
        first_time = Some(first_time.map_or(packet.time, |time| time.min(packet.time)));
        last_time = Some(last_time.map_or(packet.time, |time| time.max(packet.time)));
        let segment = match decoder.decode(packet, Moment::default()) {
            Decoded::Segment(segment) => Some(segment),
            Decoded::Fragment(fragment) => fragments.resolve(&fragment, packet.time),
            Decoded::Nothing => None,
        };
        segment.iter().for_each(|segment| pairs.add(segment));
    };
    let problem = loop {
        let end = reader.read_chunk(CHUNK_BYTES, &mut visit);
        if end.end_of_file {
            break end.problem;
        }
    };
    decoder.deep_stacks.clear();
    let mut counts = decoder.counts;
    counts.merge(&fragments.counts);
    Ok(Content {
        description: reader.describe(),
        counts,
        bytes,
        first_time,
        last_time,
        unique_flows: pairs.seen.len() as u64,
        more_unique_flows: pairs.overflowed,
        problem,
    })
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
        // Without the VLAN stack: the pair is of addresses and ports.
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
