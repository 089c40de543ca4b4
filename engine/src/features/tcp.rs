//! TCP flags and first windows of each side.

use crate::decode::Segment;
use serde::{Deserialize, Serialize};

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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TcpFlags {
    /// Counts of a side's last packets, eight bits a flag, so that a packet costs one addition.
    recent: [u64; 2],
    /// Counts of the packets before, by side and bit; only long flows have any.
    before: Option<Box<[[u32; 8]; 2]>>,
    first_window: [u16; 2],
    has_window: [bool; 2],
}

/// Packets of a side after which its recent counts are put away: none has overflowed.
const RECENT_PACKETS: u64 = 128;

impl TcpFlags {
    /// Adds a packet of a side that had `side_packets` before.
    #[inline]
    pub fn add(&mut self, segment: &Segment, side_packets: u64) {
        let side = segment.side();
        self.recent[side] += spread(segment.flags);
        if segment.has_tcp_header() && !self.has_window[side] {
            (self.first_window[side], self.has_window[side]) = (segment.window, true);
        }
        if side_packets % RECENT_PACKETS == RECENT_PACKETS - 1 && self.recent[side] != 0 {
            self.put_away(side);
        }
    }

    #[cold]
    fn put_away(&mut self, side: usize) {
        let before = self.before.get_or_insert_default();
        for (bit, count) in before[side].iter_mut().enumerate() {
            *count = count.saturating_add(recent_count(self.recent[side], bit));
        }
        self.recent[side] = 0;
    }

    /// Packets of a side with the flag of this bit.
    #[inline]
    pub fn count(&self, side: usize, bit: usize) -> u32 {
        let before = self.before.as_ref().map_or(0, |before| before[side][bit]);
        before.saturating_add(recent_count(self.recent[side], bit))
    }

    /// Unscaled window of the side's first packet with a TCP header.
    pub fn first_window(&self, side: usize) -> Option<u16> {
        self.has_window[side].then_some(self.first_window[side])
    }
}

/// A byte's bits as the lowest bits of eight bytes: bit 7 in the lowest byte. The multiplication
/// makes eight copies, nine bits apart, that never meet.
#[inline]
fn spread(flags: u8) -> u64 {
    u64::from(flags).wrapping_mul(0x8040_2010_0804_0201) >> 7 & 0x0101_0101_0101_0101
}

#[inline]
fn recent_count(recent: u64, bit: usize) -> u32 {
    (recent >> (8 * (7 - bit)) & 0xff) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_has_its_byte() {
        for flags in 0..=u8::MAX {
            for bit in 0..8 {
                assert_eq!(recent_count(spread(flags), bit), u32::from(flags >> bit & 1));
            }
        }
    }

    #[test]
    fn counts_are_whole_at_any_number_of_packets() {
        let segment = Segment { flags: 0b1001_0010, ..Segment::default() };
        let mut tcp = TcpFlags::default();
        for packets in 0..1_000 {
            for bit in 0..8 {
                let expected = packets as u32 * u32::from(segment.flags >> bit & 1);
                assert_eq!(tcp.count(segment.side(), bit), expected, "{packets} packets");
                assert_eq!(tcp.count(1 - segment.side(), bit), 0);
            }
            tcp.add(&segment, packets);
        }
    }
}
