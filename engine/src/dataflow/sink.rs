//! The sink's work: puts closed flows in their final order and hands them to the writer.
//!
//! Rows are ordered by (stream clock at closing, flow id). A step closes flows at clocks up to its
//! own end; those at exactly that clock wait, since a later step may still close one with the same
//! clock and a smaller id. So the order does not depend on where chunks were cut.

use super::Step;
use super::batch::ClosedFlows;
use super::checkpoint::{Part, saved_flows};
use super::run::Shared;
use crate::flows::{Flow, Question};
use crate::limits::ANSWER_FLOWS_MAX;
use crate::time::Timestamp;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Instant;

/// Flows in their final order, without moving them: `order` names (batch, row).
pub struct OrderedFlows {
    pub batches: Vec<Vec<Flow>>,
    pub order: Vec<(u32, u32)>,
    /// To be given when these flows are written.
    pub answers: Vec<Answer>,
    /// All rows that end before have been written then; told where windows stand beside flows.
    pub clock: Option<Timestamp>,
    /// What has been written then is part of the state that is saved.
    pub saves: Option<Step>,
}

/// The flows that a question is about and that are no rows yet.
pub struct Answer {
    pub question: Question,
    /// In the order in which they began.
    pub open: Vec<Flow>,
    /// Flows beyond those that an answer may have.
    pub left_out: u64,
}

impl OrderedFlows {
    fn is_empty(&self) -> bool {
        self.order.is_empty()
            && self.answers.is_empty()
            && self.clock.is_none()
            && self.saves.is_none()
    }
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
    pub fn new(
        held: Vec<Flow>,
        to_writer: Option<SyncSender<OrderedFlows>>,
        shared: Arc<Shared>,
    ) -> Self {
        Self { held, keyed: Vec::new(), to_writer, shared, busy_ns: 0 }
    }

    /// Takes the closed flows of one step, of all workers.
    pub fn step(&mut self, parcels: Vec<ClosedFlows>) {
        let began = Instant::now();
        let Some(head) = parcels.first().map(|parcel| Arc::clone(&parcel.head)) else { return };
        let unanswered = |&question: &Question| Answer { question, open: Vec::new(), left_out: 0 };
        let mut answers: Vec<_> = head.questions.iter().map(unanswered).collect();
        let mut batches = Vec::with_capacity(parcels.len() + 1);
        for ClosedFlows { records, answer, .. } in parcels {
            let Some(answer) = answer else {
                batches.push(records);
                continue;
            };
            let all = &mut answers[answer.question];
            all.open.extend(records);
            all.left_out += answer.left_out;
        }
        // What is held goes back to the pool with the others, so it comes from there.
        batches.push(std::mem::replace(&mut self.held, self.shared.flows.take()));
        if !head.is_end {
            let clock = head.clock_after;
            for batch in &mut batches {
                self.held.extend(batch.extract_if(.., |flow| flow.closed_at >= clock));
            }
        }
        answers.iter_mut().for_each(|answer| answer.finish(&self.held));
        if let Some(step) = head.saves {
            self.shared.gathering.put(step, Part::Held, saved_flows(&self.held));
        }
        let order = order_of(&batches, &mut self.keyed);
        self.busy_ns += began.elapsed().as_nanos() as u64;
        // Waiting for the writer is what holds the run back when the disk is slow. An error means
        // that the writer has failed, and it has said so.
        let clock = self.shared.tells_clock.then_some(head.clock_after);
        let ordered = OrderedFlows { batches, order, answers, clock, saves: head.saves };
        let Some(to_writer) = self.to_writer.as_ref().filter(|_| !ordered.is_empty()) else {
            return ordered.batches.into_iter().for_each(|batch| self.shared.flows.give(batch));
        };
        if to_writer.send(ordered).is_err() {
            self.shared.stop();
        }
    }
}

impl Answer {
    /// Adds the flows that are held back, which are no rows yet, and keeps those that began first.
    fn finish(&mut self, held: &[Flow]) {
        let label = |flow: &Flow| Some(flow.labelled.as_ref()?.label.as_ref()?.label);
        let is_one =
            |flow: &&Flow| !flow.is_beside() && self.question.about.is(&flow.key, || label(flow));
        self.open.extend(held.iter().filter(is_one).cloned());
        self.left_out += self.open.len().saturating_sub(ANSWER_FLOWS_MAX) as u64;
        // Flows are large, and with the keys apart each is moved once. Windows of a flow may be held
        // beside the one that is open.
        self.open.sort_by_cached_key(|flow| (flow.id, flow.window.map(|window| window.part)));
        self.open.truncate(ANSWER_FLOWS_MAX);
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
