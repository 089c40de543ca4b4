//! Runs a whole stream of captures through the dataflow.

mod followed;
mod options;
mod shared;
mod workers;

pub use followed::{Following, Keeper, run_followed};
pub use options::{Rows, RunOptions};
pub use shared::Shared;
pub use workers::Stages;

use super::checkpoint::{Gathering, Resume, meaning};
use super::failure::{Failure, lock};
use super::ledger::Ledger;
use super::plan::Plan;
use super::pool::Pool;
use super::progress::Progress;
use super::summary::{RunError, Summary, Timings};
use super::writer::{Written, write_all};
use crate::capture::{Joined, RANGE_BYTES_MAX};
use crate::limits::{SPARE_BYTES_MAX, STEPS_TO_WRITE_MAX, WORKERS_MAX};
use crate::output::RowWriter;
use crate::statistics::Tables;
use followed::{Followed, go_on};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use workers::run_workers;

/// Processors that this program may use.
fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Runs `joined` to its end; rows go to `writer`, if there is one.
///
/// # Errors
/// When the writer fails or the program has a defect. Damaged inputs are no errors: they stand in
/// the summary.
pub fn run(
    joined: Joined,
    options: &RunOptions,
    writer: Option<Box<dyn RowWriter>>,
    progress: &Arc<Progress>,
) -> Result<Summary, RunError> {
    let workers = options.workers.clamp(1, WORKERS_MAX);
    let chunk_bytes = options.chunk_bytes.clamp(1, RANGE_BYTES_MAX);
    let tally =
        Summary { files: joined.files.len(), problems: joined.problems, ..Summary::default() };
    let plan = Plan::new(joined.files, chunk_bytes, options.merge, workers);
    run_plan(plan, None, tally, options, writer, progress)
}
fn run_plan(
    plan: Plan,
    followed: Option<Followed>,
    tally: Summary,
    options: &RunOptions,
    writer: Option<Box<dyn RowWriter>>,
    progress: &Arc<Progress>,
) -> Result<Summary, RunError> {
    let began = Instant::now();
    let workers = options.workers.clamp(1, WORKERS_MAX);
    let (feed, to_keeper, resume) = match followed {
        Some(Followed { feed, to_keeper, resume }) => (Some(feed), to_keeper, resume),
        None => (None, None, None),
    };
    let own = || options.statistics.then(Arc::<Mutex<Tables>>::default);
    let tables = options.live.clone().or_else(own);
    let ledger = Ledger::default();
    if let Some(resume) = &resume {
        go_on(resume, &ledger, progress, &tables)?;
    }
    let readers = if feed.is_some() { 1 } else { workers };
    let segments = std::iter::repeat_with(|| Pool::new(SPARE_BYTES_MAX / readers));
    let shared = Arc::new(Shared {
        plan,
        ledger,
        feed,
        gathering: Gathering::new(to_keeper),
        meaning: meaning(options),
        labels_flows: options.labels_flows(),
        sessions: options.sessions,
        rows: options.rows,
        rows_before: resume.as_ref().map_or(0, |resume| resume.rows().0),
        progress: Arc::clone(progress),
        failure: Failure::default(),
        flows: Pool::new(SPARE_BYTES_MAX),
        segments: segments.take(readers).collect(),
        reads_ahead: processors() > workers,
        wants_rows: writer.is_some(),
        tells_clock: options.table.window_rows.is_some(),
        wants_statistics: options.statistics || options.live.is_some(),
        is_live: options.live.is_some(),
        country: options.country.clone(),
        epoch_is_full: AtomicBool::new(false),
        plugins: Arc::clone(&options.plugins),
        panic_at_step: options.panic_at_step,
        tally: Mutex::new(tally),
    });
    let written = match writer {
        Some(writer) => with_writer(writer, options, &shared, &tables, resume)?,
        None => {
            run_workers(options, workers, &shared, None, &tables, resume);
            Written::default()
        }
    };
    if let Some(error) = shared.failure.take() {
        return Err(error);
    }
    let own_tables = tables.filter(|_| options.live.is_none());
    Ok(finish(shared, &written, own_tables, began))
}
/// Runs the workers with the writer's thread beside them.
fn with_writer(
    mut writer: Box<dyn RowWriter>,
    options: &RunOptions,
    shared: &Arc<Shared>,
    tables: &Option<Arc<Mutex<Tables>>>,
    resume: Option<Resume>,
) -> Result<Written, RunError> {
    let (to_writer, ordered) = sync_channel(STEPS_TO_WRITE_MAX);
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let needs = options.profile.needs;
            let written = write_all(&ordered, &mut *writer, needs, &options.classes, shared);
            // Whatever happened, nobody may wait for this thread.
            drop(ordered);
            if written.is_err() {
                shared.stop();
            }
            written
        });
        run_workers(
            options,
            options.workers.clamp(1, WORKERS_MAX),
            shared,
            Some(to_writer),
            tables,
            resume,
        );
        match thread.join() {
            Ok(written) => Ok(written?),
            Err(panic) => {
                shared.failure.report_panic("the writer", &*panic);
                Ok(Written::default())
            }
        }
    })
}
fn finish(
    shared: Arc<Shared>,
    written: &Written,
    tables: Option<Arc<Mutex<Tables>>>,
    began: Instant,
) -> Summary {
    let stopped = shared.is_stopped();
    let mut summary = std::mem::take(&mut *lock(&shared.tally));
    let stream = shared.ledger.close();
    summary.problems.extend(stream.problems);
    summary.problems_not_kept = stream.problems_not_kept;
    summary.packets = stream.packets;
    summary.bytes_read = shared.progress.bytes_read.load(Ordering::Relaxed);
    summary.first_time = stream.first_time;
    summary.last_time = stream.first_time.map(|_| stream.clock);
    summary.rows = written.rows;
    summary.stopped = stopped;
    summary.statistics = tables.map(|tables| std::mem::take(&mut *lock(&tables)));
    summary.timings = Timings {
        wall_ns: began.elapsed().as_nanos() as u64,
        write_ns: written.busy_ns,
        ..summary.timings
    };
    summary
}
