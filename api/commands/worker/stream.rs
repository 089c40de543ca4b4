//! A job over a folder that keeps filling up: one stream, which is gone on with after a crash.

use super::job::End;
use super::pipe::Pipe;
use super::sink::Room;
use crate::cli::JobArguments;
use crate::commands::checkpoint::{Refusal, Start};
use crate::messages;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::scope;
use std::time::Duration;
use tractor_engine::capture::{Follower, Problem};
use tractor_engine::dataflow::{
    Feed, Following, Progress, RunError, RunOptions, Summary, run_followed,
};
use tractor_engine::jobs::{Folder, Rounds, Saves, Stopwatch, StreamProgress, Up, Waiting};
use tractor_engine::output::RowWriter;
use tractor_engine::store::{JobRecord, JournalRoom};

/// The name of the checkpoint in the folder of a job.
const CHECKPOINT: &str = "checkpoint";

/// After so long without a packet the job waits for its input.
const QUIET: Duration = Duration::from_secs(1);

/// A folder, and where its stream goes on.
pub struct Stream {
    pub feed: Arc<Feed>,
    pub start: Start,
    rounds: Rounds,
    pause: Duration,
}

impl Stream {
    pub fn open(
        arguments: &JobArguments,
        record: &JobRecord,
        options: &RunOptions,
        room: &Room,
    ) -> Result<Self, End> {
        let folder = Folder::open(&arguments.captures);
        let folder = folder.and_then(|captures| captures.inner(&record.file_name));
        let folder = folder.map_err(|cause| {
            End::Job(format!("the folder {:?} cannot be opened: {cause}", record.file_name))
        })?;
        let path = arguments.job.join(CHECKPOINT);
        let failed = |refusal| match refusal {
            Refusal::Usage(why) | Refusal::Failure(why) => End::Job(why),
        };
        let waits = || -> JournalRoom {
            let room = room.clone();
            Box::new(move || room.wait())
        };
        let start = match Start::at(&path, options, waits()) {
            Err(Refusal::Usage(_)) => {
                messages::warning("it has other options or plugins now: all is read again");
                Start::anew(&path, waits()).map_err(failed)?
            }
            start => start.map_err(failed)?,
        };
        let follow = arguments.following.options(options.table.life.idle_ns);
        let (state, replay) = (start.state.clone(), start.replay.clone());
        let rounds = Rounds::through(folder.path(), arguments.following.end_after());
        let follower = Follower::new(Box::new(folder), follow, &state, replay, start.journal());
        let pause = arguments.following.checkpoint_pause();
        Ok(Self { feed: Feed::new(follower), start, rounds, pause })
    }

    /// Runs until the stream ends.
    pub fn run(
        self,
        options: &RunOptions,
        writer: Box<dyn RowWriter>,
        progress: &Arc<Progress>,
        pipe: &Pipe,
    ) -> Result<Summary, RunError> {
        let Self { feed, start, rounds, pause } = self;
        let keeper = start.keeper();
        let following = Following { feed: Arc::clone(&feed), keeper, resume: start.resume };
        let end = rounds.end();
        scope(|scope| {
            scope.spawn(|| {
                let watcher = Watcher { feed: &feed, progress, pipe };
                watcher.watch(rounds, Saves::every(pause));
            });
            let ended = run_followed(following, options, Some(writer), progress);
            end.now();
            ended
        })
    }
}

/// How a stream gets on, from one look to the next.
#[derive(Default)]
pub struct Pace {
    /// Packets and when, of the last seconds.
    recent: VecDeque<(Stopwatch, u64)>,
    /// Since when there have been bytes that are not read.
    behind: Option<Stopwatch>,
}

/// Of how much time the pace is.
const PACE: Duration = Duration::from_secs(5);

impl Pace {
    pub fn stream(&mut self, feed: &Feed, progress: &Progress) -> StreamProgress {
        let (standing, packets) = (feed.standing(), progress.packets.load(Ordering::Relaxed));
        self.recent.push_back((Stopwatch::start(), packets));
        while self.recent.len() > 2 && self.recent[1].0.passed() >= PACE {
            self.recent.pop_front();
        }
        let packets_per_s = self.recent.front().map_or(0.0, |(since, before)| {
            let seconds = since.passed().as_secs_f64();
            if seconds > 0.1 { packets.saturating_sub(*before) as f64 / seconds } else { 0.0 }
        });
        self.behind = match standing.left_bytes {
            0 => None,
            _ => Some(self.behind.unwrap_or_else(Stopwatch::start)),
        };
        let behind_ms = self.behind.map_or(0, |since| since.passed().as_millis());
        StreamProgress {
            clock_s: standing.newest.map(|newest| newest.seconds()),
            left_bytes: standing.left_bytes,
            behind_ms: u64::try_from(behind_ms).unwrap_or(u64::MAX),
            open_flows: u64::try_from(progress.open_flows.load(Ordering::Relaxed)).unwrap_or(0),
            files: standing.files,
            late_files: standing.late_files,
            packets_per_s,
            memory_bytes: memory_bytes(),
        }
    }
}

/// What this process has of the machine's memory, as the system says; 0 where it does not.
fn memory_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * rustix::param::page_size() as u64
}

/// Has the run look for more, and save its state.
struct Watcher<'a> {
    feed: &'a Feed,
    progress: &'a Progress,
    pipe: &'a Pipe,
}

impl Watcher<'_> {
    fn watch(&self, mut rounds: Rounds, mut saves: Saves) {
        let mut failed = None;
        // It waits from the begin on: to read a state may take a while.
        let (mut packets, mut moved, mut waits) = (0, None::<Stopwatch>, true);
        while let Some(passed) = rounds.wait() {
            self.feed.look(passed);
            self.tell_problems();
            let saved = self.feed.saved();
            if saves.is_due(saved.under_way) {
                self.feed.save();
            }
            if saved.failure != failed {
                failed = saved.failure;
                let text = |why| format!("there was no checkpoint: {why}");
                failed.iter().for_each(|why| self.pipe.send(Up::Warning { text: text(why) }));
            }
            let now = self.progress.packets.load(Ordering::Relaxed);
            if now != packets {
                (packets, moved) = (now, Some(Stopwatch::start()));
            }
            let on = Waiting::Input;
            if moved.is_some_and(|moved| moved.passed() < QUIET) == waits {
                waits = !waits;
                self.pipe.send(if waits { Up::Waiting { on } } else { Up::GoesOn { on } });
            }
        }
        self.tell_problems();
    }

    fn tell_problems(&self) {
        let (problems, _): (Vec<Problem>, u64) = self.feed.take_problems();
        for problem in problems {
            self.pipe.send(Up::Warning { text: problem.to_string() });
        }
    }
}
