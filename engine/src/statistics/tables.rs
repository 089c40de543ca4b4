//! Counts as people read them: a table a kind of key, largest first.

use super::{Count, StatisticKey};
use crate::limits::STATISTIC_KEYS_MAX;
use foldhash::{HashMap, HashMapExt};

/// The counts of all keys, as of one moment.
pub struct Tables {
    counts: HashMap<StatisticKey, Count>,
    /// What keys beyond the bound add up to.
    beyond: Count,
}

/// One kind of key: its rows by falling number of bytes, then by key.
pub type Table = Vec<(StatisticKey, Count)>;

impl Default for Tables {
    fn default() -> Self {
        Self { counts: HashMap::new(), beyond: Count::default() }
    }
}

impl Tables {
    /// Applies a change. Beyond [`STATISTIC_KEYS_MAX`] keys, new ones are counted together.
    pub fn apply(&mut self, key: StatisticKey, change: &Count) {
        if let Some(count) = self.counts.get_mut(&key) {
            count.add(change);
            if count.is_nothing() {
                self.counts.remove(&key);
            }
        } else if self.counts.len() < STATISTIC_KEYS_MAX {
            self.counts.insert(key, *change);
        } else {
            self.beyond.add(change);
        }
    }

    /// What keys beyond the bound add up to, over all kinds; nothing normally.
    pub fn beyond(&self) -> Count {
        self.beyond
    }

    fn table(&self, wanted: impl Fn(&StatisticKey) -> bool) -> Table {
        let rows = self.counts.iter().filter(|(key, _)| wanted(key));
        let mut table: Table = rows.map(|(key, count)| (*key, *count)).collect();
        table.sort_unstable_by_key(|(key, count)| (std::cmp::Reverse(count.bytes), *key));
        table
    }

    pub fn protocols(&self) -> Table {
        self.table(|key| matches!(key, StatisticKey::Protocol(_)))
    }

    pub fn clients(&self) -> Table {
        self.table(|key| matches!(key, StatisticKey::Client(_)))
    }

    pub fn servers(&self) -> Table {
        self.table(|key| matches!(key, StatisticKey::Server(_)))
    }

    pub fn labels(&self) -> Table {
        self.table(|key| matches!(key, StatisticKey::Label(_)))
    }

    pub fn ports(&self) -> Table {
        self.table(|key| matches!(key, StatisticKey::Port(..)))
    }
}
