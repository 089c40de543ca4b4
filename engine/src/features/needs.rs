//! What a run keeps of its flows.

use serde::Serialize;

/// The trackers that someone's columns read; an open flow has no memory for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Needs {
    /// Times between packets, active and idle periods.
    Times,
    /// Everything that `native` says.
    All,
    /// Times, payload, flags, and what CICFlowMeter measures beside them.
    Meter,
    /// Times, lengths of frames, flags, and the link layer's addresses.
    Frames,
}
