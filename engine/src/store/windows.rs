//! Sums over the rows of windows.

use super::StoreError;
use super::entry::Committed;
use super::facts::Standard;
use super::filter::Filter;
use super::reader::JobReader;
use super::segment::damaged;
use crate::output::{Table, TableView};
use crate::profiles::{STANDARD_PREFIX, Value};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What lies in a window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowCount {
    /// Nanoseconds since the epoch.
    pub start_ns: i64,
    /// Rows: a flow has one, or more where its packets did not come in the order of their times.
    pub flows: u64,
    pub packets: u64,
    /// IP bytes.
    pub bytes: u64,
    /// Rows with a label.
    pub labels: BTreeMap<String, u64>,
}

impl WindowCount {
    /// Adds what another place knows of the same window.
    fn merge(&mut self, other: Self) {
        self.start_ns = other.start_ns;
        self.flows += other.flows;
        self.packets += other.packets;
        self.bytes += other.bytes;
        for (label, flows) in other.labels {
            *self.labels.entry(label).or_default() += flows;
        }
    }
}

/// Up to where the windows of a job that runs are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedWindows {
    /// Rows of windows that the files hold.
    pub committed: Committed,
    /// Windows that end up to then have all their rows, but for those that come late.
    pub to: Timestamp,
    pub window_ns: i64,
}

impl EndedWindows {
    /// What is asked for of them. A filter of windows holds their rows by their times.
    pub fn of(&self, filter: &Filter) -> Filter {
        let last = self.to.floor_to(self.window_ns).0.saturating_sub(1);
        let to = filter.to.map_or(last, |to| to.min(last));
        Filter { to: Some(to), ..filter.clone() }
    }
}

/// The columns that are read.
const COLUMNS: [&str; 6] = ["window_start", "packets", "ip_bytes", "label", "start", "end"];

/// The first windows of those that are added.
pub struct WindowCounts {
    windows: BTreeMap<i64, WindowCount>,
    windows_max: usize,
}

impl WindowCounts {
    pub fn of_first(windows_max: usize) -> Self {
        Self { windows: BTreeMap::new(), windows_max }
    }

    /// The places of the columns that are read, by what tells the place of one.
    pub(super) fn places(column: impl Fn(&str) -> Option<usize>) -> Vec<usize> {
        COLUMNS.iter().filter_map(|name| place(name, &column)).collect()
    }

    /// Adds the rows of a table that are asked for.
    pub(super) fn add(&mut self, table: &Table, filter: &Filter) -> Result<(), StoreError> {
        let internal = |cause: std::io::Error| StoreError::Internal(cause.to_string());
        let view = table.view().map_err(internal)?;
        let standard = Standard::of(|name| table.column(name));
        let place = |name| place(name, |name| table.column(name));
        let [Some(start), Some(packets), Some(bytes), Some(label), ..] = COLUMNS.map(place) else {
            return Err(StoreError::Internal("rows of windows lack a column".to_owned()));
        };
        for row in filter.rows(&view, &standard, table.rows()) {
            let Value::Time(window) = view.value(start, row) else { continue };
            let [packets, bytes] = [packets, bytes].map(|column| unsigned(&view, column, row));
            let count = self.windows.entry(window.0).or_default();
            count.start_ns = window.0;
            count.flows += 1;
            count.packets += packets;
            count.bytes += bytes;
            if let Value::Text(label) = view.value(label, row)
                && !label.is_empty()
            {
                match count.labels.get_mut(label) {
                    Some(flows) => *flows += 1,
                    None => drop(count.labels.insert(label.to_owned(), 1)),
                }
            }
            self.leave_out();
        }
        Ok(())
    }

    /// Adds what is known of a window.
    pub fn merge(&mut self, count: WindowCount) {
        self.windows.entry(count.start_ns).or_default().merge(count);
        self.leave_out();
    }

    fn leave_out(&mut self) {
        // One that is left out lies behind so many others, whatever comes.
        if self.windows.len() > self.windows_max {
            self.windows.pop_last();
        }
    }

    /// Adds what a job has stored; `reader` is one over windows. Between two blocks `is_awaited` tells
    /// whether somebody still waits.
    ///
    /// # Errors
    /// When a block is damaged, or nobody waits any more.
    pub fn read(
        &mut self,
        reader: &JobReader,
        filter: &Filter,
        is_awaited: impl Fn() -> bool,
    ) -> Result<(), StoreError> {
        for block in reader.blocks() {
            if !is_awaited() {
                return Err(StoreError::GivenUp { looked_to: block.first_row });
            }
            if filter.asks_entries() && !filter.may_be_in(&reader.entry(block)?) {
                continue;
            }
            let undecodable = |cause: std::io::Error| damaged(&block.block, cause.to_string());
            let encoded = reader.table(block)?;
            let places = Self::places(|name| encoded.column(name));
            let table = encoded.read(&places).map_err(undecodable)?;
            self.add(&table, filter)?;
        }
        Ok(())
    }

    /// In the order of time.
    pub fn into_counts(self) -> Vec<WindowCount> {
        self.windows.into_values().collect()
    }
}

fn unsigned(view: &TableView<'_>, column: usize, row: usize) -> u64 {
    match view.value(column, row) {
        Value::Unsigned(value) => value,
        _ => 0,
    }
}

/// The place of a standard column, or of one that all rows of windows have.
fn place(name: &str, column: impl Fn(&str) -> Option<usize>) -> Option<usize> {
    column(&format!("{STANDARD_PREFIX}{name}")).or_else(|| column(name))
}
