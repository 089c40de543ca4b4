//! Rows of sessions, one by one, as objects of JSON.

use super::StoreError;
use super::facts::Standard;
use super::filter::Filter;
use super::reader::JobReader;
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

/// Adds the sessions of a table that are asked for, until there are enough; `first_row` are the job's rows
/// before it.
pub(super) fn add(
    table: &Table,
    first_row: u64,
    filter: &SessionFilter,
    to: &mut Vec<SessionRow>,
) -> io::Result<()> {
    let names = table.names();
    let own: Vec<usize> =
        (0..names.len()).filter(|&place| !names[place].starts_with(STANDARD_PREFIX)).collect();
    let view = table.view()?;
    let standard = Standard::of(|name| table.column(name));
    let number = |row: usize| first_row + row as u64 + 1;
    let rows = filter.rows.rows(&view, &standard, table.rows()).into_iter();
    let rows = rows.filter(|&row| number(row) > filter.after);
    let own_table = table.of(&own)?;
    let own_view = own_table.view()?;
    let rows: Vec<usize> = rows.take(filter.limit.saturating_sub(to.len())).collect();
    let (mut text, mut cells) = (Vec::new(), Vec::new());
    let mut lines = JsonLines::new(own.iter().map(|&place| names[place].as_str()), &mut text);
    for &row in &rows {
        cells.clear();
        own_view.cells(row, &mut cells);
        lines.write_cells(&cells)?;
    }
    lines.finish()?;
    drop(lines);
    // A line has no end of line inside (RFC 8259, section 7).
    let text = String::from_utf8_lossy(&text);
    to.extend(rows.iter().zip(text.lines()).map(|(&row, line)| (number(row), line.to_owned())));
    Ok(())
}

/// The sessions that a job has stored and that are asked for; `reader` is one over sessions. Between two
/// blocks `is_awaited` tells whether somebody still waits.
///
/// # Errors
/// When a block is damaged, or nobody waits any more.
pub fn session_rows(
    reader: &JobReader,
    filter: &SessionFilter,
    is_awaited: impl Fn() -> bool,
) -> Result<Vec<SessionRow>, StoreError> {
    let mut rows = Vec::new();
    for block in reader.blocks().iter().filter(|block| block.last_row() > filter.after) {
        if rows.len() >= filter.limit {
            break;
        }
        if !is_awaited() {
            return Err(StoreError::GivenUp { looked_to: block.first_row });
        }
        if filter.rows.asks_entries() && !filter.rows.may_be_in(&reader.entry(block)?) {
            continue;
        }
        let undecodable = |cause: io::Error| damaged(&block.block, cause.to_string());
        let encoded = reader.table(block)?;
        let all: Vec<usize> = (0..encoded.names().count()).collect();
        let table = encoded.read(&all).map_err(undecodable)?;
        add(&table, block.first_row, filter, &mut rows).map_err(undecodable)?;
    }
    Ok(rows)
}
