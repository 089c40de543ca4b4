//! The instances of one worker, and what their calls cost and gave.

use super::calls::Slot;
use super::description::{Description, Wish};
use super::failure::PluginFailure;
use super::instance::{Instance, Maker, NotMade};
use super::labels::Labels;
use super::subject::Subject;
use super::tag::{Collector, Tag};
use super::view::{Shown, View};
use crate::limits::FLOWS_PER_CALL_MAX;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Instant;
use tractor_plugin::abi;

/// An instance of each classifier, in plugin order; stays on its thread.
pub struct Panel {
    members: Vec<Member>,
    view: View,
    slot: Slot,
}

struct Member {
    instance: Instance,
    maker: Arc<Maker>,
    wish: Wish,
    collector: Collector,
    counts: Counts,
}

/// What became of the calls of one classifier.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Those flow by flow counted too.
    pub calls: u64,
    pub flows: u64,
    pub tags: u64,
    /// Flows that lost its vote.
    pub errors: u64,
    /// Tags with no such label or flow, without a number as confidence, or beyond the bound.
    pub dropped_tags: u64,
    pub busy_ns: u64,
    /// The plugin's text for its first error.
    pub first_error: Option<String>,
}

impl Counts {
    pub fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.flows += other.flows;
        self.tags += other.tags;
        self.errors += other.errors;
        self.dropped_tags += other.dropped_tags;
        self.busy_ns += other.busy_ns;
        if self.first_error.is_none() {
            self.first_error.clone_from(&other.first_error);
        }
    }
}

impl Panel {
    pub(super) fn new(
        makers: &[Arc<Maker>],
        descriptions: &[Description],
        labels: &Labels,
        slot: Slot,
    ) -> Result<Self, PluginFailure> {
        // Freed as a panel is, also when one of them cannot be made.
        let mut panel = Self { members: Vec::new(), view: View::default(), slot };
        for (place, (maker, description)) in makers.iter().zip(descriptions).enumerate() {
            let instance = match maker.make(&mut panel.slot) {
                Ok(instance) => instance,
                Err(NotMade::Because(why) | NotMade::BadOptions(why)) => {
                    return Err(failure(maker, format!("cannot be made for a worker: {why}")));
                }
                Err(NotMade::NotConfigured) => {
                    return Err(failure(maker, "is configured no more".to_owned()));
                }
            };
            let same = says_the_same(&instance, description, labels);
            panel.members.push(Member {
                instance,
                maker: Arc::clone(maker),
                wish: description.wish.clone(),
                collector: Collector::new(place as u16, description.labels.clone()),
                counts: Counts::default(),
            });
            if !same {
                return Err(failure(maker, "declares something else each time".to_owned()));
            }
        }
        Ok(panel)
    }

    /// How many classifiers there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// What became of the calls, by classifier.
    pub fn counts(&self) -> impl ExactSizeIterator<Item = &Counts> {
        self.members.iter().map(|member| &member.counts)
    }

    /// Shows flows to a classifier and appends its tags, in the order of the flows. A flow with
    /// which it fails loses its vote; the others do not.
    ///
    /// # Errors
    /// The plugin broke: the job is to be run again without it.
    pub fn classify(
        &mut self,
        classifier: usize,
        subjects: &[Subject<'_>],
        tags: &mut Vec<Tag>,
    ) -> Result<(), PluginFailure> {
        let member = &mut self.members[classifier];
        for (place, some) in subjects.chunks(FLOWS_PER_CALL_MAX).enumerate() {
            let first = place * FLOWS_PER_CALL_MAX;
            let shown = self.view.show(some, &member.wish);
            let began = Instant::now();
            let result = member.show(shown, first as u32, tags, &mut self.slot);
            member.counts.busy_ns += began.elapsed().as_nanos() as u64;
            result?;
        }
        Ok(())
    }
}

impl Member {
    fn show(
        &mut self,
        shown: Shown<'_>,
        first: u32,
        tags: &mut Vec<Tag>,
        slot: &mut Slot,
    ) -> Result<(), PluginFailure> {
        self.counts.flows += shown.len() as u64;
        if self.call(shown, first, tags, slot)? {
            return Ok(());
        }
        if shown.len() == 1 {
            self.counts.errors += 1;
            return Ok(());
        }
        // What the failed call tagged is forgotten: labels do not depend on batches.
        for (place, alone) in shown.one_by_one().enumerate() {
            let went_well = self.call(alone, first + place as u32, tags, slot)?;
            self.counts.errors += u64::from(!went_well);
        }
        Ok(())
    }

    /// Makes one call and tells whether it went well.
    fn call(
        &mut self,
        shown: Shown<'_>,
        first: u32,
        tags: &mut Vec<Tag>,
        slot: &mut Slot,
    ) -> Result<bool, PluginFailure> {
        self.counts.calls += 1;
        self.collector.begin(shown.len());
        let status = self.instance.classify(shown, &mut self.collector, slot);
        if status == abi::OK {
            let before = tags.len();
            self.counts.dropped_tags += self.collector.take(first, tags);
            self.counts.tags += (tags.len() - before) as u64;
            return Ok(true);
        }
        let text = self.instance.take_failure();
        if self.instance.is_broken() {
            let text = text.map_or_else(String::new, |text| format!(": {text}"));
            return Err(failure(&self.maker, format!("panicked{text}")));
        }
        if self.counts.first_error.is_none() {
            let text = text.unwrap_or_else(|| format!("status {status}, without a word why"));
            self.counts.first_error = Some(text);
        }
        Ok(false)
    }
}

impl Drop for Panel {
    fn drop(&mut self) {
        for member in &mut self.members {
            member.instance.free(&mut self.slot);
        }
    }
}

fn failure(maker: &Maker, what: String) -> PluginFailure {
    PluginFailure { id: maker.exported.id.clone(), path: maker.path.clone(), what }
}

/// Whether an instance declares what the first one did.
fn says_the_same(instance: &Instance, description: &Description, labels: &Labels) -> bool {
    let (declared, wish) = (&instance.declared, &description.wish);
    let mut names = declared.labels.iter().zip(&description.labels);
    declared.columns == wish.columns
        && declared.window_us == wish.window_us
        && declared.labels.len() == description.labels.len()
        && names.all(|(label, id)| {
            // Its group may have been an earlier plugin's.
            let known = labels.get(*id);
            known.name == label.name && known.is_traffic_class() == label.is_traffic_class()
        })
}
