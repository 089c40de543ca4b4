//! What is kept of all open flows of a worker for classifiers.

mod saved;

use super::columns::TrackedColumns;
use super::{Call, Memory, Seen, Watch, WatchOptions, wants};
use crate::decode::names::{Names, Piece};
use crate::decode::{Control, ControlReader, Expectation, Segment};
use crate::flows::known_names::KnownNames;
use crate::flows::notes::What;
use crate::flows::open::OpenFlow;
use crate::flows::slab::Slab;
use crate::flows::tracked::Tracked;
use crate::flows::{ChunkHead, Flow};
use crate::limits::{PAYLOAD_BYTES_PER_SHARD_MAX, SHARDS, SPARE_FLOWS_MAX};
use crate::prefetch::prefetch;
use crate::time::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

/// The watches of open flows, by their index in the table.
pub struct Watches {
    options: WatchOptions,
    by_index: Slab<Watch>,
    /// By index, where someone wants columns.
    tracked: Vec<TrackedColumns>,
    /// Memory of flows that have ended.
    spare: Vec<Memory>,
    names: KnownNames,
    /// Answers of the chunk that have been learnt.
    learnt: usize,
    /// Bytes of payload kept, by shard: first bytes, and lines that are not whole yet.
    kept_bytes: Vec<usize>,
    /// By shard, where much is kept: until then no flow is due.
    next_due: Vec<Timestamp>,
    /// Flows of which no payload was kept.
    pub without_payload: u64,
    /// The control connections among them, by index.
    controls: HashMap<usize, Box<ControlReader>>,
    /// What the last packet said of other flows.
    pub said: Vec<What>,
    expectations: Vec<Expectation>,
    /// Used again for the names of each flow.
    pieces: Vec<Piece>,
}

impl Watches {
    pub fn new(options: &WatchOptions) -> Self {
        Self {
            options: options.clone(),
            by_index: Slab::default(),
            tracked: Vec::new(),
            spare: Vec::new(),
            names: KnownNames::default(),
            learnt: 0,
            kept_bytes: vec![0; SHARDS],
            next_due: vec![Timestamp(i64::MIN); SHARDS],
            without_payload: 0,
            controls: HashMap::new(),
            said: Vec::new(),
            expectations: Vec::new(),
            pieces: Vec::new(),
        }
    }

    /// Whether so much is kept of a shard that nothing is of flows to come, unless some of its flows
    /// are due.
    pub fn is_crowded(&self, shard: usize, clock: Timestamp) -> bool {
        self.kept_bytes[shard] >= PAYLOAD_BYTES_PER_SHARD_MAX && clock > self.next_due[shard]
    }

    pub fn none_is_due_before(&mut self, shard: usize, time: Timestamp) {
        self.next_due[shard] = time;
    }

    /// Begins to watch the flow that `segment` opens; `client_side` is its client's as that tells it.
    pub fn open(
        &mut self,
        index: usize,
        flow: &mut OpenFlow,
        client_side: usize,
        segment: &Segment,
        head: &ChunkHead,
    ) {
        self.learn_before(head, segment.index);
        let ends = [client_side, 1 - client_side].map(|side| flow.key.address(side));
        let mut watch = Watch::open(self.spare.pop().unwrap_or_default(), &self.options);
        watch.known_name = self.names.of(ends[0], ends[1], flow.first).cloned();
        if self.kept_bytes[flow.shard()] >= PAYLOAD_BYTES_PER_SHARD_MAX {
            watch.has_no_payload = true;
            self.without_payload += 1;
        }
        self.by_index.put(index, watch);
        if !self.options.columns.is_empty() {
            if self.tracked.len() <= index {
                self.tracked.resize_with(index + 1, TrackedColumns::default);
            }
            self.tracked[index] = TrackedColumns::default();
        }
        flow.wants = wants::EVERYTHING;
    }

    /// The name that the client of the flow at that index had been told for its server.
    pub fn known_name(&self, index: usize) -> Option<Arc<str>> {
        self.by_index.get(index)?.known_name.clone()
    }

    /// Asks for the memory of a flow that is going to be opened or closed.
    #[inline]
    pub fn fetch_all(&self, index: usize) {
        if let Some(watch) = self.by_index.get(index) {
            prefetch(watch, size_of::<Watch>());
        }
    }

    /// Asks for the memory that a packet of `side` touches.
    #[inline]
    pub fn fetch(&self, index: usize, side: usize) {
        if let Some(watch) = self.by_index.get(index) {
            watch.fetch(side);
        }
    }

    /// Asks for the memory that what is kept of a packet of `side` goes to.
    #[inline]
    pub fn fetch_ends(&self, index: usize, side: usize) {
        if let Some(watch) = self.by_index.get(index) {
            watch.fetch_ends(side);
        }
    }

    /// Uses the memory of flows again whose verdicts are in.
    pub fn use_again(&mut self, seen: &mut Vec<Seen>) {
        let room = SPARE_FLOWS_MAX.saturating_sub(self.spare.len());
        self.spare.extend(seen.drain(..).filter_map(Memory::of).take(room));
    }

    /// Frees the page of an index that is not used any more.
    pub fn free_page_of(&mut self, index: usize) {
        self.by_index.free_page_of(index);
    }

    /// Learns what packets before the one with this index told.
    fn learn_before(&mut self, head: &ChunkHead, index: u16) {
        let left = head.answers.get(self.learnt..).unwrap_or_default();
        for answer in left.iter().take_while(|answer| answer.index < index) {
            self.names.learn(answer);
            self.learnt += 1;
        }
    }

    /// Learns the rest of what the chunk's packets told.
    pub fn finish_chunk(&mut self, head: &ChunkHead) {
        self.learn_before(head, u16::MAX);
        let last = head.answers.get(self.learnt..).unwrap_or_default();
        last.iter().for_each(|answer| self.names.learn(answer));
        self.learnt = 0;
    }

    /// Adds a packet that has joined the flow, and shows it to who waited for it; `outline` is the
    /// flow without what it has gathered.
    pub fn add(
        &mut self,
        index: usize,
        flow: &mut OpenFlow,
        segment: &Segment,
        head: &ChunkHead,
        outline: impl Fn(&OpenFlow) -> Flow,
        to: &mut dyn FnMut(Flow),
    ) {
        let Self { options, by_index, tracked, kept_bytes, .. } = self;
        let (watch, time) = (&mut by_index[index], flow.last);
        let client_side = flow.connection.client_side();
        if !options.columns.is_empty() {
            let tracked = &mut tracked[index];
            for (place, window) in tracked.end_windows(segment, time, &options.columns) {
                show_window(watch, (place, false), &window, outline(flow), options, to);
            }
            tracked.add(segment, time, client_side, &options.columns);
        }
        if watch.count == 0 {
            watch.asking_side = client_side as u8;
        }
        let before = watch.kept_bytes();
        // A later fragment of a TCP segment tells no place.
        let has_no_place = segment.key.protocol() == 6 && !segment.has_tcp_header();
        let payload = if has_no_place { &[] } else { head.payloads.get(segment.index) };
        let fulfilled = watch.add(segment, payload, time.since(flow.first), options);
        // Of pieces some may have been forgotten.
        let kept = &mut kept_bytes[flow.shard()];
        *kept = (*kept + watch.kept_bytes()).saturating_sub(before);
        if options.groups && !payload.is_empty() && watch.may_be_control() {
            self.read_control(index, segment, payload, client_side);
        }
        let grouping = fulfilled & self.options.grouping();
        if grouping != 0 {
            self.read_names(index, flow.key.protocol(), client_side);
        }
        let fulfilled = fulfilled & !grouping;
        let Self { options, by_index, tracked, spare, .. } = self;
        let watch = &mut by_index[index];
        flow.wants = watch.wants(options);
        if fulfilled != 0 {
            let outline = outline(flow);
            let columns = match options.columns.is_empty() {
                true => Vec::new(),
                false => tracked[index].whole(&outline, &options.columns),
            };
            let memory = spare.pop().unwrap_or_default();
            let seen = watch.seen(Call::Early(fulfilled), columns, memory);
            to(Flow { seen: Some(Box::new(seen)), ..outline });
        }
    }

    /// Reads what the first bytes say, into `said`.
    fn read_names(&mut self, index: usize, protocol: u8, client_side: usize) {
        let watch = &mut self.by_index[index];
        let first_bytes = watch.first_bytes();
        let of = first_bytes.names_of(client_side);
        let names = match of.has_bytes() {
            true => first_bytes.names(protocol, client_side, &mut self.pieces),
            false => Names::default(),
        };
        let server_name = names.server_name.clone();
        self.said.push(What::Read { client_side: client_side as u8, server_name });
        watch.names = Some(Box::new((of, names)));
    }

    /// Reads what a packet says of other flows, into `said`.
    fn read_control(
        &mut self,
        index: usize,
        segment: &Segment,
        payload: &[u8],
        client_side: usize,
    ) {
        let watch = &mut self.by_index[index];
        if watch.control.is_none() {
            let Some(control) = Control::of(segment, payload) else {
                watch.looked_at += 1;
                return;
            };
            watch.control = Some(control);
            self.said.push(What::Is(control));
            control.announces(segment, client_side, &mut self.expectations);
            if control.is_text() {
                self.controls.insert(index, Box::new(ControlReader::new(control)));
            }
        } else if let Some(control) = watch.control.filter(|control| control.is_repeated())
            && Control::of(segment, payload) == Some(control)
        {
            control.announces(segment, client_side, &mut self.expectations);
        }
        if let Some(reader) = self.controls.get_mut(&index) {
            let before = reader.kept_bytes();
            reader.read(segment, payload, client_side, &mut self.expectations);
            if watch.has_no_payload {
                reader.lose_begun();
            }
            let kept = &mut self.kept_bytes[segment.shard()];
            *kept = (*kept + reader.kept_bytes()).saturating_sub(before);
        }
        self.said.extend(self.expectations.drain(..).map(What::Announced));
    }

    /// The flow that has ended. Its last windows go to `to`, where it is shown at all.
    pub fn close(
        &mut self,
        index: usize,
        shard: usize,
        outline: impl Fn() -> Flow,
        to: Option<&mut dyn FnMut(Flow)>,
    ) -> Option<Box<Seen>> {
        self.by_index.get(index)?;
        let control = if self.controls.is_empty() { None } else { self.controls.remove(&index) };
        let of_lines = control.map_or(0, |reader| reader.kept_bytes());
        let watch = &mut self.by_index[index];
        let kept = &mut self.kept_bytes[shard];
        *kept = kept.saturating_sub(watch.kept_bytes() + of_lines);
        let wishes = &self.options.columns;
        if wishes.is_empty() {
            return Some(Box::new(watch.take_seen(Vec::new())));
        }
        let tracked = std::mem::take(&mut self.tracked[index]);
        if let Some(to) = to {
            for (place, window) in tracked.windows(wishes) {
                show_window(watch, (place, true), window, outline(), &self.options, to);
            }
        }
        let columns = tracked.whole(&outline(), wishes);
        Some(Box::new(watch.take_seen(columns)))
    }
}

/// Of which wish the window is, and whether it ended with its flow.
fn show_window(
    watch: &Watch,
    (place, is_last): (usize, bool),
    window: &Tracked,
    outline: Flow,
    options: &WatchOptions,
    to: &mut dyn FnMut(Flow),
) {
    let tracking = &options.columns[place].tracking;
    let mut own = window.window(outline.clone(), tracking);
    if let Some(window) = &mut own.window {
        window.is_last = is_last;
    }
    let columns = vec![(place, own)];
    // As of the window's last packet: the flow may already have the one that ended it.
    let (end, client_side) = (window.last, window.client_side);
    let outline = Flow { end, client_side, forward_side: client_side, ..outline };
    let seen = Some(Box::new(watch.seen(Call::Window(place), columns, Memory::default())));
    to(Flow { seen, ..outline });
}
