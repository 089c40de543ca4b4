//! Lengths of IP packets and of their payload.

use super::Lengths;

/// Least, greatest and squares of the lengths of each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    pub ip: [Lengths; 2],
    pub payload: [Lengths; 2],
}

impl Sizes {
    #[inline]
    pub fn add(&mut self, side: usize, ip_bytes: u32, payload_bytes: u32) {
        self.ip[side].add(ip_bytes);
        self.payload[side].add(payload_bytes);
    }
}
