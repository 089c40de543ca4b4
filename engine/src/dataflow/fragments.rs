//! The fragment operator's work: gives later fragments their ports, in stream order.

use super::batch::{Parcel, Parcels};
use super::checkpoint::Part;
use super::run::Shared;
use crate::decode::{Fragment, FragmentTable, Segment};
use std::sync::Arc;

/// A worker's part of the fragment memory.
pub struct FragmentStage {
    pub table: FragmentTable,
    peers: usize,
    worker: usize,
    shared: Arc<Shared>,
}

impl FragmentStage {
    pub fn new(table: FragmentTable, worker: usize, peers: usize, shared: Arc<Shared>) -> Self {
        Self { table, peers, worker, shared }
    }

    /// The segments of one step's fragments, by the worker of their flow.
    pub fn step(&mut self, parcels: Vec<Parcel<Fragment>>) -> Parcels<Segment> {
        let Some(head) = parcels.first().map(|parcel| parcel.head.clone()) else {
            return Parcels::default();
        };
        let mut records: Vec<_> = parcels.into_iter().flat_map(|parcel| parcel.records).collect();
        records.sort_unstable_by_key(|fragment| fragment.segment.index);
        let mut by_worker = vec![Vec::new(); self.peers];
        for fragment in &records {
            let clock = head.clock(&fragment.segment);
            if let Some(segment) = self.table.resolve(fragment, clock) {
                by_worker[segment.shard() % self.peers].push(segment);
            }
        }
        if let Some(step) = head.saves {
            let mut saved = Vec::new();
            self.table.save(&mut saved);
            self.shared.gathering.put(step, Part::Fragments(self.worker), saved);
        }
        let filled = by_worker.into_iter().enumerate().filter(|(_, records)| !records.is_empty());
        let parcel = |(to, records)| Parcel::new(to, &head, records);
        Parcels(filled.map(parcel).collect())
    }
}
