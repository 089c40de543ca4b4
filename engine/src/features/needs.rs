//! What a run keeps of its flows.

/// The trackers that someone's columns read; an open flow has no memory for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Times between packets, active and idle periods.
    Times,
    All,
}
