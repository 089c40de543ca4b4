//! The fragment operator's work: gives later fragments their ports, in stream order.

use super::batch::{Parcel, Parcels};
use crate::decode::{Fragment, FragmentTable, Segment};

/// A worker's part of the fragment memory.
pub struct FragmentStage {
    pub table: FragmentTable,
    peers: usize,
}

impl FragmentStage {
    pub fn new(table: FragmentTable, peers: usize) -> Self {
        Self { table, peers }
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
        let filled = by_worker.into_iter().enumerate().filter(|(_, records)| !records.is_empty());
        let parcel = |(to, records)| Parcel::new(to, &head, records);
        Parcels(filled.map(parcel).collect())
    }
}
