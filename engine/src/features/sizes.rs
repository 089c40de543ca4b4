//! Lengths of IP packets and of their payload.

use super::Lengths;
use serde::{Deserialize, Serialize};

/// Least, greatest and squares of the lengths of each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    pub sides: [SideSizes; 2],
}

/// The lengths of one side; kept together, since a packet touches one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideSizes {
    pub ip: Lengths,
    pub payload: Lengths,
}

impl Sizes {
    #[inline]
    pub fn add(&mut self, side: usize, ip_bytes: u32, payload_bytes: u32) {
        let side = &mut self.sides[side];
        side.ip.add(ip_bytes);
        side.payload.add(payload_bytes);
    }
}
