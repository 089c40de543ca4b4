//! The ledger: the one place where chunks are put in order.
//!
//! Workers read and decode their chunks as they like; a chunk enters the dataflow only on its
//! turn, when the ledger says where it must begin, at which position and at which stream clock.
//! A chunk that was guessed to begin elsewhere is then read again. So a hostile file can cost
//! time, never a packet.

use super::plan::{Place, Plan};
use super::{Step, failure::lock};
use crate::capture::Problem;
use crate::limits::WARNINGS_MAX;
use crate::time::Timestamp;
use std::sync::Mutex;
use timely::scheduling::SyncActivator;

/// What is known of the stream before a chunk.
#[derive(Clone, Copy, Debug)]
pub struct Published {
    pub place: Place,
    /// Where the chunk must begin in its unit; `None` for a unit's first.
    pub start: Option<u64>,
    /// Packets before it, in all files.
    pub packets: u64,
    pub clock: Timestamp,
    /// Of the stream's first packet, once there is one.
    pub first_time: Option<Timestamp>,
}

/// Whether a chunk may be sent.
pub enum Turn {
    NotYet,
    Now(Published),
    /// Its unit ended before it.
    Skipped,
}

#[derive(Default)]
pub struct Ledger {
    state: Mutex<State>,
    /// By worker; empty until each has built its source.
    sources: Mutex<Vec<(usize, SyncActivator)>>,
}

struct State {
    published: Published,
    problems: Vec<Problem>,
    problems_not_kept: u64,
}

impl Default for State {
    fn default() -> Self {
        let place = Place { unit: 0, chunk: 0 };
        let published =
            Published { place, start: None, packets: 0, clock: Timestamp::MIN, first_time: None };
        Self { published, problems: Vec::new(), problems_not_kept: 0 }
    }
}

impl Ledger {
    /// How to wake a worker's source.
    pub fn register(&self, worker: usize, source: SyncActivator) {
        lock(&self.sources).push((worker, source));
    }

    pub fn turn(&self, step: Step) -> Turn {
        let published = lock(&self.state).published;
        match step.cmp(&published.place.step()) {
            std::cmp::Ordering::Less => Turn::Skipped,
            std::cmp::Ordering::Equal => Turn::Now(published),
            std::cmp::Ordering::Greater => Turn::NotYet,
        }
    }

    /// Enters the chunk whose turn it is, and wakes whoever comes next.
    pub fn publish(&self, plan: &Plan, place: Place, entry: Entry) {
        let next = plan.following(place, entry.end_of_unit);
        {
            let mut state = lock(&self.state);
            let start = (next.unit == place.unit).then_some(entry.next);
            state.published.place = next;
            state.published.start = start;
            state.published.packets += entry.packets;
            state.published.clock = entry.clock;
            state.published.first_time = state.published.first_time.or(entry.first_time);
            if let Some(problem) = entry.problem {
                state.keep(problem);
            }
        }
        // Who waits for chunks that were skipped must hear of it too.
        let everybody = next.unit != place.unit;
        let owner = plan.owner(next);
        for (worker, source) in lock(&self.sources).iter() {
            if everybody || *worker == owner {
                // An error means that the worker is gone, and the run with it.
                let _ = source.activate();
            }
        }
    }

    /// Lets the stream go on where another one ended.
    pub fn go_on(&self, packets: u64, clock: Timestamp, first_time: Option<Timestamp>) {
        let mut state = lock(&self.state);
        (state.published.packets, state.published.clock) = (packets, clock);
        state.published.first_time = first_time;
    }

    /// What the stream was, once it is over.
    pub fn close(&self) -> Stream {
        let mut state = lock(&self.state);
        Stream {
            packets: state.published.packets,
            clock: state.published.clock,
            first_time: state.published.first_time,
            problems: std::mem::take(&mut state.problems),
            problems_not_kept: state.problems_not_kept,
        }
    }
}

/// A stream that has been read.
pub struct Stream {
    pub packets: u64,
    pub clock: Timestamp,
    pub first_time: Option<Timestamp>,
    /// What went wrong with files, in stream order.
    pub problems: Vec<Problem>,
    pub problems_not_kept: u64,
}

impl State {
    fn keep(&mut self, problem: Problem) {
        match self.problems.len() < WARNINGS_MAX {
            true => self.problems.push(problem),
            false => self.problems_not_kept += 1,
        }
    }
}

/// What a chunk adds to the stream.
pub struct Entry {
    /// Offset behind its last record.
    pub next: u64,
    pub packets: u64,
    /// Stream clock after it.
    pub clock: Timestamp,
    pub first_time: Option<Timestamp>,
    pub problem: Option<Problem>,
    pub end_of_unit: bool,
}
