//! How flows leave the table.

use super::{Record, Table, at_index};
use crate::features::{TrackerSet, Trackers};
use crate::flows::life::{Life, LifeRule};
use crate::flows::open::OpenFlow;
use crate::flows::slab::{self, Slab};
use crate::flows::wheel::Entry;
use crate::flows::{EndReason, Flow};
use crate::prefetch::prefetch;
use crate::time::Timestamp;
use std::sync::Arc;

/// Flows whose memory is fetched ahead of their closing.
const CLOSE_AHEAD: usize = 8;

impl<T: TrackerSet> Table<T> {
    /// Shows the windows that stand beside flows and that the clock has passed.
    pub(super) fn end_windows(&mut self, clock: Timestamp, to: &mut dyn FnMut(Flow)) {
        let Some(rows) = &mut self.window_rows else { return };
        while let Some((index, ended)) = rows.next_due(clock) {
            to(rows.row(ended, going_on(&self.records[index].flow, self.life.rule, clock)));
        }
        rows.forget_stale_ends();
    }

    /// Closes the flows whose deadline the clock has passed.
    pub(super) fn close_all_due(&mut self, clock: Timestamp, to: &mut dyn FnMut(Flow)) {
        let mut due = std::mem::take(&mut self.due);
        let (records, life) = (&self.records, &self.life);
        let fetch = |entry: Entry| {
            let flow = &records[entry.index as usize].flow;
            prefetch(flow, size_of::<OpenFlow>());
        };
        self.wheel.sweep(clock, fetch, |entry| {
            let flow = live(records, entry)?;
            let deadline = flow.deadline(life);
            if clock > deadline {
                due.push(entry);
                return None;
            }
            Some(deadline)
        });
        for (place, &entry) in due.iter().enumerate() {
            if let Some(ahead) = due.get(place + CLOSE_AHEAD) {
                self.fetch_to_close(ahead.index as usize);
            }
            // A flow may have two entries; the first closes it.
            if live(&self.records, entry).is_some() {
                self.close_due(entry.index as usize, to);
            }
        }
        due.clear();
        self.due = due;
    }

    /// Closes every flow: page by page, and frees each page, so that closed flows never stand
    /// beside all open ones in memory.
    pub(super) fn close_all(&mut self, clock: Timestamp, to: &mut dyn FnMut(Flow)) {
        for index in 0..self.used as usize {
            if self.records[index].flow.is_open {
                let reason = self.records[index].flow.reason(EndReason::EndOfCapture);
                let flow = self.closed_flow(index, reason, clock);
                self.show(index, flow, to);
            }
            if slab::ends_page(index) {
                self.records.free_page_of(index);
                if let Some(watches) = &mut self.watches {
                    watches.free_page_of(index);
                }
            }
        }
    }

    pub(super) fn close_due(&mut self, index: usize, to: &mut dyn FnMut(Flow)) {
        let flow = &self.records[index].flow;
        let (reason, deadline) = (flow.reason(EndReason::Idle), flow.deadline(&self.life));
        self.close(index, reason, deadline, to);
    }

    pub(super) fn close(
        &mut self,
        index: usize,
        reason: EndReason,
        at: Timestamp,
        to: &mut dyn FnMut(Flow),
    ) {
        let flow = self.closed_flow(index, reason, at);
        self.show(index, flow, to);
        let flow = &self.records[index].flow;
        let is_set_aside = matches!(reason, EndReason::Idle | EndReason::Evicted);
        if self.life.rule == LifeRule::Cic && is_set_aside {
            let client_side = flow.connection.client_side();
            self.set_aside.put(flow.shard(), flow.key, flow.last_position, client_side);
        }
        self.shards[flow.shard()].remove(flow.hash, index);
        self.free.push(index as u32);
    }

    #[inline]
    fn show(&mut self, index: usize, mut flow: Flow, to: &mut dyn FnMut(Flow)) {
        if let Some(rows) = &mut self.window_rows
            && let Some(ended) = rows.close(index, flow.closed_at)
        {
            let open = &self.records[index].flow;
            to(rows.row(ended, going_on(open, self.life.rule, flow.closed_at)));
        }
        if let Some(watches) = &mut self.watches {
            let open = &self.records[index].flow;
            let outline = || outline(open, self.life.rule, flow.end_reason, flow.closed_at);
            let is_shown = flow.packet_count() >= self.life.packets_min;
            flow.seen = watches.close(index, open.shard(), outline, is_shown.then_some(&mut *to));
            if let (Some(seen), Some(_)) = (&mut flow.seen, self.options.window_ns) {
                seen.earlier = Some(self.windows[index].earlier);
            }
        }
        if flow.packet_count() < self.life.packets_min {
            self.counts.not_shown += 1;
            self.forget(&flow);
        } else {
            to(flow);
        }
    }

    /// Ends the flow at `index`; its place is still to be freed.
    #[inline]
    fn closed_flow(&mut self, index: usize, reason: EndReason, at: Timestamp) -> Flow {
        self.counts.closed[reason as usize] += 1;
        if let Some(notes) = &mut self.notes {
            notes.end(self.records[index].flow.id, at);
        }
        self.records[index].flow.is_open = false;
        let mut flow = self.row(index, reason, at);
        if let Some(window) = &mut flow.window {
            window.is_last = true;
        }
        if !self.deep_stacks.is_empty() {
            self.deep_stacks.remove(&index);
        }
        if self.options.early_packets > 0 {
            flow.early_packets = std::mem::take(at_index(&mut self.early, index));
        }
        flow
    }

    /// What the flow at `index` has gathered, in its last window where it is cut into windows.
    #[inline]
    pub(super) fn row(&mut self, index: usize, reason: EndReason, at: Timestamp) -> Flow {
        let no_deep_stack = self.deep_stacks.is_empty();
        let deep_stack =
            if no_deep_stack { None } else { self.deep_stacks.get(&index).map(Arc::clone) };
        let open = self.options.window_ns.map(|_| self.windows[index]);
        let outline = outline(&self.records[index].flow, self.life.rule, reason, at);
        let Record { flow, trackers } = &mut self.records[index];
        let client_side = flow.connection.client_side();
        Flow {
            deep_stack,
            start: open.map_or(flow.first, |open| open.first),
            trackers: trackers.close(flow.last, client_side, &self.options.activity),
            window: open.map(|open| open.window),
            ..outline
        }
    }

    /// Closes what is due in a shard; the flows that stay.
    #[cold]
    pub(super) fn close_due_of(
        &mut self,
        shard: usize,
        clock: Timestamp,
        to: &mut dyn FnMut(Flow),
    ) -> Vec<usize> {
        let mut open: Vec<usize> = self.shards[shard].indices().collect();
        open.retain(|&index| {
            let is_due = clock > self.records[index].flow.deadline(&self.life);
            if is_due {
                self.close_due(index, to);
            }
            !is_due
        });
        open
    }

    /// Closes what is due in a shard of whose flows much is kept: how much that is must not depend on
    /// where the chunk ends.
    #[cold]
    pub(super) fn close_due_of_crowd(
        &mut self,
        shard: usize,
        clock: Timestamp,
        to: &mut dyn FnMut(Flow),
    ) {
        let open = self.close_due_of(shard, clock, to);
        let Some(watches) = &mut self.watches else { return };
        let Life { idle_ns, linger_ns, .. } = self.life;
        let may_linger = self.life.follows_connections();
        // The earliest for flows to come, and for those that end from now on.
        let soonest = clock.plus(if may_linger { idle_ns.min(linger_ns) } else { idle_ns });
        let deadlines = open.iter().map(|&index| self.records[index].flow.deadline(&self.life));
        watches.none_is_due_before(shard, deadlines.fold(soonest, Timestamp::min));
    }

    /// Frees places in a full shard: what is due, else its oldest sixteenth.
    #[cold]
    pub(super) fn make_room(&mut self, shard: usize, clock: Timestamp, to: &mut dyn FnMut(Flow)) {
        let mut open = self.close_due_of(shard, clock, to);
        if self.shards[shard].len() < self.shard_flows_max {
            return;
        }
        open.sort_unstable_by_key(|&index| {
            (self.records[index].flow.last_position, self.records[index].flow.id)
        });
        let oldest = (self.shard_flows_max / 16).max(1);
        for &index in open.iter().take(oldest) {
            let reason = self.records[index].flow.reason(EndReason::Evicted);
            self.close(index, reason, clock, to);
        }
    }

    /// Keeps the wheel's memory in proportion to the open flows.
    pub(super) fn forget_stale_entries(&mut self) {
        const SLACK: usize = 1 << 16;
        if self.wheel.len() > 4 * self.open_flows() + SLACK {
            let records = &self.records;
            self.wheel.retain(|entry| live(records, entry).is_some());
        }
    }
}

/// The flow of a wheel entry, if that flow is still open.
#[inline]
pub(super) fn live<T>(records: &Slab<Record<T>>, entry: Entry) -> Option<&OpenFlow> {
    let flow = &records[entry.index as usize].flow;
    (flow.generation == entry.generation && flow.is_open).then_some(flow)
}

/// A flow without what it has gathered.
#[inline]
pub(super) fn outline(flow: &OpenFlow, rule: LifeRule, reason: EndReason, at: Timestamp) -> Flow {
    let client_side = flow.connection.client_side();
    Flow {
        id: flow.id,
        key: flow.key,
        deep_stack: None,
        client_side,
        forward_side: match rule {
            LifeRule::Cic => flow.forward_side(),
            _ => client_side,
        },
        client_by: flow.connection.client_by,
        counted_side: flow.counted_side,
        start: flow.first,
        end: flow.last,
        end_reason: reason,
        closed_at: at,
        file: flow.file,
        packets: flow.packets,
        ip_bytes: flow.ip_bytes,
        payload_bytes: flow.payload_bytes,
        trackers: Trackers::default(),
        early_packets: Vec::new(),
        window: None,
        seen: None,
        labelled: None,
        grouped: None,
        group: None,
    }
}

/// The same of a flow that goes on: nobody asks why it ended.
#[inline]
pub(super) fn going_on(flow: &OpenFlow, rule: LifeRule, clock: Timestamp) -> Flow {
    outline(flow, rule, EndReason::EndOfCapture, clock)
}
