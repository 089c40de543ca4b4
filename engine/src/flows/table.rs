//! All open flows of a worker.

use super::index::ShardIndex;
use super::open::{OpenFlow, Verdict};
use super::wheel::{Entry, Wheel};
use super::{ChunkHead, EndReason, Flow, Life};
use crate::decode::{Segment, VlanStack};
use crate::features::slab::{self, Slab};
use crate::features::{ActivityRule, Arrival, Needs, TrackerTable};
use crate::limits::SHARDS;
use crate::time::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

/// What a run wants of its flows.
#[derive(Clone, Copy, Debug)]
pub struct TableOptions {
    pub life: Life,
    pub needs: Needs,
    pub activity_rule: ActivityRule,
    pub activity_gap_ns: i64,
    /// Open flows in all shards together.
    pub open_flows_max: usize,
}

/// What happened in the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableCounts {
    pub flows: u64,
    /// By [`EndReason`].
    pub closed: [u64; EndReason::ALL.len()],
    /// Packets whose time lay before their flow's packet before.
    pub time_went_back: u64,
    /// Most flows open at once, at the ends of chunks.
    pub open_flows_peak: usize,
}

impl TableCounts {
    pub fn merge(&mut self, other: &Self) {
        self.flows += other.flows;
        self.time_went_back += other.time_went_back;
        self.open_flows_peak += other.open_flows_peak;
        for (mine, theirs) in self.closed.iter_mut().zip(other.closed) {
            *mine += theirs;
        }
    }
}

/// Open flows, found by key, with their trackers. Fed in stream order.
pub struct FlowTable {
    options: TableOptions,
    life: Life,
    shard_flows_max: usize,
    shards: Vec<ShardIndex>,
    flows: Slab<OpenFlow>,
    trackers: TrackerTable,
    /// VLAN stacks that their keys cannot spell, by index.
    deep_stacks: HashMap<usize, Arc<VlanStack>>,
    free: Vec<u32>,
    /// Indices handed out so far.
    used: u32,
    wheel: Wheel,
    pub counts: TableCounts,
}

/// Segments whose memory is fetched together, ahead of their turn.
const LOOK_AHEAD: usize = 32;

/// Flows whose memory is fetched ahead of their closing.
const CLOSE_AHEAD: usize = 8;

impl FlowTable {
    pub fn new(options: &TableOptions) -> Self {
        Self {
            options: *options,
            life: options.life,
            shard_flows_max: (options.open_flows_max / SHARDS).max(1),
            shards: std::iter::repeat_with(ShardIndex::default).take(SHARDS).collect(),
            flows: Slab::default(),
            trackers: TrackerTable::new(
                options.needs,
                options.activity_rule,
                options.activity_gap_ns,
            ),
            deep_stacks: HashMap::new(),
            free: Vec::new(),
            used: 0,
            wheel: Wheel::new(options.life.idle_ns.max(options.life.linger_ns)),
            counts: TableCounts::default(),
        }
    }

    pub fn open_flows(&self) -> usize {
        self.used as usize - self.free.len()
    }

    /// Takes segments of one chunk, in stream order; flows that close go to `to`.
    pub fn push(&mut self, segments: &[Segment], head: &ChunkHead, to: &mut impl FnMut(Flow)) {
        let mut candidates = [0; LOOK_AHEAD];
        for block in segments.chunks(LOOK_AHEAD) {
            self.fetch_ahead(block, &mut candidates);
            for (segment, candidate) in block.iter().zip(candidates) {
                self.push_one(segment, candidate, head, to);
            }
        }
    }

    /// Closes what is due at the end of the chunk.
    pub fn finish_chunk(&mut self, head: &ChunkHead, to: &mut impl FnMut(Flow)) {
        self.counts.open_flows_peak = self.counts.open_flows_peak.max(self.open_flows());
        let clock = head.clock_after;
        let mut due = Vec::new();
        let (flows, life) = (&self.flows, &self.life);
        let fetch = |entry: Entry| flows.fetch(entry.index as usize, prefetch);
        self.wheel.sweep(clock, fetch, |entry| {
            let flow = live(flows, entry)?;
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
            if live(&self.flows, entry).is_some() {
                self.close_due(entry.index as usize, to);
            }
        }
        self.forget_stale_entries();
    }

    /// Closes every flow at the end of the capture, page by page, and frees each page, so that
    /// closed flows never stand beside all open ones in memory.
    pub fn finish_stream(&mut self, clock: Timestamp, to: &mut impl FnMut(Flow)) {
        for index in 0..self.used as usize {
            if self.flows[index].is_open {
                let reason = self.flows[index].reason(EndReason::EndOfCapture);
                to(self.closed_flow(index, reason, clock));
            }
            if slab::ends_page(index) {
                self.flows.free_page_of(index);
                self.trackers.free_page_of(index);
            }
        }
        let empty = Self::new(&self.options);
        let counts = std::mem::replace(self, empty).counts;
        self.counts = counts;
    }

    #[inline]
    fn push_one(
        &mut self,
        segment: &Segment,
        candidate: usize,
        head: &ChunkHead,
        to: &mut impl FnMut(Flow),
    ) {
        let clock = head.clock(segment);
        let Some(index) = self.find(segment, candidate) else {
            self.open(segment, head, to);
            return;
        };
        match self.flows[index].decide(segment, clock, &self.life) {
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
            self.flows.get(index).is_some_and(|flow| flow.key == segment.key && flow.is_open)
        };
        if is_it(candidate) {
            return Some(candidate);
        }
        self.shards[segment.shard()].find(segment.hash, is_it)
    }

    fn open(&mut self, segment: &Segment, head: &ChunkHead, to: &mut impl FnMut(Flow)) {
        let shard = segment.shard();
        if self.shards[shard].len() >= self.shard_flows_max {
            self.make_room(shard, head.clock(segment), to);
        }
        let index = self.free.pop().unwrap_or_else(|| {
            self.used += 1;
            self.used - 1
        }) as usize;
        let generation = self.flows.get(index).map_or(0, |flow| flow.generation.wrapping_add(1));
        if let Some(stack) = head.deep_stack(segment.key.stack_word()) {
            self.deep_stacks.insert(index, stack);
        }
        let flow = OpenFlow::open(segment, head, generation);
        self.wheel.schedule(Entry { index: index as u32, generation }, flow.deadline(&self.life));
        self.flows.put(index, flow);
        self.shards[shard].insert(segment.hash, index);
        self.trackers.open(index, segment, segment.time);
        self.counts.flows += 1;
        self.join(index, segment, head);
    }

    #[inline]
    fn join(&mut self, index: usize, segment: &Segment, head: &ChunkHead) {
        let (side, clamps) = (segment.side(), self.life.clamps());
        let flow = &mut self.flows[index];
        let is_first = flow.packets == [0; 2];
        self.counts.time_went_back += u64::from(segment.time < flow.last);
        let time = if clamps { segment.time.max(flow.last) } else { segment.time };
        let last = (!is_first).then_some(flow.last);
        let arrival = Arrival { time, last, side_packets: flow.packets[side] };
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
        self.trackers.add(index, segment, arrival);
    }

    fn close_due(&mut self, index: usize, to: &mut impl FnMut(Flow)) {
        let flow = &self.flows[index];
        let (reason, deadline) = (flow.reason(EndReason::Idle), flow.deadline(&self.life));
        self.close(index, reason, deadline, to);
    }

    fn close(
        &mut self,
        index: usize,
        reason: EndReason,
        at: Timestamp,
        to: &mut impl FnMut(Flow),
    ) {
        let flow = self.closed_flow(index, reason, at);
        to(flow);
        let hash = self.flows[index].hash;
        self.shards[(hash >> 24) as usize].remove(hash, index);
        self.free.push(index as u32);
    }

    /// Ends the flow at `index`; its place is still to be freed.
    #[inline]
    fn closed_flow(&mut self, index: usize, reason: EndReason, at: Timestamp) -> Flow {
        self.counts.closed[reason as usize] += 1;
        let flow = &mut self.flows[index];
        flow.is_open = false;
        let no_deep_stack = self.deep_stacks.is_empty();
        let deep_stack = if no_deep_stack { None } else { self.deep_stacks.remove(&index) };
        Flow {
            id: flow.id,
            key: flow.key,
            deep_stack,
            client_side: flow.connection.client_side(),
            client_by: flow.connection.client_by,
            start: flow.first,
            end: flow.last,
            end_reason: reason,
            closed_at: at,
            file: flow.file,
            packets: flow.packets,
            ip_bytes: flow.ip_bytes,
            payload_bytes: flow.payload_bytes,
            trackers: self.trackers.close(index, flow.last),
        }
    }

    /// Frees places in a full shard: what is due, else its oldest sixteenth.
    #[cold]
    fn make_room(&mut self, shard: usize, clock: Timestamp, to: &mut impl FnMut(Flow)) {
        let mut open: Vec<usize> = self.shards[shard].indices().collect();
        open.retain(|&index| {
            let is_due = clock > self.flows[index].deadline(&self.life);
            if is_due {
                self.close_due(index, to);
            }
            !is_due
        });
        if self.shards[shard].len() < self.shard_flows_max {
            return;
        }
        open.sort_unstable_by_key(|&index| (self.flows[index].last_position, self.flows[index].id));
        let oldest = (self.shard_flows_max / 16).max(1);
        for &index in open.iter().take(oldest) {
            let reason = self.flows[index].reason(EndReason::Evicted);
            self.close(index, reason, clock, to);
        }
    }

    /// Keeps the wheel's memory in proportion to the open flows.
    fn forget_stale_entries(&mut self) {
        const SLACK: usize = 1 << 16;
        if self.wheel.len() > 4 * self.open_flows() + SLACK {
            let flows = &self.flows;
            self.wheel.retain(|entry| live(flows, entry).is_some());
        }
    }

    /// Asks for the memory of the next segments before it is needed: a cache miss costs as much
    /// as all the arithmetic of a packet.
    #[inline]
    fn fetch_ahead(&self, block: &[Segment], candidates: &mut [usize; LOOK_AHEAD]) {
        for segment in block {
            if let Some(slot) = self.shards[segment.shard()].first_slot(segment.hash) {
                prefetch(std::ptr::from_ref(slot).cast(), size_of::<u64>());
            }
        }
        for (segment, candidate) in block.iter().zip(candidates) {
            let found = self.shards[segment.shard()].find(segment.hash, |_| true);
            *candidate = found.unwrap_or(usize::MAX);
            if let Some(index) = found {
                self.flows.fetch(index, prefetch);
                self.trackers.prefetch(index, prefetch);
            }
        }
    }

    /// The same for a flow that is going to be closed.
    #[inline]
    fn fetch_to_close(&self, index: usize) {
        self.trackers.prefetch(index, prefetch);
        self.trackers.prefetch_rest(index, prefetch);
        let flow = &self.flows[index];
        if let Some(slot) = self.shards[(flow.hash >> 24) as usize].first_slot(flow.hash) {
            prefetch(std::ptr::from_ref(slot).cast(), size_of::<u64>());
        }
    }
}

/// The flow of a wheel entry, if that flow is still open.
#[inline]
fn live(flows: &Slab<OpenFlow>, entry: Entry) -> Option<&OpenFlow> {
    let flow = &flows[entry.index as usize];
    (flow.generation == entry.generation && flow.is_open).then_some(flow)
}

/// Hints the processor to load `bytes` bytes at `address`.
#[inline(always)]
#[allow(unsafe_code)]
fn prefetch(address: *const u8, bytes: usize) {
    #[cfg(target_arch = "x86_64")]
    for line in 0..bytes.div_ceil(64) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch is a hint; it reads nothing and faults at no address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.wrapping_add(line * 64).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (address, bytes);
}
