//! The flow operator's work: puts a step's records in stream order and feeds the table.

use super::batch::{ClosedFlows, Parcel, Parcels};
use super::classify::ClassifyStage;
use super::pool::Pool;
use super::run::Shared;
use crate::decode::Segment;
use crate::flows::{ChunkHead, Flow, FlowTable};
use crate::limits::{EPOCH_CHANGES_MAX, FLOWS_PER_BATCH};
use crate::statistics::{Count, StatisticKey, Tally};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// A worker's flow table with what it counts.
pub struct FlowStage {
    pub table: Box<dyn FlowTable>,
    /// Who labels flows, where someone does.
    pub classify: Option<ClassifyStage>,
    pub busy_ns: u64,
    /// Counts of closed flows since the last epoch, when someone wants them.
    pub tally: Option<Tally>,
    steps: u64,
    is_last: bool,
    shared: Arc<Shared>,
    spare: Rc<Pool<Segment>>,
}

impl FlowStage {
    pub fn new(
        table: Box<dyn FlowTable>,
        classify: Option<ClassifyStage>,
        shared: Arc<Shared>,
        spare: Rc<Pool<Segment>>,
    ) -> Self {
        let tally = shared.wants_statistics.then(Tally::default);
        Self { table, classify, busy_ns: 0, tally, steps: 0, is_last: false, shared, spare }
    }

    /// Feeds all records of one step. `parcels` are those of the chunk and, if it had any, those of
    /// its fragments.
    pub fn step(&mut self, parcels: Vec<Parcel<Segment>>) -> Parcels<Flow> {
        let began = Instant::now();
        let Some((head, segments, resolved)) = sorted(parcels) else { return Parcels::default() };
        self.steps += 1;
        let classified_ns = self.classify.as_ref().map_or(0, |classify| classify.busy_ns);
        assert!(self.shared.panic_at_step != Some(self.steps), "told to panic at this step");
        self.is_last = head.is_end;
        let mut leaving = Leaving {
            shared: &self.shared,
            classify: self.classify.as_mut(),
            tally: self.tally.as_mut(),
            batches: Vec::new(),
            last: Vec::new(),
            closed: 0,
        };
        let mut close = |flow: Flow| leaving.take(flow);
        let mut rest = segments.as_slice();
        for late in &resolved {
            let (before, behind) =
                rest.split_at(rest.partition_point(|segment| segment.index < late.index));
            self.table.push(before, &head, &mut close);
            self.table.push(std::slice::from_ref(late), &head, &mut close);
            rest = behind;
        }
        self.table.push(rest, &head, &mut close);
        self.table.finish_chunk(&head, &mut close);
        if head.is_end {
            self.table.finish_stream(head.clock_after, &mut close);
        }
        leaving.finish_batch();
        let Leaving { mut batches, closed, .. } = leaving;
        if let Some(classify) = &mut self.classify {
            self.table.use_again(&mut classify.used);
        }
        self.shared.progress.flows.fetch_add(closed, Ordering::Relaxed);
        self.spare.give(segments);
        let classify_ns = self.classify.as_ref().map_or(0, |classify| classify.busy_ns);
        self.busy_ns += began.elapsed().as_nanos() as u64 - (classify_ns - classified_ns);
        // The sink hears of every step: what it held back may now be in order.
        if self.shared.wants_rows && batches.is_empty() {
            batches.push(Vec::new());
        }
        let parcel = |records| ClosedFlows { to: 0, head: Arc::clone(&head), records };
        Parcels(batches.into_iter().map(parcel).collect())
    }
}

impl FlowStage {
    /// The counts of an epoch that is over: one that changed much, or the last.
    pub fn finished_epoch(
        &mut self,
    ) -> Option<impl Iterator<Item = (StatisticKey, Count)> + use<>> {
        let is_last = self.is_last;
        let tally = self.tally.as_mut()?;
        let over = is_last || tally.len() >= EPOCH_CHANGES_MAX;
        (over && !tally.is_empty()).then(|| tally.take())
    }
}

/// What leaves the table in a step, in batches: flows that have ended, and those that are only
/// shown to classifiers.
struct Leaving<'a> {
    shared: &'a Shared,
    classify: Option<&'a mut ClassifyStage>,
    tally: Option<&'a mut Tally>,
    batches: Vec<Vec<Flow>>,
    /// Not full yet.
    last: Vec<Flow>,
    /// Flows that have ended.
    closed: u64,
}

impl Leaving<'_> {
    #[inline]
    fn take(&mut self, flow: Flow) {
        // A flow is counted with its last window.
        let is_part = flow.window.is_some_and(|window| !window.is_last);
        if !is_part && !flow.is_shown_early() {
            self.closed += 1;
            if let Some(tally) = &mut self.tally {
                tally.add(&flow);
            }
        }
        if !self.shared.wants_rows && self.classify.is_none() {
            return;
        }
        if self.last.capacity() == 0 {
            self.last = self.shared.flows.take();
            self.last.reserve_exact(FLOWS_PER_BATCH);
        }
        self.last.push(flow);
        if self.last.len() >= FLOWS_PER_BATCH {
            self.finish_batch();
        }
    }

    fn finish_batch(&mut self) {
        let mut batch = std::mem::take(&mut self.last);
        if let Some(classify) = self.classify.as_mut().filter(|_| !batch.is_empty())
            && let Err(failure) = classify.step(&mut batch, self.tally.as_deref_mut())
        {
            self.shared.failure.report_plugin(failure);
            // The run ends: what was not shown to every classifier is no row, and what was only
            // shown never is.
            batch.clear();
        }
        match self.shared.wants_rows && !batch.is_empty() {
            true => self.batches.push(batch),
            false => self.shared.flows.give(batch),
        }
    }
}

/// The step's records by their place in the chunk: those of the source, which are so already, and
/// those that were fragments, which come by another way, and are few.
fn sorted(parcels: Vec<Parcel<Segment>>) -> Option<(Arc<ChunkHead>, Vec<Segment>, Vec<Segment>)> {
    let mut parcels = parcels;
    parcels.sort_unstable_by_key(|parcel| std::cmp::Reverse(parcel.records.len()));
    let mut parcels = parcels.into_iter();
    let Parcel { head, records, .. } = parcels.next()?;
    let mut others: Vec<_> = parcels.flat_map(|parcel| parcel.records).collect();
    others.sort_unstable_by_key(|segment| segment.index);
    Some((head, records, others))
}
