//! TCP flags and first windows of each side.

use crate::decode::Segment;

/// Names of the flags, in the order of the profiles' columns, with their bit.
pub const FLAG_NAMES: [(&str, usize); 8] = [
    ("fin", 0),
    ("syn", 1),
    ("rst", 2),
    ("psh", 3),
    ("ack", 4),
    ("urg", 5),
    ("cwr", 7),
    ("ece", 6),
];

/// How often each side set each flag (saturating at 2³² - 1), and its first window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpFlags {
    /// By side, then by bit of the flags byte.
    pub counts: [[u32; 8]; 2],
    /// Unscaled window of the side's first packet with a TCP header.
    pub first_window: [Option<u16>; 2],
}

impl TcpFlags {
    #[inline]
    pub fn add(&mut self, segment: &Segment) {
        let side = segment.side();
        for (bit, count) in self.counts[side].iter_mut().enumerate() {
            *count = count.saturating_add(u32::from(segment.flags >> bit & 1));
        }
        if segment.has_tcp_header() && self.first_window[side].is_none() {
            self.first_window[side] = Some(segment.window);
        }
    }
}
