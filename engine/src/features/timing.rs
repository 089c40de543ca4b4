//! Gaps between packets (inter-arrival times) of the flow and of each side.

use super::Gaps;
use crate::time::Timestamp;

/// Inter-arrival times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    pub flow: Gaps,
    pub sides: [Gaps; 2],
    last: [Timestamp; 2],
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
        if side_packets > 0 {
            self.sides[side].add(time.since(self.last[side]));
        }
        self.last[side] = time;
    }
}
