//! A classifier on the bench: instances of it, flows to show, and what it said of each alone.

use super::super::calls::Slot;
use super::super::instance::{Instance, Maker, NotMade};
use super::super::labels::LabelId;
use super::super::tag::{Collector, Tag};
use super::super::view::View;
use super::super::{Plugins, Subject, Wish};
use super::Event;
use super::compare::{said, what_differs};
use super::samples::{Behind, Family, Sample, samples};
use super::trials::{TRIALS, Trial};
use std::sync::Arc;
use tractor_plugin::abi;

/// What was said of a flow. None: it failed with it.
pub type Answer = Option<Vec<Tag>>;

/// Instances of the classifier, and what comes of their calls, on one thread.
pub struct Asker {
    pub maker: Arc<Maker>,
    wish: Wish,
    labels: Vec<LabelId>,
    samples: Arc<[Sample]>,
    slot: Slot,
    collector: Collector,
    pub events: Vec<Event>,
}

impl Asker {
    fn new(plugins: &Plugins, place: usize, samples: &Arc<[Sample]>) -> Self {
        let description = &plugins.classifiers()[place];
        let (maker, slot) = plugins.maker(place);
        Self {
            maker,
            wish: description.wish.clone(),
            labels: description.labels.clone(),
            samples: Arc::clone(samples),
            slot,
            collector: Collector::new(0, description.labels.clone()),
            events: Vec::new(),
        }
    }

    /// Each breach is told once.
    pub fn breach(&mut self, sentence: String) {
        let event = Event::Breach(sentence);
        if !self.events.contains(&event) {
            self.events.push(event);
        }
    }

    pub fn make(&mut self) -> Option<Instance> {
        let made = self.make_of(&Arc::clone(&self.maker));
        match made {
            Ok(instance) if instance.declared.labels.len() == self.labels.len() => Some(instance),
            Ok(instance) => {
                self.free(instance);
                self.breach("declares something else each time it is created".to_owned());
                None
            }
            Err(NotMade::NotConfigured) => {
                self.breach("is configured at first, and later not".to_owned());
                None
            }
            Err(NotMade::Because(why) | NotMade::BadOptions(why)) => {
                self.breach(format!("cannot be created again: {why}"));
                None
            }
        }
    }

    pub fn make_of(&mut self, maker: &Arc<Maker>) -> Result<Instance, NotMade> {
        maker.make(&mut self.slot)
    }

    pub fn free(&mut self, mut instance: Instance) {
        instance.free(&mut self.slot);
    }

    /// Shows flows in one call, as a run does: those with which it fails again, one by one. None: it
    /// is broken.
    pub fn ask(&mut self, instance: &mut Instance, flows: &[usize]) -> Option<Vec<Answer>> {
        let samples = Arc::clone(&self.samples);
        let subjects: Vec<Subject<'_>> = flows.iter().map(|at| samples[*at].subject()).collect();
        let mut view = View::default();
        let shown = view.show(&subjects, &self.wish);
        self.collector.begin(flows.len());
        let status = instance.classify(shown, &mut self.collector, &mut self.slot);
        let mut tags = Vec::new();
        let wrong = self.collector.wrong();
        self.collector.take(0, &mut tags);
        if let Some((flow, why)) = wrong {
            let name =
                flows.get(flow as usize).map_or("none that was shown", |at| &samples[*at].name);
            self.breach(format!("tags flow {flow} ({name}) {why}"));
        }
        let text = instance.take_failure().map_or_else(String::new, |text| format!(": {text}"));
        match status {
            abi::OK => {
                let mut answers = vec![Some(Vec::new()); flows.len()];
                for tag in tags {
                    if let Some(answer) = &mut answers[tag.subject as usize] {
                        answer.push(Tag { subject: 0, ..tag });
                    }
                }
                Some(answers)
            }
            abi::PANIC => {
                self.breach(format!("panicked{text}"));
                None
            }
            status if flows.len() > 1 => {
                let _ = status;
                let alone = flows.iter().map(|at| self.ask(instance, &[*at]));
                alone.collect::<Option<Vec<_>>>().map(|answers| answers.concat())
            }
            status => {
                let name = flows.first().map_or("no flow", |at| &samples[*at].name);
                let note = format!("has no vote about {name}: status {status}{text}");
                self.events.push(Event::Note(note));
                Some(vec![None; flows.len()])
            }
        }
    }
}

pub struct Bench<'a> {
    plugins: &'a Plugins,
    place: usize,
    pub asker: Asker,
    /// Of each flow, what was said of it alone; once it was asked.
    reference: Vec<Option<Answer>>,
    broken: Vec<Family>,
}

impl<'a> Bench<'a> {
    /// With the flows that did not break it before.
    pub fn new(plugins: &'a Plugins, place: usize, broken: &[usize]) -> Self {
        let broken: Vec<Family> = broken.iter().filter_map(|at| TRIALS[*at].family).collect();
        let mut samples = samples(&plugins.classifiers()[place].wish);
        samples.retain(|sample| !broken.contains(&sample.family));
        let reference = vec![None; samples.len()];
        let asker = Asker::new(plugins, place, &samples.into());
        Self { plugins, place, asker, reference, broken }
    }

    /// Whether a trial makes sense: features can be missing only where there would be some.
    pub fn is_for(&self, trial: &Trial) -> bool {
        let needs_features = trial.family == Some(Family::Missing);
        (!needs_features || self.asker.wish.needs.features)
            && trial.family.is_none_or(|family| !self.broken.contains(&family))
    }

    /// For another thread.
    pub fn asker(&self) -> Asker {
        Asker::new(self.plugins, self.place, &self.asker.samples)
    }

    /// For flows with something in memory behind what they have.
    pub fn asker_with(&self, behind: Behind) -> Asker {
        let wish = &self.asker.wish;
        let samples = self.asker.samples.iter().map(|sample| sample.with_behind(behind, wish));
        Asker::new(self.plugins, self.place, &samples.collect())
    }

    pub fn tell(&mut self, tell: &mut dyn FnMut(Event)) {
        self.asker.events.drain(..).for_each(tell);
    }

    pub fn flows(&self) -> Vec<usize> {
        (0..self.asker.samples.len()).collect()
    }

    pub fn flows_of(&self, family: Family) -> Vec<usize> {
        let is_of = |at: &usize| self.asker.samples[*at].family == family;
        self.flows().into_iter().filter(is_of).collect()
    }

    pub fn samples(&self) -> &[Sample] {
        &self.asker.samples
    }

    /// Asks about each flow alone, where that was not done before. False: it is broken.
    pub fn ask_alone(&mut self, flows: &[usize]) -> bool {
        let Some(mut instance) = self.asker.make() else { return false };
        for &at in flows.iter().filter(|at| self.reference[**at].is_none()).collect::<Vec<_>>() {
            let Some(answers) = self.asker.ask(&mut instance, &[at]) else { return false };
            self.reference[at] = answers.into_iter().next();
        }
        self.asker.free(instance);
        true
    }

    /// Whether what was said of flows is what was said of each alone; `when` is in what they differ.
    pub fn compare(&mut self, when: &str, flows: &[usize], answers: &[Answer]) {
        let begin = format!("gives another verdict {when}: ");
        let is_of =
            |event: &Event| matches!(event, Event::Breach(told) if told.starts_with(&begin));
        // One flow shows it.
        if self.asker.events.iter().any(is_of) {
            return;
        }
        let differs = |(at, answer): &(&usize, &Answer)| {
            self.reference[**at].as_ref().is_some_and(|alone| what_differs(alone, answer))
        };
        let mut differing = flows.iter().zip(answers).filter(differs);
        let Some((&at, answer)) = differing.next() else { return };
        let others = differing.count();
        let alone = self.reference[at].clone().flatten();
        let labels = self.plugins.labels();
        let name = &self.asker.samples[at].name;
        let more = if others > 0 { format!(", and {others} more") } else { String::new() };
        let sentence = format!(
            "{begin}flow {at} ({name}) is {}, and alone {}{more}",
            said(answer.as_deref(), labels),
            said(alone.as_deref(), labels)
        );
        self.asker.breach(sentence);
    }
}
