//! The source: reads and decodes a worker's chunks, and sends each on its turn.

mod followed;
mod reading;

use super::batch::{Parcel, Parcels};
use super::checkpoint::Position;
use super::ledger::{Entry, Published, Turn};
use super::plan::Place;
use super::run::Shared;
use crate::capture::{ChunkEnd, FileRuns, FollowState, Start};
use crate::decode::{
    Counts, Decoded, Decoder, DeepStacks, Fragment, LinkAddresses, NameAnswer, Payloads,
    PlacesBefore, Segment,
};
use crate::flows::ChunkHead;
use crate::limits::{CHUNKS_IN_FLIGHT_PER_WORKER, SHARDS};
use crate::time::Timestamp;
use reading::{Reader, no_chunk};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use timely::scheduling::SyncActivator;

/// A chunk that has been read and decoded but not sent.
struct Pending {
    place: Place,
    /// How far the folder has been read, where the state is to be saved behind this chunk.
    follow: Option<FollowState>,
    end: ChunkEnd,
    decoded: DecodedChunk,
}

/// What decoding a chunk gave; records by the worker they go to.
struct DecodedChunk {
    segments: Vec<Vec<Segment>>,
    fragments: Vec<Vec<Fragment>>,
    deep_stacks: DeepStacks,
    link_addresses: Vec<LinkAddresses>,
    file_runs: FileRuns,
    payloads: Payloads,
    answers: Vec<NameAnswer>,
    counts: Counts,
    /// Greatest and first time; `None` without packets.
    clock: Option<Timestamp>,
    first_time: Option<Timestamp>,
}

impl DecodedChunk {
    /// Keeps a packet for the worker of its flow or its datagram.
    #[inline(always)]
    fn keep(&mut self, decoded: Decoded, homes: &[u8; SHARDS], peers: usize) {
        match decoded {
            Decoded::Segment(segment) => {
                let home = homes[segment.shard()];
                self.segments[usize::from(home)].push(segment);
            }
            Decoded::Fragment(fragment) => {
                self.fragments[fragment.shard() % peers].push(fragment);
            }
            Decoded::Nothing => {}
        }
    }
}

/// A chunk on its way into the dataflow.
pub struct Ready {
    pub place: Place,
    pub segments: Parcels<Segment>,
    pub fragments: Parcels<Fragment>,
}

/// One worker's source.
pub struct Source {
    worker: usize,
    peers: usize,
    shared: Arc<Shared>,
    decoder: Decoder,
    reader: Option<(usize, Reader)>,
    /// Where this worker reads next.
    next: Option<Place>,
    pending: VecDeque<Pending>,
    in_flight: VecDeque<Place>,
    /// Worker of each shard.
    homes: [u8; SHARDS],
    places_before: PlacesBefore,
    /// Segments that the last chunk had for each worker, rounded up.
    segments_expected: Vec<usize>,
    /// A folder that is followed has nothing new: until someone says that it may.
    is_dry: bool,
    /// Something was sent since the last epoch ended.
    has_news: bool,
    /// The state is to be saved behind the next chunk.
    is_to_save: bool,
    /// Something was read since the state was saved, or noted.
    has_unsaved: bool,
    events_saved: u64,
    pub counts: Counts,
    pub busy_ns: u64,
}

impl Source {
    pub fn new(worker: usize, peers: usize, shared: Arc<Shared>, decoder: Decoder) -> Self {
        let next = shared.plan.next_of(worker, Place { unit: 0, chunk: 0 });
        let mut homes = [0; SHARDS];
        for (shard, home) in homes.iter_mut().enumerate() {
            // Workers are bounded by WORKERS_MAX, far below 256.
            *home = (shard % peers) as u8;
        }
        Self {
            worker,
            peers,
            shared,
            decoder,
            reader: None,
            next,
            pending: VecDeque::new(),
            in_flight: VecDeque::new(),
            homes,
            places_before: PlacesBefore::default(),
            segments_expected: vec![0; peers],
            is_dry: false,
            has_news: false,
            is_to_save: false,
            has_unsaved: false,
            events_saved: 0,
            counts: Counts::default(),
            busy_ns: 0,
        }
    }

    /// Tells the others how to wake this source.
    pub fn register(&self, activator: SyncActivator) {
        let begin = Place { unit: 0, chunk: 0 };
        match &self.shared.feed {
            Some(feed) if self.shared.plan.owner(begin) == self.worker => feed.register(activator),
            _ => self.shared.ledger.register(self.worker, activator),
        }
    }

    /// The earliest step that this worker may still send; `None` when it is through.
    pub fn first_open(&self) -> Option<Place> {
        self.pending.front().map(|pending| pending.place).or(self.next)
    }

    /// Forgets chunks that have passed the flow table.
    pub fn acknowledge(&mut self, has_passed: impl Fn(Place) -> bool) {
        while self.in_flight.front().is_some_and(|&place| has_passed(place)) {
            self.in_flight.pop_front();
        }
    }

    /// True when there is a chunk to read and room for it.
    pub fn can_read(&self) -> bool {
        let held = self.pending.len() + self.in_flight.len();
        self.next.is_some() && held < CHUNKS_IN_FLIGHT_PER_WORKER && !self.is_dry
    }

    /// Reads and decodes one more chunk, if there is one and room for it.
    pub fn read_one(&mut self) {
        let Some(place) = self.next.filter(|_| self.can_read()) else { return };
        let shared = Arc::clone(&self.shared);
        let plan = &shared.plan;
        if place == plan.end() {
            let end = no_chunk(None);
            self.pending.push_back(Pending { place, follow: None, end, decoded: self.empty() });
            self.next = None;
            return;
        }
        if matches!(shared.ledger.turn(place.step()), Turn::Skipped) {
            self.next = plan.next_of(self.worker, Place { unit: place.unit + 1, chunk: 0 });
            return;
        }
        let start = if place.chunk == 0 { None } else { Some(Start::Guess) };
        let (end, decoded) = self.read(place, start);
        if self.is_dry && !self.is_asked() {
            return;
        }
        // A guess that failed says nothing about the file's end.
        let goes_on = !end.end_of_file || plan.is_ranged(place.unit);
        let following = match goes_on {
            true => Place { chunk: place.chunk + 1, ..place },
            false => Place { unit: place.unit + 1, chunk: 0 },
        };
        self.next = plan.next_of(self.worker, following);
        let follow = self.state_to_save(&end);
        self.pending.push_back(Pending { place, follow, end, decoded });
    }

    /// The next chunk whose turn has come.
    pub fn take_ready(&mut self) -> Option<Ready> {
        loop {
            let place = self.pending.front()?.place;
            match self.shared.ledger.turn(place.step()) {
                Turn::NotYet => return None,
                Turn::Skipped => drop(self.pending.pop_front()),
                Turn::Now(published) => {
                    let pending = self.pending.pop_front()?;
                    return Some(self.enter(pending, published));
                }
            }
        }
    }

    /// Verifies a chunk against the ledger, enters it, and addresses its records.
    fn enter(&mut self, pending: Pending, published: Published) -> Ready {
        let Pending { place, follow, mut end, mut decoded } = pending;
        let expected = published.start.filter(|_| self.shared.plan.is_ranged(place.unit));
        if let Some(start) = expected.filter(|&start| start != end.start) {
            (end, decoded) = self.read_again(place, start);
        }
        let clock_after = decoded.clock.map_or(published.clock, |clock| clock.max(published.clock));
        let is_end = place == self.shared.plan.end();
        let questions = self.shared.take_questions();
        self.counts.merge(&decoded.counts);
        self.note_progress(&end);
        if let Some(follow) = follow {
            let packets = published.packets + end.packets;
            let first_time = published.first_time.or(decoded.first_time);
            self.begin_to_save(
                &end,
                Position {
                    follow,
                    packets,
                    bytes_read: self.shared.progress.bytes_read.load(Ordering::Relaxed),
                    clock: clock_after,
                    first_time,
                    decoded: self.counts.clone(),
                },
                place,
            );
        }
        let saves = self.shared.gathering.is_of(place.step()).then(|| place.step());
        let ends_epoch = self.shared.take_tick() | !questions.is_empty() | is_end | saves.is_some();
        self.has_news = !ends_epoch && (self.has_news || decoded.clock.is_some());
        let head = Arc::new(ChunkHead {
            first_position: published.packets + 1,
            clock_before: published.clock,
            clock_after,
            file: place.unit as u32,
            file_runs: decoded.file_runs,
            deep_stacks: decoded.deep_stacks,
            link_addresses: decoded.link_addresses,
            payloads: decoded.payloads,
            answers: decoded.answers,
            // What is asked for waits for nothing else.
            ends_epoch,
            questions,
            saves,
            is_end,
        });
        self.shared.ledger.publish(
            &self.shared.plan,
            place,
            Entry {
                next: end.next,
                packets: end.packets,
                clock: clock_after,
                first_time: decoded.first_time,
                problem: end.problem,
                end_of_unit: end.end_of_file,
            },
        );
        self.in_flight.push_back(place);
        Ready {
            place,
            segments: addressed(decoded.segments, &head, |_| true),
            fragments: addressed(decoded.fragments, &head, |records| {
                saves.is_some() || !records.is_empty()
            }),
        }
    }

    /// Reads a chunk from where it really begins. The worker may meanwhile be inside a later unit
    /// whose reader cannot go back, so that one is set aside.
    fn read_again(&mut self, place: Place, start: u64) -> (ChunkEnd, DecodedChunk) {
        let ahead = self.reader.take_if(|(unit, _)| *unit != place.unit);
        let read = self.read(place, Some(Start::At(start)));
        if ahead.is_some() {
            self.reader = ahead;
        }
        read
    }

    fn note_progress(&self, end: &ChunkEnd) {
        let progress = &self.shared.progress;
        progress.packets.fetch_add(end.packets, Ordering::Relaxed);
        progress.bytes_read.fetch_add(end.bytes_read, Ordering::Relaxed);
    }
}

/// A parcel a worker, those that `wanted` keeps.
fn addressed<R>(
    records: Vec<Vec<R>>,
    head: &Arc<ChunkHead>,
    wanted: impl Fn(&[R]) -> bool,
) -> Parcels<R> {
    let parcels = records.into_iter().enumerate().filter(|(_, records)| wanted(records));
    let parcel = |(to, records)| Parcel::new(to, head, records);
    Parcels(parcels.map(parcel).collect())
}
