//! Gaps between packets (inter-arrival times) of the flow and of each side.

use super::{Gaps, Moments};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Inter-arrival times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    pub flow: Gaps,
    sides: [SideTiming; 2],
}

/// Gaps between the packets of one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct SideTiming {
    gaps: Gaps,
    first: Timestamp,
    last: Timestamp,
}

impl Timing {
    /// Adds a packet of `side` at `time`. `since_last_ns` is the gap to the flow's packet before,
    /// `side_packets` how many packets the side had before this one.
    #[inline]
    pub fn add(
        &mut self,
        side: usize,
        time: Timestamp,
        since_last_ns: Option<i64>,
        side_packets: u64,
    ) {
        if let Some(gap_ns) = since_last_ns {
            self.flow.add(gap_ns);
        }
        let side = &mut self.sides[side];
        match side_packets {
            0 => side.first = time,
            _ => side.gaps.add(time.since(side.last)),
        }
        side.last = time;
    }

    /// When the side's first and last packet came; of a side that sent any.
    pub fn span(&self, side: usize) -> (Timestamp, Timestamp) {
        (self.sides[side].first, self.sides[side].last)
    }

    /// The statistics of a side with so many packets.
    pub fn side(&self, side: usize, packets: u64) -> Option<Moments> {
        let side = &self.sides[side];
        side.gaps.moments(packets.saturating_sub(1), side.last.since(side.first))
    }
}
