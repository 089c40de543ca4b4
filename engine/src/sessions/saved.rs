//! All sessions as bytes, and back.

use super::{Map, Sessions};
use crate::saved::{Reader, SavedError, Writer};
use serde::{Serialize, Serializer};

impl Sessions {
    /// Writes down all that is known at the end of a step.
    pub fn save(&self, to: &mut Vec<u8>) {
        let mut writer = Writer::new(to);
        writer.put(&(&self.waiting, &self.due, &self.over, &self.expectations, self.clock));
        writer.put(&(Sorted(&self.members), &self.sessions));
        writer.put(&(&self.ended, &self.ended_controls));
        writer.put(&(&self.found, &self.packets, &self.changes));
        writer.finish();
    }

    /// Holds from now on what was saved.
    ///
    /// # Errors
    /// When it is damaged or of another layout.
    pub fn restore(&mut self, saved: &[u8]) -> Result<(), SavedError> {
        let mut reader = Reader::new(saved)?;
        (self.waiting, self.due, self.over, self.expectations, self.clock) = reader.get()?;
        (self.members, self.sessions) = reader.get()?;
        self.sessions.find_free();
        (self.ended, self.ended_controls) = reader.get()?;
        (self.found, self.packets, self.changes) = reader.get()?;
        reader.finish()
    }
}

/// A map by its keys: the same bytes for the same state.
pub fn sorted<K: Ord + Serialize, V: Serialize, S: Serializer>(
    map: &Map<K, V>,
    to: S,
) -> Result<S::Ok, S::Error> {
    let mut all: Vec<_> = map.iter().collect();
    all.sort_unstable_by_key(|(key, _)| *key);
    to.collect_map(all)
}

/// The same where it stands by itself.
#[derive(Serialize)]
struct Sorted<'a, K: Ord + Serialize, V: Serialize>(
    #[serde(serialize_with = "sorted")] &'a Map<K, V>,
);
