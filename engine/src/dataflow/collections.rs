//! Statistics as a differential collection: counts that can be taken back.
//!
//! Changes come summed by key, once an epoch, which ends at the same step on every worker. Worker 0
//! applies them when the frontier has passed the step, all at once: so whoever reads the snapshot sees
//! whole epochs. Keys under which many flows count have a change from every worker: `consolidate` adds
//! these up first. Of addresses, ports and names two workers rarely have the same in an epoch: to sort
//! them for that would cost more than all else here, and the snapshot adds up anyway.

use super::Step;
use super::failure::lock;
use crate::statistics::{Count, StatisticKey, Tables};
use differential_dataflow::AsCollection;
use differential_dataflow::difference::{Abelian, IsZero, Monoid, Multiply, Semigroup};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use timely::dataflow::Stream;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::core::{Concat, OkErr};
use timely::dataflow::operators::generic::Operator;

/// A key's change in an epoch.
pub type Change = (StatisticKey, Step, Count);

/// Adds the changes up, across workers and epochs, into `snapshot`. Nothing else is kept of an epoch
/// that is over: nobody holds the trace that `consolidate` would fill, so there is none.
/// `before` is called with the snapshot when all steps before one are in it, and nothing of that one.
pub fn statistics<'scope>(
    changes: Stream<'scope, Step, Vec<Change>>,
    snapshot: Arc<Mutex<Tables>>,
    before: impl Fn(Step, &Mutex<Tables>) + 'static,
) {
    let (few, many): (Stream<'_, _, Vec<Change>>, Stream<'_, _, Vec<Change>>) = changes
        .ok_err(|change| if change.0.kind().has_few_keys() { Ok(change) } else { Err(change) });
    let summed = few.as_collection().consolidate().inner.concat(many);
    let mut stash = BTreeMap::<Step, Vec<(StatisticKey, Count)>>::new();
    summed.sink(Exchange::new(|_: &Change| 0), "snapshot", move |(input, frontier)| {
        input.for_each(|_, changes| {
            for (key, step, count) in changes.drain(..) {
                stash.entry(step).or_default().push((key, count));
            }
        });
        while let Some(first) = stash.first_entry() {
            if frontier.less_equal(first.key()) {
                break;
            }
            before(*first.key(), &snapshot);
            let (step, changes) = first.remove_entry();
            let mut tables = lock(&snapshot);
            changes.into_iter().for_each(|(key, count)| tables.apply(key, &count));
            tables.close_step(step);
        }
        before(frontier.frontier().first().copied().unwrap_or(Step::MAX), &snapshot);
    });
}

impl IsZero for Count {
    fn is_zero(&self) -> bool {
        self.is_nothing()
    }
}

impl Semigroup for Count {
    fn plus_equals(&mut self, other: &Self) {
        self.add(other);
    }
}

impl Monoid for Count {
    fn zero() -> Self {
        Self::default()
    }
}

impl Abelian for Count {
    fn negate(&mut self) {
        *self = self.multiply(&-1);
    }
}

impl Multiply<isize> for Count {
    type Output = Self;

    fn multiply(self, times: &isize) -> Self {
        let times = *times as i64;
        Self { flows: self.flows * times, packets: self.packets * times, bytes: self.bytes * times }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use differential_dataflow::input::Input;
    use differential_dataflow::logging::{DifferentialEvent, DifferentialEventBuilder};
    use std::cell::RefCell;
    use std::rc::Rc;

    /// Neither a trace nor a batch of an epoch that is over stays in memory.
    #[test]
    fn nothing_is_kept_of_epochs_that_are_over() {
        let logged = timely::execute(timely::Config::process(2), |worker| {
            let logged = Rc::new(RefCell::new(Vec::new()));
            let shared = Rc::clone(&logged);
            let mut registry = worker.log_register().expect("logging");
            registry.insert::<DifferentialEventBuilder, _>("differential/arrange", {
                move |_, events| shared.borrow_mut().extend(events.take().unwrap_or_default())
            });
            drop(registry);
            let snapshot = Arc::<Mutex<Tables>>::default();
            let mut input = worker.dataflow::<Step, _, _>(|scope| {
                let (input, changes) = scope.new_collection::<StatisticKey, Count>();
                statistics(changes.inner, snapshot, |_, _| ());
                input
            });
            for epoch in 0..500 {
                let keys = (0..100).map(StatisticKey::Protocol);
                keys.for_each(|key| input.update(key, Count::FLOW));
                input.advance_to(epoch + 1);
                input.flush();
                worker.step();
            }
            drop(input);
            while worker.step() {}
            logged.take()
        });
        for events in logged.unwrap().join() {
            let (mut records, mut most) = (0, 0);
            for (_, event) in events.unwrap() {
                match event {
                    DifferentialEvent::Batcher(change) => records += change.records_diff,
                    DifferentialEvent::TraceShare(_) => {}
                    other => panic!("a trace: {other:?}"),
                }
                most = most.max(records);
            }
            assert!(records == 0 && (1..50_000).contains(&most), "{records}, at most {most}");
        }
    }

    /// A count that is taken back is gone, whatever worker or epoch it came from.
    #[test]
    fn counts_can_be_taken_back() {
        let snapshot = Arc::new(Mutex::new(Tables::default()));
        let shared = Arc::clone(&snapshot);
        let config = timely::Config::process(2);
        let guards = timely::execute(config, move |worker| {
            let shared = Arc::clone(&shared);
            let mut input = worker.dataflow::<Step, _, _>(|scope| {
                let (input, changes) = scope.new_collection::<StatisticKey, Count>();
                statistics(changes.inner, shared, |_, _| ());
                input
            });
            let one = Count { flows: 1, packets: 10, bytes: 100 };
            input.update(StatisticKey::Protocol(6), one);
            input.advance_to(1);
            input.update(StatisticKey::Protocol(6), one.multiply(&-1));
            input.update(StatisticKey::Protocol(17), one);
            input.advance_to(2);
        });
        guards.unwrap().join().into_iter().for_each(|worker| worker.unwrap());
        let both = Count { flows: 2, packets: 20, bytes: 200 };
        assert_eq!(lock(&snapshot).protocols(), vec![(StatisticKey::Protocol(17), both)]);
    }
}
