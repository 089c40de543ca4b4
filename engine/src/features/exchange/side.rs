//! The sequence numbers of one end of a connection (RFC 9293), as far as it was seen.

use super::state::Standing;
use serde::{Deserialize, Serialize};

/// Differences beyond are not believed of a SYN, an RST, or an acknowledgement number of 0.
const FAR: i64 = 1 << 20;

/// One end. Numbers count from its initial sequence number: its first byte is number 1. All that
/// an ordinary packet touches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// The initial sequence number, seen or guessed.
    start: u32,
    pub standing: Standing,
    /// Letters of which one is enough, see [`once`].
    pub seen: u8,
    pub has_fin: bool,
    /// The number behind the highest that it sent.
    pub highest: i64,
    /// The highest number that was acknowledged.
    pub acknowledged: i64,
    /// Everything before this number was seen, or is known to be missed.
    pub complete: i64,
}

/// Bits of [`Side::seen`].
pub mod once {
    pub const SYN: u8 = 0x01;
    pub const FIN: u8 = 0x02;
    pub const RST: u8 = 0x04;
    pub const FIN_RST: u8 = 0x08;
    pub const DATA: u8 = 0x10;
    pub const ACK: u8 = 0x20;
    pub const MIXED: u8 = 0x40;
}

impl Default for Side {
    fn default() -> Self {
        Self {
            start: 0,
            standing: Standing::default(),
            seen: 0,
            has_fin: false,
            highest: 0,
            acknowledged: 0,
            complete: 1,
        }
    }
}

impl Side {
    /// Counts from another initial sequence number. False if it is the same as before.
    pub fn begin(&mut self, start: u32, highest: i64) -> bool {
        let is_new = start != self.start;
        self.start = start;
        self.highest = highest;
        self.acknowledged = 0;
        if is_new {
            self.complete = 1;
        }
        is_new
    }

    /// The place of a sequence number, modulo 2³².
    #[inline]
    pub fn offset(&self, sequence: u32) -> u32 {
        sequence.wrapping_sub(self.start)
    }

    /// The number of a sequence number: the one nearest to `near`, negative before the start.
    #[inline]
    fn number(&self, sequence: u32, near: i64) -> i64 {
        near + i64::from(self.offset(sequence).wrapping_sub(near as u32) as i32)
    }

    #[inline]
    pub fn number_sent(&self, sequence: u32) -> i64 {
        self.number(sequence, self.highest)
    }

    /// Notes an acknowledgement of what this end sent and gives its number; 0 for one of the time
    /// before. An RST's moves nothing.
    #[inline]
    pub fn acknowledge(&mut self, acknowledgement: u32, is_rst: bool) -> i64 {
        let number = self.number(acknowledgement, self.acknowledged);
        if number < 0 {
            return 0;
        }
        let is_broken = acknowledgement == 0 && number - self.acknowledged > FAR;
        if !is_rst && !is_broken && number > self.acknowledged {
            self.acknowledged = number;
        }
        number
    }

    /// Notes the sequence number behind a packet. True when its payload was sent before.
    #[inline]
    pub fn send(&mut self, behind: u32, flags: SentFlags, has_payload: bool) -> bool {
        let number = self.number_sent(behind);
        let ahead = number - self.highest;
        if flags.syn_or_rst && !(-FAR..=FAR).contains(&ahead) {
            return false;
        }
        if flags.fin && self.highest == 1 {
            // All between SYN and FIN may be missing, more than 2 GiB too.
            self.highest = self.offset(behind).into();
            return false;
        }
        if self.standing.now == super::state::State::Reset {
            return false;
        }
        if ahead > 0 {
            self.highest = number;
            return false;
        }
        has_payload
    }

    /// Bytes of payload by sequence numbers.
    pub fn bytes(&self) -> u64 {
        let control = 1 + i64::from(self.has_fin);
        u64::try_from(self.highest.max(self.acknowledged) - control).unwrap_or(0)
    }
}

/// What matters of a packet's flags for the highest number.
#[derive(Clone, Copy)]
pub struct SentFlags {
    pub syn_or_rst: bool,
    pub fin: bool,
}
