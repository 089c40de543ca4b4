//! Shows flows to classifiers, in batches, and decides between their verdicts.
//!
//! What a flow is labelled depends on the flow alone: names come from its own first bytes and from
//! answers before it in the stream, each classifier sees what it asked for, and its latest call
//! about the flow stands. So it does not matter which flows happen to share a batch.

mod saved;
mod shown;
mod wishes;

pub use wishes::watch_options;

use super::run::Shared;
use super::summary::Summary;
use crate::classify::{
    Counts, Decision, Description, FirstPacket as LentPacket, Panel, PluginFailure, Standing,
    Subject, Tag, decide, decided_label,
};
use crate::decode::names::{NameSource, Names, Piece};
use crate::flows::{Call, ColumnWish, Flow, Labelled, NamesOf, Seen};
use crate::profiles::{Features, Row};
use crate::statistics::{Known, Tally};
use saved::OpenById;
use shown::{Shown, fetch, lent, own_flow, subject};
use std::sync::Arc;
use std::time::Instant;
use wishes::{column_wishes, features_of};

/// Flows whose memory is fetched ahead of their turn.
const SHOW_AHEAD: usize = 8;

/// A worker's classifiers, and what they said of flows that are still open.
pub struct ClassifyStage {
    /// `None`: an instance could not be made, and the run ends.
    panel: Option<Panel>,
    /// Of each classifier: the columns it reads.
    features: Vec<Option<Features>>,
    /// Which flow or window a classifier's columns are of.
    wishes: Vec<ColumnWish>,
    open: OpenById,
    /// What the classifiers had done before the state was restored.
    counts_before: Vec<Counts>,
    shared: Arc<Shared>,
    /// Used again for every batch.
    tags: Vec<Tag>,
    packets: Vec<LentPacket>,
    /// As many as a classifier wants.
    packets_max: usize,
    pieces: Vec<Piece>,
    /// What was shown of flows whose verdicts are in.
    pub used: Vec<Seen>,
    pub busy_ns: u64,
}

/// A flow that was shown early.
#[derive(Default)]
struct Open {
    standing: Standing,
    names: Option<(NamesOf, Names)>,
    /// What it is counted as, where flows count while they are open.
    counted: Known,
}

impl ClassifyStage {
    /// With an instance of each classifier; one that cannot be made ends the run.
    pub fn new(shared: Arc<Shared>) -> Self {
        let panel =
            shared.plugins.panel().map_err(|failure| shared.failure.report_plugin(failure)).ok();
        let classifiers = shared.plugins.classifiers().iter();
        let packets_max = classifiers.clone().map(|one| one.wish.packets).max();
        Self {
            panel,
            features: classifiers.map(|one| features_of(&one.wish)).collect(),
            wishes: column_wishes(&shared.plugins),
            open: OpenById::default(),
            counts_before: Vec::new(),
            shared,
            tags: Vec::new(),
            packets: Vec::new(),
            packets_max: packets_max.map_or(0, |packets| packets as usize),
            pieces: Vec::new(),
            used: Vec::new(),
            busy_ns: 0,
        }
    }

    /// Adds what the classifiers have done.
    pub fn report(&self, summary: &mut Summary) {
        summary.timings.classify_ns += self.busy_ns;
        saved::merge(&mut summary.plugins, &self.counts());
    }

    /// Labels the flows of a batch, and leaves of it those that have ended.
    ///
    /// # Errors
    /// When a classifier is broken.
    pub fn step(
        &mut self,
        batch: &mut Vec<Flow>,
        mut tally: Option<&mut Tally>,
    ) -> Result<(), PluginFailure> {
        let began = Instant::now();
        let mut shown = self.show(batch);
        self.ask(batch, &shown)?;
        // In the order of the calls: a flow may be in a batch twice, open and closed.
        self.tags.sort_by_key(|tag| (tag.subject, tag.classifier));
        let mut tags = self.tags.drain(..).peekable();
        for (place, flow) in batch.iter_mut().enumerate() {
            let of_flow = std::iter::from_fn(|| tags.next_if(|tag| tag.subject == place as u32));
            let names = std::mem::take(&mut shown.names[place]);
            settle(&mut self.open, &self.shared, flow, of_flow, names, tally.as_deref_mut());
            self.used.extend(flow.seen.take().map(|seen| *seen));
        }
        self.packets = shown.packets;
        // Their order is of no matter, and flows are large.
        let mut place = 0;
        while let Some(flow) = batch.get(place) {
            match flow.labelled {
                Some(_) => place += 1,
                None => drop(batch.swap_remove(place)),
            }
        }
        self.busy_ns += began.elapsed().as_nanos() as u64;
        Ok(())
    }

    /// The label of an open flow, as far as it was shown.
    pub fn label_so_far(&self, id: u64) -> Option<u16> {
        decided_label(self.open.get(&id)?.standing.tags(), self.shared.plugins.labels())
    }

    /// What is known of an open flow; `None` when it was not shown yet.
    pub fn known_so_far(&self, id: u64) -> Option<Box<Labelled>> {
        let Open { standing, names, .. } = self.open.get(&id)?;
        let names = names.as_ref().map(|(_, names)| names.clone());
        Some(labelled(&self.shared, standing.clone(), names.unwrap_or_default()))
    }

    /// Forgets a flow that has ended and is not shown: what it was counted as.
    pub fn forget(&mut self, id: u64) -> Known {
        self.open.remove(&id).unwrap_or_default().counted
    }

    /// Works out what the classifiers are shown.
    fn show(&mut self, batch: &mut [Flow]) -> Shown {
        let mut shown = Shown {
            names: Vec::with_capacity(batch.len()),
            packets: std::mem::take(&mut self.packets),
            ends: Vec::with_capacity(batch.len()),
        };
        shown.packets.clear();
        for place in 0..batch.len() {
            if let Some(ahead) = batch.get(place + SHOW_AHEAD) {
                fetch(ahead);
            }
            let flow = &mut batch[place];
            let read_before = flow.seen.as_mut().and_then(|seen| seen.names.take());
            let flow = &batch[place];
            let names = match &flow.seen {
                Some(seen) => self.names(flow, seen, read_before),
                None => Names::default(),
            };
            let packets = flow.seen.iter().flat_map(|seen| &seen.packets).take(self.packets_max);
            shown.packets.extend(packets.map(|packet| lent(packet, flow.client_side)));
            shown.ends.push(shown.packets.len());
            shown.names.push(names);
        }
        shown
    }

    /// The names that a flow's first bytes say, else the one that led to its server.
    fn names(
        &mut self,
        flow: &Flow,
        seen: &Seen,
        read_before: Option<Box<(NamesOf, Names)>>,
    ) -> Names {
        let first_bytes = seen.first_bytes();
        let read_from = first_bytes.names_of(flow.client_side);
        let holds = |(of, names): &(NamesOf, Names)| of.holds(names, &read_from);
        let shown = || self.open.get(&flow.id).and_then(|open| open.names.as_ref());
        let mut names = if let Some(read) = read_before.filter(|read| holds(read)) {
            read.1
        } else if let Some((_, names)) = shown().filter(|read| holds(read)) {
            names.clone()
        } else if read_from.has_bytes() {
            first_bytes.names(flow.protocol(), flow.client_side, &mut self.pieces)
        } else {
            Names::default()
        };
        if let (None, Some(name)) = (&names.server_name, &seen.known_name) {
            names.server_name = Some((**name).into());
            names.server_name_from = NameSource::Dns;
        }
        names
    }

    /// Asks each classifier about the flows that it wants to see now.
    fn ask(&mut self, batch: &[Flow], shown: &Shown) -> Result<(), PluginFailure> {
        let Some(panel) = &mut self.panel else { return Ok(()) };
        let plugins = &self.shared.plugins;
        let mut early = 0;
        for (classifier, Description { wish, .. }) in plugins.classifiers().iter().enumerate() {
            let bit = u64::from(wish.early) << early;
            early += u32::from(wish.early);
            let wants = |seen: &Seen| match seen.call {
                Call::Early(fulfilled) => fulfilled & bit != 0,
                Call::Window(wish) => self.wishes[wish].classifier == classifier,
                Call::Closed => wish.closed,
            };
            let is_wanted = |flow: &Flow| flow.seen.as_ref().is_some_and(|seen| wants(seen));
            let places: Vec<usize> =
                (0..batch.len()).filter(|&place| is_wanted(&batch[place])).collect();
            if places.is_empty() {
                continue;
            }
            let own: Vec<Option<&Flow>> = places
                .iter()
                .map(|&place| own_flow(&batch[place], &self.wishes, classifier))
                .collect();
            let (mut values, mut ends) = (Vec::new(), vec![0]);
            for flow in &own {
                if let (Some(features), Some(flow)) = (&self.features[classifier], flow) {
                    let row = Row::new(flow, None, plugins, features.profile.needs);
                    features.extend(&row, &mut values);
                }
                ends.push(values.len());
            }
            let subjects: Vec<Subject<'_>> = (0..places.len())
                .map(|nth| {
                    let features = &values[ends[nth]..ends[nth + 1]];
                    subject(&batch[places[nth]], own[nth], shown, places[nth], features)
                })
                .collect();
            let before = self.tags.len();
            panel.classify(classifier, &subjects, &mut self.tags)?;
            for tag in &mut self.tags[before..] {
                tag.subject = places[tag.subject as usize] as u32;
            }
        }
        Ok(())
    }
}

/// Takes the new verdicts about a flow: keeps them for one that goes on, decides for one that has
/// ended, and counts it under its label.
fn settle(
    open: &mut OpenById,
    shared: &Shared,
    flow: &mut Flow,
    tags: impl Iterator<Item = Tag>,
    names: Names,
    tally: Option<&mut Tally>,
) {
    let mut state = open.remove(&flow.id).unwrap_or_default();
    let mut tags = tags.peekable();
    while let Some(&Tag { classifier, .. }) = tags.peek() {
        let of_one = std::iter::from_fn(|| tags.next_if(|tag| tag.classifier == classifier));
        state.standing.update(classifier, of_one);
    }
    let labels = shared.plugins.labels();
    let is_part = flow.window.is_some_and(|window| !window.is_last);
    if let Some(tally) = tally.filter(|_| !is_part) {
        let label = decided_label(state.standing.tags(), labels);
        count(tally, &mut state.counted, label, &names, flow);
    }
    if flow.is_shown_early() {
        let seen = flow.seen.as_ref();
        state.names = seen.map(|seen| (seen.first_bytes().names_of(flow.client_side), names));
        open.insert(flow.id, state);
        return;
    }
    // A window before the flow's last has no first bytes of its own, and the flow goes on.
    let (names, standing) = match is_part {
        true => {
            let known = state.names.as_ref().map(|(_, names)| names.clone());
            (known.unwrap_or(names), state.standing.clone())
        }
        false => (names, std::mem::take(&mut state.standing)),
    };
    flow.labelled = Some(labelled(shared, standing, names));
    if is_part {
        open.insert(flow.id, state);
    }
}

/// Counts a flow under its label and name: for good when it has ended, till then where someone
/// wants it.
fn count(tally: &mut Tally, counted: &mut Known, label: Option<u16>, names: &Names, flow: &Flow) {
    let domain = names.server_name.as_ref().filter(|_| tally.is_live()).cloned();
    let now = Known { label, domain };
    if !flow.is_shown_early() {
        tally.close_known(flow, counted, &now);
    } else if tally.is_live() {
        tally.learn(flow.protocol(), counted, &now);
        *counted = now;
    }
}

fn labelled(shared: &Shared, standing: Standing, names: Names) -> Box<Labelled> {
    let Decision { label, traffic_class } = decide(standing.into_tags(), shared.plugins.labels());
    Box::new(Labelled { label, traffic_class, names })
}
