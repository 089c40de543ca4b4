//! The classifier as the host loads it.

use std::sync::Arc;

use tractor_learning::model::most_likely;
use tractor_plugin::{Classifier, Declaration, Flow, Flows, Needs, Options};
use tractor_plugin::{Result, State, Tags, Verdict, When};

use crate::evidence::{self, Shown};
use crate::meaning::{Meaning, TRAFFIC_CLASS};
use crate::settings::Settings;
use crate::stored::{self, Stored};

/// Confidences of a model among names and signatures, as PLUGINS.md has them: from this one on, ...
const AMONG_OTHERS: f32 = 0.5;
/// ... by so much more where the model is certain.
const AMONG_OTHERS_MORE: f32 = 0.1;

/// A flow that lasted more than so many windows at its close is not like those that the model learned from.
/// Two, since flows are cut at an age a little late. Forests of the published flows of 15 s (ISCX 2016, A2)
/// were right about 82 to 91 of 100 flows of 15 s to 30 s in the sets of 30 s, and about 54 to 75 of 100 longer
/// ones in those of 60 s and 120 s, though all are of captures that they had learned from.
const WINDOWS_MAX: u64 = 2;

/// Of a window that ended with its flow so much, one part of so many, must have gone by for it to count.
const TAIL_PART: u64 = 2;

/// A model, and room for one batch.
pub struct Forest {
    stored: Arc<Stored>,
    /// By feature, its column.
    places: Vec<usize>,
    shown: Vec<Shown>,
    column_count: usize,
    window_us: u64,
    confidence_min: f32,
    is_traffic_class: bool,
    /// Places in the batch of the flows that are decided.
    asked: Vec<usize>,
    rows: Vec<f32>,
    probabilities: Vec<f32>,
}

impl Classifier for Forest {
    const ID: &'static str = "org.tractor.forest";
    const NAME: &'static str = "Forest";
    const NEEDS: Needs = Needs::FEATURES;
    const WHEN: When = When::WINDOW.and(When::CLOSED);
    /// Of the windows there may be; declared as 0 for a model that says nothing of windows.
    const WINDOW_US: u64 = 15_000_000;

    /// `--plugin-option org.tractor.forest.model=FILE`
    fn create(options: &Options) -> Result<Self> {
        let (settings, stored, meaning) = read(options)?;
        let columns = options.columns().names();
        let places = meaning.places(&settings, columns, stored.model.features())?;
        Ok(Forest {
            shown: evidence::shown(&stored, &places, columns),
            places,
            column_count: columns.len(),
            window_us: meaning.window_us,
            confidence_min: settings.confidence_min,
            is_traffic_class: meaning.group == TRAFFIC_CLASS,
            stored,
            asked: Vec::new(),
            rows: Vec::new(),
            probabilities: Vec::new(),
        })
    }

    fn declare(options: &Options) -> Result<Declaration> {
        let (_, _, meaning) = read(options)?;
        Ok(meaning.declaration())
    }

    /// One matrix for all flows of the batch.
    fn classify_batch(&mut self, flows: Flows, tags: &mut Tags) -> Result<()> {
        self.asked.clear();
        self.rows.clear();
        for (place, flow) in flows.iter().enumerate() {
            if self.may_decide(&flow) {
                self.asked.push(place);
                let columns = flow.features();
                self.rows.extend(self.places.iter().map(|column| value(columns[*column])));
            }
        }
        let classes = self.stored.classes.len();
        self.probabilities.resize(self.asked.len() * classes, 0.0);
        self.stored.model.predict_probabilities(&self.rows, &mut self.probabilities);
        for (place, probabilities) in self.asked.iter().zip(self.probabilities.chunks(classes)) {
            let Some(flow) = flows.get(*place) else { continue };
            match self.verdict(&flow, probabilities) {
                Some(verdict) => tags.add(*place, verdict),
                // Where a window ended in the flow's short life is chance: the whole counts, or nothing.
                None if flow.state() == State::Closed && self.window_us > 0 => {
                    tags.add(*place, Verdict::take_back());
                }
                None => {}
            }
        }
        Ok(())
    }
}

tractor_plugin::export!(Forest);

fn read(options: &Options) -> Result<(Settings, Arc<Stored>, Meaning)> {
    let settings = Settings::of(options)?;
    let stored = stored::read(&settings.model).map_err(|why| settings.refuse(why))?;
    let meaning = Meaning::of(&settings, &stored)?;
    Ok((settings, stored, meaning))
}

impl Forest {
    /// Whether the flow is such as the model learned from, as far as can be seen. A flow that goes on over
    /// many windows keeps the word of its last one.
    fn may_decide(&self, flow: &Flow) -> bool {
        let is_like_learned = match flow.state() {
            State::Closed => {
                let longest_us = self.window_us.saturating_mul(WINDOWS_MAX);
                self.window_us == 0 || since(flow, flow.start_us()) <= longest_us
            }
            State::Window => self.window_us > 0 && !self.is_tail(flow),
            State::Early => false,
        };
        // None but those of the columns that were declared.
        is_like_learned && flow.features().len() == self.column_count
    }

    /// Whether this is the begin of a window that the flow's end has cut. There is little in it, a connection's
    /// last segments perhaps, and it would be the last word on a long flow.
    fn is_tail(&self, flow: &Flow) -> bool {
        let window_us = flow.window_start_us().unwrap_or(i64::MIN);
        let gone_us = since(flow, window_us.max(flow.start_us()));
        flow.closed_by().is_some() && gone_us < self.window_us / TAIL_PART
    }

    /// Nothing where no class is likely enough.
    fn verdict(&self, flow: &Flow, probabilities: &[f32]) -> Option<Verdict> {
        let best = most_likely(probabilities);
        let probability = probabilities[best];
        if probability.is_nan() || probability < self.confidence_min {
            return None;
        }
        let (shown, columns, classes) = (&self.shown, flow.features(), &self.stored.classes);
        let evidence = evidence::of(shown, columns, classes, probabilities, best);
        Some(Verdict::new(best as u32, self.confidence(probability)).because(evidence))
    }

    fn confidence(&self, probability: f32) -> f32 {
        let probability = probability.clamp(0.0, 1.0);
        match self.is_traffic_class {
            true => probability,
            false => AMONG_OTHERS + AMONG_OTHERS_MORE * probability,
        }
    }
}

/// Microseconds from then to the flow's last packet.
fn since(flow: &Flow, begin_us: i64) -> u64 {
    u64::try_from(flow.end_us().saturating_sub(begin_us)).unwrap_or(0)
}

/// As models learn them: single precision, and what is infinite is missing.
fn value(column: f64) -> f32 {
    if column.is_finite() { column as f32 } else { f32::NAN }
}
