//! The whole graph on one page. Every worker builds the same operators.

use super::Step;
use super::collections;
use super::operators::{flows, group, order, resolve, source};
use super::run::Stages;
use std::sync::Arc;
use timely::dataflow::Scope;
use timely::dataflow::operators::core::Concat;
use timely::dataflow::operators::{ConnectLoop, Enter, Feedback, Leave};

/// Builds the dataflow of one worker around its stages.
pub fn build<'scope>(scope: Scope<'scope, Step>, stages: &Stages) {
    let (handle, passed) = scope.feedback::<Vec<()>>(1);

    let (segments, fragments) = scope.region_named("source", |region| {
        let (segments, fragments) = source(passed.enter(region), &stages.source);
        (segments.leave(scope), fragments.leave(scope))
    });
    let resolved = scope.region_named("fragments", |region| {
        resolve(fragments.enter(region), &stages.fragments).leave(scope)
    });
    let (closed, notes, counts, progress) = scope.region_named("flows", |region| {
        let (closed, notes, counts, progress) =
            flows(segments.enter(region), resolved.enter(region), &stages.flows);
        let counted = (counts.leave(scope), progress.leave(scope));
        (closed.leave(scope), notes.leave(scope), counted.0, counted.1)
    });
    progress.connect_loop(handle);

    let (closed, counts) = match &stages.sessions {
        Some(stage) => scope.region_named("sessions", |region| {
            let (grouped, of_sessions) = group(notes.enter(region), closed.enter(region), stage);
            (grouped.leave(scope), counts.concat(of_sessions.leave(scope)))
        }),
        None => (closed, counts),
    };
    if let Some(sink) = &stages.sink {
        scope.region_named("sink", |region| order(closed.enter(region), sink));
    }
    if let Some(tables) = &stages.tables {
        scope.region_named("statistics", |region| {
            let shared = Arc::clone(&stages.shared);
            // The changes of all workers go to the first: of the others the frontier says nothing.
            let is_first = stages.worker == 0;
            let before = move |step, tables: &_| {
                if is_first {
                    shared.save_statistics(step, tables);
                }
            };
            collections::statistics(counts.enter(region), tables.clone(), before);
        });
    }
}
