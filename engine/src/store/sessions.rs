//! Rows of sessions, one by one, as objects of JSON.

use super::StoreError;
use super::facts::Standard;
use super::filter::Filter;
use super::reader::{FlowBlock, JobReader};
use super::segment::damaged;
use crate::output::{CellWriter, JsonLines, Table};
use crate::profiles::STANDARD_PREFIX;
use serde::{Deserialize, Serialize};
use std::io;

/// The session with its number among the job's, from 1, as `tractor sessions --format jsonl` writes it.
pub type SessionRow = (u64, String);

/// Which sessions are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionFilter {
    pub rows: Filter,
    /// Those behind that number.
    pub after: u64,
    pub limit: usize,
}

/// Some of the sessions that are asked for.
#[derive(Debug, Default)]
pub struct FoundSessions {
    pub rows: Vec<SessionRow>,
    /// Where nobody waited any more: behind the row with that number nothing was looked at.
    pub looked_to: Option<u64>,
}

/// Adds the sessions of a table that are asked for, until there are enough; `first_row` are the job's rows
/// before it.
pub(super) fn add(
    table: &Table,
    first_row: u64,
    filter: &SessionFilter,
    to: &mut Vec<SessionRow>,
) -> io::Result<()> {
    let rows = filter.rows_of(table, table.rows(), first_row, to.len())?;
    let own = own_places(table.names());
    let rows = rows.into_iter().map(|row| (row, first_row + row as u64 + 1));
    tell(&table.of(&own)?, rows, to)
}

impl SessionFilter {
    /// The rows of a table that are asked for, as many as there is room for behind those that were `found`; it
    /// may have only the columns that tell which.
    fn rows_of(
        &self,
        table: &Table,
        count: usize,
        first_row: u64,
        found: usize,
    ) -> io::Result<Vec<usize>> {
        let standard = Standard::of(|name| table.column(name));
        let rows = self.rows.rows(&table.view()?, &standard, count).into_iter();
        let rows = rows.filter(|&row| first_row + row as u64 >= self.after);
        Ok(rows.take(self.limit.saturating_sub(found)).collect())
    }
}

/// The columns that are told: those that are there for questions alone are not.
fn own_places(names: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<usize> {
    let names = names.into_iter().enumerate();
    let own = names.filter(|(_, name)| !name.as_ref().starts_with(STANDARD_PREFIX));
    own.map(|(place, _)| place).collect()
}

/// Adds rows of a table as objects: each by its place in it, with its number in the job.
fn tell(
    table: &Table,
    rows: impl Iterator<Item = (usize, u64)> + Clone,
    to: &mut Vec<SessionRow>,
) -> io::Result<()> {
    let (names, view) = (table.names(), table.view()?);
    let (mut text, mut cells) = (Vec::new(), Vec::new());
    let mut lines = JsonLines::new(names.iter().map(String::as_str), &mut text);
    for (row, _) in rows.clone() {
        cells.clear();
        view.cells(row, &mut cells);
        lines.write_cells(&cells)?;
    }
    lines.finish()?;
    drop(lines);
    // A line has no end of line inside (RFC 8259, section 7).
    let text = String::from_utf8_lossy(&text);
    to.extend(rows.zip(text.lines()).map(|((_, number), line)| (number, line.to_owned())));
    Ok(())
}

/// The sessions that a job has stored and that are asked for; `reader` is one over sessions. Between two
/// blocks `is_awaited` tells whether somebody still waits.
///
/// # Errors
/// When a block is damaged, or nobody waited even for the first.
pub fn session_rows(
    reader: &JobReader,
    filter: &SessionFilter,
    is_awaited: impl Fn() -> bool,
) -> Result<FoundSessions, StoreError> {
    let mut rows = Vec::new();
    let mut blocks = reader.blocks().iter().filter(|block| block.last_row() > filter.after);
    let first = blocks.clone().next().map(|block| block.first_row);
    while let Some(block) = blocks.next().filter(|_| rows.len() < filter.limit) {
        if !is_awaited() {
            let looked_to = block.first_row;
            return match Some(looked_to) == first {
                true => Err(StoreError::GivenUp { looked_to }),
                false => Ok(FoundSessions { rows, looked_to: Some(looked_to) }),
            };
        }
        look_into(reader, block, filter, &mut rows)?;
    }
    Ok(FoundSessions { rows, looked_to: None })
}

/// Adds the sessions of a block that are asked for: first from the columns that tell which, then what is
/// told of them.
fn look_into(
    reader: &JobReader,
    block: &FlowBlock,
    filter: &SessionFilter,
    to: &mut Vec<SessionRow>,
) -> Result<(), StoreError> {
    if filter.rows.asks_entries() && !filter.rows.may_be_in(&reader.entry(block)?) {
        return Ok(());
    }
    let undecodable = |cause: io::Error| damaged(&block.block, cause.to_string());
    let encoded = reader.table(block)?;
    let asked = filter.rows.places(&Standard::of(|name| encoded.column(name)))?;
    let narrow = encoded.read(&asked).map_err(undecodable)?;
    let rows = filter.rows_of(&narrow, block.rows() as usize, block.first_row, to.len());
    let rows = rows.map_err(undecodable)?;
    if rows.is_empty() {
        return Ok(());
    }
    let table = encoded.read_rows(&own_places(encoded.names()), &rows).map_err(undecodable)?;
    let numbers = rows.into_iter().map(|row| block.first_row + row as u64 + 1);
    tell(&table, numbers.enumerate(), to).map_err(undecodable)
}
