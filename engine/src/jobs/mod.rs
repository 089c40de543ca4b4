//! What a server and its children share: what they tell each other, folders of captures, and the clock of
//! whoever watches.
//!
//! Not here: processes. The program that starts a child is the one that knows its arguments.

mod changes;
mod clock;
mod folder;
mod following;
mod frames;
mod watch;

pub use crate::limits::FRAME_BYTES_MAX;
pub use clock::{Clock, Stopwatch};
pub use folder::{Entry, Folder, Identity, NotThere, shown_name, split_name};
pub use following::{Rounds, RoundsEnd, Saves};
pub use frames::{Down, StreamProgress, Up, Waiting, read_frame, write_frame};
pub use watch::{News, Watch};
