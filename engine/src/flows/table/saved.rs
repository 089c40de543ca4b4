//! The whole table as bytes, and back, for any number of tables.
//!
//! Indices and generations are given anew, and the wheel is filled from the flows' deadlines: nothing
//! that leaves the table depends on them.

use super::window_rows::WindowRows;
use super::{Record, Table, at_index};
use crate::decode::{Layers, Placement, shard_of, shard_of_words};
use crate::features::TrackerSet;
use crate::flows::known_names::OneOfEach;
use crate::flows::open::OpenFlow;
use crate::flows::wheel::Entry;
use crate::flows::{CountedOpen, TableCounts};
use crate::saved::{Reader, SavedError, Share, Writer};
use std::sync::Arc;

/// What is known while the parts of all tables are read.
struct Restoring<'a> {
    share: Share,
    placement: &'a Placement,
    names: OneOfEach,
    /// Flows that other tables take.
    others: usize,
}

impl<T: TrackerSet> Table<T> {
    pub(super) fn save_all(&self, to: &mut Vec<u8>) {
        let mut writer = Writer::new(to);
        writer.put_options(&self.options);
        writer.put(&self.settled_counts());
        if let Some(watches) = &self.watches {
            watches.save(&mut writer);
        }
        if let Some(live) = &self.live {
            writer.put(&live.forgotten);
        }
        self.set_aside.save(&mut writer);
        writer.put(&self.open_flows());
        for index in 0..self.used as usize {
            let flow = &self.records[index].flow;
            if flow.is_open {
                writer.put_of_shard(flow.shard(), |writer| self.save_flow(index, writer));
            }
        }
        writer.finish();
    }

    /// The counts with those that are kept elsewhere until the end.
    pub(super) fn settled_counts(&self) -> TableCounts {
        let without_payload = self.watches.as_ref().map_or(0, |watches| watches.without_payload);
        TableCounts {
            forgotten: self.counts.forgotten + self.set_aside.forgotten,
            without_payload: self.counts.without_payload + without_payload,
            ..self.counts.clone()
        }
    }

    fn save_flow(&self, index: usize, writer: &mut Writer<'_>) {
        let Record { flow, trackers } = &self.records[index];
        writer.put(flow);
        writer.put(trackers);
        let no_deep_stack = self.deep_stacks.is_empty();
        writer.put(&if no_deep_stack { None } else { self.deep_stacks.get(&index) });
        if self.options.window_ns.is_some() {
            writer.put(&self.windows[index]);
        }
        if let Some(rows) = &self.window_rows {
            writer.put(rows.of_flow(index));
        }
        if self.options.early_packets > 0 {
            writer.put(&self.early[index]);
        }
        if let Some(watches) = &self.watches {
            watches.save_flow(index, writer);
        }
    }

    pub(super) fn restore_all(
        &mut self,
        parts: &[&[u8]],
        share: Share,
        placement: &Placement,
    ) -> Result<(), SavedError> {
        let mut restored = Self::new(&self.options);
        let names = OneOfEach::default();
        let mut restoring = Restoring { share, placement, names, others: 0 };
        for (place, part) in parts.iter().enumerate() {
            restored.restore_part(part, place == 0, &mut restoring)?;
        }
        restored.window_rows.iter_mut().for_each(WindowRows::put_in_order);
        // All workers together begin with the peak of all before: flows that are open are part of it.
        let peak = restored.counts.open_flows_peak.saturating_sub(restoring.others);
        restored.counts.open_flows_peak = restored.open_flows().max(peak);
        *self = restored;
        Ok(())
    }

    fn restore_part(
        &mut self,
        part: &[u8],
        has_names: bool,
        restoring: &mut Restoring<'_>,
    ) -> Result<(), SavedError> {
        let mut reader = Reader::new(part)?;
        let share = restoring.share;
        reader.expect_options(&self.options)?;
        let counts = reader.get()?;
        if share.is_first() {
            self.counts.merge(&counts);
        }
        if let Some(watches) = &mut self.watches {
            watches.restore(&mut reader, share, has_names.then_some(&mut restoring.names))?;
        }
        if let Some(live) = &mut self.live {
            let forgotten: Vec<CountedOpen> = reader.get()?;
            let is_mine = |flow: &CountedOpen| share.has(shard_of_words(*flow.key.words()).into());
            live.forgotten.extend(forgotten.into_iter().filter(is_mine));
        }
        self.set_aside.restore(&mut reader, share)?;
        let flows: usize = reader.get()?;
        for _ in 0..flows {
            let (shard, flow) = reader.of_shard()?;
            match share.has(shard) {
                true => self.restore_flow(shard, flow, restoring)?,
                false => restoring.others += 1,
            }
        }
        reader.finish()
    }

    fn restore_flow(
        &mut self,
        shard: usize,
        mut reader: Reader<'_>,
        restoring: &mut Restoring<'_>,
    ) -> Result<(), SavedError> {
        let flow: OpenFlow = reader.get()?;
        let trackers: T = reader.get()?;
        let hash = restoring.placement.hash(&flow.key);
        if shard_of(hash) != shard {
            return Err(SavedError::Damaged);
        }
        let index = self.used as usize;
        let flow = OpenFlow { hash, is_open: true, ..flow };
        let entry = Entry { index: self.used, generation: flow.generation };
        let deep_stack: Option<Arc<Layers>> = reader.get()?;
        self.deep_stacks.extend(deep_stack.map(|layers| (index, layers)));
        if self.options.window_ns.is_some() {
            *at_index(&mut self.windows, index) = reader.get()?;
        }
        if let Some(rows) = &mut self.window_rows {
            rows.restore(index, reader.get()?);
        }
        if self.options.early_packets > 0 {
            *at_index(&mut self.early, index) = reader.get()?;
        }
        if let Some(watches) = &mut self.watches {
            watches.restore_flow(index, &mut reader, &mut restoring.names)?;
        }
        reader.finish()?;
        self.wheel.schedule(entry, flow.deadline(&self.life));
        if let Some(live) = self.live.as_mut().filter(|_| flow.counted_side.is_none()) {
            live.opened.push(entry);
        }
        self.shards[shard].insert(hash, index);
        self.records.put(index, Record { flow, trackers });
        self.used += 1;
        Ok(())
    }

    /// Tells the ids of flows that are open, and of those that are still to be told to count no more.
    pub(super) fn tell_open_ids(&self, to: &mut dyn FnMut(u64)) {
        let flows = (0..self.used as usize).map(|index| &self.records[index].flow);
        flows.filter(|flow| flow.is_open).for_each(|flow| to(flow.id));
        let forgotten = self.live.iter().flat_map(|live| &live.forgotten);
        forgotten.for_each(|flow| to(flow.id));
    }
}
