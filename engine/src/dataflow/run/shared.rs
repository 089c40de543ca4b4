//! What all threads of a run share.

use super::Rows;
use crate::capture::{ChunkEnd, Follower};
use crate::classify::Plugins;
use crate::dataflow::Step;
use crate::dataflow::checkpoint::{Gathering, Part};
use crate::dataflow::failure::{Failure, lock};
use crate::dataflow::feed::{Feed, Standing};
use crate::dataflow::ledger::Ledger;
use crate::dataflow::plan::Plan;
use crate::dataflow::pool::Pool;
use crate::dataflow::progress::Progress;
use crate::dataflow::summary::Summary;
use crate::decode::Segment;
use crate::flows::{Flow, Question};
use crate::sessions::SessionOptions;
use crate::statistics::{CountryOf, Tables};
use crate::time::Timestamp;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// What all threads of a run share.
pub struct Shared {
    pub plan: Plan,
    pub ledger: Ledger,
    /// Where a folder is followed.
    pub feed: Option<Arc<Feed>>,
    pub gathering: Gathering,
    /// What decides what state means.
    pub meaning: Vec<u8>,
    pub labels_flows: bool,
    /// How flows are grouped, where they are.
    pub sessions: Option<SessionOptions>,
    pub rows: Rows,
    /// Rows of the run that this one goes on from.
    pub rows_before: u64,
    pub progress: Arc<Progress>,
    pub failure: Failure,
    pub flows: Pool<Flow>,
    /// Of each worker that reads.
    pub segments: Vec<Pool<Segment>>,
    /// There are processors that no worker uses.
    pub reads_ahead: bool,
    pub wants_rows: bool,
    /// Whoever writes rows is told the clock.
    pub tells_clock: bool,
    pub wants_statistics: bool,
    /// Flows count while they are open.
    pub is_live: bool,
    pub country: Option<CountryOf>,
    /// A worker has gathered so many changes that the epoch should end.
    pub epoch_is_full: AtomicBool,
    pub plugins: Arc<Plugins>,
    pub panic_at_step: Option<u64>,
    pub(super) tally: Mutex<Summary>,
}

impl Shared {
    /// The segments that a worker may use again. Memory that another processor has used last is slow to
    /// write, so each has its own; where one worker reads for all, all give it back what they got.
    pub fn segments_of(&self, worker: usize) -> &Pool<Segment> {
        &self.segments[worker % self.segments.len()]
    }

    /// Whether somebody takes flows that have ended.
    pub fn sends_flows(&self) -> bool {
        self.wants_rows || self.sessions.is_some()
    }

    pub fn stop(&self) {
        self.progress.stop.store(true, Ordering::Release);
    }

    pub fn is_stopped(&self) -> bool {
        self.progress.stop.load(Ordering::Acquire) || self.failure.happened()
    }

    /// Takes note of how far a folder has been read, and of what went wrong.
    pub fn hear(
        &self,
        follower: &mut Follower,
        end: &mut ChunkEnd,
        clock: Option<Timestamp>,
        is_dry: bool,
    ) {
        let Some(feed) = &self.feed else { return };
        clock.into_iter().for_each(|clock| follower.saw(clock));
        feed.report(end.problem.take().into_iter().chain(follower.take_problems()));
        if let Some(error) = follower.take_failure() {
            self.failure.report_journal(error);
        }
        feed.tell(Standing {
            newest: follower.newest(),
            // What is left of a file that nobody goes on with is no news.
            left_bytes: if is_dry { 0 } else { follower.left_bytes() },
            late_files: follower.late_files(),
            files: follower.files_seen(),
            is_dry,
        });
    }

    /// Whether someone has asked for the end of an epoch: one chunk hears of it, the next whose turn
    /// comes.
    pub fn take_tick(&self) -> bool {
        let ticked = self.progress.tick.swap(false, Ordering::AcqRel);
        ticked | self.epoch_is_full.swap(false, Ordering::AcqRel)
    }

    /// Saves the statistics, where they are wanted as of a step before this one.
    pub fn save_statistics(&self, before: Step, tables: &Mutex<Tables>) {
        if let Some(step) = self.gathering.wants_statistics_before(before) {
            let mut saved = Vec::new();
            lock(tables).save(&mut saved);
            self.gathering.put(step, Part::Statistics, saved);
        }
    }

    /// What has been asked since the chunk before; without a writer nobody could answer.
    pub fn take_questions(&self) -> Vec<Question> {
        if self.wants_rows { self.progress.questions.take() } else { Vec::new() }
    }
}
