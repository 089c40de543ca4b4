//! What all packets of a chunk share.

use super::Question;
use crate::decode::{DeepStacks, Layers, LinkAddresses, NameAnswer, Payloads, Segment};
use crate::time::Timestamp;
use std::sync::Arc;

/// The place of a chunk in the stream.
#[derive(Clone, Debug)]
pub struct ChunkHead {
    /// Position of the chunk's first packet, counted from 1.
    pub first_position: u64,
    /// Stream clock before the first and after the last packet.
    pub clock_before: Timestamp,
    pub clock_after: Timestamp,
    /// Which file of the run, where all packets are of one.
    pub file: u32,
    /// Where files are merged: the index of a run's first packet and its file. Else empty.
    pub file_runs: Vec<(u16, u32)>,
    /// VLANs and tunnels that their word of the key does not spell out, by that word.
    pub deep_stacks: DeepStacks,
    /// Of each packet, where the profile prints them.
    pub link_addresses: Vec<LinkAddresses>,
    /// What the packets carry, where someone wants it.
    pub payloads: Payloads,
    /// What packets tell of names, in their order, where someone wants it.
    pub answers: Vec<NameAnswer>,
    /// What was asked about the flows that are open after the chunk.
    pub questions: Vec<Question>,
    /// Statistics are brought up to the end of this chunk.
    pub ends_epoch: bool,
    /// The step of this chunk, where what everybody holds after it is saved.
    pub saves: Option<u64>,
    /// The step after the last packet: there is nothing more to come.
    pub is_end: bool,
}

impl ChunkHead {
    /// Position of a segment in the stream.
    #[inline]
    pub fn position(&self, segment: &Segment) -> u64 {
        self.first_position + u64::from(segment.index)
    }

    /// Stream clock at a segment.
    #[inline]
    pub fn clock(&self, segment: &Segment) -> Timestamp {
        self.clock_before.max(segment.clock)
    }

    /// Which file of the run a segment's packet is of.
    pub fn file_of(&self, segment: &Segment) -> u32 {
        let begun = self.file_runs.partition_point(|&(first, _)| first <= segment.index);
        let run = begun.checked_sub(1).and_then(|last| self.file_runs.get(last));
        run.map_or(self.file, |&(_, file)| file)
    }

    /// The link layer's addresses of a segment's packet.
    pub fn link_addresses(&self, segment: &Segment) -> LinkAddresses {
        self.link_addresses.get(usize::from(segment.index)).copied().unwrap_or_default()
    }

    /// The layers behind a word that does not spell it out.
    pub fn deep_stack(&self, word: u64) -> Option<Arc<Layers>> {
        self.deep_stacks.get(&word).cloned()
    }
}
