//! What the IP header says beside lengths.

use crate::decode::Segment;

/// Least time to live of each side and the first packet's DSCP (RFC 2474).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Network {
    pub time_to_live_min: [Option<u8>; 2],
    pub dscp: u8,
}

impl Network {
    pub fn open(&mut self, segment: &Segment) {
        self.dscp = segment.dscp;
    }

    #[inline]
    pub fn add(&mut self, segment: &Segment) {
        let least = &mut self.time_to_live_min[segment.side()];
        let seen = least.unwrap_or(u8::MAX);
        *least = Some(seen.min(segment.time_to_live));
    }
}
