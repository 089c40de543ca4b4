//! The workers: each builds its stages, steps them to the end, and tells what they counted.

use super::{RunOptions, Shared};
use crate::dataflow::Step;
use crate::dataflow::checkpoint::{Part, Resume};
use crate::dataflow::classify::{ClassifyStage, watch_options};
use crate::dataflow::failure::lock;
use crate::dataflow::flows::FlowStage;
use crate::dataflow::fragments::FragmentStage;
use crate::dataflow::graph;
use crate::dataflow::operators::Stage;
use crate::dataflow::sessions::SessionStage;
use crate::dataflow::sink::{OrderedFlows, SinkStage};
use crate::dataflow::source::Source;
use crate::decode::{Counts, Decoder, FragmentTable, Placement, Reading};
use crate::flows::{TableOptions, flow_table};
use crate::saved::{SavedError, Share};
use crate::sessions::Sessions;
use crate::statistics::Tables;
use std::cell::RefCell;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The plain stages of one worker, which the graph's operators run.
pub struct Stages {
    pub source: Stage<Source>,
    pub fragments: Stage<FragmentStage>,
    pub flows: Stage<FlowStage>,
    /// Worker 0's alone does anything, but every worker builds the same operators; so with the next.
    pub sessions: Option<Stage<SessionStage>>,
    pub sink: Option<Stage<SinkStage>>,
    pub tables: Option<Arc<Mutex<Tables>>>,
    pub shared: Arc<Shared>,
    pub worker: usize,
}
/// Runs all workers to the end.
pub(super) fn run_workers(
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
        let mut sessions = shared.sessions.map(Sessions::new);
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
                if let (Some(sessions), Some(saved)) = (&mut sessions, resume.sessions()) {
                    sessions.restore(saved)?;
                }
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
        let sessions = sessions
            .map(|sessions| stage(SessionStage::new(sessions, shared.rows, Arc::clone(shared))));
        let mut source = Source::new(worker, peers, Arc::clone(shared), decoder);
        source.counts = counts;
        let fragments = FragmentStage::new(fragments, worker, peers, Arc::clone(shared));
        let flows = FlowStage::new(table, classify, worker, Arc::clone(shared));
        Ok(Stages {
            source: stage(source),
            fragments: stage(fragments),
            flows: stage(flows),
            sessions,
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
        if let Some(Ok(sessions)) = self.sessions.as_ref().map(|sessions| sessions.try_borrow()) {
            summary.timings.sessions_ns += sessions.busy_ns;
        }
        if let Some(Ok(sink)) = self.sink.as_ref().map(|sink| sink.try_borrow()) {
            summary.timings.order_ns += sink.busy_ns;
        }
    }
}
