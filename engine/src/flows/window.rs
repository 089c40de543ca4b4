//! Windows of time that cut a flow into rows (`--window`).

use crate::time::Timestamp;

/// Which window of a flow a row is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Begin of the window: a whole number of windows since the Unix epoch.
    pub start: Timestamp,
    pub length_ns: i64,
    /// How many rows of the flow came before.
    pub part: u32,
    /// Nothing of the flow comes after.
    pub is_last: bool,
}

/// The window that an open flow is in.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenWindow {
    pub window: Window,
    /// When the flow's first packet in it came.
    pub first: Timestamp,
}

impl OpenWindow {
    /// The window of a packet that came at `time`.
    pub fn of(time: Timestamp, window_ns: i64, part: u32) -> Self {
        let start = time.floor_to(window_ns);
        Self { window: Window { start, length_ns: window_ns, part, is_last: false }, first: time }
    }
}
