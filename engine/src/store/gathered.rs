//! Rows of one kind that are in no block yet.

use super::StoreError;
use super::block::{checksum, frame, kind};
use super::entry::{Committed, Entry};
use super::facts::Standard;
use super::going_on::SavedTable;
use super::segment::Place;
use crate::flows::Flow;
use crate::limits::{FLOW_BLOCK_BYTES_MAX, FLOWS_PER_BLOCK};
use crate::output::{About, Table, TableBuilder, TableEncoder};
use crate::profiles::{Layout, Value};
use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Rows between looking how many bytes were gathered.
const ROWS_BETWEEN_LOOKS: usize = 256;

/// What rows are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsOf {
    Flows,
    Windows,
    Sessions,
    SessionWindows,
}

impl RowsOf {
    pub const ALL: [Self; 4] = [Self::Flows, Self::Windows, Self::Sessions, Self::SessionWindows];

    /// What a row is of.
    pub fn row(flow: &Flow) -> Self {
        match (&flow.group, flow.window) {
            (Some(_), Some(_)) => Self::SessionWindows,
            (Some(_), None) => Self::Sessions,
            _ if flow.is_window_beside() => Self::Windows,
            _ => Self::Flows,
        }
    }

    /// Of blocks with such rows.
    pub fn kind(self) -> u16 {
        match self {
            Self::Flows => kind::FLOWS,
            Self::Windows => kind::WINDOWS,
            Self::Sessions => kind::SESSIONS,
            Self::SessionWindows => kind::SESSION_WINDOWS,
        }
    }

    /// What the rows of a block are of, if it has rows.
    pub fn of_kind(kind: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|of| of.kind() == kind)
    }
}

/// Something of each kind of rows, by [`RowsOf`].
pub type OfEach<T> = [T; RowsOf::ALL.len()];

/// Rows that are to be a block.
pub struct Rows {
    pub of: RowsOf,
    /// Rows of the job before.
    pub first_row: u64,
    pub table: Table,
}

/// Gathers rows to blocks.
pub struct Gathered {
    of: RowsOf,
    layout: Layout,
    /// In the columns of all tables.
    standard: Standard,
    state: Mutex<State>,
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

impl Gathered {
    /// Behind what was saved, of which the blocks end at a place.
    pub fn new(
        of: RowsOf,
        layout: Layout,
        saved: &SavedTable,
        end: Place,
    ) -> Result<Self, StoreError> {
        let columns = layout.columns().map(|column| (column.name.as_str(), column.kind));
        let mut gathered = TableBuilder::new(columns, FLOWS_PER_BLOCK);
        saved.gather(&mut gathered)?;
        let standard = Standard::of(|name| gathered.column(name));
        let SavedTable { rows, has_columns, .. } = *saved;
        let committed = Committed { rows, segment: end.segment, offset: end.offset };
        let on_their_way = VecDeque::new();
        let state = State { gathered, first_row: rows, has_columns, on_their_way, committed };
        Ok(Self { of, layout, standard, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn layout(&self) -> Layout {
        self.layout
    }

    pub fn encoder(&self) -> TableEncoder {
        TableEncoder::new(About::of(self.layout))
    }

    /// Adds a row; those gathered, when they are a block.
    pub fn append(&self, cells: &[Value<'_>]) -> io::Result<Option<Rows>> {
        let mut state = self.state();
        state.gathered.append(cells);
        match state.is_full() {
            true => self.take_from(&mut state).map(Some),
            false => Ok(None),
        }
    }

    /// What was gathered; `None` where nothing was.
    pub fn take(&self) -> io::Result<Option<Rows>> {
        let mut state = self.state();
        // Of a job without rows there is a block too: it has the columns.
        match state.gathered.rows() == 0 && state.has_columns {
            true => Ok(None),
            false => self.take_from(&mut state).map(Some),
        }
    }

    fn take_from(&self, state: &mut State) -> io::Result<Rows> {
        let table = state.gathered.finish()?;
        let first_row = state.first_row;
        state.first_row += table.rows() as u64;
        state.has_columns = true;
        state.on_their_way.push_back((first_row, table.clone()));
        Ok(Rows { of: self.of, first_row, table })
    }

    /// What is to be saved. Its bytes are still to be made.
    pub fn to_save(&self) -> io::Result<ToSave> {
        let mut state = self.state();
        let columns: Vec<usize> = (0..self.layout.columns().count()).collect();
        let gathered = match state.gathered.rows() {
            0 => None,
            _ => Some(state.gathered.copy_of(&columns)?),
        };
        Ok(ToSave { gathered, rows: state.first_row, has_columns: state.has_columns })
    }

    /// The blocks of a table: its rows, and behind them what they are about.
    pub fn blocks(
        &self,
        rows: &Rows,
        encoder: &mut TableEncoder,
    ) -> io::Result<Result<(Vec<u8>, Entry), StoreError>> {
        let payload = encoder.encode(&rows.table)?;
        let view = rows.table.view()?;
        let entry = Entry::of(&view, &self.standard, rows.table.rows(), rows.first_row);
        Ok(entry.map(|entry| {
            let entry = entry.with_checksum(checksum(&payload));
            let mut blocks = Vec::with_capacity(payload.len() + (128 << 10));
            frame(self.of.kind(), entry.rows, &payload, &mut blocks);
            frame(kind::ENTRY, 0, &entry.to_bytes(), &mut blocks);
            (blocks, entry)
        }))
    }

    /// The first of the tables that were to be written is.
    pub fn written(&self, committed: Committed) {
        let mut state = self.state();
        state.on_their_way.pop_front();
        state.committed = committed;
    }

    /// What the files hold, and some columns of all other rows: tables with the rows before them.
    pub fn pending(&self, columns: &[usize]) -> io::Result<(Committed, Vec<(u64, Table)>)> {
        let mut state = self.state();
        let mut tables: Vec<(u64, Table)> = Vec::new();
        for (first_row, table) in &state.on_their_way {
            tables.push((*first_row, table.of(columns)?));
        }
        let gathered = state.gathered.copy_of(columns)?;
        tables.push((state.first_row, gathered));
        Ok((state.committed, tables))
    }

    /// The place of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.layout.columns().position(|column| column.name == name)
    }

    /// The places of the standard columns.
    pub fn standard_places(&self) -> Vec<usize> {
        self.standard.places()
    }

    /// What the files hold.
    pub fn committed(&self) -> Committed {
        self.state().committed
    }
}

/// Rows of one kind, as they are to be saved.
pub struct ToSave {
    gathered: Option<Table>,
    /// In blocks.
    rows: u64,
    has_columns: bool,
}

impl ToSave {
    /// `encoder` is one that encoded nothing yet: the bytes may depend on no table before.
    pub fn saved(&self, mut encoder: TableEncoder) -> io::Result<SavedTable> {
        let gathered = self.gathered.as_ref().map(|table| encoder.encode(table)).transpose()?;
        let Self { rows, has_columns, .. } = *self;
        Ok(SavedTable { rows, has_columns, gathered: gathered.unwrap_or_default() })
    }
}
