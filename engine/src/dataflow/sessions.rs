//! The session operator's work: groups the flows of all workers, on the first of them.

use super::batch::{Parcel, Parcels};
use super::checkpoint::Part;
use super::run::{Rows, Shared};
use crate::flows::{Flow, Noted};
use crate::sessions::Sessions;
use crate::statistics::{Count, StatisticKey};
use std::sync::Arc;
use std::time::Instant;

/// Groups flows where they are all known: worker 0's alone does anything.
pub struct SessionStage {
    sessions: Sessions,
    rows: Rows,
    shared: Arc<Shared>,
    /// Sessions more, or fewer, by label, of an epoch that is over.
    changes: Vec<(Option<u16>, i64)>,
    pub busy_ns: u64,
}

impl SessionStage {
    pub fn new(sessions: Sessions, rows: Rows, shared: Arc<Shared>) -> Self {
        Self { sessions, rows, shared, changes: Vec::new(), busy_ns: 0 }
    }

    /// The counts of an epoch that is over.
    pub fn finished_epoch(&mut self) -> Vec<(StatisticKey, Count)> {
        let changes = std::mem::take(&mut self.changes).into_iter();
        let count = |flows| Count { flows, ..Count::default() };
        changes.map(|(label, more)| (StatisticKey::Session(label), count(more))).collect()
    }

    /// Takes what the tables of all workers noted in a step, and the flows that left them; gives the
    /// flows with their sessions, and rows of sessions that are over.
    pub fn step(&mut self, noted: Vec<Parcel<Noted>>, closed: Vec<Parcel<Flow>>) -> Parcels<Flow> {
        let began = Instant::now();
        let Some(head) = noted.first().map(|parcel| Arc::clone(&parcel.head)) else {
            return Parcels(closed);
        };
        let noted = noted.into_iter().flat_map(|parcel| parcel.records).collect();
        self.sessions.take(noted, head.clock_after, head.is_end);
        let mut given = Vec::with_capacity(closed.len() + 1);
        for mut parcel in closed {
            for flow in &mut parcel.records {
                // A flow that goes on may come to its session later in the step, or not.
                if parcel.answer.is_some() || flow.has_ended() {
                    flow.grouped = self.sessions.of(flow.id);
                }
                if parcel.answer.is_none() && !flow.is_window_beside() {
                    self.sessions.count(flow);
                }
            }
            if parcel.answer.is_some() || self.rows.has_flows() && self.shared.wants_rows {
                given.push(parcel);
            } else {
                self.shared.flows.give(parcel.records);
            }
        }
        let (mut rows, wanted) = (self.shared.flows.take(), self.rows);
        let wants_rows = self.shared.wants_rows;
        self.sessions.finish_step(head.is_end, &mut |row| {
            if wanted.has(&row) && wants_rows {
                rows.push(row);
            }
        });
        // Before anything is saved: the statistics that are saved beside it have them.
        if head.ends_epoch && self.shared.wants_statistics {
            self.changes.extend(self.sessions.take_changes());
        }
        // The sink hears of every step.
        given.push(Parcel::new(0, &head, rows));
        if let Some(step) = head.saves {
            let mut saved = Vec::new();
            self.sessions.save(&mut saved);
            self.shared.gathering.put(step, Part::Sessions, saved);
        }
        self.busy_ns += began.elapsed().as_nanos() as u64;
        Parcels(given)
    }
}
