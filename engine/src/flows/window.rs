//! Windows of time that cut a flow into rows, or stand beside its row (`--window`).

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Which window of a flow a row is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Begin of the window: a whole number of windows since the Unix epoch.
    pub start: Timestamp,
    pub length_ns: i64,
    /// How many rows of the flow came before.
    pub part: u32,
    /// Nothing of the flow comes after.
    pub is_last: bool,
    /// The flow has a row of its own.
    pub is_beside: bool,
}

/// What a flow had before the row that it is in.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Earlier {
    /// When the flow's first packet came.
    pub start: Timestamp,
    pub packets: [u64; 2],
    pub ip_bytes: [u64; 2],
}

/// The window that an open flow is in.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct OpenWindow {
    pub window: Window,
    /// When the flow's first packet in it came.
    pub first: Timestamp,
    pub earlier: Earlier,
}

impl Earlier {
    /// With the packets and bytes of a row that has ended.
    pub fn and(self, packets: [u64; 2], ip_bytes: [u64; 2]) -> Self {
        let sum = |all: [u64; 2], more: [u64; 2]| [all[0] + more[0], all[1] + more[1]];
        let (packets, ip_bytes) = (sum(self.packets, packets), sum(self.ip_bytes, ip_bytes));
        Self { packets, ip_bytes, ..self }
    }
}

impl OpenWindow {
    /// The window of a packet that came at `time`.
    pub fn of(time: Timestamp, window_ns: i64, part: u32) -> Self {
        let start = time.floor_to(window_ns);
        let window = Window { start, length_ns: window_ns, part, is_last: false, is_beside: false };
        Self { window, first: time, earlier: Earlier { start: time, ..Earlier::default() } }
    }
}
