//! Questions about rows of a job that are in no file yet.

use super::StoreError;
use super::entry::Committed;
use super::export::{TextFormat, lines};
use super::facts::Facts;
use super::filter::Filter;
use super::gathered::{Gathered, RowsOf};
use super::sessions::{self, SessionFilter, SessionRow};
use super::windows::{EndedWindows, WindowCount, WindowCounts};
use super::writer::{Shared, internal};
use crate::output::Table;
use std::sync::Arc;

/// Rows that are in no file yet.
#[derive(Clone)]
pub struct PendingRows {
    shared: Arc<Shared>,
}

impl PendingRows {
    pub(super) fn of_job(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// What the files hold, and of all other rows those that are asked for: together they are the rows
    /// of one moment.
    ///
    /// # Errors
    /// When the program has a defect.
    pub fn of(&self, filter: &Filter) -> Result<(Committed, Vec<Facts>), StoreError> {
        let rows = self.shared.of(RowsOf::Flows).map_err(|cause| internal(&cause))?;
        let pending = rows.pending(&rows.standard_places());
        let (committed, tables) = pending.map_err(|cause| internal(&cause))?;
        let mut facts = Vec::new();
        for (first_row, table) in tables {
            facts.extend(filter.facts(&table, first_row)?);
        }
        Ok((committed, facts))
    }

    /// The same of the rows of windows that have ended: sums over the first windows that are asked for.
    /// `None` for a job without windows.
    ///
    /// # Errors
    /// When the program has a defect.
    pub fn windows(
        &self,
        filter: &Filter,
        windows_max: usize,
    ) -> Result<Option<(EndedWindows, Vec<WindowCount>)>, StoreError> {
        let Ok(rows) = self.shared.of(RowsOf::Windows) else { return Ok(None) };
        let (ended, tables) = self.ended(rows, &WindowCounts::places(|name| rows.column(name)))?;
        let mut counts = WindowCounts::of_first(windows_max);
        let filter = ended.of(filter);
        tables.iter().try_for_each(|table| counts.add(table, &filter))?;
        Ok(Some((ended, counts.into_counts())))
    }

    /// The same, row by row, as an export has them.
    ///
    /// # Errors
    /// When the program has a defect.
    pub fn window_lines(
        &self,
        filter: &Filter,
        format: TextFormat,
    ) -> Result<Option<(EndedWindows, Vec<u8>)>, StoreError> {
        let Ok(rows) = self.shared.of(RowsOf::Windows) else { return Ok(None) };
        let all: Vec<usize> = (0..rows.layout().columns().count()).collect();
        let (ended, tables) = self.ended(rows, &all)?;
        let lines = lines(rows.layout(), &tables, &ended.of(filter), format);
        Ok(Some((ended, lines.map_err(|cause| internal(&cause))?)))
    }

    /// What the files hold of sessions, and of all others that are over those that are asked for. `None` for
    /// a job without sessions.
    ///
    /// # Errors
    /// When the program has a defect.
    pub fn sessions(
        &self,
        filter: &SessionFilter,
    ) -> Result<Option<(Committed, Vec<SessionRow>)>, StoreError> {
        let Ok(rows) = self.shared.of(RowsOf::Sessions) else { return Ok(None) };
        let all: Vec<usize> = (0..rows.layout().columns().count()).collect();
        let (committed, tables) = rows.pending(&all).map_err(|cause| internal(&cause))?;
        let mut found = Vec::new();
        for (first_row, table) in tables {
            let added = sessions::add(&table, first_row, filter, &mut found);
            added.map_err(|cause| internal(&cause))?;
        }
        Ok(Some((committed, found)))
    }

    /// Some columns of the rows of windows, and up to when these have ended.
    fn ended(
        &self,
        rows: &Gathered,
        columns: &[usize],
    ) -> Result<(EndedWindows, Vec<Table>), StoreError> {
        // What comes meanwhile is of windows that end later.
        let to = self.shared.windows_to();
        let pending = rows.pending(columns).map_err(|cause| internal(&cause))?;
        let (committed, tables) = pending;
        let ended = EndedWindows { committed, to, window_ns: self.shared.window_ns };
        Ok((ended, tables.into_iter().map(|(_, table)| table).collect()))
    }

    /// What the files hold.
    pub fn committed(&self) -> Committed {
        self.shared.of(RowsOf::Flows).map(Gathered::committed).unwrap_or_default()
    }
}
