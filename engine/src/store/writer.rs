//! Writes what a job finds into its folder while it runs.
//!
//! Rows are gathered to blocks; a thread of its own encodes and writes them, since that costs more than
//! the rows do. What is not in a file yet can be asked for.

use super::StoreError;
use super::block::{frame, kind};
use super::entry::{Committed, Entry};
use super::gathered::{Gathered, OfEach, Rows, RowsOf, ToSave};
use super::going_on::SavedRows;
use super::keeping::Keeping;
use super::pending::PendingRows;
use super::record::JobRecord;
use super::segment::{Place, SegmentWriter};
use super::totals;
use crate::limits::BLOCKS_TO_WRITE_MAX;
use crate::output::{About, CellWriter, Evaluated, RowWriter, Saved, TableEncoder};
use crate::profiles::{Layout, Row, Value};
use crate::statistics::Item;
use crate::time::Timestamp;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Hears how writing goes, on the thread that writes.
pub trait JobListener: Send {
    /// A block is in the file: readers find all rows up to there.
    fn committed(&mut self, entry: &Entry, committed: Committed);

    /// The disk is full. Continue to try again: whoever hears it sleeps first. Break to give up.
    fn full(&mut self) -> ControlFlow<()>;
}

/// The writer of a job's folder. Its rows come by [`JobWriter::rows`].
pub struct JobWriter {
    shared: Arc<Shared>,
    to_thread: SyncSender<Message>,
    thread: JoinHandle<Result<(), StoreError>>,
}

/// Which columns the rows of a job have.
#[derive(Clone, Copy)]
pub struct JobLayout {
    pub flows: Layout,
    /// Where windows have rows of their own.
    pub windows: Option<WindowLayout>,
    /// Where sessions have; where windows of theirs have, too.
    pub sessions: Option<Layout>,
    pub session_windows: Option<Layout>,
}

impl JobLayout {
    /// The columns of rows of a kind, if there are such rows.
    fn of(&self, of: RowsOf) -> Option<Layout> {
        match of {
            RowsOf::Flows => Some(self.flows),
            RowsOf::Windows => self.windows.map(|windows| windows.layout),
            RowsOf::Sessions => self.sessions,
            RowsOf::SessionWindows => self.session_windows,
        }
    }
}

/// Rows of windows of a length.
#[derive(Clone, Copy)]
pub struct WindowLayout {
    pub layout: Layout,
    pub window_ns: i64,
}

impl From<Layout> for JobLayout {
    fn from(flows: Layout) -> Self {
        Self { flows, windows: None, sessions: None, session_windows: None }
    }
}

impl JobWriter {
    /// Begins a job: nothing of an earlier attempt in that folder is left. Rows have the columns of
    /// the layout, and the standard ones.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn create(
        folder: &Path,
        layout: impl Into<JobLayout>,
        record: &JobRecord,
        listener: impl JobListener + 'static,
    ) -> Result<Self, StoreError> {
        Self::begin(SegmentWriter::create(folder)?, layout, record, Box::new(listener))
    }

    /// Goes on with a job where its rows were saved ([`RowWriter::save`](crate::output::RowWriter)).
    ///
    /// # Errors
    /// When the folder is not as it was then, or cannot be written to.
    pub fn go_on(
        folder: &Path,
        layout: impl Into<JobLayout>,
        saved: &[u8],
        listener: impl JobListener + 'static,
    ) -> Result<Self, StoreError> {
        let saved = SavedRows::read(saved)?;
        let segments = SegmentWriter::go_on(folder, saved.end(), saved.counted)?;
        Self::begin_behind(&saved, segments, layout.into(), Box::new(listener))
    }

    pub(super) fn begin(
        mut segments: SegmentWriter,
        layout: impl Into<JobLayout>,
        record: &JobRecord,
        mut listener: Box<dyn JobListener>,
    ) -> Result<Self, StoreError> {
        segments.append(&record_block(kind::JOB, record)?, true, &mut || listener.full())?;
        Self::begin_behind(&SavedRows::default(), segments, layout.into(), listener)
    }

    fn begin_behind(
        saved: &SavedRows,
        segments: SegmentWriter,
        layout: JobLayout,
        listener: Box<dyn JobListener>,
    ) -> Result<Self, StoreError> {
        let end = segments.end();
        let window_ns = layout.windows.map_or(0, |windows| windows.window_ns);
        let mut rows = OfEach::default();
        for of in RowsOf::ALL {
            let gathered = layout
                .of(of)
                .map(|layout| Gathered::new(of, layout.stored(), &saved.rows[of as usize], end));
            rows[of as usize] = gathered.transpose()?;
        }
        let encoders = rows.each_ref().map(|rows| rows.as_ref().map(Gathered::encoder));
        let of_counts = TableEncoder::new(About::of(layout.flows.stored()));
        let windows_to = saved.windows_to.0.into();
        let shared = Arc::new(Shared { rows, window_ns, windows_to, failure: None.into() });
        let (to_thread, messages) = sync_channel(BLOCKS_TO_WRITE_MAX);
        let shared_too = Arc::clone(&shared);
        let mut thread =
            Thread { segments, encoders, of_counts, listener, keeping: None, shared: shared_too };
        let thread = std::thread::spawn(move || thread.run(&messages));
        Ok(Self { shared, to_thread, thread })
    }

    /// Keeps flows for so long after their end, by the time of packets. Older ones leave the folder in whole
    /// segments.
    ///
    /// # Errors
    /// When what is there cannot be read.
    pub fn keep(&self, folder: &Path, keep_ns: i64) -> Result<(), StoreError> {
        let keeping = Keeping::of(folder, keep_ns)?;
        // A thread that has ended says why when the job does.
        let _ = self.to_thread.send(Message::Keep(keeping));
        Ok(())
    }

    /// What the dataflow writes the job's rows to; to be taken once.
    pub fn rows(&self) -> JobRows {
        let rows = RowsOf::ALL.map(|of| {
            let rows = self.shared.rows[of as usize].as_ref();
            rows.map(|rows| Evaluated::of(rows.layout(), self.cells(of)))
        });
        JobRows { rows, shared: Arc::clone(&self.shared) }
    }

    pub(super) fn cells(&self, of: RowsOf) -> StoredCells {
        StoredCells { of, shared: Arc::clone(&self.shared), to_thread: self.to_thread.clone() }
    }

    /// For whoever answers questions about rows that are in no file yet.
    pub fn pending(&self) -> PendingRows {
        PendingRows::of_job(Arc::clone(&self.shared))
    }

    /// Ends the job: what was gathered, the statistics and the record are in the folder, and last. A
    /// title's counts are written while the next are worked out.
    ///
    /// # Errors
    /// When they could not be written.
    pub fn end(
        self,
        statistics: impl IntoIterator<Item = Item>,
        record: &JobRecord,
    ) -> Result<(), StoreError> {
        let record = record_block(kind::END, record)?;
        let rest = self.shared.all().map(|rows| rows.take());
        let rest = rest.collect::<io::Result<Vec<_>>>().map_err(|cause| internal(&cause))?;
        let rest = rest.into_iter().flatten().map(Message::Rows);
        let items = statistics.into_iter().map(Message::Statistics);
        for message in rest.chain(items).chain([Message::End { record }]) {
            // When the thread has ended, it says why below.
            let _ = self.to_thread.send(message);
        }
        drop(self.to_thread);
        match self.thread.join() {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(StoreError::Internal("the thread that stores flows broke down".into())),
        }
    }
}

/// Takes the rows of a job.
pub struct JobRows {
    rows: OfEach<Option<Evaluated<StoredCells>>>,
    shared: Arc<Shared>,
}

impl RowWriter for JobRows {
    fn write(&mut self, row: &Row<'_>) -> io::Result<()> {
        let of = RowsOf::row(row.flow);
        self.rows[of as usize].as_mut().map_or(Ok(()), |rows| rows.write(row))
    }

    fn pass(&mut self, clock: Timestamp) -> io::Result<()> {
        // A window that ends at the clock may still have rows.
        self.shared.windows_to.store(clock.0.saturating_sub(1), Ordering::Release);
        Ok(())
    }

    fn save(&mut self, done: Saved) -> io::Result<()> {
        let [flows, ..] = &mut self.rows;
        flows.as_mut().map_or(Ok(()), |flows| flows.save(done))
    }

    fn finish(&mut self) -> io::Result<()> {
        self.shared.windows_to.store(i64::MAX, Ordering::Release);
        self.rows.iter_mut().rev().flatten().try_for_each(RowWriter::finish)
    }
}

/// Cells of rows on their way into blocks.
pub(super) struct StoredCells {
    of: RowsOf,
    shared: Arc<Shared>,
    to_thread: SyncSender<Message>,
}

impl CellWriter for StoredCells {
    fn write_cells(&mut self, cells: &[Value<'_>]) -> io::Result<()> {
        match self.shared.of(self.of)?.append(cells)? {
            Some(rows) => self.send(Message::Rows(rows)),
            None => Ok(()),
        }
    }

    /// The rows stay where they are: what is in no block goes along, of all kinds.
    fn save(&mut self, done: Saved) -> io::Result<()> {
        let mut rows = Box::<OfEach<Option<ToSave>>>::default();
        for (to_save, gathered) in rows.iter_mut().zip(&self.shared.rows) {
            *to_save = gathered.as_ref().map(Gathered::to_save).transpose()?;
        }
        self.send(Message::Save { rows, windows_to: self.shared.windows_to(), done })
    }

    /// Waits until all rows are in the file.
    fn finish(&mut self) -> io::Result<()> {
        if let Some(rows) = self.shared.of(self.of)?.take()? {
            self.send(Message::Rows(rows))?;
        }
        let (done, waits) = sync_channel(1);
        self.send(Message::Tell(done))?;
        waits.recv().map_err(|_| self.shared.why_ended())
    }
}

impl StoredCells {
    fn send(&self, message: Message) -> io::Result<()> {
        self.to_thread.send(message).map_err(|_| self.shared.why_ended())
    }
}

/// What the job's thread, those who write rows and those who ask for them share.
pub(super) struct Shared {
    /// Flows are always there.
    rows: OfEach<Option<Gathered>>,
    pub(super) window_ns: i64,
    /// Windows that end up to then have all their rows, but for those that come late; nanoseconds.
    windows_to: AtomicI64,
    /// Why the thread ended, for whoever waits for it.
    failure: Mutex<Option<io::Error>>,
}

impl Shared {
    pub(super) fn windows_to(&self) -> Timestamp {
        Timestamp(self.windows_to.load(Ordering::Acquire))
    }

    fn all(&self) -> impl Iterator<Item = &Gathered> {
        self.rows.iter().flatten()
    }

    pub(super) fn of(&self, of: RowsOf) -> io::Result<&Gathered> {
        let rows = self.rows[of as usize].as_ref();
        rows.ok_or_else(|| io::Error::other("the job has no such rows"))
    }

    fn why_ended(&self) -> io::Error {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        failure.unwrap_or_else(|| io::Error::other("the thread that stores flows has ended"))
    }
}

enum Message {
    Rows(Rows),
    /// From now on, what is older than is kept is removed.
    Keep(Keeping),
    /// All before it is in the file, and is to last.
    Save {
        rows: Box<OfEach<Option<ToSave>>>,
        windows_to: Timestamp,
        done: Saved,
    },
    /// All before it is in the file.
    Tell(SyncSender<()>),
    /// The counts of a title.
    Statistics(Item),
    End {
        record: Vec<u8>,
    },
}

/// What the thread that writes knows.
struct Thread {
    segments: SegmentWriter,
    /// By [`RowsOf`].
    encoders: OfEach<Option<TableEncoder>>,
    /// For statistics.
    of_counts: TableEncoder,
    listener: Box<dyn JobListener>,
    keeping: Option<Keeping>,
    shared: Arc<Shared>,
}

impl Thread {
    /// Ends with the job, or when nobody writes any more; then the job has no end.
    fn run(&mut self, messages: &Receiver<Message>) -> Result<(), StoreError> {
        for message in messages {
            let is_end = matches!(message, Message::End { .. });
            if let Err(error) = self.obey(message) {
                let failure = io::Error::new(error.io_kind(), error.to_string());
                *self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
                return Err(error);
            }
            if is_end {
                break;
            }
        }
        Ok(())
    }

    fn obey(&mut self, message: Message) -> Result<(), StoreError> {
        match message {
            Message::Rows(rows) => self.write_rows(&rows),
            Message::Keep(keeping) => {
                self.keeping = Some(keeping);
                Ok(())
            }
            Message::Save { rows, windows_to, done } => {
                let saved = self.saved(&rows, windows_to)?;
                done(&saved.bytes());
                self.keeping.as_mut().map_or(Ok(()), |keeping| keeping.remove_old(saved.segment))
            }
            Message::Tell(done) => {
                // Whoever asked may be gone.
                let _ = done.send(());
                Ok(())
            }
            Message::Statistics(item) => {
                for block in totals::blocks(&item, &mut self.of_counts) {
                    append(&mut self.segments, &block?, false, &mut *self.listener)?;
                }
                Ok(())
            }
            Message::End { record } => {
                append(&mut self.segments, &record, true, &mut *self.listener)?;
                self.segments.sync()
            }
        }
    }

    /// What is in the segments, which last, and what is in no block.
    fn saved(
        &mut self,
        to_save: &OfEach<Option<ToSave>>,
        windows_to: Timestamp,
    ) -> Result<SavedRows, StoreError> {
        let mut rows = OfEach::default();
        for (saved, (to_save, gathered)) in
            rows.iter_mut().zip(to_save.iter().zip(&self.shared.rows))
        {
            if let Some((to_save, gathered)) = to_save.as_ref().zip(gathered.as_ref()) {
                let bytes = to_save.saved(gathered.encoder());
                *saved = bytes.map_err(|cause| internal(&cause))?;
            }
        }
        self.segments.sync()?;
        let (Place { segment, offset }, counted) = (self.segments.end(), self.segments.counted());
        Ok(SavedRows { segment, offset, counted, rows, windows_to })
    }

    /// Writes a block of rows and, behind it, what it is about.
    fn write_rows(&mut self, rows: &Rows) -> Result<(), StoreError> {
        let gathered = self.shared.of(rows.of).map_err(|cause| internal(&cause))?;
        let encoder = self.encoders[rows.of as usize].get_or_insert_with(|| gathered.encoder());
        let blocks = gathered.blocks(rows, encoder).map_err(|cause| internal(&cause))?;
        let (blocks, entry) = blocks?;
        let place = self.segments.append(&blocks, false, &mut || self.listener.full())?;
        let offset = self.segments.end().offset;
        let last_row = rows.first_row + u64::from(entry.rows);
        let committed = Committed { rows: last_row, segment: place.segment, offset };
        gathered.written(committed);
        let entry = entry.at(place);
        if rows.of == RowsOf::Flows {
            self.listener.committed(&entry, committed);
        }
        if let Some(keeping) = &mut self.keeping {
            keeping.add(rows.of, &entry);
        }
        Ok(())
    }
}

fn append(
    segments: &mut SegmentWriter,
    blocks: &[u8],
    is_record: bool,
    listener: &mut dyn JobListener,
) -> Result<(), StoreError> {
    segments.append(blocks, is_record, &mut || listener.full()).map(|_| ())
}

fn record_block(kind: u16, record: &JobRecord) -> Result<Vec<u8>, StoreError> {
    let mut block = Vec::new();
    frame(kind, 0, &record.to_json()?, &mut block);
    Ok(block)
}

pub(super) fn internal(cause: &io::Error) -> StoreError {
    StoreError::Internal(cause.to_string())
}
