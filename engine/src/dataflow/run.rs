//! Runs a whole stream of captures through the dataflow.

use super::Step;
use super::checkpoint::{Gathering, Part, Resume, meaning};
use super::classify::{ClassifyStage, watch_options};
use super::failure::{Failure, lock};
use super::feed::{Feed, Standing};
use super::flows::FlowStage;
use super::fragments::FragmentStage;
use super::graph;
use super::ledger::Ledger;
use super::operators::Stage;
use super::plan::Plan;
use super::pool::Pool;
use super::progress::Progress;
use super::sink::{OrderedFlows, SinkStage};
use super::source::Source;
use super::summary::{RunError, Summary, Timings};
use super::writer::{Written, write_all};
use crate::capture::{ChunkEnd, Follower, Joined, RANGE_BYTES_MAX};
use crate::classify::Plugins;
use crate::decode::{Counts, Decoder, FragmentTable, Placement, Reading};
use crate::features::ActivitySettings;
use crate::flows::{Flow, Question, TableOptions, flow_table};
use crate::limits::{
    CHUNK_BYTES, OPEN_FLOWS_MAX, SPARE_BYTES_MAX, STEPS_TO_WRITE_MAX, WORKERS_MAX,
};
use crate::output::RowWriter;
use crate::profiles::Profile;
use crate::saved::{SavedError, Share};
use crate::statistics::{CountryOf, Tables};
use crate::time::Timestamp;
use std::cell::RefCell;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What a run does; the inputs come beside it.
#[derive(Clone)]
pub struct RunOptions {
    pub profile: &'static Profile,
    pub table: TableOptions,
    /// 1 to [`WORKERS_MAX`].
    pub workers: usize,
    /// Bytes of a chunk; results do not depend on it.
    pub chunk_bytes: usize,
    /// Whether files that overlap are interleaved by packet time.
    pub merge: bool,
    /// The class of each file's flows, in the order of the joined files.
    pub classes: Vec<Option<String>>,
    /// Whether to count by protocol, address and port.
    pub statistics: bool,
    /// Where to show the counts while the run goes on, empty at first: flows then count from their
    /// first packet. They stay there, and the summary has none.
    pub live: Option<Arc<Mutex<Tables>>>,
    /// Who tells the countries of servers, where flows are counted by country, too.
    pub country: Option<CountryOf>,
    /// Whether flows are those of the outermost IP packets, not of what tunnels carry.
    pub outer: bool,
    /// Whether to look at the checksums of TCP and UDP; flows tell of wrong ones then.
    pub checksums: bool,
    /// Who labels the flows. Profiles that copy a program's reading have no labels.
    pub plugins: Arc<Plugins>,
    /// Whether rows tell the names of servers and clients.
    pub names: bool,
    /// For the test that a worker's panic ends the run: panic at this step.
    #[doc(hidden)]
    pub panic_at_step: Option<u64>,
}

impl RunOptions {
    /// The profile's own rules, a worker a processor, and no statistics.
    pub fn new(profile: &'static Profile) -> Self {
        let table = TableOptions {
            life: profile.life,
            needs: profile.needs,
            activity: ActivitySettings {
                rule: profile.activity_rule,
                gap_ns: profile.activity_gap_ns,
            },
            early_packets: 0,
            window_ns: None,
            open_flows_max: OPEN_FLOWS_MAX,
            watch: None,
            counts_open: false,
        };
        let workers = processors();
        Self {
            profile,
            table,
            workers,
            chunk_bytes: CHUNK_BYTES,
            merge: false,
            classes: Vec::new(),
            statistics: false,
            live: None,
            country: None,
            outer: false,
            checksums: false,
            plugins: Arc::new(Plugins::none()),
            names: false,
            panic_at_step: None,
        }
    }
}

impl RunOptions {
    /// Whether flows are shown to classifiers.
    pub fn labels_flows(&self) -> bool {
        !self.plugins.classifiers().is_empty() && !self.profile.reading.is_copied()
    }
}

/// Processors that this program may use.
fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

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
    /// Rows of the run that this one goes on from.
    pub rows_before: u64,
    pub progress: Arc<Progress>,
    pub failure: Failure,
    pub flows: Pool<Flow>,
    /// There are processors that no worker uses.
    pub reads_ahead: bool,
    pub wants_rows: bool,
    pub wants_statistics: bool,
    /// Flows count while they are open.
    pub is_live: bool,
    pub country: Option<CountryOf>,
    /// A worker has gathered so many changes that the epoch should end.
    pub epoch_is_full: AtomicBool,
    pub plugins: Arc<Plugins>,
    pub panic_at_step: Option<u64>,
    tally: Mutex<Summary>,
}

impl Shared {
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

/// The plain stages of one worker, which the graph's operators run.
pub struct Stages {
    pub source: Stage<Source>,
    pub fragments: Stage<FragmentStage>,
    pub flows: Stage<FlowStage>,
    /// Worker 0's alone does anything, but every worker builds the same operators.
    pub sink: Option<Stage<SinkStage>>,
    pub tables: Option<Arc<Mutex<Tables>>>,
    pub shared: Arc<Shared>,
    pub worker: usize,
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
/// As [`run`], and when the journal cannot be kept.
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
struct Followed {
    feed: Arc<Feed>,
    to_keeper: Option<SyncSender<Vec<u8>>>,
    resume: Option<Resume>,
}

/// The thread that keeps states, until nobody sends any.
fn keep_states(mut keeper: Keeper, feed: Arc<Feed>) -> (SyncSender<Vec<u8>>, JoinHandle<()>) {
    let (to_keeper, states) = sync_channel::<Vec<u8>>(1);
    let thread = std::thread::spawn(move || {
        states.iter().for_each(|state| feed.tell_saved(Some(keeper(&state))));
    });
    (to_keeper, thread)
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
    let shared = Arc::new(Shared {
        plan,
        ledger,
        feed,
        gathering: Gathering::new(to_keeper),
        meaning: meaning(options),
        labels_flows: options.labels_flows(),
        rows_before: resume.as_ref().map_or(0, |resume| resume.rows().0),
        progress: Arc::clone(progress),
        failure: Failure::default(),
        flows: Pool::new(SPARE_BYTES_MAX),
        reads_ahead: processors() > workers,
        wants_rows: writer.is_some(),
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

/// Lets the stream go on where another run had come to.
fn go_on(
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
            let needs = options.table.needs;
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

fn run_workers(
    options: &RunOptions,
    workers: usize,
    shared: &Arc<Shared>,
    to_writer: Option<SyncSender<OrderedFlows>>,
    tables: &Option<Arc<Mutex<Tables>>>,
    resume: Option<Resume>,
) {
    let placement = Placement::default();
    let seed = Seed {
        table: TableOptions {
            watch: watch_options(options),
            counts_open: options.live.is_some(),
            ..options.table.clone()
        },
        reading: Reading {
            outer: options.outer,
            checksums: options.checksums,
            ..options.profile.reading
        },
        placement,
        to_writer: Mutex::new(to_writer),
        tables: tables.clone(),
        resume: Mutex::new(resume.map(|resume| (Arc::new(resume), workers))),
        shared: Arc::clone(shared),
    };
    let failed = |what: String| shared.failure.report(what);
    match timely::execute(timely::Config::process(workers), move |worker| seed.work(worker)) {
        Ok(guards) => {
            for result in guards.join() {
                result.unwrap_or_else(failed);
            }
        }
        Err(what) => failed(what),
    }
    // Whoever waits for it hears of one run.
    let _ = shared.progress.counted.set(());
}

/// What every worker builds its stages from.
struct Seed {
    table: TableOptions,
    reading: Reading,
    placement: Placement,
    /// Taken by worker 0.
    to_writer: Mutex<Option<SyncSender<OrderedFlows>>>,
    tables: Option<Arc<Mutex<Tables>>>,
    /// What the stages go on from, until the last of so many workers has.
    resume: Mutex<Option<(Arc<Resume>, usize)>>,
    shared: Arc<Shared>,
}

/// How long a worker sleeps at most before it looks whether the run was stopped.
const LOOK_UP: Duration = Duration::from_millis(50);

impl Seed {
    /// What a worker goes on from; it is much, and nobody has it any more when all are through.
    fn take_resume(&self) -> Option<Arc<Resume>> {
        let mut kept = lock(&self.resume);
        let (resume, left) = kept.as_mut()?;
        *left -= 1;
        let (resume, is_last) = (Arc::clone(resume), *left == 0);
        if is_last {
            *kept = None;
        }
        Some(resume)
    }

    fn stages(&self, worker: usize, peers: usize) -> Result<Stages, SavedError> {
        let shared = &self.shared;
        let mut decoder = Decoder::new(self.reading, self.placement.clone());
        let classify = self.table.watch.is_some().then(|| {
            decoder.keep_payloads();
            ClassifyStage::new(Arc::clone(shared))
        });
        let mut fragments = FragmentTable::new(self.reading, self.placement.clone());
        let mut table = flow_table(&self.table);
        let (mut classify, mut held) = (classify, Vec::new());
        let mut counts = Counts::default();
        if let Some(resume) = self.take_resume() {
            let share = Share { worker, peers };
            fragments.restore(&resume.all(|part| matches!(part, Part::Fragments(_))), share)?;
            let parts = resume.all(|part| matches!(part, Part::Flows(_)));
            table.restore(&parts, share, &self.placement)?;
            if let Some(classify) = &mut classify {
                let mut mine = HashSet::new();
                table.open_ids(&mut |id| {
                    mine.insert(id);
                });
                let parts = resume.all(|part| matches!(part, Part::Classifiers(_)));
                classify.restore(&parts, share, |id| mine.contains(&id))?;
            }
            if share.is_first() {
                held = resume.held()?;
                counts.clone_from(&resume.position.decoded);
            }
        }
        let sink = shared.wants_rows.then(|| {
            let to_writer = match worker {
                0 => lock(&self.to_writer).take(),
                _ => None,
            };
            Rc::new(RefCell::new(SinkStage::new(held, to_writer, Arc::clone(shared))))
        });
        // A worker's own: memory that another processor has used last is slow to write.
        let spare = Rc::new(Pool::new(SPARE_BYTES_MAX / peers));
        let mut source = Source::new(worker, peers, Arc::clone(shared), decoder, spare.clone());
        source.counts = counts;
        let fragments = FragmentStage::new(fragments, worker, peers, Arc::clone(shared));
        let flows = FlowStage::new(table, classify, worker, Arc::clone(shared), spare);
        Ok(Stages {
            source: stage(source),
            fragments: stage(fragments),
            flows: stage(flows),
            sink,
            tables: self.tables.clone(),
            shared: Arc::clone(shared),
            worker,
        })
    }

    /// One worker's life. A panic must not reach timely: it would leave the other workers
    /// waiting for ever. So it is caught, told, and every worker drops its dataflow.
    fn work(&self, worker: &mut timely::worker::Worker) {
        let stages = match self.stages(worker.index(), worker.peers()) {
            Ok(stages) => stages,
            // The others see that it has happened.
            Err(error) => return self.shared.failure.report_saved(error),
        };
        let dataflow = worker.next_dataflow_index();
        worker.dataflow_named::<Step, _, _>("tractor", |scope| graph::build(scope, &stages));
        loop {
            let stepped = catch_unwind(AssertUnwindSafe(|| worker.step_or_park(Some(LOOK_UP))));
            match stepped {
                Ok(true) if !self.shared.is_stopped() => {}
                Ok(false) => break,
                Ok(true) => {
                    worker.drop_dataflow(dataflow);
                    break;
                }
                Err(panic) => {
                    let where_ = format!("worker {}", worker.index());
                    self.shared.failure.report_panic(&where_, &*panic);
                    worker.drop_dataflow(dataflow);
                    break;
                }
            }
        }
        stages.report(&self.shared);
    }
}

fn stage<S>(stage: S) -> Stage<S> {
    Rc::new(RefCell::new(stage))
}

impl Stages {
    /// Adds what this worker's stages counted to the summary.
    fn report(&self, shared: &Shared) {
        let mut summary = lock(&shared.tally);
        // A stage that panicked may still be borrowed; its counts do not matter any more.
        if let Ok(source) = self.source.try_borrow() {
            summary.decoded.merge(&source.counts);
            summary.timings.read_and_decode_ns += source.busy_ns;
        }
        if let Ok(fragments) = self.fragments.try_borrow() {
            summary.decoded.merge(&fragments.table.counts);
        }
        if let Ok(flows) = self.flows.try_borrow() {
            summary.flows.merge(flows.table.counts());
            summary.timings.flows_ns += flows.busy_ns;
            if let Some(classify) = &flows.classify {
                classify.report(&mut summary);
            }
        }
        if let Some(Ok(sink)) = self.sink.as_ref().map(|sink| sink.try_borrow()) {
            summary.timings.order_ns += sink.busy_ns;
        }
    }
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
