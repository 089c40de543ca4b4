//! What is kept for classifiers, as bytes and back.

use super::{TrackedColumns, Watch, Watches};
use crate::decode::ControlReader;
use crate::flows::known_names::OneOfEach;
use crate::limits::SHARDS;
use crate::saved::{Reader, SavedError, Share, Writer};
use crate::time::Timestamp;

impl Watches {
    /// Writes what is of no flow.
    pub fn save(&self, writer: &mut Writer<'_>) {
        debug_assert_eq!(self.learnt, 0, "a chunk is over");
        writer.put(&self.kept_bytes);
        writer.put(&self.next_due);
        self.names.save(writer);
    }

    /// Takes what is of no flow from what one of several workers has saved; each of them had all names.
    pub fn restore(
        &mut self,
        reader: &mut Reader<'_>,
        share: Share,
        names: Option<&mut OneOfEach>,
    ) -> Result<(), SavedError> {
        let kept_bytes: Vec<usize> = reader.get()?;
        let next_due: Vec<Timestamp> = reader.get()?;
        if kept_bytes.len() != SHARDS || next_due.len() != SHARDS {
            return Err(SavedError::Damaged);
        }
        // A shard was one worker's: the others had what a table begins with.
        for shard in (0..SHARDS).filter(|&shard| share.has(shard)) {
            let kept = &mut self.kept_bytes[shard];
            *kept = kept.saturating_add(kept_bytes[shard]);
            self.next_due[shard] = self.next_due[shard].max(next_due[shard]);
        }
        self.names.restore(reader, names)
    }

    pub fn save_flow(&self, index: usize, writer: &mut Writer<'_>) {
        writer.put(&self.by_index[index]);
        if !self.options.columns.is_empty() {
            writer.put(&self.tracked[index]);
        }
        if self.options.groups {
            writer.put(&self.controls.get(&index));
        }
    }

    /// Watches a flow that has been saved; indices come in their order.
    pub fn restore_flow(
        &mut self,
        index: usize,
        reader: &mut Reader<'_>,
        names: &mut OneOfEach,
    ) -> Result<(), SavedError> {
        let mut watch: Watch = reader.get()?;
        watch.known_name = watch.known_name.map(|name| names.of(name));
        if !self.options.columns.is_empty() {
            let tracked: TrackedColumns = reader.get()?;
            if !tracked.is_of(&self.options.columns) {
                return Err(SavedError::Damaged);
            }
            self.tracked.push(tracked);
        }
        if self.options.groups {
            let control: Option<Box<ControlReader>> = reader.get()?;
            control.into_iter().for_each(|control| drop(self.controls.insert(index, control)));
        }
        self.by_index.put(index, watch);
        Ok(())
    }
}
