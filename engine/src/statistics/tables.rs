//! Counts as of one moment: a table a kind of key.

use super::{Count, Kind, StatisticKey};
use crate::limits::STATISTIC_KEYS_MAX;
use crate::saved::{Reader, SavedError, Writer};
use foldhash::{HashMap, HashMapExt};
use std::cmp::Reverse;

/// The counts of all keys, as of one step of the run: whole epochs are in them or not at all.
pub struct Tables {
    kinds: [OfKind; Kind::COUNT],
    step: Option<u64>,
}

/// The keys of one kind.
pub struct OfKind {
    pub counts: HashMap<StatisticKey, Count>,
    /// What keys beyond the bound add up to.
    pub beyond: Count,
    /// The bound was reached: from then on there are no new keys. One that was counted beyond it
    /// would else be taken back from where it never stood.
    is_full: bool,
    keys_max: usize,
}

/// One kind of key: its rows by falling number of bytes, then by key.
pub type Table = Vec<(StatisticKey, Count)>;

impl Default for Tables {
    fn default() -> Self {
        Self::with_keys_max(STATISTIC_KEYS_MAX)
    }
}

impl Tables {
    /// Tables with room for so many keys of each kind.
    pub(super) fn with_keys_max(keys_max: usize) -> Self {
        let empty = || OfKind {
            counts: HashMap::new(),
            beyond: Count::default(),
            is_full: false,
            keys_max,
        };
        Self { kinds: std::array::from_fn(|_| empty()), step: None }
    }

    /// Applies a change. Beyond [`STATISTIC_KEYS_MAX`] keys of a kind, new ones are counted together.
    pub fn apply(&mut self, key: StatisticKey, change: &Count) {
        self.kinds[key.kind() as usize].apply(key, change);
    }

    /// Notes that all changes up to a step of the run have been applied.
    pub fn close_step(&mut self, step: u64) {
        self.step = Some(step);
    }

    /// The step up to which they count; `None`: there was none yet.
    pub fn step(&self) -> Option<u64> {
        self.step
    }

    /// All flows.
    pub fn flows(&self) -> i64 {
        let protocols = self.of(Kind::Protocol);
        protocols.counts.values().map(|count| count.flows).sum()
    }

    /// What keys beyond the bound add up to, over all kinds; nothing normally.
    pub fn beyond(&self) -> Count {
        self.kinds.iter().fold(Count::default(), |mut sum, kind| {
            sum.add(&kind.beyond);
            sum
        })
    }

    /// Writes down all counts, behind what `to` has, in no order.
    pub fn save(&self, to: &mut Vec<u8>) {
        let mut writer = Writer::new(to);
        writer.put(&self.step);
        for OfKind { counts, beyond, is_full, .. } in &self.kinds {
            writer.put(&(beyond, is_full, counts.len()));
            counts.iter().for_each(|entry| writer.put(&entry));
        }
        writer.finish();
    }

    /// Has from now on the counts that were saved.
    ///
    /// # Errors
    /// When they are damaged or of another layout; then the tables are as before.
    pub fn restore(&mut self, saved: &[u8]) -> Result<(), SavedError> {
        let mut reader = Reader::new(saved)?;
        let mut restored = Self::with_keys_max(self.kinds[0].keys_max);
        restored.step = reader.get()?;
        for (place, of_kind) in restored.kinds.iter_mut().enumerate() {
            let (beyond, is_full, keys): (Count, bool, usize) = reader.get()?;
            (of_kind.beyond, of_kind.is_full) = (beyond, is_full);
            for _ in 0..keys {
                let (key, count): (StatisticKey, Count) = reader.get()?;
                let is_one_more = of_kind.counts.len() < of_kind.keys_max;
                if key.kind() as usize != place || !is_one_more {
                    return Err(SavedError::Damaged);
                }
                of_kind.counts.insert(key, count);
            }
        }
        reader.finish()?;
        *self = restored;
        Ok(())
    }

    pub(super) fn of(&self, kind: Kind) -> &OfKind {
        &self.kinds[kind as usize]
    }

    fn table(&self, kind: Kind) -> Table {
        let rows = self.of(kind).counts.iter();
        by_bytes(rows.map(|(key, count)| (key.clone(), *count)).collect())
    }

    pub fn protocols(&self) -> Table {
        self.table(Kind::Protocol)
    }

    pub fn clients(&self) -> Table {
        self.table(Kind::Client)
    }

    pub fn servers(&self) -> Table {
        self.table(Kind::Server)
    }

    /// Labels; flows without one are in one row, that of `Unlabelled(0)`.
    pub fn labels(&self) -> Table {
        let mut table: Table = self.table(Kind::Label);
        let mut unlabelled = Count::default();
        self.of(Kind::Unlabelled).counts.values().for_each(|count| unlabelled.add(count));
        if !unlabelled.is_nothing() {
            table.push((StatisticKey::Unlabelled(0), unlabelled));
        }
        by_bytes(table)
    }

    pub fn ports(&self) -> Table {
        self.table(Kind::Port)
    }
}

fn by_bytes(mut table: Table) -> Table {
    table.sort_unstable_by(|(key, count), (other, others)| {
        (Reverse(count.bytes), key).cmp(&(Reverse(others.bytes), other))
    });
    table
}

impl OfKind {
    fn apply(&mut self, key: StatisticKey, change: &Count) {
        if let Some(count) = self.counts.get_mut(&key) {
            count.add(change);
            if count.is_nothing() {
                self.counts.remove(&key);
            }
        } else if !self.is_full && self.counts.len() < self.keys_max {
            self.counts.insert(key, *change);
        } else {
            self.is_full = true;
            self.beyond.add(change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(flows: i64) -> Count {
        Count { flows, packets: 10 * flows, bytes: 100 * flows }
    }

    fn port(port: u16) -> StatisticKey {
        StatisticKey::Port(6, port)
    }

    #[test]
    fn what_was_counted_beyond_the_bound_is_taken_back_from_there() {
        let mut tables = Tables::with_keys_max(2);
        for number in [1, 2, 3] {
            tables.apply(port(number), &count(1));
        }
        assert_eq!(tables.beyond(), count(1));
        // There would be room again, but this one stands beyond.
        tables.apply(port(1), &count(-1));
        tables.apply(port(3), &count(-1));
        assert_eq!((tables.beyond(), tables.ports()), (count(0), vec![(port(2), count(1))]));
        tables.apply(port(4), &count(5));
        assert_eq!(tables.beyond(), count(5));
    }

    #[test]
    fn counts_that_were_saved_go_on_as_before() {
        let changes = [1, 2, 3, 2, 1].map(|number| (port(number), count(i64::from(number))));
        let more = [StatisticKey::Label(4), StatisticKey::Domain("a.example".into())];
        let changes: Vec<_> = changes.into_iter().chain(more.map(|key| (key, count(-2)))).collect();
        for cut in 0..=changes.len() {
            let [mut whole, mut before, mut behind] = [2, 2, 2].map(Tables::with_keys_max);
            before.close_step(7);
            for (place, (key, change)) in changes.iter().enumerate() {
                whole.apply(key.clone(), change);
                if place < cut {
                    before.apply(key.clone(), change);
                }
            }
            let mut saved = Vec::new();
            before.save(&mut saved);
            behind.restore(&saved).unwrap();
            assert_eq!(behind.step(), Some(7));
            changes[cut..].iter().for_each(|(key, change)| behind.apply(key.clone(), change));
            assert_eq!((behind.ports(), behind.labels()), (whole.ports(), whole.labels()));
            assert_eq!(behind.beyond(), whole.beyond());
            for bytes in 0..saved.len() {
                assert!(behind.restore(&saved[..bytes]).is_err());
            }
            assert_eq!(behind.ports(), whole.ports(), "what is damaged changes nothing");
        }
    }

    #[test]
    fn each_kind_has_room_of_its_own() {
        let mut tables = Tables::with_keys_max(1);
        tables.apply(port(1), &count(1));
        tables.apply(StatisticKey::Protocol(6), &count(1));
        assert!(tables.beyond().is_nothing());
        assert_eq!(tables.flows(), 1);
    }

    #[test]
    fn flows_without_a_label_are_one_row_among_the_labels() {
        let mut tables = Tables::default();
        tables.apply(StatisticKey::Unlabelled(6), &count(1));
        tables.apply(StatisticKey::Unlabelled(17), &count(2));
        tables.apply(StatisticKey::Label(4), &count(3));
        tables.apply(StatisticKey::Label(2), &count(4));
        let expected = [
            (StatisticKey::Label(2), count(4)),
            (StatisticKey::Unlabelled(0), count(3)),
            (StatisticKey::Label(4), count(3)),
        ];
        assert_eq!(tables.labels(), expected);
    }
}
