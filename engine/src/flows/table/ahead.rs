//! Memory that is asked for before it is needed: a cache miss costs as much as all the arithmetic
//! of a packet.

use super::{Record, Table};
use crate::decode::Segment;
use crate::features::TrackerSet;
use crate::flows::open::OpenFlow;
use crate::prefetch::prefetch;

/// Segments whose memory is fetched together, ahead of their turn.
pub const LOOK_AHEAD: usize = 32;

impl<T: TrackerSet> Table<T> {
    /// Asks for the memory of the next segments, and finds where their flows are likely to be.
    #[inline]
    pub(super) fn fetch_ahead(&self, block: &[Segment], candidates: &mut [usize; LOOK_AHEAD]) {
        for segment in block {
            if let Some(slot) = self.shards[segment.shard()].first_slot(segment.hash) {
                prefetch(slot, size_of::<u64>());
            }
        }
        for (segment, candidate) in block.iter().zip(candidates) {
            let found = self.shards[segment.shard()].find(segment.hash, |_| true);
            *candidate = found.unwrap_or(usize::MAX);
            if let Some(record) = found.and_then(|index| self.records.get(index)) {
                prefetch(&record.flow, OpenFlow::HOT_BYTES);
                prefetch(&record.trackers, T::HOT_BYTES);
            }
        }
    }

    /// Asks for the place of the next flow that opens: its last tenant is long forgotten.
    #[inline]
    pub(super) fn fetch_to_open(&self) {
        let next = self.free.last().and_then(|&index| self.records.get(index as usize));
        if let Some(record) = next {
            prefetch(record, size_of::<Record<T>>());
        }
    }

    /// Asks for a flow that is going to be closed.
    #[inline]
    pub(super) fn fetch_to_close(&self, index: usize) {
        let Record { flow, trackers } = &self.records[index];
        prefetch(trackers, size_of::<T>());
        if let Some(slot) = self.shards[flow.shard()].first_slot(flow.hash) {
            prefetch(slot, size_of::<u64>());
        }
    }
}
