//! What a followed folder asks of its source: to obey orders, and to save how far it has been read.

use super::Source;
use super::reading::Reader;
use crate::capture::{ChunkEnd, FollowState};
use crate::dataflow::checkpoint::{Part, Position};
use crate::dataflow::feed::Orders;
use crate::dataflow::plan::Place;
use std::sync::atomic::Ordering;

impl Source {
    /// Whether someone waits for an empty chunk.
    pub(super) fn is_asked(&self) -> bool {
        let progress = &self.shared.progress;
        self.has_news && progress.tick.load(Ordering::Acquire)
            || progress.questions.wait()
            || self.is_to_save
    }

    /// Where the state is to be saved behind the chunk just read: how far the folder has been read.
    pub(super) fn state_to_save(&mut self, end: &ChunkEnd) -> Option<FollowState> {
        let Some((_, Reader::Followed(follower))) = &mut self.reader else { return None };
        self.has_unsaved |= end.bytes_read > 0 || follower.events() != self.events_saved;
        // At its end a stream is saved as it is then: whoever follows the folder again goes on behind it.
        let is_wanted = self.is_to_save || end.end_of_file && self.shared.gathering.is_wanted();
        self.is_to_save = false;
        if !is_wanted || !(self.has_unsaved || end.end_of_file) {
            if let Some(feed) = self.shared.feed.as_ref().filter(|_| is_wanted) {
                feed.tell_saved(None);
            }
            return None;
        }
        let state = follower.state();
        (self.has_unsaved, self.events_saved) = (false, follower.events());
        Some(state)
    }

    /// Has everybody save what he holds behind this chunk; at the end of the stream behind its last step.
    pub(super) fn begin_to_save(&self, end: &ChunkEnd, position: Position, place: Place) {
        let (shared, workers) = (&self.shared, 0..self.peers);
        let step = if end.end_of_file { shared.plan.end() } else { place }.step();
        let mut parts = vec![Part::Held, Part::Rows];
        parts.extend(workers.clone().map(Part::Fragments));
        parts.extend(workers.clone().map(Part::Flows));
        parts.extend(workers.filter(|_| shared.labels_flows).map(Part::Classifiers));
        parts.extend(shared.sessions.map(|_| Part::Sessions));
        parts.extend(shared.wants_statistics.then_some(Part::Statistics));
        shared.gathering.begin(step, position, parts, shared.meaning.clone());
    }

    /// Obeys what whoever watches the folder says.
    pub fn obey(&mut self) {
        let Some(feed) = self.shared.feed.clone() else { return };
        if let (None, Some(Place { unit: 0, chunk: 0 })) = (&self.reader, self.next) {
            self.reader = Some((0, self.reader_of(0)));
        }
        let Some((_, Reader::Followed(follower))) = &mut self.reader else { return };
        let orders = feed.take_orders();
        if orders.end {
            follower.end();
        }
        self.is_to_save |= orders.save;
        if let Some(passed) = orders.look {
            follower.look(passed);
        }
        self.is_dry &= orders == Orders::default() && !self.is_asked();
    }
}
