//! Tries whether a plugin keeps the contract of `tractor_plugin.h`: shows it invented flows in many
//! ways, and compares what it says of each. To be done in a process that may be ended by the plugin:
//! what is told before each trial says what it was doing then.

mod bench;
mod compare;
mod payloads;
mod samples;
mod trials;

use super::{ColumnNames, PluginOptions, Plugins};
use bench::Bench;
use trials::TRIALS;

/// What a check tells, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A trial begins. Its number goes on from classifier to classifier.
    Begins { trial: usize, what: String },
    /// Something that the contract does not allow, in one sentence.
    Breach(String),
    /// Something that it allows, but who wrote the plugin may want to know.
    Note(String),
}

/// From where a check goes on after a plugin ended a process.
#[derive(Clone, Debug, Default)]
pub struct From {
    pub trial: usize,
    /// Trials that did not come to their end: flows that they showed are shown no more.
    pub broken: Vec<usize>,
}

/// Loads what the options name and tries each classifier; trials before the first one wanted are
/// left out. Gives false if nothing could be tried.
pub fn check(
    options: &PluginOptions,
    column_names: ColumnNames,
    from: &From,
    tell: &mut dyn FnMut(Event),
) -> bool {
    if from.trial == 0 {
        tell(Event::Begins { trial: 0, what: "it is loaded and asked what it is".to_owned() });
    }
    let plugins = Plugins::load(options, column_names);
    if from.trial == 0 {
        let refused = plugins.refused().iter().map(|refusal| refusal.why.clone());
        refused.chain(plugins.errors().iter().cloned()).for_each(|why| tell(Event::Breach(why)));
        plugins.warnings().iter().for_each(|warning| tell(Event::Note(warning.clone())));
        for absent in plugins.absent() {
            let id = absent.id.as_deref().unwrap_or("it");
            tell(Event::Note(format!("{id} is not configured: give it its options")));
        }
    }
    for (place, description) in plugins.classifiers().iter().enumerate() {
        let before = 1 + place * TRIALS.len();
        let broken = |trial: &usize| from.broken.contains(&(before + trial));
        let broken: Vec<usize> = (0..TRIALS.len()).filter(broken).collect();
        let mut bench = Bench::new(&plugins, place, &broken);
        for (number, trial) in TRIALS.iter().enumerate() {
            if before + number < from.trial || !bench.is_for(trial) {
                continue;
            }
            let what = format!("{} {}", description.id, trial.what);
            tell(Event::Begins { trial: before + number, what });
            (trial.run)(&mut bench);
            bench.tell(tell);
        }
    }
    !plugins.classifiers().is_empty()
}
