//! What is told of flows while they stand in the table.

use super::closing::{live, outline};
use super::{Record, Table};
use crate::decode::Key;
use crate::features::TrackerSet;
use crate::flows::open::OpenFlow;
use crate::flows::{CountedOpen, EndReason, Flow};
use crate::prefetch::prefetch;
use crate::time::Timestamp;
use std::sync::Arc;

/// Flows whose memory is fetched ahead of their turn.
const LOOK_AHEAD: usize = 16;

impl<T: TrackerSet> Table<T> {
    /// Tells which flows count from now on, and which do not any more.
    pub(super) fn count_standing(&mut self, to: &mut dyn FnMut(CountedOpen)) {
        let Some(changes) = &mut self.live else { return };
        changes.forgotten.drain(..).for_each(&mut *to);
        let opened = std::mem::take(&mut changes.opened);
        for (place, &entry) in opened.iter().enumerate() {
            let ahead = opened.get(place + LOOK_AHEAD);
            if let Some(record) = ahead.and_then(|ahead| self.records.get(ahead.index as usize)) {
                prefetch(&record.flow, size_of::<OpenFlow>());
            }
            // It may have ended, and its place may be another's.
            if live(&self.records, entry).is_none() {
                continue;
            }
            let flow = &mut self.records[entry.index as usize].flow;
            let client_side = flow.connection.client_side();
            flow.counted_side = Some(client_side as u8);
            to(CountedOpen { id: flow.id, key: flow.key, client_side, counts: true });
        }
    }

    /// Notes that a flow that is not shown counts no more.
    pub(super) fn forget(&mut self, flow: &Flow) {
        let Some(changes) = &mut self.live else { return };
        let client_side = flow.counted_side.map_or(flow.client_side, usize::from);
        let count = |counts| CountedOpen { id: flow.id, key: flow.key, client_side, counts };
        match flow.counted_side {
            Some(_) => changes.forgotten.push(count(false)),
            // Other windows may have been shown, and what they were labelled is to be taken back.
            None if self.options.window_ns.is_some() => {
                changes.forgotten.extend([count(true), count(false)]);
            }
            None => {}
        }
    }

    /// Shows the open flows that are wanted, without what they have gathered.
    pub(super) fn show_standing(
        &self,
        clock: Timestamp,
        wanted: &dyn Fn(u64, &Key) -> bool,
        to: &mut dyn FnMut(Flow),
    ) {
        for index in 0..self.used as usize {
            if let Some(record) = self.records.get(index + LOOK_AHEAD) {
                prefetch(&record.flow, size_of::<OpenFlow>());
            }
            let Record { flow, .. } = &self.records[index];
            if !flow.is_open || !wanted(flow.id, &flow.key) {
                continue;
            }
            let outline = outline(flow, self.life.rule, EndReason::EndOfCapture, clock);
            let window = self.options.window_ns.map(|_| self.windows[index]);
            to(Flow {
                deep_stack: self.deep_stacks.get(&index).map(Arc::clone),
                start: window.map_or(flow.first, |open| open.first),
                window: window.map(|open| open.window),
                ..outline
            });
        }
    }
}
