//! What classifiers want to know in columns: trackers of their own, of the whole flow or of a window.

use crate::decode::Segment;
use crate::flows::Flow;
use crate::flows::tracked::{Tracked, Tracking};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::mem::replace;

/// Columns that a classifier reads.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ColumnWish {
    /// Its place among all.
    pub classifier: usize,
    pub tracking: Tracking,
}

/// What is kept of an open flow for the wishes, by their places; nothing before the first packet.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TrackedColumns {
    all: Vec<Tracked>,
}

impl TrackedColumns {
    /// Adds a packet to all of them.
    pub fn add(
        &mut self,
        segment: &Segment,
        time: Timestamp,
        client: usize,
        wishes: &[ColumnWish],
    ) {
        if self.all.is_empty() {
            self.all.extend(wishes.iter().map(|wish| Tracked::open(segment, time, &wish.tracking)));
        }
        for (tracked, wish) in self.all.iter_mut().zip(wishes) {
            tracked.add(segment, time, client, &wish.tracking);
        }
    }

    /// Begins those windows anew that a packet at that time does not lie in; their places, and what
    /// they were.
    pub fn end_windows(
        &mut self,
        segment: &Segment,
        time: Timestamp,
        wishes: &[ColumnWish],
    ) -> Vec<(usize, Tracked)> {
        let mut ended = Vec::new();
        let trackings = wishes.iter().map(|wish| &wish.tracking);
        for (place, (tracked, tracking)) in self.all.iter_mut().zip(trackings).enumerate() {
            if tracked.has_ended(time, tracking) {
                ended.push((place, replace(tracked, Tracked::open(segment, time, tracking))));
            }
        }
        ended
    }

    /// The windows that are open, with their places.
    pub fn windows<'a>(
        &'a self,
        wishes: &'a [ColumnWish],
    ) -> impl Iterator<Item = (usize, &'a Tracked)> {
        let all = self.all.iter().enumerate();
        all.filter(|(place, _)| wishes[*place].tracking.window_ns.is_some())
    }

    /// Whether these are what is kept for the wishes, or nothing yet.
    pub fn is_of(&self, wishes: &[ColumnWish]) -> bool {
        self.all.is_empty() || self.all.len() == wishes.len()
    }

    /// The flow as its own trackers have it, for those who want the whole of it.
    pub fn whole(&self, outline: &Flow, wishes: &[ColumnWish]) -> Vec<(usize, Flow)> {
        let all = self.all.iter().zip(wishes).enumerate();
        let whole = all.filter(|(_, (_, wish))| wish.tracking.window_ns.is_none());
        whole
            .map(|(place, (own, wish))| (place, own.flow(outline.clone(), &wish.tracking)))
            .collect()
    }
}
