//! The flow operator's work: puts a step's records in stream order and feeds the table.

use super::Step;
use super::batch::{Parcel, Parcels};
use super::checkpoint::Part;
use super::classify::ClassifyStage;
use super::questions;
use super::run::Shared;
use crate::decode::Segment;
use crate::flows::{ChunkHead, Flow, FlowTable, Noted};
use crate::limits::{EPOCH_CHANGES_MAX, FLOWS_PER_BATCH};
use crate::statistics::{Count, Known, StatisticKey, Tally};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// A worker's flow table with what it counts.
pub struct FlowStage {
    pub table: Box<dyn FlowTable>,
    /// Who labels flows, where someone does.
    pub classify: Option<ClassifyStage>,
    pub busy_ns: u64,
    /// Counts since the last epoch, when someone wants them.
    pub tally: Option<Tally>,
    steps: u64,
    /// Flows that were open the last time.
    open_told: i64,
    worker: usize,
    /// The step before was an epoch's last.
    epoch_is_over: bool,
    /// The end of this epoch has been asked for.
    asked_for_end: bool,
    shared: Arc<Shared>,
}

impl FlowStage {
    pub fn new(
        table: Box<dyn FlowTable>,
        classify: Option<ClassifyStage>,
        worker: usize,
        shared: Arc<Shared>,
    ) -> Self {
        let tally = || Tally::new(shared.is_live, shared.country.clone());
        let tally = shared.wants_statistics.then(tally);
        Self {
            table,
            classify,
            busy_ns: 0,
            tally,
            steps: 0,
            open_told: 0,
            worker,
            epoch_is_over: false,
            asked_for_end: false,
            shared,
        }
    }

    /// Feeds all records of one step. `parcels` are those of the chunk and, if it had any, those of
    /// its fragments.
    pub fn step(&mut self, parcels: Vec<Parcel<Segment>>) -> (Parcels<Flow>, Parcels<Noted>) {
        let began = Instant::now();
        let Some((head, segments, resolved)) = sorted(parcels) else { return Default::default() };
        self.steps += 1;
        let classified_ns = self.classify.as_ref().map_or(0, |classify| classify.busy_ns);
        assert!(self.shared.panic_at_step != Some(self.steps), "told to panic at this step");
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
        self.tell_open();
        self.shared.segments_of(self.worker).give(segments);
        self.count_open(&head);
        if let Some(step) = head.saves {
            self.save(step);
        }
        let answers = questions::answers(&head, &*self.table, self.classify.as_ref());
        let classify_ns = self.classify.as_ref().map_or(0, |classify| classify.busy_ns);
        self.busy_ns += began.elapsed().as_nanos() as u64 - (classify_ns - classified_ns);
        // The sink hears of every step: what it held back may now be in order.
        if self.shared.sends_flows() && batches.is_empty() {
            batches.push(self.shared.flows.take());
        }
        let closed = batches.into_iter().map(|records| Parcel::new(0, &head, records));
        let closed = Parcels(closed.chain(answers).collect());
        (closed, self.noted(&head))
    }
}

impl FlowStage {
    /// What was noted in a step, for whoever groups flows.
    fn noted(&mut self, head: &Arc<ChunkHead>) -> Parcels<Noted> {
        if self.shared.sessions.is_none() {
            return Parcels::default();
        }
        Parcels(vec![Parcel::new(0, head, vec![self.table.take_notes()])])
    }

    /// Where flows count while they are open, brings the counts up to the end of an epoch; asks for
    /// that end when there is much to count.
    fn count_open(&mut self, head: &ChunkHead) {
        let Some(tally) = &mut self.tally else { return };
        self.epoch_is_over = head.ends_epoch;
        if head.ends_epoch {
            self.asked_for_end = false;
            self.table.count_open(&mut |flow| match flow.counts {
                true => tally.open(&flow.key, flow.client_side),
                false => {
                    let known = self.classify.as_mut().map(|classify| classify.forget(flow.id));
                    tally.forget(&flow.key, flow.client_side, &known.unwrap_or_default());
                }
            });
        } else if tally.len() + self.table.uncounted() >= EPOCH_CHANGES_MAX && !self.asked_for_end {
            self.asked_for_end = true;
            self.shared.epoch_is_full.store(true, Ordering::Release);
        }
    }

    /// Tells how many flows are open.
    fn tell_open(&mut self) {
        let open = self.table.open_flows() as i64;
        let before = std::mem::replace(&mut self.open_told, open);
        self.shared.progress.open_flows.fetch_add(open - before, Ordering::Relaxed);
    }

    /// Writes down what this worker holds.
    fn save(&self, step: Step) {
        let mut flows = Vec::new();
        self.table.save(&mut flows);
        self.shared.gathering.put(step, Part::Flows(self.worker), flows);
        if let Some(classify) = &self.classify {
            let mut said = Vec::new();
            classify.save(&mut said);
            self.shared.gathering.put(step, Part::Classifiers(self.worker), said);
        }
    }

    /// The counts of an epoch that is over.
    pub fn finished_epoch(&mut self) -> Option<impl Iterator<Item = (StatisticKey, Count)> + '_> {
        let is_over = self.epoch_is_over;
        let tally = self.tally.as_mut()?;
        (is_over && !tally.is_empty()).then(|| tally.take())
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
                tally.close(&flow);
                if self.classify.is_none() && tally.is_live() {
                    tally.close_known(&flow, &Known::default(), &Known::default());
                }
            }
        }
        if !self.shared.sends_flows() && self.classify.is_none() {
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
        if batch.is_empty() {
            return;
        }
        if let Some(classify) = self.classify.as_mut()
            && let Err(failure) = classify.step(&mut batch, self.tally.as_deref_mut())
        {
            self.shared.failure.report_plugin(failure);
            // The run ends: what was not shown to every classifier is no row, and what was only
            // shown never is.
            batch.clear();
        }
        match self.shared.sends_flows() && !batch.is_empty() {
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
