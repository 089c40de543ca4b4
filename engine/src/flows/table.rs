//! All open flows of a worker.

use super::index::ShardIndex;
use super::life::Life;
use super::open::{OpenFlow, Verdict};
use super::slab::{self, Slab};
use super::wheel::{Entry, Wheel};
use super::{ChunkHead, EndReason, Flow, FlowTable, TableCounts, TableOptions};
use crate::decode::{Segment, VlanStack};
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
    /// VLAN stacks that their keys cannot spell, by index.
    deep_stacks: HashMap<usize, Arc<VlanStack>>,
    free: Vec<u32>,
    /// Indices handed out so far.
    used: u32,
    wheel: Wheel,
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
            free: Vec::new(),
            used: 0,
            wheel: Wheel::new(options.life.idle_ns.max(options.life.linger_ns)),
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
            self.open(segment, head, to);
            return;
        };
        match self.records[index].flow.decide(segment, clock, &self.life) {
            Verdict::Joins => self.join(index, segment, head),
            Verdict::JoinsAndCloses(reason) => {
                self.join(index, segment, head);
                self.close(index, reason, clock, to);
            }
            Verdict::EndedBefore(reason, closed_at) => {
                self.close(index, reason, closed_at, to);
                self.open(segment, head, to);
            }
        }
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

    fn open(&mut self, segment: &Segment, head: &ChunkHead, to: &mut dyn FnMut(Flow)) {
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
        let flow = OpenFlow::open(segment, head, generation);
        self.wheel.schedule(Entry { index: index as u32, generation }, flow.deadline(&self.life));
        self.records.put(index, Record { flow, trackers: T::open(segment) });
        self.shards[shard].insert(segment.hash, index);
        self.counts.flows += 1;
        self.join(index, segment, head);
    }

    #[inline]
    fn join(&mut self, index: usize, segment: &Segment, head: &ChunkHead) {
        let (side, clamps) = (segment.side(), self.life.clamps());
        let Record { flow, trackers } = &mut self.records[index];
        let is_first = flow.packets == [0; 2];
        self.counts.time_went_back += u64::from(segment.time < flow.last);
        let time = if clamps { segment.time.max(flow.last) } else { segment.time };
        let last = (!is_first).then_some(flow.last);
        let side_packets = flow.packets[side];
        flow.last = time;
        flow.clock = head.clock(segment);
        flow.last_position = head.position(segment);
        flow.packets[side] += 1;
        flow.ip_bytes[side] += u64::from(segment.ip_bytes);
        flow.payload_bytes[side] += u64::from(segment.payload_bytes);
        if clamps && flow.connection.observe(segment, time, flow.clock) {
            let entry = Entry { index: index as u32, generation: flow.generation };
            self.wheel.schedule(entry, flow.deadline(&self.life));
        }
        let client_side = flow.connection.client_side();
        let arrival = Arrival { time, last, side_packets, client_side };
        trackers.add(segment, arrival, &self.options.activity);
    }

    fn close_due(&mut self, index: usize, to: &mut dyn FnMut(Flow)) {
        let flow = &self.records[index].flow;
        let (reason, deadline) = (flow.reason(EndReason::Idle), flow.deadline(&self.life));
        self.close(index, reason, deadline, to);
    }

    fn close(&mut self, index: usize, reason: EndReason, at: Timestamp, to: &mut dyn FnMut(Flow)) {
        let flow = self.closed_flow(index, reason, at);
        to(flow);
        let flow = &self.records[index].flow;
        self.shards[flow.shard()].remove(flow.hash, index);
        self.free.push(index as u32);
    }

    /// Ends the flow at `index`; its place is still to be freed.
    #[inline]
    fn closed_flow(&mut self, index: usize, reason: EndReason, at: Timestamp) -> Flow {
        self.counts.closed[reason as usize] += 1;
        let Record { flow, trackers } = &mut self.records[index];
        flow.is_open = false;
        let no_deep_stack = self.deep_stacks.is_empty();
        let deep_stack = if no_deep_stack { None } else { self.deep_stacks.remove(&index) };
        let client_side = flow.connection.client_side();
        Flow {
            id: flow.id,
            key: flow.key,
            deep_stack,
            client_side,
            client_by: flow.connection.client_by,
            start: flow.first,
            end: flow.last,
            end_reason: reason,
            closed_at: at,
            file: flow.file,
            packets: flow.packets,
            ip_bytes: flow.ip_bytes,
            payload_bytes: flow.payload_bytes,
            trackers: trackers.close(flow.last, client_side, &self.options.activity),
        }
    }

    /// Frees places in a full shard: what is due, else its oldest sixteenth.
    #[cold]
    fn make_room(&mut self, shard: usize, clock: Timestamp, to: &mut dyn FnMut(Flow)) {
        let mut open: Vec<usize> = self.shards[shard].indices().collect();
        open.retain(|&index| {
            let is_due = clock > self.records[index].flow.deadline(&self.life);
            if is_due {
                self.close_due(index, to);
            }
            !is_due
        });
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
                to(self.closed_flow(index, reason, clock));
            }
            if slab::ends_page(index) {
                self.records.free_page_of(index);
            }
        }
        let empty = Self::new(&self.options);
        let counts = std::mem::replace(self, empty).counts;
        self.counts = counts;
    }

    fn counts(&self) -> &TableCounts {
        &self.counts
    }
}

/// The flow of a wheel entry, if that flow is still open.
#[inline]
fn live<T>(records: &Slab<Record<T>>, entry: Entry) -> Option<&OpenFlow> {
    let flow = &records[entry.index as usize].flow;
    (flow.generation == entry.generation && flow.is_open).then_some(flow)
}
