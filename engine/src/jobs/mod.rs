//! What a server and its children share: folders of captures, and the clock of whoever watches.
//!
//! Not here: processes. The program that starts a child is the one that knows its arguments.

mod clock;
mod folder;
mod watch;

pub use clock::{Clock, Stopwatch};
pub use folder::{Entry, Folder, Identity, NotThere, split_name};
pub use watch::{News, Watch};
