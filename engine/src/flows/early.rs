//! The first packets of a flow, one by one: what `--splt` shows.

use crate::decode::Segment;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One of a flow's first packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlyPacket {
    #[serde(deserialize_with = "crate::saved::side")]
    pub side: u8,
    pub payload_bytes: u32,
    /// Since the flow's packet before; 0 for the first.
    pub gap_ns: i64,
}

impl EarlyPacket {
    /// The packet of a segment that came at `time`, `last` being when the one before came.
    pub fn new(segment: &Segment, time: Timestamp, last: Timestamp, is_first: bool) -> Self {
        Self {
            side: segment.side() as u8,
            payload_bytes: segment.payload_bytes,
            gap_ns: if is_first { 0 } else { time.since(last) },
        }
    }
}
