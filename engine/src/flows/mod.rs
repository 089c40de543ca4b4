//! From segments to flows (technological connections): one plain table, fed in stream order.
//!
//! [`FlowTable::push`] takes the segments of a chunk, [`FlowTable::finish_chunk`] closes what is
//! due at its end, [`FlowTable::finish_stream`] closes the rest. It knows no dataflow, no thread
//! and no clock but the packets'. The rules are sections 3 to 5 of FLOWS.md.

mod connection;
mod early;
mod flow;
mod grouped;
mod head;
mod index;
mod known_names;
mod labelled;
mod life;
mod live;
mod notes;
mod open;
mod options;
mod question;
mod set_aside;
mod slab;
mod table;
mod tracked;
mod watch;
mod wheel;
mod window;

pub use connection::ClientBy;
pub use early::EarlyPacket;
pub use flow::{EndReason, Flow};
pub use grouped::{Group, Grouped, JoinedBy};
pub use head::ChunkHead;
pub use labelled::{Choice, Labelled};
pub use life::{Life, LifeRule};
pub use live::CountedOpen;
pub use notes::{Note, NoteOptions, Noted, NotedAt, NotedPacket, Opened, What};
pub use options::{TableCounts, TableOptions};
pub use question::{About, Question};
pub use tracked::{Tracked, Tracking};
pub use watch::{Call, ColumnWish, EarlyWish, FirstPacket, NamesOf, Seen, WatchOptions};
pub use window::{Earlier, Window};

use crate::decode::{Key, Placement, Segment};
use crate::features::{FrameTrackers, MeterTrackers, Needs, TimeTrackers, Trackers};
use crate::saved::{SavedError, Share};
use crate::time::Timestamp;
use table::Table;

/// The open flows of a worker. Closed ones go to `to`, in no particular order.
pub trait FlowTable {
    /// Takes segments of one chunk, in stream order.
    fn push(&mut self, segments: &[Segment], head: &ChunkHead, to: &mut dyn FnMut(Flow));

    /// Closes what is due at the end of the chunk.
    fn finish_chunk(&mut self, head: &ChunkHead, to: &mut dyn FnMut(Flow));

    /// Closes every flow at the end of the capture.
    fn finish_stream(&mut self, clock: Timestamp, to: &mut dyn FnMut(Flow));

    /// Uses the memory of flows again whose verdicts are in.
    fn use_again(&mut self, seen: &mut Vec<Seen>);

    /// Where flows count while they are open: how many have opened, or are not shown in the end, and
    /// were not told to [`FlowTable::count_open`] yet.
    fn uncounted(&self) -> usize;

    /// Tells which flows count from now on while they are open, and which do not any more.
    fn count_open(&mut self, to: &mut dyn FnMut(CountedOpen));

    /// Shows the open flows that `wanted` picks by id and key, without what they have gathered, in
    /// no order.
    fn show_open(
        &self,
        clock: Timestamp,
        wanted: &dyn Fn(u64, &Key) -> bool,
        to: &mut dyn FnMut(Flow),
    );

    /// What was noted since the last call, where someone wants it.
    fn take_notes(&mut self) -> Noted;

    fn counts(&self) -> &TableCounts;

    /// How many flows are open.
    fn open_flows(&self) -> usize;

    /// Writes down all that the table holds, behind what `to` has. To be called after the end of a
    /// chunk.
    fn save(&self, to: &mut Vec<u8>);

    /// Holds from now on its share of what all tables of a run with the same options have saved, in
    /// `parts`, however many they were. The first worker takes what they have counted. `placement` is
    /// that of the segments to come.
    ///
    /// # Errors
    /// When the state is damaged, or of another layout or other options; then the table is as before.
    fn restore(
        &mut self,
        parts: &[&[u8]],
        share: Share,
        placement: &Placement,
    ) -> Result<(), SavedError>;

    /// Tells the ids of all flows of which something may still come: those that are open, and those
    /// that [`FlowTable::count_open`] is going to tell that they count no more.
    fn open_ids(&self, to: &mut dyn FnMut(u64));
}

/// An empty table whose flows keep what is needed.
pub fn flow_table(options: &TableOptions) -> Box<dyn FlowTable> {
    match options.needs {
        Needs::Times => Box::new(Table::<TimeTrackers>::new(options)),
        Needs::All => Box::new(Table::<Trackers>::new(options)),
        Needs::Meter => Box::new(Table::<MeterTrackers>::new(options)),
        Needs::Frames => Box::new(Table::<FrameTrackers>::new(options)),
    }
}
