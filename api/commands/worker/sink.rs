//! Where a job's rows go: into its folder; and what of them is in no file yet, for questions.

use super::pipe::Pipe;
use std::io;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::sleep;
use std::time::Duration;
use tractor_engine::dataflow::Progress;
use tractor_engine::flows::{About, Question};
use tractor_engine::jobs::{Stopwatch, Up, Waiting};
use tractor_engine::output::{RowWriter, Saved};
use tractor_engine::profiles::Row;
use tractor_engine::store::{
    Committed, Entry, Facts, Filter, JobListener, JobRows, PendingRows, facts_of,
};
use tractor_engine::time::Timestamp;

/// Between two attempts to write to a full disk.
const DISK_PAUSE: Duration = Duration::from_millis(250);

/// Waits for room on a full disk, and tells the server.
#[derive(Clone)]
pub struct Room {
    pipe: Pipe,
    progress: Arc<Progress>,
    /// When the disk was last found full, while the server believes that the job waits for it.
    full: Arc<Mutex<Option<Stopwatch>>>,
}

impl Room {
    pub fn new(pipe: &Pipe, progress: &Arc<Progress>) -> Self {
        Self { pipe: pipe.clone(), progress: Arc::clone(progress), full: Arc::default() }
    }

    /// Tells the server that a job goes on that has not found the disk full for a while.
    pub fn tell(&self) {
        let mut full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        if full.take_if(|since| since.passed() > 4 * DISK_PAUSE).is_some() {
            drop(full);
            self.pipe.send(Up::GoesOn { on: Waiting::Disk });
        }
    }

    /// A job waits for room, unless it is to stop.
    pub fn wait(&self) -> ControlFlow<()> {
        if self.progress.stop.load(Ordering::Acquire) {
            return ControlFlow::Break(());
        }
        let before = {
            let mut full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
            full.replace(Stopwatch::start())
        };
        if before.is_none() {
            self.pipe.send(Up::Waiting { on: Waiting::Disk });
        }
        sleep(DISK_PAUSE);
        ControlFlow::Continue(())
    }
}

/// Tells the server how writing goes.
pub struct Listener {
    pub pipe: Pipe,
    pub room: Room,
}

impl JobListener for Listener {
    fn committed(&mut self, _: &Entry, committed: Committed) {
        self.pipe.send(Up::Committed { committed });
    }

    fn full(&mut self) -> ControlFlow<()> {
        self.room.wait()
    }
}

/// The writer of the dataflow.
pub struct Sink {
    pub rows: JobRows,
    pub tell: Tell,
    pub plugins: Arc<tractor_engine::classify::Plugins>,
    /// Where windows have rows of their own.
    pub window_ns: Option<i64>,
    /// Up to when the server knows of them.
    pub windows_to: Option<Timestamp>,
}

/// What answers need of it.
#[derive(Clone)]
pub struct Tell {
    pub pending: PendingRows,
    pub written: Arc<AtomicU64>,
    pub pipe: Pipe,
}

impl Tell {
    /// Answers with the rows that are in no file, and with flows that are open.
    pub fn flows(&self, question: u64, filter: &Filter, open: Vec<Facts>, not_told: u64) {
        let Ok((committed, mut flows)) = self.pending.of(filter) else {
            return self.pipe.send(Up::NoAnswer { question });
        };
        flows.extend(open);
        self.pipe.send(Up::Flows { question, committed, flows, not_told });
    }
}

impl RowWriter for Sink {
    fn write(&mut self, row: &Row<'_>) -> io::Result<()> {
        let is_flow = !row.flow.is_beside();
        self.tell.written.fetch_add(is_flow.into(), Ordering::Relaxed);
        self.rows.write(row)
    }

    fn pass(&mut self, clock: Timestamp) -> io::Result<()> {
        self.rows.pass(clock)?;
        let Some(window_ns) = self.window_ns else { return Ok(()) };
        // One that ends at the clock may still have rows.
        let to = Timestamp(clock.0.saturating_sub(1)).floor_to(window_ns);
        if self.windows_to.is_none_or(|before| to > before) {
            self.windows_to = Some(to);
            self.tell.pipe.send(Up::WindowsEnded { to_ns: to.0 });
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.rows.flush()
    }

    fn save(&mut self, done: Saved) -> io::Result<()> {
        self.rows.save(done)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.rows.finish()
    }

    fn answer(
        &mut self,
        question: &Question,
        open: &mut dyn Iterator<Item = Row<'_>>,
        not_told: u64,
    ) -> io::Result<()> {
        let filter = match question.about {
            About::Label(label) => {
                let label = self.plugins.labels().get(label).name.clone();
                Filter { label: Some(label), ..Filter::default() }
            }
            About::Address(address) => Filter { address: Some(address), ..Filter::default() },
        };
        let open = open.map(|row| facts_of(&row)).collect();
        self.tell.flows(question.id, &filter, open, not_told);
        Ok(())
    }
}
