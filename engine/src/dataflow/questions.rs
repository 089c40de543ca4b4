//! Answers about flows that are open at the end of a chunk. They change nothing.

use super::batch::{AnswerTo, Parcel};
use super::classify::ClassifyStage;
use crate::flows::{ChunkHead, Flow, FlowTable};
use crate::limits::ANSWER_FLOWS_MAX;
use std::cell::RefCell;
use std::sync::Arc;

/// A worker's answers to what was asked with a chunk, which it has been through: one to each
/// question. Flows are as the table has them, labelled as far as they are.
pub fn answers(
    head: &Arc<ChunkHead>,
    table: &dyn FlowTable,
    classify: Option<&ClassifyStage>,
) -> Vec<Parcel<Flow>> {
    if head.questions.is_empty() {
        return Vec::new();
    }
    // First who they are: there may be more than an answer has room for.
    let ids = RefCell::new(vec![Vec::new(); head.questions.len()]);
    let note = |id: u64, key: &_| {
        let label = || classify?.label_so_far(id);
        for (question, ids) in head.questions.iter().zip(ids.borrow_mut().iter_mut()) {
            if question.about.is(key, label) {
                ids.push(id);
            }
        }
        false
    };
    table.show_open(head.clock_after, &note, &mut |_| {});
    let ids = ids.into_inner().into_iter().map(|mut ids| {
        ids.sort_unstable();
        let left_out = ids.len().saturating_sub(ANSWER_FLOWS_MAX) as u64;
        ids.truncate(ANSWER_FLOWS_MAX);
        (ids, left_out)
    });
    let ids: Vec<_> = ids.collect();
    let mut found: Vec<Vec<Flow>> =
        ids.iter().map(|(ids, _)| Vec::with_capacity(ids.len())).collect();
    let is_in = |ids: &[u64], id: u64| ids.binary_search(&id).is_ok();
    let is_wanted = |id: u64, _: &_| ids.iter().any(|(ids, _)| is_in(ids, id));
    table.show_open(head.clock_after, &is_wanted, &mut |mut flow| {
        flow.labelled = classify.and_then(|classify| classify.known_so_far(flow.id));
        for (found, (ids, _)) in found.iter_mut().zip(&ids) {
            if is_in(ids, flow.id) {
                found.push(flow.clone());
            }
        }
    });
    let answers = found.into_iter().zip(&ids).enumerate();
    let answer = |(question, (flows, (_, left_out))): (usize, (Vec<Flow>, &(_, u64)))| {
        let answer = Some(AnswerTo { question, left_out: *left_out });
        Parcel { answer, ..Parcel::new(0, head, flows) }
    };
    answers.map(answer).collect()
}
