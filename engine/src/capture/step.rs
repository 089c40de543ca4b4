//! One step through a file: what both formats say of the bytes before them, and the loop that
//! both readers share.

use super::Packet;
use super::damage::Damage;
use crate::prefetch::prefetch;

/// What the bytes at hand begin with.
pub(super) enum Step<'a> {
    /// A packet, and the bytes of its whole record or block.
    Packet(Packet<'a>, usize),
    /// Something else to step over, and its bytes.
    Other(usize),
    /// A part of something.
    Incomplete(Missing),
    /// Something that cannot be.
    Damaged(Damage),
}

/// What is missing for a whole record or block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Missing {
    /// Bytes needed, counted from the begin of the record. At most `BLOCK_BYTES_MAX`.
    pub(super) needed_bytes: usize,
    /// Bytes of `needed_bytes` that are the record's header.
    pub(super) header_bytes: usize,
    pub(super) part: Part,
}

/// The part that is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Header,
    Packet,
    Block,
}

impl Missing {
    pub(super) fn header(header_bytes: usize) -> Self {
        Self { needed_bytes: header_bytes, header_bytes, part: Part::Header }
    }

    /// The damage when `left` bytes are all that the file has.
    pub(super) fn damage(self, left: usize) -> Damage {
        match self.part {
            Part::Header => Damage::HeaderCut { needed: self.needed_bytes, left },
            Part::Packet => Damage::PacketCut {
                announced: self.needed_bytes.saturating_sub(self.header_bytes),
                left: left.saturating_sub(self.header_bytes),
            },
            Part::Block => Damage::BlockCut { announced: self.needed_bytes, left },
        }
    }
}

/// Where a walk stops at the latest.
#[derive(Clone, Copy)]
pub(super) struct Limit {
    /// No record begins at or behind this many bytes.
    pub(super) bytes: u64,
    pub(super) packets: u64,
}

/// How far a walk came.
pub(super) struct Walked {
    pub(super) bytes: usize,
    pub(super) packets: u64,
    pub(super) stop: Stop,
}

/// Why it came no further.
pub(super) enum Stop {
    Limit,
    Incomplete(Missing),
    Damaged(Damage),
}

/// Bytes of the next record that are fetched while this one is visited: its headers.
const RECORD_AHEAD_BYTES: usize = 128;

/// Visits the packets of `slice` up to a limit. This is the innermost loop of the program's input:
/// generic in step and visitor, so that both end up inside it.
#[inline]
pub(super) fn walk<'a>(
    slice: &'a [u8],
    limit: Limit,
    mut step: impl FnMut(&'a [u8]) -> Step<'a>,
    visit: &mut impl FnMut(&Packet<'_>),
) -> Walked {
    let mut rest = slice;
    let mut packets = 0;
    let stop = loop {
        let bytes = slice.len() - rest.len();
        if bytes as u64 >= limit.bytes || packets >= limit.packets {
            break Stop::Limit;
        }
        let stepped = match step(rest) {
            Step::Packet(packet, record_bytes) => {
                if let Some(next) = rest.get(record_bytes) {
                    prefetch(next, RECORD_AHEAD_BYTES);
                }
                visit(&packet);
                packets += 1;
                record_bytes
            }
            Step::Other(block_bytes) => block_bytes,
            Step::Incomplete(missing) => break Stop::Incomplete(missing),
            Step::Damaged(damage) => break Stop::Damaged(damage),
        };
        rest = rest.get(stepped..).unwrap_or_default();
    };
    Walked { bytes: slice.len() - rest.len(), packets, stop }
}
