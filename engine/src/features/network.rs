//! What the IP header says beside lengths.

use crate::decode::Segment;
use serde::{Deserialize, Serialize};

/// Least time to live of each side and the first packet's DSCP (RFC 2474).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// Of a side that sent packets.
    pub time_to_live_min: [u8; 2],
    pub dscp: u8,
}

impl Default for Network {
    fn default() -> Self {
        Self { time_to_live_min: [u8::MAX; 2], dscp: 0 }
    }
}

impl Network {
    /// Of a flow whose first packet is `segment`.
    pub fn open(segment: &Segment) -> Self {
        Self { dscp: segment.dscp(), ..Self::default() }
    }

    #[inline]
    pub fn add(&mut self, segment: &Segment) {
        let least = &mut self.time_to_live_min[segment.side()];
        *least = segment.time_to_live.min(*least);
    }
}
