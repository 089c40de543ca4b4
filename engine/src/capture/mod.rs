//! Capture files: from folders, globs, pipes and compressed files to packet records.
//!
//! A file is read in one of two ways. An uncompressed classic pcap file is read in ranges, by several
//! workers at once, each taking every n-th ([`RangeReader`]), and with processors to spare each range
//! ahead of its turn; everything else has one reader from start to end ([`SequentialReader`]). Both hand out the same packets and the same problem.
//! What is damaged ends its file, with a [`Problem`] that says where; it never ends the run.
//!
//! Not here: what is inside a packet.

use crate::time::Timestamp;

mod ahead;
mod bytes;
mod damage;
mod describe;
mod expand;
mod fault;
mod file;
mod follow;
mod header;
mod interface;
mod join;
mod link_names;
#[allow(unsafe_code)]
mod live;
mod lz4;
mod merge;
pub mod namespace;
mod options;
mod pcapng;
mod problem;
mod range;
mod record;
mod recording;
mod resync;
mod sequential;
mod source;
mod span;
mod step;
#[cfg(test)]
mod tests;
mod window;

pub use describe::{Description, Format, Interface, Resolution};
pub use fault::Fault;
pub use file::CaptureFile;
pub use follow::{
    Captures, Fed, FileId, FollowOptions, FollowState, Follower, InputEvent, Journal, Listed,
    Listing, NoFile,
};
pub use join::{Input, Joined, join};
pub use link_names::link_name;
pub use live::{LiveSocket, LiveStatistics};
pub use merge::{FileRuns, MergedReader};
pub use problem::{Problem, Severity};
pub use range::{RangeReader, Start};
pub use recording::{Origin, Recording};
pub use sequential::SequentialReader;
pub use span::{Span, span_of};
pub use window::{KeptBytes, take_free};

/// Bytes read at once, but for what is read ahead. Few enough to stay in the second-level cache until they are looked at; a
/// longer record or block makes the buffer grow.
pub const READ_BYTES: usize = 64 << 10;

/// Bytes read beyond a range, so that its last record is mostly whole.
pub const RANGE_TAIL_BYTES: usize = 2 << 10;

/// Bytes beyond a range in which a chain of records may go on.
pub const GUESS_TAIL_BYTES: usize = 64 << 10;

/// Bytes of a range at most: records of 16 bytes then are no more than `CHUNK_PACKETS_MAX`.
pub const RANGE_BYTES_MAX: usize = 16 * crate::limits::CHUNK_PACKETS_MAX;

const _: () = assert!(crate::limits::CHUNK_BYTES <= RANGE_BYTES_MAX);

/// Window of a zstd frame, as a power of two (128 MiB, what the zstd program allows too). A frame
/// that wants more is not decompressed.
pub const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// One packet record as a capture file holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// When it was captured.
    pub time: Timestamp,
    /// Bytes that it had on the wire, as the record says: a lying one says less than it has.
    pub original_bytes: u32,
    /// Bytes kept of a packet at most, as the header of a pcap file says; 0: no limit. A record may
    /// hold more; only readings that copy libpcap's programs mind.
    pub snaplen_bytes: u32,
    /// LINKTYPE_ number (tcpdump.org/linktypes.html); `u16::MAX` for one beyond 16 bits.
    pub link_type: u16,
    /// The bytes that the file holds.
    pub data: &'a [u8],
}

/// What was read of a file in one go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkEnd {
    /// Offset of the first record read; `u64::MAX` when none could be guessed.
    pub start: u64,
    /// Offset behind the last record read: where the next chunk must start. In a compressed file
    /// offsets count uncompressed bytes.
    pub next: u64,
    /// Packets handed out.
    pub packets: u64,
    /// Bytes on disk that this took, for progress.
    pub bytes_read: u64,
    /// Why the file ends here, when that is not its proper end.
    pub problem: Option<Problem>,
    /// Nothing follows.
    pub end_of_file: bool,
}
