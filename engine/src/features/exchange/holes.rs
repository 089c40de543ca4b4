//! What was not seen of a side's bytes, so far.

use crate::limits::HOLES_PER_SIDE_MAX;
use serde::{Deserialize, Serialize};

/// Bytes seen above the first hole: ranges of numbers from, up to; in order, with holes between.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Islands {
    ranges: Vec<(i64, i64)>,
}

impl Islands {
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    pub fn clear(&mut self) {
        self.ranges.clear();
    }

    /// Whether there are more holes than may be.
    pub fn are_too_many(&self) -> bool {
        self.ranges.len() > HOLES_PER_SIDE_MAX
    }

    pub fn add(&mut self, from: i64, to: i64) {
        let first = self.ranges.partition_point(|range| range.1 < from);
        let behind = self.ranges.partition_point(|range| range.0 <= to);
        let touched = &self.ranges[first..behind];
        let lowest = touched.first().map_or(from, |range| range.0.min(from));
        let highest = touched.last().map_or(to, |range| range.1.max(to));
        self.ranges.splice(first..behind, [(lowest, highest)]);
    }

    /// Where the first range begins and ends, if it begins before `limit`.
    pub fn first_before(&self, limit: i64) -> Option<(i64, i64)> {
        self.ranges.first().copied().filter(|range| range.0 < limit)
    }

    pub fn remove_first(&mut self) {
        self.ranges.remove(0);
    }

    /// The end of what is seen without a hole, when all before `complete` is.
    pub fn absorb(&mut self, complete: i64) -> i64 {
        let mut complete = complete;
        while let Some((_, to)) = self.first_before(complete + 1) {
            complete = complete.max(to);
            self.remove_first();
        }
        complete
    }
}
