//! All open flows of a worker.

mod ahead;
mod closing;
mod saved;
mod standing;
mod window_rows;

use super::early::EarlyPacket;
use super::index::ShardIndex;
use super::life::{Life, LifeRule};
use super::live::Live;
use super::notes::{Noted, Notes, Opened, What};
use super::open::{OpenFlow, Verdict};
use super::set_aside::SetAside;
use super::slab::Slab;
use super::watch::{Watches, wants};
use super::wheel::{Entry, Wheel};
use super::window::OpenWindow;
use super::{ChunkHead, CountedOpen, EndReason, Flow, FlowTable, Seen, TableCounts, TableOptions};
use crate::decode::{Key, Layers, Placement, Segment, flags};
use crate::features::{Arrival, TrackerSet};
use crate::limits::SHARDS;
use crate::saved::{SavedError, Share};
use crate::time::Timestamp;
use ahead::LOOK_AHEAD;
use std::collections::HashMap;
use std::sync::Arc;
use window_rows::WindowRows;

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
    /// Where windows have rows beside those of flows.
    window_rows: Option<WindowRows>,
    /// What classifiers see, where there are any.
    watches: Option<Watches>,
    /// Where flows count while they are open.
    live: Option<Live>,
    /// Where someone groups flows.
    notes: Option<Notes>,
    free: Vec<u32>,
    /// Indices handed out so far.
    used: u32,
    wheel: Wheel,
    set_aside: SetAside,
    /// Used again for every chunk.
    due: Vec<Entry>,
    counts: TableCounts,
}

impl<T: TrackerSet> Table<T> {
    pub fn new(options: &TableOptions) -> Self {
        Self {
            options: options.clone(),
            life: options.life,
            shard_flows_max: (options.open_flows_max / SHARDS).max(1),
            shards: std::iter::repeat_with(ShardIndex::default).take(SHARDS).collect(),
            records: Slab::default(),
            deep_stacks: HashMap::new(),
            early: Vec::new(),
            windows: Vec::new(),
            window_rows: options.window_rows.and_then(WindowRows::new),
            watches: options.watch.as_ref().map(Watches::new),
            live: options.counts_open.then(Live::default),
            notes: options.notes.map(Notes::new),
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
            self.be_at(segment, head);
            let client_side = self.client_set_aside(segment, clock, to);
            self.open(segment, head, client_side, to);
            return;
        };
        match self.records[index].flow.decide(segment, clock, &self.life) {
            Verdict::Joins => self.join(index, segment, head, to),
            Verdict::Discarded => {}
            Verdict::JoinsAndCloses(reason) => {
                self.be_at(segment, head);
                self.join(index, segment, head, to);
                self.close(index, reason, clock, to);
            }
            Verdict::EndedBefore(reason, closed_at) => {
                self.be_at(segment, head);
                self.close(index, reason, closed_at, to);
                let client_side = match reason {
                    EndReason::Idle => self.client_set_aside(segment, clock, to),
                    _ => self.inherited(index),
                };
                self.open(segment, head, client_side, to);
            }
        }
    }

    /// What is noted from now on happens at that packet.
    #[inline]
    fn be_at(&mut self, segment: &Segment, head: &ChunkHead) {
        if let Some(notes) = &mut self.notes {
            notes.be_at(segment, head);
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
        if self.watches.as_ref().is_some_and(|all| all.is_crowded(shard, head.clock(segment))) {
            self.close_due_of_crowd(shard, head.clock(segment), to);
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
        let client_side = match self.life.follows_connections() {
            true => flow.connection.client_side_by_first(segment),
            false => flow.connection.client_side(),
        };
        if let Some(watches) = &mut self.watches {
            watches.open(index, &mut flow, client_side, segment, head);
        }
        if let Some(notes) = &mut self.notes {
            let known_name = self.watches.as_ref().and_then(|watches| watches.known_name(index));
            let (key, time, file) = (flow.key, flow.first, flow.file);
            let client_side = client_side as u8;
            let opened = Opened { key, client_side, time, file, known_name };
            notes.note(flow.id, What::Opened(opened));
        }
        self.records.put(index, Record { flow, trackers });
        self.shards[shard].insert(segment.hash, index);
        self.counts.flows += 1;
        if let Some(live) = &mut self.live {
            live.opened.push(Entry { index: index as u32, generation });
        }
        if let Some(window_ns) = self.options.window_ns {
            let first = self.records[index].flow.first;
            *at_index(&mut self.windows, index) = OpenWindow::of(first, window_ns, 0);
        }
        if let Some(rows) = &mut self.window_rows {
            rows.begin(index);
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
        if let Some(notes) = &mut self.notes {
            notes.packet(flow.id, segment, head);
        }
        if let Some(rows) = &mut self.window_rows
            && let Some(ended) = rows.add(index, segment, time, clock, client_side)
        {
            to(rows.row(ended, closing::going_on(flow, self.life.rule, clock)));
        }
        // A SYN tells where the bytes of its side begin.
        let tells_bytes = segment.payload_bytes > 0 || segment.flags & flags::SYN != 0;
        if wants::packet(flow.wants, side, tells_bytes) {
            self.watch(index, segment, head, to);
        }
    }

    /// Keeps what classifiers see of a packet that has joined, and shows them the flow if one waited
    /// for it.
    fn watch(
        &mut self,
        index: usize,
        segment: &Segment,
        head: &ChunkHead,
        to: &mut dyn FnMut(Flow),
    ) {
        let Some(watches) = &mut self.watches else { return };
        let earlier = self.options.window_ns.map(|_| self.windows[index].earlier);
        let (rule, packets_min, clock) =
            (self.life.rule, self.life.packets_min, head.clock(segment));
        let outline = |flow: &OpenFlow| closing::going_on(flow, rule, clock);
        // A flow that is not shown in the end is shown to nobody.
        let mut to = |mut flow: Flow| {
            if let Some(seen) = &mut flow.seen {
                seen.earlier = earlier;
            }
            if flow.packet_count() >= packets_min {
                to(flow);
            }
        };
        let flow = &mut self.records[index].flow;
        watches.add(index, flow, segment, head, outline, &mut to);
        if let Some(notes) = &mut self.notes
            && !watches.said.is_empty()
        {
            notes.be_at(segment, head);
            watches.said.drain(..).for_each(|what| notes.note(flow.id, what));
        }
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
        let Record { flow, trackers } = &mut self.records[index];
        let earlier = self.windows[index].earlier.and(flow.packets, flow.ip_bytes);
        self.windows[index] = OpenWindow { earlier, ..next };
        (flow.packets, flow.ip_bytes, flow.payload_bytes) = ([0; 2], [0; 2], [0; 2]);
        *trackers = T::open(segment, time, || head.link_addresses(segment));
    }
}

impl<T: TrackerSet> FlowTable for Table<T> {
    fn push(&mut self, segments: &[Segment], head: &ChunkHead, to: &mut dyn FnMut(Flow)) {
        let mut candidates = [0; LOOK_AHEAD];
        for block in segments.chunks(LOOK_AHEAD) {
            self.fetch_ahead(block, head, &mut candidates);
            for (segment, candidate) in block.iter().zip(candidates) {
                self.push_one(segment, candidate, head, to);
            }
        }
    }

    fn finish_chunk(&mut self, head: &ChunkHead, to: &mut dyn FnMut(Flow)) {
        self.counts.open_flows_peak = self.counts.open_flows_peak.max(self.open_flows());
        if let Some(watches) = &mut self.watches {
            watches.finish_chunk(head);
        }
        if let Some(notes) = &mut self.notes {
            notes.be_behind(head.clock_after);
        }
        // A window ends with its flow, where that ended before.
        self.close_all_due(head.clock_after, to);
        self.end_windows(head.clock_after, to);
        self.forget_stale_entries();
    }

    fn finish_stream(&mut self, clock: Timestamp, to: &mut dyn FnMut(Flow)) {
        self.close_all(clock, to);
        let counts = self.settled_counts();
        let empty = Self::new(&self.options);
        let finished = std::mem::replace(self, empty);
        // No flow is open any more that could count, but some may have to be taken back.
        if let (Some(now), Some(before)) = (&mut self.live, finished.live) {
            now.forgotten = before.forgotten;
        }
        self.notes = finished.notes;
        self.counts = counts;
    }

    fn use_again(&mut self, seen: &mut Vec<Seen>) {
        if let Some(watches) = &mut self.watches {
            watches.use_again(seen);
        }
    }

    fn uncounted(&self) -> usize {
        self.live.as_ref().map_or(0, Live::len)
    }

    fn count_open(&mut self, to: &mut dyn FnMut(CountedOpen)) {
        self.count_standing(to);
    }

    fn show_open(
        &self,
        clock: Timestamp,
        wanted: &dyn Fn(u64, &Key) -> bool,
        to: &mut dyn FnMut(Flow),
    ) {
        self.show_standing(clock, wanted, to);
    }

    fn take_notes(&mut self) -> Noted {
        self.notes.as_mut().map(Notes::take).unwrap_or_default()
    }

    fn counts(&self) -> &TableCounts {
        &self.counts
    }

    fn open_flows(&self) -> usize {
        Self::open_flows(self)
    }

    fn save(&self, to: &mut Vec<u8>) {
        self.save_all(to);
    }

    fn restore(
        &mut self,
        parts: &[&[u8]],
        share: Share,
        placement: &Placement,
    ) -> Result<(), SavedError> {
        self.restore_all(parts, share, placement)
    }

    fn open_ids(&self, to: &mut dyn FnMut(u64)) {
        self.tell_open_ids(to);
    }
}

/// What a vector has at an index, made if need be.
fn at_index<V: Default>(values: &mut Vec<V>, index: usize) -> &mut V {
    if values.len() <= index {
        values.resize_with(index + 1, V::default);
    }
    &mut values[index]
}
