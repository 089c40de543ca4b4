//! All open flows of a worker.

use super::early::EarlyPacket;
use super::index::ShardIndex;
use super::life::{Life, LifeRule};
use super::open::{OpenFlow, Verdict};
use super::set_aside::SetAside;
use super::slab::{self, Slab};
use super::wheel::{Entry, Wheel};
use super::window::OpenWindow;
use super::{ChunkHead, EndReason, Flow, FlowTable, TableCounts, TableOptions};
use crate::decode::{Layers, Segment, flags};
use crate::features::{Arrival, TrackerSet};
use crate::limits::SHARDS;
use crate::prefetch::prefetch;
use crate::time::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

/// An open flow and what it keeps: what a packet touches stands together.
#[derive(Clone, Default)]
#[repr(C, align(64))]
struct Record<T> {
    flow: OpenFlow,
    trackers: T,
}

/// Open flows, found by key, that keep the trackers `T`.
pub struct Table<T> {
    options: TableOptions,
    life: Life,
    shard_flows_max: usize,
    shards: Vec<ShardIndex>,
    records: Slab<Record<T>>,
    /// VLANs and tunnels that their keys cannot spell, by index.
    deep_stacks: HashMap<usize, Arc<Layers>>,
    /// First packets by index, where someone wants them.
    early: Vec<Vec<EarlyPacket>>,
    /// By index, where flows are cut into windows.
    windows: Vec<OpenWindow>,
    free: Vec<u32>,
    /// Indices handed out so far.
    used: u32,
    wheel: Wheel,
    set_aside: SetAside,
    /// Used again for every chunk.
    due: Vec<Entry>,
    counts: TableCounts,
}

/// Segments whose memory is fetched together, ahead of their turn.
const LOOK_AHEAD: usize = 32;

/// Flows whose memory is fetched ahead of their closing.
const CLOSE_AHEAD: usize = 8;

impl<T: TrackerSet> Table<T> {
    pub fn new(options: &TableOptions) -> Self {
        Self {
            options: *options,
            life: options.life,
            shard_flows_max: (options.open_flows_max / SHARDS).max(1),
            shards: std::iter::repeat_with(ShardIndex::default).take(SHARDS).collect(),
            records: Slab::default(),
            deep_stacks: HashMap::new(),
            early: Vec::new(),
            windows: Vec::new(),
            free: Vec::new(),
            used: 0,
            wheel: Wheel::new(options.life.idle_ns.max(options.life.linger_ns)),
            set_aside: SetAside::default(),
            due: Vec::new(),
            counts: TableCounts::default(),
        }
    }

    fn open_flows(&self) -> usize {
        self.used as usize - self.free.len()
    }

    #[inline]
    fn push_one(
        &mut self,
        segment: &Segment,
        candidate: usize,
        head: &ChunkHead,
        to: &mut dyn FnMut(Flow),
    ) {
        let clock = head.clock(segment);
        let Some(index) = self.find(segment, candidate) else {
            let client_side = self.client_set_aside(segment, clock, to);
            self.open(segment, head, client_side, to);
            return;
        };
        match self.records[index].flow.decide(segment, clock, &self.life) {
            Verdict::Joins => self.join(index, segment, head, to),
            Verdict::Discarded => {}
            Verdict::JoinsAndCloses(reason) => {
                self.join(index, segment, head, to);
                self.close(index, reason, clock, to);
            }
            Verdict::EndedBefore(reason, closed_at) => {
                self.close(index, reason, closed_at, to);
                let client_side = match reason {
                    EndReason::Idle => self.client_set_aside(segment, clock, to),
                    _ => self.inherited(index),
                };
                self.open(segment, head, client_side, to);
            }
        }
    }

    /// The client that the flow at `index`, which has been closed, leaves to the next of its key.
    fn inherited(&self, index: usize) -> Option<usize> {
        let connection = &self.records[index].flow.connection;
        (self.life.rule == LifeRule::Cic).then(|| connection.client_side())
    }

    /// The client of a flow of the key that was set aside. Flows that are due but still stand in
    /// the table count as set aside, where it matters.
    #[inline]
    fn client_set_aside(
        &mut self,
        segment: &Segment,
        clock: Timestamp,
        to: &mut dyn FnMut(Flow),
    ) -> Option<usize> {
        let shard = segment.shard();
        if self.life.rule != LifeRule::Cic || !self.set_aside.contains(shard, &segment.key) {
            return None;
        }
        if self.set_aside.may_forget(shard, self.shards[shard].len()) {
            self.close_due_of(shard, clock, to);
        }
        self.set_aside.take(shard, &segment.key)
    }

    /// The open flow of a segment; `candidate` is where it was likely to be a little earlier.
    #[inline]
    fn find(&self, segment: &Segment, candidate: usize) -> Option<usize> {
        let is_it = |index: usize| {
            let record = self.records.get(index);
            record.is_some_and(|record| record.flow.key == segment.key && record.flow.is_open)
        };
        if is_it(candidate) {
            return Some(candidate);
        }
        self.shards[segment.shard()].find(segment.hash, is_it)
    }

    fn open(
        &mut self,
        segment: &Segment,
        head: &ChunkHead,
        client_side: Option<usize>,
        to: &mut dyn FnMut(Flow),
    ) {
        let shard = segment.shard();
        if self.shards[shard].len() >= self.shard_flows_max {
            self.make_room(shard, head.clock(segment), to);
        }
        let index = self.free.pop().unwrap_or_else(|| {
            self.used += 1;
            self.used - 1
        }) as usize;
        self.fetch_to_open();
        let before = self.records.get(index);
        let generation = before.map_or(0, |record| record.flow.generation.wrapping_add(1));
        if let Some(stack) = head.deep_stack(segment.key.stack_word()) {
            self.deep_stacks.insert(index, stack);
        }
        let mut flow = OpenFlow::open(segment, head, &self.life, generation);
        if let Some(side) = client_side {
            flow.connection.set_client_side(side);
        }
        // The first packet counts for the client, whoever sent it.
        let segment = match client_side {
            Some(_) => &segment.counted_for(flow.forward_side()),
            None => segment,
        };
        let trackers = T::open(segment, flow.first, || head.link_addresses(segment));
        self.wheel.schedule(Entry { index: index as u32, generation }, flow.deadline(&self.life));
        self.records.put(index, Record { flow, trackers });
        self.shards[shard].insert(segment.hash, index);
        self.counts.flows += 1;
        if let Some(window_ns) = self.options.window_ns {
            let first = self.records[index].flow.first;
            *at_index(&mut self.windows, index) = OpenWindow::of(first, window_ns, 0);
        }
        self.join(index, segment, head, to);
    }

    #[inline]
    fn join(
        &mut self,
        index: usize,
        segment: &Segment,
        head: &ChunkHead,
        to: &mut dyn FnMut(Flow),
    ) {
        if self.options.window_ns.is_some() {
            self.change_window(index, segment, head, to);
        }
        let (side, clock) = (segment.side(), head.clock(segment));
        let Record { flow, trackers } = &mut self.records[index];
        let is_first = flow.packets == [0; 2];
        self.counts.time_went_back += u64::from(segment.time < flow.last);
        let time = self.life.time(segment.time, flow.last, clock);
        if self.options.early_packets > 0 {
            let early = at_index(&mut self.early, index);
            if early.len() < usize::from(self.options.early_packets) {
                early.push(EarlyPacket::new(segment, time, flow.last, is_first));
            }
        }
        let last = (!is_first).then_some(flow.last);
        let side_packets = flow.packets[side];
        flow.last = time;
        flow.clock = clock;
        flow.last_position = head.position(segment);
        flow.packets[side] += 1;
        flow.ip_bytes[side] += u64::from(segment.ip_bytes);
        flow.payload_bytes[side] += u64::from(segment.payload_bytes);
        if self.life.follows_connections() {
            if flow.connection.observe(segment, time, clock) {
                let entry = Entry { index: index as u32, generation: flow.generation };
                self.wheel.schedule(entry, flow.deadline(&self.life));
            }
        } else if self.life.rule == LifeRule::Cic && !is_first && segment.flags & flags::FIN != 0 {
            flow.connection.note_fin(side);
        }
        let client_side = flow.connection.client_side();
        let arrival = Arrival { time, last, side_packets, client_side };
        trackers.add(segment, arrival, &self.options.activity);
    }

    /// Ends the window that the flow was in, if the packet lies in another one, and begins that.
    #[inline(never)]
    fn change_window(
        &mut self,
        index: usize,
        segment: &Segment,
        head: &ChunkHead,
        to: &mut dyn FnMut(Flow),
    ) {
        let Some(window_ns) = self.options.window_ns else { return };
        let clock = head.clock(segment);
        let last = self.records[index].flow.last;
        let time = self.life.time(segment.time, last, clock);
        let before = self.windows[index].window;
        let next = OpenWindow::of(time, window_ns, before.part.saturating_add(1));
        if next.window.start == before.start {
            return;
        }
        // Of a window that goes on nobody asks why it ended.
        to(self.row(index, EndReason::EndOfCapture, clock));
        self.windows[index] = next;
        let Record { flow, trackers } = &mut self.records[index];
        (flow.packets, flow.ip_bytes, flow.payload_bytes) = ([0; 2], [0; 2], [0; 2]);
        *trackers = T::open(segment, time, || head.link_addresses(segment));
    }

    fn close_due(&mut self, index: usize, to: &mut dyn FnMut(Flow)) {
        let flow = &self.records[index].flow;
        let (reason, deadline) = (flow.reason(EndReason::Idle), flow.deadline(&self.life));
        self.close(index, reason, deadline, to);
    }

    fn close(&mut self, index: usize, reason: EndReason, at: Timestamp, to: &mut dyn FnMut(Flow)) {
        let flow = self.closed_flow(index, reason, at);
        self.show(flow, to);
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
    fn show(&mut self, flow: Flow, to: &mut dyn FnMut(Flow)) {
        if flow.packet_count() < self.life.packets_min {
            self.counts.not_shown += 1;
        } else {
            to(flow);
        }
    }

    /// Ends the flow at `index`; its place is still to be freed.
    #[inline]
    fn closed_flow(&mut self, index: usize, reason: EndReason, at: Timestamp) -> Flow {
        self.counts.closed[reason as usize] += 1;
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
    fn row(&mut self, index: usize, reason: EndReason, at: Timestamp) -> Flow {
        let no_deep_stack = self.deep_stacks.is_empty();
        let deep_stack =
            if no_deep_stack { None } else { self.deep_stacks.get(&index).map(Arc::clone) };
        let open = self.options.window_ns.map(|_| self.windows[index]);
        let Record { flow, trackers } = &mut self.records[index];
        let client_side = flow.connection.client_side();
        Flow {
            id: flow.id,
            key: flow.key,
            deep_stack,
            client_side,
            forward_side: match self.life.rule {
                LifeRule::Cic => flow.forward_side(),
                _ => client_side,
            },
            client_by: flow.connection.client_by,
            start: open.map_or(flow.first, |open| open.first),
            end: flow.last,
            end_reason: reason,
            closed_at: at,
            file: flow.file,
            packets: flow.packets,
            ip_bytes: flow.ip_bytes,
            payload_bytes: flow.payload_bytes,
            trackers: trackers.close(flow.last, client_side, &self.options.activity),
            early_packets: Vec::new(),
            window: open.map(|open| open.window),
        }
    }

    /// Closes what is due in a shard; the flows that stay.
    #[cold]
    fn close_due_of(
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

    /// Frees places in a full shard: what is due, else its oldest sixteenth.
    #[cold]
    fn make_room(&mut self, shard: usize, clock: Timestamp, to: &mut dyn FnMut(Flow)) {
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
    fn forget_stale_entries(&mut self) {
        const SLACK: usize = 1 << 16;
        if self.wheel.len() > 4 * self.open_flows() + SLACK {
            let records = &self.records;
            self.wheel.retain(|entry| live(records, entry).is_some());
        }
    }

    /// Asks for the memory of the next segments before it is needed: a cache miss costs as much
    /// as all the arithmetic of a packet.
    #[inline]
    fn fetch_ahead(&self, block: &[Segment], candidates: &mut [usize; LOOK_AHEAD]) {
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

    /// The same for the place of the next flow that opens: its last tenant is long forgotten.
    #[inline]
    fn fetch_to_open(&self) {
        let next = self.free.last().and_then(|&index| self.records.get(index as usize));
        if let Some(record) = next {
            prefetch(record, size_of::<Record<T>>());
        }
    }

    /// The same for a flow that is going to be closed.
    #[inline]
    fn fetch_to_close(&self, index: usize) {
        let Record { flow, trackers } = &self.records[index];
        prefetch(trackers, size_of::<T>());
        if let Some(slot) = self.shards[flow.shard()].first_slot(flow.hash) {
            prefetch(slot, size_of::<u64>());
        }
    }
}

impl<T: TrackerSet> FlowTable for Table<T> {
    fn push(&mut self, segments: &[Segment], head: &ChunkHead, to: &mut dyn FnMut(Flow)) {
        let mut candidates = [0; LOOK_AHEAD];
        for block in segments.chunks(LOOK_AHEAD) {
            self.fetch_ahead(block, &mut candidates);
            for (segment, candidate) in block.iter().zip(candidates) {
                self.push_one(segment, candidate, head, to);
            }
        }
    }

    fn finish_chunk(&mut self, head: &ChunkHead, to: &mut dyn FnMut(Flow)) {
        self.counts.open_flows_peak = self.counts.open_flows_peak.max(self.open_flows());
        let clock = head.clock_after;
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
        self.forget_stale_entries();
    }

    // Page by page, and frees each page, so that closed flows never stand beside all open ones in
    // memory.
    fn finish_stream(&mut self, clock: Timestamp, to: &mut dyn FnMut(Flow)) {
        for index in 0..self.used as usize {
            if self.records[index].flow.is_open {
                let reason = self.records[index].flow.reason(EndReason::EndOfCapture);
                let flow = self.closed_flow(index, reason, clock);
                self.show(flow, to);
            }
            if slab::ends_page(index) {
                self.records.free_page_of(index);
            }
        }
        let empty = Self::new(&self.options);
        let finished = std::mem::replace(self, empty);
        self.counts = finished.counts;
        self.counts.forgotten += finished.set_aside.forgotten;
    }

    fn counts(&self) -> &TableCounts {
        &self.counts
    }
}

/// What a vector has at an index, made if need be.
fn at_index<V: Default>(values: &mut Vec<V>, index: usize) -> &mut V {
    if values.len() <= index {
        values.resize_with(index + 1, V::default);
    }
    &mut values[index]
}

/// The flow of a wheel entry, if that flow is still open.
#[inline]
fn live<T>(records: &Slab<Record<T>>, entry: Entry) -> Option<&OpenFlow> {
    let flow = &records[entry.index as usize].flow;
    (flow.generation == entry.generation && flow.is_open).then_some(flow)
}
