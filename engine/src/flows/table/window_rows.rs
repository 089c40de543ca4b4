//! Rows of windows beside the rows of flows. A row ends before the packet that lies in another window,
//! with its flow, or when the stream clock reaches the end of the window in which the clock was at the
//! row's first packet. So a window is there as soon as the clock has passed it, and packets that come
//! late stand together.

use super::at_index;
use crate::decode::Segment;
use crate::flows::tracked::{Tracked, Tracking};
use crate::flows::{Flow, Window};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The rows of a worker's open flows.
pub struct WindowRows {
    tracking: Tracking,
    window_ns: i64,
    /// By the index of the flow in the table.
    of_flows: Vec<OfFlow>,
    /// When the clock ends which row, in order; the row may have ended before.
    ends: VecDeque<(Timestamp, u32, u64)>,
    /// Rows that are open.
    open: usize,
    /// Rows that were begun.
    begun: u64,
}

/// The rows of a flow.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct OfFlow {
    open: Option<OpenRow>,
    /// How many have ended.
    ended: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct OpenRow {
    tracked: Tracked,
    ends: Timestamp,
    /// By which its place among the ends is known; given anew to a row that was saved.
    #[serde(skip)]
    number: u64,
}

/// A row that has ended.
pub struct Ended {
    tracked: Tracked,
    part: u32,
    at: Timestamp,
}

impl WindowRows {
    /// `None`: of flows as a whole there are no windows.
    pub fn new(tracking: Tracking) -> Option<Self> {
        let window_ns = tracking.window_ns.filter(|window_ns| *window_ns > 0)?;
        let (of_flows, ends) = Default::default();
        Some(Self { tracking, window_ns, of_flows, ends, open: 0, begun: 0 })
    }

    /// A flow begins at that index.
    pub fn begin(&mut self, index: usize) {
        *at_index(&mut self.of_flows, index) = OfFlow::default();
    }

    /// Adds a packet that counts in its flow at `time`; the row that has ended before it.
    pub fn add(
        &mut self,
        index: usize,
        segment: &Segment,
        time: Timestamp,
        clock: Timestamp,
        client_side: usize,
    ) -> Option<Ended> {
        let has_ended =
            |row: &OpenRow| clock >= row.ends || row.tracked.has_ended(time, &self.tracking);
        let is_over = self.of_flows[index].open.as_ref().is_some_and(has_ended);
        let ended = if is_over { self.close(index, clock) } else { None };
        if self.of_flows[index].open.is_none() {
            let ends = clock.floor_to(self.window_ns).plus(self.window_ns);
            let tracked = Tracked::open(segment, time, &self.tracking);
            self.open(index, OpenRow { tracked, ends, number: 0 });
        }
        if let Some(row) = &mut self.of_flows[index].open {
            row.tracked.add(segment, time, client_side, &self.tracking);
        }
        ended
    }

    fn open(&mut self, index: usize, row: OpenRow) {
        self.begun += 1;
        self.open += 1;
        self.ends.push_back((row.ends, index as u32, self.begun));
        self.of_flows[index].open = Some(OpenRow { number: self.begun, ..row });
    }

    /// Ends the row of a flow at that time, or before.
    pub fn close(&mut self, index: usize, at: Timestamp) -> Option<Ended> {
        let of_flow = self.of_flows.get_mut(index)?;
        let OpenRow { tracked, ends, .. } = of_flow.open.take()?;
        self.open -= 1;
        let part = of_flow.ended;
        of_flow.ended += 1;
        Some(Ended { tracked, part, at: at.min(ends) })
    }

    /// A row that the clock ends, and the index of its flow.
    pub fn next_due(&mut self, clock: Timestamp) -> Option<(usize, Ended)> {
        while let Some((ends, index, number)) = self.ends.front().copied()
            && clock >= ends
        {
            self.ends.pop_front();
            let index = index as usize;
            if self.is_open(index, number)
                && let Some(ended) = self.close(index, ends)
            {
                return Some((index, ended));
            }
        }
        None
    }

    fn is_open(&self, index: usize, number: u64) -> bool {
        let row = self.of_flows.get(index).and_then(|of_flow| of_flow.open.as_ref());
        row.is_some_and(|row| row.number == number)
    }

    /// Keeps the memory of ends in proportion to the open rows.
    pub fn forget_stale_ends(&mut self) {
        const SLACK: usize = 1 << 16;
        if self.ends.len() > 4 * self.open + SLACK {
            let mut ends = std::mem::take(&mut self.ends);
            ends.retain(|(_, index, number)| self.is_open(*index as usize, *number));
            self.ends = ends;
        }
    }

    /// The row as a flow; `outline` is the flow without what it has gathered.
    pub fn row(&self, ended: Ended, outline: Flow) -> Flow {
        let Ended { tracked, part, at } = ended;
        let flow = tracked.window(outline, &self.tracking);
        let beside = |window| Window { part, is_beside: true, ..window };
        Flow { closed_at: at, window: flow.window.map(beside), ..flow }
    }

    /// What is kept of the flow at that index, to be saved.
    pub fn of_flow(&self, index: usize) -> &OfFlow {
        &self.of_flows[index]
    }

    /// What was saved of the flow that has that index now. [`Self::put_in_order`] comes behind the last.
    pub fn restore(&mut self, index: usize, saved: OfFlow) {
        *at_index(&mut self.of_flows, index) = OfFlow { open: None, ..saved };
        if let Some(row) = saved.open {
            self.open(index, row);
        }
    }

    pub fn put_in_order(&mut self) {
        self.ends.make_contiguous().sort_unstable();
    }
}
