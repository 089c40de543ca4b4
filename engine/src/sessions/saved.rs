//! All sessions as bytes, and back.

use super::{Map, Sessions};
use crate::saved::{Reader, SavedError, Writer};
use serde::Serialize;

impl Sessions {
    /// Writes down all that is known at the end of a step.
    pub fn save(&self, to: &mut Vec<u8>) {
        let mut writer = Writer::new(to);
        writer.put(&(&self.waiting, &self.due, &self.over, &self.expectations, self.clock));
        writer.put(&(sorted(&self.members), &self.sessions));
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
        let members: Vec<_>;
        (members, self.sessions) = reader.get()?;
        self.members = members.into_iter().collect();
        (self.ended, self.ended_controls) = reader.get()?;
        (self.found, self.packets, self.changes) = reader.get()?;
        reader.finish()
    }
}

/// The same bytes for the same state.
fn sorted<V: Serialize>(map: &Map<u64, V>) -> Vec<(u64, &V)> {
    let mut all: Vec<_> = map.iter().map(|(key, value)| (*key, value)).collect();
    all.sort_unstable_by_key(|(key, _)| *key);
    all
}
