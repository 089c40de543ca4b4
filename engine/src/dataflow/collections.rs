//! Statistics as a differential collection: counts that can be taken back.
//!
//! Changes come summed by key, once an epoch; `consolidate` adds up those of all workers, and its
//! output appears only when the frontier has passed an epoch. So the snapshot is always complete.

use super::Step;
use super::failure::lock;
use crate::statistics::{Count, StatisticKey, Tables};
use differential_dataflow::AsCollection;
use differential_dataflow::difference::{Abelian, IsZero, Monoid, Multiply, Semigroup};
use std::sync::{Arc, Mutex};
use timely::dataflow::Stream;

/// A key's change in an epoch.
pub type Change = (StatisticKey, Step, Count);

/// Adds the changes up, across workers and epochs, into `snapshot`.
pub fn statistics<'scope>(
    changes: Stream<'scope, Step, Vec<Change>>,
    snapshot: Arc<Mutex<Tables>>,
) {
    changes.as_collection().consolidate().inspect_batch(move |_, changes| {
        let mut tables = lock(&snapshot);
        for (key, _, count) in changes {
            tables.apply(*key, count);
        }
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
                statistics(changes.inner, shared);
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
