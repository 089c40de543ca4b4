//! Memory that is asked for before it is needed: a cache miss costs as much as all the arithmetic
//! of a packet.

use super::{Record, Table};
use crate::decode::Segment;
use crate::features::TrackerSet;
use crate::flows::ChunkHead;
use crate::flows::open::OpenFlow;
use crate::flows::watch::{Watches, wants};
use crate::prefetch::prefetch;

/// Segments whose memory is fetched together, ahead of their turn.
pub const LOOK_AHEAD: usize = 32;

impl<T: TrackerSet> Table<T> {
    /// Asks for the memory of the next segments, and finds where their flows are likely to be.
    #[inline]
    pub(super) fn fetch_ahead(
        &self,
        block: &[Segment],
        head: &ChunkHead,
        candidates: &mut [usize; LOOK_AHEAD],
    ) {
        for segment in block {
            if let Some(slot) = self.shards[segment.shard()].first_slot(segment.hash) {
                prefetch(slot, size_of::<u64>());
            }
        }
        for (segment, candidate) in block.iter().zip(candidates.iter_mut()) {
            let found = self.shards[segment.shard()].find(segment.hash, |_| true);
            *candidate = found.unwrap_or(usize::MAX);
            if let Some(record) = found.and_then(|index| self.records.get(index)) {
                prefetch(&record.flow, size_of::<OpenFlow>());
                prefetch(&record.trackers, T::HOT_BYTES);
            }
        }
        if let Some(watches) = &self.watches {
            self.fetch_watches(watches, block, head, candidates);
        }
    }

    /// The same for what is kept of packets that classifiers want to see.
    #[inline]
    fn fetch_watches(
        &self,
        watches: &Watches,
        block: &[Segment],
        head: &ChunkHead,
        candidates: &[usize],
    ) {
        let mut wanted = [(0, 0); LOOK_AHEAD];
        let mut count = 0;
        for (segment, &candidate) in block.iter().zip(candidates) {
            let (side, has_payload) = (segment.side(), segment.payload_bytes > 0);
            let wants = self.records.get(candidate).map_or(wants::EVERYTHING, |of| of.flow.wants);
            if wants::packet(wants, side, has_payload) {
                watches.fetch(candidate, side);
                head.payloads.fetch(segment.index);
                wanted[count] = (candidate, side);
                count += 1;
            }
        }
        for &(candidate, side) in &wanted[..count] {
            watches.fetch_ends(candidate, side);
        }
    }

    /// Asks for the place of the next flow that opens: its last tenant is long forgotten.
    #[inline]
    pub(super) fn fetch_to_open(&self) {
        let Some(index) = self.free.last().map(|&index| index as usize) else { return };
        if let Some(record) = self.records.get(index) {
            prefetch(record, size_of::<Record<T>>());
        }
        if let Some(watches) = &self.watches {
            watches.fetch_all(index);
        }
    }

    /// Asks for a flow that is going to be closed.
    #[inline]
    pub(super) fn fetch_to_close(&self, index: usize) {
        let Record { flow, trackers } = &self.records[index];
        prefetch(trackers, size_of::<T>());
        if let Some(watches) = &self.watches {
            watches.fetch_all(index);
        }
        if let Some(slot) = self.shards[flow.shard()].first_slot(flow.hash) {
            prefetch(slot, size_of::<u64>());
        }
    }
}
