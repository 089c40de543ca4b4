//! What a run tells when it is over.

use crate::capture::Problem;
use crate::classify::{Counts as PluginCounts, PluginFailure};
use crate::decode::Counts;
use crate::flows::TableCounts;
use crate::saved::SavedError;
use crate::statistics::Tables;
use crate::time::Timestamp;

/// A finished run.
#[derive(Default)]
pub struct Summary {
    /// Files that were read, whole or in part.
    pub files: usize,
    pub packets: u64,
    /// Of the files, as they are on disk.
    pub bytes_read: u64,
    pub rows: u64,
    /// Time of the first packet and the greatest time of all.
    pub first_time: Option<Timestamp>,
    pub last_time: Option<Timestamp>,
    pub decoded: Counts,
    pub flows: TableCounts,
    /// What each classifier did, of all workers.
    pub plugins: Vec<PluginCounts>,
    /// What went wrong with inputs, in stream order.
    pub problems: Vec<Problem>,
    /// Problems beyond the bound on those kept.
    pub problems_not_kept: u64,
    /// The run was asked to stop before the end; rows are missing.
    pub stopped: bool,
    /// Where they were asked for and not shown during the run.
    pub statistics: Option<Tables>,
    pub timings: Timings,
}

/// Busy time by stage, summed over workers, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timings {
    pub wall_ns: u64,
    pub read_and_decode_ns: u64,
    pub flows_ns: u64,
    /// Names and classifiers, part of no other.
    pub classify_ns: u64,
    pub sessions_ns: u64,
    pub order_ns: u64,
    pub write_ns: u64,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The destination did not take the rows.
    #[error("cannot write the output: {0}")]
    Write(#[from] std::io::Error),
    /// What is read of a folder could not be noted.
    #[error("cannot write the journal: {0}")]
    Journal(std::io::Error),
    /// The state to go on from is of no use.
    #[error("cannot go on: {0}")]
    Saved(SavedError),
    /// A defect of the program; the message says where.
    #[error("internal error: {0}; please report this")]
    Internal(String),
    /// A plugin broke down; without it the run would go through.
    #[error("{0}")]
    Plugin(PluginFailure),
}
