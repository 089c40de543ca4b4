//! The statistics of a job, as they were when it ended.

use super::StoreError;
use super::block::{frame, kind};
use super::reader::JobReader;
use super::segment::{Block, damaged};
use crate::limits::STATISTIC_ROWS_PER_BLOCK;
use crate::output::{TableBuilder, TableEncoder};
use crate::profiles::{Kind, Value};
use crate::statistics::{Entry, Item};
use serde::{Deserialize, Serialize};

/// A row of a job's statistics.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatisticRow {
    /// What is counted, such as `clients`.
    pub title: String,
    pub label: String,
    pub flows: u64,
    pub packets: u64,
    /// IP bytes.
    pub bytes: u64,
}

const COLUMNS: [(&str, Kind); 5] = [
    ("title", Kind::Text),
    ("label", Kind::Text),
    ("flows", Kind::Unsigned),
    ("packets", Kind::Unsigned),
    ("bytes", Kind::Unsigned),
];

/// Whole blocks of the rows of a title, in their order.
pub(super) fn blocks(
    item: &Item,
    encoder: &mut TableEncoder,
) -> impl Iterator<Item = Result<Vec<u8>, StoreError>> {
    item.entries.chunks(STATISTIC_ROWS_PER_BLOCK).map(|entries| {
        let mut table = TableBuilder::new(COLUMNS, entries.len());
        for Entry { label, count } in entries {
            let texts = [item.title, label].map(Value::Text);
            let numbers = [count.flows, count.packets, count.bytes];
            // A count of a whole run is not below 0.
            let numbers = numbers.map(|number| Value::Unsigned(number.try_into().unwrap_or(0)));
            table.append(&[texts[0], texts[1], numbers[0], numbers[1], numbers[2]]);
        }
        let encoded = table.finish().and_then(|table| encoder.encode(&table));
        let payload = encoded.map_err(|cause| StoreError::Internal(cause.to_string()))?;
        let mut block = Vec::with_capacity(payload.len() + 64);
        frame(kind::STATISTICS, entries.len() as u32, &payload, &mut block);
        Ok(block)
    })
}

impl JobReader {
    /// The statistics of the job, in the order in which they were given; none before its end.
    ///
    /// # Errors
    /// When a block is damaged.
    pub fn statistics(&self) -> Result<Vec<StatisticRow>, StoreError> {
        let mut rows = Vec::new();
        for block in self.statistics_blocks() {
            self.read_statistics(block, None, usize::MAX, &mut rows)?;
        }
        Ok(rows)
    }

    /// The first rows of a title, which are the largest.
    ///
    /// # Errors
    /// When a block is damaged.
    pub fn top(&self, title: &str, limit: usize) -> Result<Vec<StatisticRow>, StoreError> {
        let mut rows = Vec::new();
        for block in self.statistics_blocks() {
            if rows.len() == limit {
                break;
            }
            self.read_statistics(block, Some(title), limit, &mut rows)?;
        }
        Ok(rows)
    }

    /// Adds rows of a block: those of that title, up to so many in all.
    fn read_statistics(
        &self,
        block: &Block,
        title: Option<&str>,
        limit: usize,
        rows: &mut Vec<StatisticRow>,
    ) -> Result<(), StoreError> {
        let undecodable = |cause: std::io::Error| damaged(block, cause.to_string());
        let count = block.header.rows as usize;
        if count > STATISTIC_ROWS_PER_BLOCK {
            return Err(damaged(block, "it has more rows than a block may have"));
        }
        let encoded = self.encoded(block)?;
        let places: Option<Vec<usize>> =
            COLUMNS.iter().map(|(name, _)| encoded.column(name)).collect();
        let places = places.ok_or_else(|| damaged(block, "a column is missing"))?;
        let table = encoded.read(&places).map_err(undecodable)?;
        let view = table.view().map_err(undecodable)?;
        // Columns that a newer program adds may stand between.
        let column = |name| table.column(name).unwrap_or(0);
        let at = COLUMNS.map(|(name, _)| column(name));
        let text = |place, row| match view.value(at[place], row) {
            Value::Text(text) => text.to_owned(),
            _ => String::new(),
        };
        let number = |place, row| match view.value(at[place], row) {
            Value::Unsigned(number) => number,
            _ => 0,
        };
        let is_other = |row| title.is_some_and(|title| text(0, row) != title);
        if count > 0 && is_other(0) {
            return Ok(());
        }
        rows.extend((0..count.min(limit - rows.len())).map(|row| StatisticRow {
            title: text(0, row),
            label: text(1, row),
            flows: number(2, row),
            packets: number(3, row),
            bytes: number(4, row),
        }));
        Ok(())
    }
}
