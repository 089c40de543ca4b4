//! The sink's work: puts closed flows in their final order and hands them to the writer.
//!
//! Rows are ordered by (stream clock at closing, flow id). A step closes flows at clocks up to its
//! own end; those at exactly that clock wait, since a later step may still close one with the same
//! clock and a smaller id. So the order does not depend on where chunks were cut.

use super::batch::ClosedFlows;
use super::run::Shared;
use crate::flows::Flow;
use crate::time::Timestamp;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Instant;

/// Flows in their final order, without moving them: `order` names (batch, row).
pub struct OrderedFlows {
    pub batches: Vec<Vec<Flow>>,
    pub order: Vec<(u32, u32)>,
}

/// The sink of worker 0.
pub struct SinkStage {
    held: Vec<Flow>,
    /// Used again for every step.
    keyed: Vec<Keyed>,
    /// Worker 0's alone.
    to_writer: Option<SyncSender<OrderedFlows>>,
    shared: Arc<Shared>,
    pub busy_ns: u64,
}

impl SinkStage {
    pub fn new(to_writer: Option<SyncSender<OrderedFlows>>, shared: Arc<Shared>) -> Self {
        Self { held: Vec::new(), keyed: Vec::new(), to_writer, shared, busy_ns: 0 }
    }

    /// Takes the closed flows of one step, of all workers.
    pub fn step(&mut self, parcels: Vec<ClosedFlows>) {
        let began = Instant::now();
        let Some(head) = parcels.first().map(|parcel| Arc::clone(&parcel.head)) else { return };
        let mut batches: Vec<_> = parcels.into_iter().map(|parcel| parcel.records).collect();
        batches.push(std::mem::take(&mut self.held));
        if !head.is_end {
            let clock = head.clock_after;
            for batch in &mut batches {
                self.held.extend(batch.extract_if(.., |flow| flow.closed_at >= clock));
            }
        }
        let order = order_of(&batches, &mut self.keyed);
        self.busy_ns += began.elapsed().as_nanos() as u64;
        // Waiting for the writer is what holds the run back when the disk is slow. An error means
        // that the writer has failed, and it has said so.
        let Some(to_writer) = self.to_writer.as_ref().filter(|_| !order.is_empty()) else { return };
        if to_writer.send(OrderedFlows { batches, order }).is_err() {
            self.shared.stop();
        }
    }
}

/// The windows of a flow may close at one clock.
fn order_key(flow: &Flow) -> (Timestamp, u64, u32) {
    (flow.closed_at, flow.id, flow.window.map_or(0, |window| window.part))
}

/// What a flow is ordered by, and its place.
type Keyed = ((Timestamp, u64, u32), (u32, u32));

fn order_of(batches: &[Vec<Flow>], keyed: &mut Vec<Keyed>) -> Vec<(u32, u32)> {
    keyed.clear();
    for (batch, flows) in batches.iter().enumerate() {
        keyed.extend(
            flows
                .iter()
                .enumerate()
                .map(|(row, flow)| (order_key(flow), (batch as u32, row as u32))),
        );
    }
    keyed.sort_unstable_by_key(|(key, _)| *key);
    keyed.iter().map(|(_, place)| *place).collect()
}
