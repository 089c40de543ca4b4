//! The three packets that open a connection, and how long they took.

use crate::decode::{Segment, flags};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// SYN, SYN+ACK and ACK.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handshake {
    /// Of the SYN; in the end, what it took.
    time_ns: i64,
    /// The acknowledgement number that is awaited.
    awaited: u32,
    /// Payload of the SYN, which its answer may acknowledge too (TCP Fast Open, RFC 7413).
    data_bytes: u16,
    /// How many of the three were seen.
    steps: u8,
}

impl Handshake {
    /// A packet that may be the next of the three.
    #[cold]
    pub fn note(&mut self, segment: &Segment, time: Timestamp, is_client: bool) {
        let awaited = segment.acknowledgement.wrapping_sub(self.awaited) as i32;
        let bits = segment.flags & (flags::ACK | flags::SYN | flags::RST);
        match self.steps {
            0 if is_client && segment.is_plain_syn() => {
                self.time_ns = time.0;
                self.awaited = segment.sequence.wrapping_add(1);
                self.data_bytes = segment.payload_bytes.try_into().unwrap_or(u16::MAX);
            }
            1 if !is_client && segment.is_syn_ack() && self.answers(awaited) => {
                self.awaited = segment.sequence.wrapping_add(1);
            }
            2 if is_client && bits == flags::ACK && awaited >= 0 => {
                self.time_ns = time.since(Timestamp(self.time_ns));
            }
            _ => return,
        }
        self.steps += 1;
    }

    /// Whether an acknowledgement so far behind the awaited one is of the SYN.
    fn answers(&self, behind: i32) -> bool {
        (0..=i32::from(self.data_bytes)).contains(&behind)
    }

    /// Whether the next of the three has no SYN.
    #[inline]
    pub fn awaits_ack(&self) -> bool {
        self.steps == 2
    }

    /// Nanoseconds from the first to the last of the three, if all were seen.
    pub fn duration_ns(&self) -> Option<i64> {
        (self.steps == 3).then_some(self.time_ns)
    }
}
