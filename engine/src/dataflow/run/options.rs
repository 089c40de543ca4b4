//! What a run does.

use super::processors;
use crate::classify::Plugins;
use crate::features::{ActivitySettings, Needs};
use crate::flows::{Flow, NoteOptions, TableOptions, Tracking};
use crate::limits::{CHUNK_BYTES, OPEN_FLOWS_MAX};
use crate::profiles::Profile;
use crate::sessions::SessionOptions;
use crate::statistics::{CountryOf, Tables};
use serde::Serialize;
use std::sync::{Arc, Mutex};

/// Of what a run has rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Rows {
    /// Flows, or windows of them.
    Flows,
    /// Sessions alone.
    Sessions,
    /// Windows of sessions alone.
    SessionWindows,
    /// Flows and, beside them, sessions and their windows.
    All,
}

impl Rows {
    /// Whether there are rows of flows.
    pub fn has_flows(self) -> bool {
        matches!(self, Self::Flows | Self::All)
    }

    /// Whether there are such rows of sessions.
    pub fn has(self, row: &Flow) -> bool {
        match self {
            Self::Flows => false,
            Self::Sessions => row.window.is_none(),
            Self::SessionWindows => row.window.is_some(),
            Self::All => true,
        }
    }
}

/// What a run does; the inputs come beside it.
#[derive(Clone)]
pub struct RunOptions {
    pub profile: &'static Profile,
    pub table: TableOptions,
    /// 1 to [`WORKERS_MAX`].
    pub workers: usize,
    /// Bytes of a chunk; results do not depend on it.
    pub chunk_bytes: usize,
    /// Whether files that overlap are interleaved by packet time.
    pub merge: bool,
    /// The class of each file's flows, in the order of the joined files.
    pub classes: Vec<Option<String>>,
    /// Whether to count by protocol, address and port.
    pub statistics: bool,
    /// Where to show the counts while the run goes on, empty at first: flows then count from their
    /// first packet. They stay there, and the summary has none.
    pub live: Option<Arc<Mutex<Tables>>>,
    /// Who tells the countries of servers, where flows are counted by country, too.
    pub country: Option<CountryOf>,
    /// Whether flows are those of the outermost IP packets, not of what tunnels carry.
    pub outer: bool,
    /// Whether to look at the checksums of TCP and UDP; flows tell of wrong ones then.
    pub checksums: bool,
    /// Who labels the flows. Profiles that copy a program's reading have no labels.
    pub plugins: Arc<Plugins>,
    /// Whether rows tell the names of servers and clients.
    pub names: bool,
    /// How flows are grouped into sessions; `None`: they are not.
    pub sessions: Option<SessionOptions>,
    /// Of what there are rows.
    pub rows: Rows,
    /// For the test that a worker's panic ends the run: panic at this step.
    #[doc(hidden)]
    pub panic_at_step: Option<u64>,
}

impl RunOptions {
    /// The profile's own rules, a worker a processor, and no statistics.
    pub fn new(profile: &'static Profile) -> Self {
        let table = TableOptions {
            life: profile.life,
            needs: profile.needs,
            activity: ActivitySettings {
                rule: profile.activity_rule,
                gap_ns: profile.activity_gap_ns,
            },
            early_packets: 0,
            window_ns: None,
            window_rows: None,
            open_flows_max: OPEN_FLOWS_MAX,
            watch: None,
            counts_open: false,
            notes: None,
        };
        let workers = processors();
        Self {
            profile,
            table,
            workers,
            chunk_bytes: CHUNK_BYTES,
            merge: false,
            classes: Vec::new(),
            statistics: false,
            live: None,
            country: None,
            outer: false,
            checksums: false,
            plugins: Arc::new(Plugins::none()),
            names: false,
            sessions: None,
            rows: Rows::Flows,
            panic_at_step: None,
        }
    }
}

impl RunOptions {
    /// Writes rows of windows beside those of flows, where the profile has windows.
    pub fn add_window_rows(&mut self, window_ns: i64) {
        let TableOptions { needs, activity, .. } = self.table;
        let tracking = Tracking { needs, activity, window_ns: Some(window_ns) };
        let has_windows = self.profile.columns.has_windows();
        self.table.window_rows = has_windows.then_some(tracking);
    }

    /// Groups flows into sessions, where the profile has some, and has these rows; with `timing` all packets of one are measured
    /// as those of a flow, and in windows of that length.
    pub fn group_flows(&mut self, rows: Rows, timing: bool, window_ns: Option<i64>) {
        self.rows = rows;
        if !self.profile.has_sessions() {
            return;
        }
        let TableOptions { life, activity, .. } = self.table;
        let has_rows = rows != Rows::Flows;
        let sessions = SessionOptions { life, rows: has_rows, timing, window_ns, activity };
        self.sessions = Some(sessions);
        if !rows.has_flows() {
            // Of flows themselves nothing is shown.
            self.table.needs = Needs::Times;
        }
        self.table.notes = Some(NoteOptions { packets: sessions.wants_packets() });
    }

    /// Whether flows are shown to classifiers.
    pub fn labels_flows(&self) -> bool {
        !self.plugins.classifiers().is_empty() && !self.profile.reading.is_copied()
    }
}
