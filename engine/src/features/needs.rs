//! What a run keeps of its flows.

/// The trackers that someone's columns read; a flow has no memory for others. A greater need
/// covers the lesser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// Times between packets, active and idle periods.
    Times,
    All,
}
