//! Every bound of the server, with its unit in its name and what happens there.

/// Entries of a statistic, unless `limit` says otherwise; the rest is summed in a last one.
pub const STATISTIC_ENTRIES: usize = 100;
