//! Writes what a job finds into its folder while it runs.
//!
//! Rows are gathered to blocks; a thread of its own encodes and writes them, since that costs more than
//! the rows do. What is not in a file yet can be asked for.

use super::StoreError;
use super::block::{checksum, frame, kind};
use super::entry::{Committed, Entry};
use super::facts::{Facts, Standard};
use super::filter::Filter;
use super::going_on::SavedRows;
use super::keeping::Keeping;
use super::record::JobRecord;
use super::segment::{Place, SegmentWriter};
use super::totals;
use crate::limits::{BLOCKS_TO_WRITE_MAX, FLOW_BLOCK_BYTES_MAX, FLOWS_PER_BLOCK};
use crate::output::{About, CellWriter, Evaluated, Saved, Table, TableBuilder, TableEncoder};
use crate::profiles::{Layout, Value};
use crate::statistics::Item;
use std::collections::VecDeque;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Rows between looking how many bytes were gathered.
const ROWS_BETWEEN_LOOKS: usize = 256;

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

/// Takes the rows of a job.
pub type JobRows = Evaluated<StoredCells>;

impl JobWriter {
    /// Begins a job: nothing of an earlier attempt in that folder is left. Rows have the columns of
    /// the layout, and the standard ones.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn create(
        folder: &Path,
        layout: Layout,
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
        layout: Layout,
        saved: &[u8],
        listener: impl JobListener + 'static,
    ) -> Result<Self, StoreError> {
        let saved = SavedRows::read(saved)?;
        let segments = SegmentWriter::go_on(folder, saved.end(), saved.counted)?;
        Self::begin_behind(&saved, segments, layout.stored(), Box::new(listener))
    }

    pub(super) fn begin(
        mut segments: SegmentWriter,
        layout: Layout,
        record: &JobRecord,
        mut listener: Box<dyn JobListener>,
    ) -> Result<Self, StoreError> {
        segments.append(&record_block(kind::JOB, record)?, true, &mut || listener.full())?;
        Self::begin_behind(&SavedRows::default(), segments, layout.stored(), listener)
    }

    fn begin_behind(
        saved: &SavedRows,
        segments: SegmentWriter,
        layout: Layout,
        listener: Box<dyn JobListener>,
    ) -> Result<Self, StoreError> {
        let end = segments.end();
        let rows = saved.rows;
        let committed = Committed { rows, segment: end.segment, offset: end.offset };
        let columns = layout.columns().map(|column| (column.name.as_str(), column.kind));
        let mut gathered = TableBuilder::new(columns, FLOWS_PER_BLOCK);
        saved.gather(&mut gathered)?;
        let standard = Standard::of(|name| gathered.column(name));
        let on_their_way = VecDeque::new();
        let has_columns = saved.has_columns;
        let state = State { gathered, first_row: rows, has_columns, on_their_way, committed };
        let shared =
            Arc::new(Shared { layout, standard, state: Mutex::new(state), failure: None.into() });
        let (to_thread, messages) = sync_channel(BLOCKS_TO_WRITE_MAX);
        let [encoder, of_counts] = [(); 2].map(|()| TableEncoder::new(About::of(layout)));
        let shared_too = Arc::clone(&shared);
        let mut thread =
            Thread { segments, encoder, of_counts, listener, keeping: None, shared: shared_too };
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
        Evaluated::of(self.shared.layout, self.cells())
    }

    pub(super) fn cells(&self) -> StoredCells {
        StoredCells { shared: Arc::clone(&self.shared), to_thread: self.to_thread.clone() }
    }

    /// For whoever answers questions about rows that are in no file yet.
    pub fn pending(&self) -> PendingRows {
        PendingRows { shared: Arc::clone(&self.shared) }
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
        let rest = self.shared.take(|_| true).map_err(|cause| internal(&cause))?;
        let items = statistics.into_iter().map(Message::Statistics);
        for message in rest.into_iter().chain(items).chain([Message::End { record }]) {
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

/// Cells of rows on their way into blocks.
pub struct StoredCells {
    shared: Arc<Shared>,
    to_thread: SyncSender<Message>,
}

impl CellWriter for StoredCells {
    fn write_cells(&mut self, cells: &[Value<'_>]) -> io::Result<()> {
        let mut state = self.shared.state();
        state.gathered.append(cells);
        if !state.is_full() {
            return Ok(());
        }
        drop(state);
        self.hand_on(State::is_full)
    }

    /// The rows stay where they are: what is in no block goes along.
    fn save(&mut self, done: Saved) -> io::Result<()> {
        let mut state = self.shared.state();
        let columns: Vec<usize> = (0..self.shared.layout.columns().count()).collect();
        let gathered = match state.gathered.rows() {
            0 => None,
            _ => Some(state.gathered.copy_of(&columns)?),
        };
        let (rows, has_columns) = (state.first_row, state.has_columns);
        drop(state);
        self.send(Message::Save { gathered, rows, has_columns, done })
    }

    /// Waits until all rows are in the file.
    fn finish(&mut self) -> io::Result<()> {
        self.hand_on(|_| true)?;
        let (done, waits) = sync_channel(1);
        self.send(Message::Tell(done))?;
        waits.recv().map_err(|_| self.shared.why_ended())
    }
}

impl StoredCells {
    fn hand_on(&self, when: impl Fn(&State) -> bool) -> io::Result<()> {
        match self.shared.take(when)? {
            Some(rows) => self.send(rows),
            None => Ok(()),
        }
    }

    fn send(&self, message: Message) -> io::Result<()> {
        self.to_thread.send(message).map_err(|_| self.shared.why_ended())
    }
}

/// Rows that are in no file yet.
#[derive(Clone)]
pub struct PendingRows {
    shared: Arc<Shared>,
}

impl PendingRows {
    /// What the files hold, and of all other rows those that are asked for: together they are the rows
    /// of one moment.
    ///
    /// # Errors
    /// When the program has a defect.
    pub fn of(&self, filter: &Filter) -> Result<(Committed, Vec<Facts>), StoreError> {
        let places = self.shared.standard.places();
        let (committed, tables) = {
            let mut state = self.shared.state();
            let mut tables: Vec<(u64, Table)> = Vec::new();
            for (first_row, table) in &state.on_their_way {
                tables.push((*first_row, table.of(&places).map_err(|cause| internal(&cause))?));
            }
            let gathered = state.gathered.copy_of(&places).map_err(|cause| internal(&cause))?;
            tables.push((state.first_row, gathered));
            (state.committed, tables)
        };
        let mut facts = Vec::new();
        for (first_row, table) in tables {
            facts.extend(filter.facts(&table, first_row)?);
        }
        Ok((committed, facts))
    }

    /// What the files hold.
    pub fn committed(&self) -> Committed {
        self.shared.state().committed
    }
}

struct Shared {
    layout: Layout,
    /// In the columns of all tables.
    standard: Standard,
    state: Mutex<State>,
    /// Why the thread ended, for whoever waits for it.
    failure: Mutex<Option<io::Error>>,
}

struct State {
    gathered: TableBuilder,
    /// Rows of the job before those gathered.
    first_row: u64,
    /// A table was handed on.
    has_columns: bool,
    /// Tables that are to be written, each with the rows of the job before it.
    on_their_way: VecDeque<(u64, Table)>,
    committed: Committed,
}

impl State {
    fn is_full(&self) -> bool {
        let rows = self.gathered.rows();
        rows >= FLOWS_PER_BLOCK
            || rows.is_multiple_of(ROWS_BETWEEN_LOOKS)
                && self.gathered.bytes() >= FLOW_BLOCK_BYTES_MAX
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was gathered, to be written; `None` where it is not to be.
    fn take(&self, when: impl Fn(&State) -> bool) -> io::Result<Option<Message>> {
        let mut state = self.state();
        // Of a job without rows there is a block too: it has the columns.
        let is_needless = state.gathered.rows() == 0 && state.has_columns;
        if is_needless || !when(&state) {
            return Ok(None);
        }
        let table = state.gathered.finish()?;
        let first_row = state.first_row;
        state.first_row += table.rows() as u64;
        state.has_columns = true;
        state.on_their_way.push_back((first_row, table.clone()));
        Ok(Some(Message::Rows { first_row, table }))
    }

    fn why_ended(&self) -> io::Error {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        failure.unwrap_or_else(|| io::Error::other("the thread that stores flows has ended"))
    }
}

enum Message {
    Rows {
        /// Rows of the job before.
        first_row: u64,
        table: Table,
    },
    /// From now on, what is older than is kept is removed.
    Keep(Keeping),
    /// All before it is in the file, and is to last.
    Save {
        gathered: Option<Table>,
        /// In blocks.
        rows: u64,
        has_columns: bool,
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
    encoder: TableEncoder,
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
            Message::Rows { first_row, table } => self.write_rows(first_row, &table),
            Message::Keep(keeping) => {
                self.keeping = Some(keeping);
                Ok(())
            }
            Message::Save { gathered, rows, has_columns, done } => {
                // Its bytes may depend on no table before it.
                let encode = |table| TableEncoder::new(About::of(self.shared.layout)).encode(table);
                let gathered = gathered.as_ref().map(encode).transpose();
                let gathered = gathered.map_err(|cause| internal(&cause))?.unwrap_or_default();
                self.segments.sync()?;
                let (end, counted) = (self.segments.end(), self.segments.counted());
                let Place { segment, offset } = end;
                let saved = SavedRows { segment, offset, counted, rows, has_columns, gathered };
                done(&saved.bytes());
                self.keeping.as_mut().map_or(Ok(()), |keeping| keeping.remove_old(segment))
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

    /// Writes a block of flows and, behind it, what it is about.
    fn write_rows(&mut self, first_row: u64, table: &Table) -> Result<(), StoreError> {
        let payload = self.encoder.encode(table).map_err(|cause| internal(&cause))?;
        let view = table.view().map_err(|cause| internal(&cause))?;
        let entry = Entry::of(&view, &self.shared.standard, table.rows(), first_row)?;
        let entry = entry.with_checksum(checksum(&payload));
        let mut blocks = Vec::with_capacity(payload.len() + (128 << 10));
        frame(kind::FLOWS, entry.rows, &payload, &mut blocks);
        frame(kind::ENTRY, 0, &entry.to_bytes(), &mut blocks);
        let place = self.segments.append(&blocks, false, &mut || self.listener.full())?;
        let offset = self.segments.end().offset;
        let rows = first_row + u64::from(entry.rows);
        let committed = Committed { rows, segment: place.segment, offset };
        {
            let mut state = self.shared.state();
            state.on_their_way.pop_front();
            state.committed = committed;
        }
        let entry = entry.at(place);
        self.listener.committed(&entry, committed);
        if let Some(keeping) = &mut self.keeping {
            keeping.add(&entry);
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

fn internal(cause: &io::Error) -> StoreError {
    StoreError::Internal(cause.to_string())
}
