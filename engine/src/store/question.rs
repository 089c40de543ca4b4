//! Flows that somebody asks for, one after the other.

use super::StoreError;
use super::facts::{Facts, Standard};
use super::filter::Filter;
use super::reader::{FlowBlock, JobReader};
use super::segment::damaged;
use crate::output::Table;
use std::collections::VecDeque;
use std::sync::Arc;

/// Rows that are told at a time.
const AT_A_TIME: usize = 512;

/// The flows of a job that are asked for, in the order of its rows. A block that is damaged is an
/// error; those behind it follow.
pub struct Answers {
    reader: Arc<JobReader>,
    filter: Filter,
    after_row: u64,
    /// The next block.
    block: usize,
    found: Option<Found>,
    ready: VecDeque<Facts>,
    /// Whether whoever asked still waits.
    is_awaited: Option<Box<dyn Fn() -> bool + Send>>,
}

/// Rows of a block that are asked for, but not told yet.
struct Found {
    table: Table,
    /// Rows of the job before the block.
    first_row: u64,
    /// In the block.
    rows: VecDeque<usize>,
}

impl JobReader {
    /// The flows that are asked for; only rows with a greater number than `after_row`, so that a page
    /// goes on where the one before it ended.
    pub fn facts(self: &Arc<Self>, filter: Filter, after_row: u64) -> Answers {
        let reader = Arc::clone(self);
        let block = reader.blocks().partition_point(|block| block.last_row() <= after_row);
        let (found, ready) = (None, VecDeque::new());
        Answers { reader, filter, after_row, block, found, ready, is_awaited: None }
    }
}

impl Iterator for Answers {
    type Item = Result<Facts, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(facts) = self.ready.pop_front() {
                return Some(Ok(facts));
            }
            let told = match self.found.take() {
                Some(found) => self.tell(found),
                None => {
                    let block = *self.reader.blocks().get(self.block)?;
                    if self.is_awaited.as_ref().is_some_and(|is_awaited| !is_awaited()) {
                        self.block = self.reader.blocks().len();
                        let looked_to = block.first_row.max(self.after_row);
                        return Some(Err(StoreError::GivenUp { looked_to }));
                    }
                    self.block += 1;
                    self.look_into(&block).map(|found| self.found = found)
                }
            };
            if let Err(error) = told {
                return Some(Err(error));
            }
        }
    }
}

impl Answers {
    /// Asks before each block whether somebody still waits; if not, an error is the last that is told.
    #[must_use]
    pub fn as_long_as(self, is_awaited: impl Fn() -> bool + Send + 'static) -> Self {
        Self { is_awaited: Some(Box::new(is_awaited)), ..self }
    }

    /// Tells some of the rows; the others stay.
    fn tell(&mut self, mut found: Found) -> Result<(), StoreError> {
        let undecodable = |cause: std::io::Error| StoreError::Internal(cause.to_string());
        let view = found.table.view().map_err(undecodable)?;
        let standard = Standard::of(|name| found.table.column(name));
        for row in found.rows.drain(..found.rows.len().min(AT_A_TIME)) {
            let number = found.first_row + row as u64 + 1;
            self.ready.push_back(standard.facts(&view, row, number)?);
        }
        drop(view);
        if !found.rows.is_empty() {
            self.found = Some(found);
        }
        Ok(())
    }

    /// The rows of a block that are asked for: first from the columns that tell which, then what is
    /// told of them.
    fn look_into(&self, block: &FlowBlock) -> Result<Option<Found>, StoreError> {
        if self.filter.asks_entries() && !self.filter.may_be_in(&self.reader.entry(block)?) {
            return Ok(None);
        }
        let undecodable = |cause: std::io::Error| damaged(&block.block, cause.to_string());
        let encoded = self.reader.table(block)?;
        let standard = Standard::of(|name| encoded.column(name));
        let table = encoded.read(&self.filter.places(&standard)?).map_err(undecodable)?;
        let view = table.view().map_err(undecodable)?;
        let narrow = Standard::of(|name| table.column(name));
        let count = block.rows() as usize;
        let mut rows = VecDeque::from(self.filter.rows(&view, &narrow, count));
        rows.retain(|&row| block.first_row + row as u64 >= self.after_row);
        if rows.is_empty() {
            return Ok(None);
        }
        let table = encoded.read(&standard.places()).map_err(undecodable)?;
        Ok(Some(Found { table, first_row: block.first_row, rows }))
    }
}
