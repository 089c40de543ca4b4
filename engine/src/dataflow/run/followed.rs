//! Runs a folder that is followed, keeps its state, and goes on from one that was kept.

use super::{RunOptions, run_plan};
use crate::capture::RANGE_BYTES_MAX;
use crate::dataflow::checkpoint::Resume;
use crate::dataflow::failure::{Failure, lock};
use crate::dataflow::feed::Feed;
use crate::dataflow::ledger::Ledger;
use crate::dataflow::plan::Plan;
use crate::dataflow::progress::Progress;
use crate::dataflow::summary::{RunError, Summary};
use crate::limits::WORKERS_MAX;
use crate::output::RowWriter;
use crate::statistics::Tables;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// A folder that is followed.
pub struct Following {
    pub feed: Arc<Feed>,
    /// Keeps the state each time that it was saved.
    pub keeper: Option<Keeper>,
    /// The state to go on from; rows of before are not written again.
    pub resume: Option<Resume>,
}

/// Makes the state of a run last.
pub type Keeper = Box<dyn FnMut(&[u8]) -> Result<(), String> + Send>;

/// Runs a folder that is followed, until it is told to end. What goes wrong with files is told by the
/// feed, at once.
///
/// # Errors
/// As [`super::run`], and when the journal cannot be kept.
pub fn run_followed(
    following: Following,
    options: &RunOptions,
    writer: Option<Box<dyn RowWriter>>,
    progress: &Arc<Progress>,
) -> Result<Summary, RunError> {
    let Following { feed, keeper, resume } = following;
    let workers = options.workers.clamp(1, WORKERS_MAX);
    let plan = Plan::followed(options.chunk_bytes.clamp(1, RANGE_BYTES_MAX), workers);
    let kept = keeper.map(|keeper| keep_states(keeper, Arc::clone(&feed)));
    let (to_keeper, thread) = kept.unzip();
    let followed = Followed { feed: Arc::clone(&feed), to_keeper, resume };
    let ended = run_plan(plan, Some(followed), Summary::default(), options, writer, progress);
    if let Some(Err(panic)) = thread.map(JoinHandle::join) {
        let failure = Failure::default();
        failure.report_panic("the thread that keeps the state", &*panic);
        return ended.and(Err(failure.take().unwrap_or_else(|| RunError::Internal(String::new()))));
    }
    let mut summary = ended?;
    summary.files = usize::try_from(feed.standing().files).unwrap_or(usize::MAX);
    Ok(summary)
}

/// What a run over a folder has beside its plan.
pub(super) struct Followed {
    pub feed: Arc<Feed>,
    pub to_keeper: Option<SyncSender<Vec<u8>>>,
    pub resume: Option<Resume>,
}

/// The thread that keeps states, until nobody sends any.
fn keep_states(mut keeper: Keeper, feed: Arc<Feed>) -> (SyncSender<Vec<u8>>, JoinHandle<()>) {
    let (to_keeper, states) = sync_channel::<Vec<u8>>(1);
    let thread = std::thread::spawn(move || {
        states.iter().for_each(|state| feed.tell_saved(Some(keeper(&state))));
    });
    (to_keeper, thread)
}
/// Lets the stream go on where another run had come to.
pub(super) fn go_on(
    resume: &Resume,
    ledger: &Ledger,
    progress: &Progress,
    tables: &Option<Arc<Mutex<Tables>>>,
) -> Result<(), RunError> {
    let position = &resume.position;
    ledger.go_on(position.packets, position.clock, position.first_time);
    progress.packets.store(position.packets, Ordering::Relaxed);
    progress.bytes_read.store(position.bytes_read, Ordering::Relaxed);
    progress.flows.store(resume.rows().0, Ordering::Relaxed);
    if let (Some(tables), Some(saved)) = (tables, resume.statistics()) {
        lock(tables).restore(saved).map_err(RunError::Saved)?;
    }
    Ok(())
}
