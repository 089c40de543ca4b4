//! What a run wants of its flows, and what became of them.

use super::notes::NoteOptions;
use super::watch::WatchOptions;
use super::{EndReason, Life, Tracking};
use crate::features::{ActivitySettings, Needs};
use serde::{Deserialize, Serialize};

/// What a run wants of its flows.
#[derive(Clone, Debug, Serialize)]
pub struct TableOptions {
    pub life: Life,
    pub needs: Needs,
    pub activity: ActivitySettings,
    /// How many of a flow's first packets are kept one by one.
    pub early_packets: u8,
    /// Flows are cut into rows of windows of this length.
    pub window_ns: Option<i64>,
    /// Windows have rows beside those of flows.
    pub window_rows: Option<Tracking>,
    /// Open flows in all shards together.
    pub open_flows_max: usize,
    /// What is kept for classifiers and names, where someone wants it.
    pub watch: Option<WatchOptions>,
    /// Flows count while they are open.
    pub counts_open: bool,
    /// What is noted for whoever groups flows; what control connections say needs a watch.
    pub notes: Option<NoteOptions>,
}

/// What happened in the table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableCounts {
    pub flows: u64,
    /// By [`EndReason`].
    pub closed: [u64; EndReason::ALL.len()],
    /// Flows with fewer packets than the profile shows.
    pub not_shown: u64,
    /// Flows set aside whose source was forgotten.
    pub forgotten: u64,
    /// Flows of which no payload was kept: too much was kept of others.
    pub without_payload: u64,
    /// Packets whose time lay before their flow's packet before.
    pub time_went_back: u64,
    /// Most flows open at once, at the ends of chunks; merged, the sum of what each worker had at
    /// its own time.
    pub open_flows_peak: usize,
}

impl TableCounts {
    pub fn merge(&mut self, other: &Self) {
        self.flows += other.flows;
        self.not_shown += other.not_shown;
        self.forgotten += other.forgotten;
        self.without_payload += other.without_payload;
        self.time_went_back += other.time_went_back;
        self.open_flows_peak += other.open_flows_peak;
        for (mine, theirs) in self.closed.iter_mut().zip(other.closed) {
            *mine += theirs;
        }
    }
}
