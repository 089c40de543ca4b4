//! The operators: each wraps one plain stage and runs it a step at a time.
//!
//! What arrives is stashed by step and worked on when the frontier has passed the step: then
//! everything of the step is there, and so records come in stream order whatever the workers do.

use super::Step;
use super::batch::{ByAddress, ClosedFlows, Parcel, Parcels};
use super::collections::Change;
use super::flows::FlowStage;
use super::fragments::FragmentStage;
use super::plan::Place;
use super::sessions::SessionStage;
use super::sink::SinkStage;
use super::source::{Ready, Source};
use crate::decode::{Fragment, Segment};
use crate::flows::{Flow, Noted};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::Stream;
use timely::dataflow::channels::pact::{DistributorPact, Pipeline};
use timely::dataflow::operators::generic::OutputBuilder;
use timely::dataflow::operators::generic::builder_rc::OperatorBuilder;
use timely::dataflow::operators::{Capability, InputCapability};
use timely::progress::frontier::MutableAntichain;

type Of<'scope, R> = Stream<'scope, Step, Parcels<R>>;

/// A stage that its operator and the end of the run share.
pub type Stage<S> = Rc<RefCell<S>>;

/// The parcels of a step, with the right to answer at that step on each output.
type Kept<R> = (Vec<Capability<Step>>, Vec<Parcel<R>>);

/// Parcels by step.
struct Stash<R> {
    steps: BTreeMap<Step, Kept<R>>,
}

impl<R> Stash<R> {
    fn new() -> Self {
        Self { steps: BTreeMap::new() }
    }

    /// Keeps parcels, and a capability for each of the operator's `outputs`.
    fn keep(&mut self, cap: &InputCapability<Step>, outputs: usize, parcels: &mut Parcels<R>) {
        let Some(&step) = cap.least() else { return };
        let (capabilities, kept) = self.steps.entry(step).or_default();
        if capabilities.is_empty() {
            capabilities.extend((0..outputs).map(|output| cap.delayed(&step, output)));
        }
        kept.append(&mut parcels.0);
    }

    /// The parcels of a step.
    fn take(&mut self, step: Step) -> Vec<Parcel<R>> {
        self.steps.remove(&step).map(|(_, parcels)| parcels).unwrap_or_default()
    }

    /// The first step that no frontier can bring anything more for.
    fn next_passed(&mut self, frontiers: &[MutableAntichain<Step>]) -> Option<Kept<R>> {
        let first = self.steps.first_entry()?;
        let open = frontiers.iter().any(|frontier| frontier.less_equal(first.key()));
        (!open).then(|| first.remove())
    }
}

/// Reads, decodes and sends chunks; `passed` tells which have been through the flow table.
pub fn source<'scope>(
    passed: Stream<'scope, Step, Vec<()>>,
    stage: &Stage<Source>,
) -> (Of<'scope, Segment>, Of<'scope, Fragment>) {
    let scope = passed.scope();
    let mut builder = OperatorBuilder::new("read and decode".to_owned(), scope);
    let (segments, segment_stream) = builder.new_output::<Parcels<Segment>>();
    let (fragments, fragment_stream) = builder.new_output::<Parcels<Fragment>>();
    // Nothing that comes back makes the source send anything: it only makes room.
    let _passed = builder.new_input_connection(passed, Pipeline, vec![]);
    let address = builder.operator_info().address;
    let worker = scope.worker();
    let again = worker.activator_for(address.clone());
    stage.borrow().register(worker.sync_activator_for(address.to_vec()));
    let stage = Rc::clone(stage);
    builder.build(move |capabilities| {
        let mut capabilities: Option<[Capability<Step>; 2]> = capabilities.try_into().ok();
        let mut segments = OutputBuilder::<_, CapacityContainerBuilder<_>>::from(segments);
        let mut fragments = OutputBuilder::<_, CapacityContainerBuilder<_>>::from(fragments);
        move |frontiers| {
            let mut source = stage.borrow_mut();
            let Some(open) = &mut capabilities else { return };
            let frontier = &frontiers[0];
            // The feedback edge adds one to the step.
            source.acknowledge(|place: Place| !frontier.less_equal(&(place.step() + 1)));
            source.obey();
            source.read_one();
            while let Some(Ready { place, segments: mut to_flows, fragments: mut parts }) =
                source.take_ready()
            {
                let [first, second] = &mut *open;
                first.downgrade(&place.step());
                second.downgrade(&place.step());
                segments.activate().session(first).give_container(&mut to_flows);
                fragments.activate().session(second).give_container(&mut parts);
            }
            match source.first_open() {
                Some(place) => open.iter_mut().for_each(|open| open.downgrade(&place.step())),
                None => capabilities = None,
            }
            if source.can_read() {
                again.activate();
            }
        }
    });
    (segment_stream, fragment_stream)
}

/// Gives fragments their ports.
pub fn resolve<'scope>(
    fragments: Of<'scope, Fragment>,
    stage: &Stage<FragmentStage>,
) -> Of<'scope, Segment> {
    let mut builder = OperatorBuilder::new("resolve".to_owned(), fragments.scope());
    let mut input = builder.new_input(fragments, DistributorPact(|_| ByAddress));
    let (output, stream) = builder.new_output::<Parcels<Segment>>();
    let stage = Rc::clone(stage);
    builder.build(move |_| {
        let mut stash = Stash::new();
        let mut output = OutputBuilder::<_, CapacityContainerBuilder<_>>::from(output);
        move |frontiers| {
            input.for_each(|cap, parcels| stash.keep(&cap, 1, parcels));
            while let Some((capabilities, parcels)) = stash.next_passed(frontiers) {
                let mut resolved = stage.borrow_mut().step(parcels);
                output.activate().session(&capabilities[0]).give_container(&mut resolved);
            }
        }
    });
    stream
}

/// What the flow operator sends out.
pub type FlowOutputs<'scope> = (
    Of<'scope, Flow>,
    Of<'scope, Noted>,
    Stream<'scope, Step, Vec<Change>>,
    Stream<'scope, Step, Vec<()>>,
);

/// Keeps the flow table; its last output only lets its frontier be seen.
pub fn flows<'scope>(
    segments: Of<'scope, Segment>,
    resolved: Of<'scope, Segment>,
    stage: &Stage<FlowStage>,
) -> FlowOutputs<'scope> {
    let mut builder = OperatorBuilder::new("flow table".to_owned(), segments.scope());
    let mut segments = builder.new_input(segments, DistributorPact(|_| ByAddress));
    let mut resolved = builder.new_input(resolved, DistributorPact(|_| ByAddress));
    let (closed, closed_stream) = builder.new_output::<Parcels<Flow>>();
    let (notes, note_stream) = builder.new_output::<Parcels<Noted>>();
    let (changes, change_stream) = builder.new_output::<Vec<Change>>();
    let (_, progress_stream) = builder.new_output::<Vec<()>>();
    let stage = Rc::clone(stage);
    builder.build(move |_| {
        let mut stash = Stash::new();
        let mut closed = OutputBuilder::<_, CapacityContainerBuilder<_>>::from(closed);
        let mut notes = OutputBuilder::<_, CapacityContainerBuilder<_>>::from(notes);
        let mut changes = OutputBuilder::<_, CapacityContainerBuilder<Vec<Change>>>::from(changes);
        move |frontiers| {
            segments.for_each(|cap, parcels| stash.keep(&cap, 4, parcels));
            resolved.for_each(|cap, parcels| stash.keep(&cap, 4, parcels));
            while let Some((capabilities, parcels)) = stash.next_passed(frontiers) {
                let mut stage = stage.borrow_mut();
                let (mut flows, mut noted) = stage.step(parcels);
                closed.activate().session(&capabilities[0]).give_container(&mut flows);
                if !noted.0.is_empty() {
                    notes.activate().session(&capabilities[1]).give_container(&mut noted);
                }
                if let Some(epoch) = stage.finished_epoch() {
                    let step = *capabilities[2].time();
                    let epoch = epoch.map(|(key, count)| (key, step, count));
                    changes.activate().session(&capabilities[2]).give_iterator(epoch);
                }
            }
        }
    });
    (closed_stream, note_stream, change_stream, progress_stream)
}

/// Groups flows, all on worker 0.
pub fn group<'scope>(
    notes: Of<'scope, Noted>,
    closed: Of<'scope, Flow>,
    stage: &Stage<SessionStage>,
) -> (Of<'scope, Flow>, Stream<'scope, Step, Vec<Change>>) {
    let mut builder = OperatorBuilder::new("group".to_owned(), notes.scope());
    let mut notes = builder.new_input(notes, DistributorPact(|_| ByAddress));
    let mut closed = builder.new_input(closed, DistributorPact(|_| ByAddress));
    let (output, stream) = builder.new_output::<Parcels<Flow>>();
    let (changes, change_stream) = builder.new_output::<Vec<Change>>();
    let stage = Rc::clone(stage);
    builder.build(move |_| {
        let (mut noted, mut left) = (Stash::new(), Stash::new());
        let mut output = OutputBuilder::<_, CapacityContainerBuilder<_>>::from(output);
        let mut changes = OutputBuilder::<_, CapacityContainerBuilder<Vec<Change>>>::from(changes);
        move |frontiers| {
            notes.for_each(|cap, parcels| noted.keep(&cap, 2, parcels));
            closed.for_each(|cap, parcels| left.keep(&cap, 2, parcels));
            // A table has notes of every step, if only that it was there.
            while let Some((capabilities, parcels)) = noted.next_passed(frontiers) {
                let step = *capabilities[0].time();
                let flows = left.take(step);
                let mut stage = stage.borrow_mut();
                let mut grouped = stage.step(parcels, flows);
                output.activate().session(&capabilities[0]).give_container(&mut grouped);
                let epoch = stage.finished_epoch().into_iter();
                let epoch = epoch.map(|(key, count)| (key, step, count));
                changes.activate().session(&capabilities[1]).give_iterator(epoch);
            }
        }
    });
    (stream, change_stream)
}

/// Orders closed flows, all on worker 0.
pub fn order<'scope>(closed: Of<'scope, Flow>, stage: &Stage<SinkStage>) {
    let mut builder = OperatorBuilder::new("order".to_owned(), closed.scope());
    let mut input = builder.new_input(closed, DistributorPact(|_| ByAddress));
    let stage = Rc::clone(stage);
    builder.build(move |_| {
        // A sink answers nothing, so it keeps no capability: the step alone is its key.
        let mut stash: BTreeMap<Step, Vec<ClosedFlows>> = BTreeMap::new();
        move |frontiers| {
            input.for_each(|cap, parcels| {
                if let Some(&step) = cap.least() {
                    stash.entry(step).or_default().append(&mut parcels.0);
                }
            });
            while let Some(first) = stash.first_entry() {
                if frontiers[0].less_equal(first.key()) {
                    break;
                }
                stage.borrow_mut().step(first.remove());
            }
        }
    });
}
