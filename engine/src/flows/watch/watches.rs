//! What is kept of all open flows of a worker for classifiers.

use super::{Call, Seen, Tracked, Watch, WatchOptions, wants};
use crate::decode::Segment;
use crate::flows::known_names::KnownNames;
use crate::flows::open::OpenFlow;
use crate::flows::{ChunkHead, Flow, Window};
use crate::limits::{PAYLOAD_BYTES_PER_SHARD_MAX, SHARDS};

/// The watches of open flows, by their index in the table.
pub struct Watches {
    options: WatchOptions,
    by_index: Vec<Watch>,
    names: KnownNames,
    /// Answers of the chunk that have been learnt.
    learnt: usize,
    /// Bytes of payload kept, by shard.
    kept_bytes: Vec<usize>,
    /// Flows of which no payload was kept.
    pub without_payload: u64,
}

impl Watches {
    pub fn new(options: &WatchOptions) -> Self {
        Self {
            options: options.clone(),
            by_index: Vec::new(),
            names: KnownNames::default(),
            learnt: 0,
            kept_bytes: vec![0; SHARDS],
            without_payload: 0,
        }
    }

    /// Begins to watch the flow that `segment` opens.
    pub fn open(&mut self, index: usize, flow: &mut OpenFlow, segment: &Segment, head: &ChunkHead) {
        self.learn_before(head, segment.index);
        if self.by_index.len() <= index {
            self.by_index.resize_with(index + 1, Watch::default);
        }
        let client_side = flow.connection.client_side();
        let ends = [client_side, 1 - client_side].map(|side| flow.key.address(side));
        let watch = &mut self.by_index[index];
        watch.open(&self.options);
        watch.known_name = self.names.of(ends[0], ends[1], flow.first).cloned();
        if self.kept_bytes[flow.shard()] >= PAYLOAD_BYTES_PER_SHARD_MAX {
            watch.has_no_payload = true;
            self.without_payload += 1;
        }
        flow.wants = wants::EVERYTHING;
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
        let Self { options, by_index, kept_bytes, .. } = self;
        let (watch, time) = (&mut by_index[index], flow.last);
        if !options.columns.is_empty() {
            for (place, window) in watch.end_windows(segment, time, &options.columns) {
                show_window(watch, place, &window, outline(flow), options, to);
            }
            watch.track(segment, time, flow.connection.client_side(), &options.columns);
        }
        let before = watch.kept_bytes();
        let payload = head.payloads.get(segment.index);
        let watched = watch.add(segment, payload, time.since(flow.first), options);
        // Of pieces some may have been forgotten.
        let kept = &mut kept_bytes[flow.shard()];
        *kept = (*kept + watch.kept_bytes()).saturating_sub(before);
        flow.wants = watched.wants;
        if watched.fulfilled != 0 {
            let outline = outline(flow);
            let columns = watch.columns(&outline, &options.columns);
            let seen = Some(Box::new(watch.seen(Call::Early(watched.fulfilled), columns)));
            to(Flow { seen, ..outline });
        }
    }

    /// The flow that has ended. Its last windows go to `to`, where it is shown at all.
    pub fn close(
        &mut self,
        index: usize,
        shard: usize,
        outline: impl Fn() -> Flow,
        to: Option<&mut dyn FnMut(Flow)>,
    ) -> Option<Box<Seen>> {
        let watch = std::mem::take(self.by_index.get_mut(index)?);
        self.kept_bytes[shard] = self.kept_bytes[shard].saturating_sub(watch.kept_bytes());
        let wishes = &self.options.columns;
        if wishes.is_empty() {
            return Some(Box::new(watch.into_seen(Vec::new())));
        }
        if let Some(to) = to {
            for (place, window) in watch.tracked.iter().enumerate() {
                if wishes[place].window_ns.is_some() {
                    show_window(&watch, place, window, outline(), &self.options, to);
                }
            }
        }
        let columns = watch.columns(&outline(), wishes);
        Some(Box::new(watch.into_seen(columns)))
    }
}

fn show_window(
    watch: &Watch,
    place: usize,
    window: &Tracked,
    outline: Flow,
    options: &WatchOptions,
    to: &mut dyn FnMut(Flow),
) {
    let wish = &options.columns[place];
    let length_ns = wish.window_ns.unwrap_or_default();
    let of_window = Window { start: window.window_start, length_ns, part: 0, is_last: false };
    let whole = window.flow(outline.clone(), wish);
    let columns = vec![(place, Flow { window: Some(of_window), ..whole })];
    let seen = Some(Box::new(watch.seen(Call::Window(place), columns)));
    to(Flow { seen, ..outline });
}
