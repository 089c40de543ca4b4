//! The frame round each piece of a segment: what it is, how long, and that it is whole.
//!
//! ```text
//! 0   4  magic `TrBl`
//! 4   2  kind
//! 6   2  version of the kind
//! 8   4  bytes of the payload
//! 12  4  rows of the payload; 0 where it has none
//! 16  4  CRC-32 of the payload
//! 20  4  CRC-32 of the 20 bytes before
//! 24     payload
//! ```
//!
//! All numbers are little-endian. Kinds that are not known are skipped. The header has a checksum of
//! its own so that a walk over the headers alone is sure of where the next block begins.

use crate::limits::SEGMENT_BYTES_MAX;

pub const HEADER_BYTES: usize = 24;

const MAGIC: [u8; 4] = *b"TrBl";

/// The version of every kind so far.
pub const VERSION: u16 = 1;

/// What blocks are of use for.
pub mod kind {
    /// JSON: the record of the job as it began. The first block.
    pub const JOB: u16 = 1;
    /// A Parquet file: rows of flows.
    pub const FLOWS: u16 = 2;
    /// What the block of rows before it is about: see [`super::super::Entry`].
    pub const ENTRY: u16 = 3;
    /// A Parquet file: counts, those of one title after the other.
    pub const STATISTICS: u16 = 4;
    /// JSON: the record of the job as it ended. The last block of the last segment.
    pub const END: u16 = 5;
    /// A Parquet file: rows of windows.
    pub const WINDOWS: u16 = 6;
    /// A Parquet file: rows of sessions.
    pub const SESSIONS: u16 = 7;
    /// A Parquet file: rows of windows of sessions.
    pub const SESSION_WINDOWS: u16 = 8;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub kind: u16,
    pub version: u16,
    pub payload_bytes: u32,
    pub rows: u32,
    pub payload_checksum: u32,
}

impl Header {
    /// Of that payload, which is shorter than a segment.
    pub fn of(kind: u16, rows: u32, payload: &[u8]) -> Self {
        let payload_checksum = crc32fast::hash(payload);
        let payload_bytes = payload.len() as u32;
        Self { kind, version: VERSION, payload_bytes, rows, payload_checksum }
    }

    pub fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..6].copy_from_slice(&self.kind.to_le_bytes());
        bytes[6..8].copy_from_slice(&self.version.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.payload_bytes.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.rows.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.payload_checksum.to_le_bytes());
        let checksum = crc32fast::hash(&bytes[..20]);
        bytes[20..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// `Err` says what is wrong with the bytes.
    pub fn from_bytes(bytes: &[u8; HEADER_BYTES]) -> Result<Self, &'static str> {
        let half = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let word = |at: usize| u32::from(half(at)) | u32::from(half(at + 2)) << 16;
        if bytes[..4] != MAGIC {
            return Err("there is no block");
        }
        if word(20) != crc32fast::hash(&bytes[..20]) {
            return Err("the checksum of the header does not match");
        }
        let header = Self {
            kind: half(4),
            version: half(6),
            payload_bytes: word(8),
            rows: word(12),
            payload_checksum: word(16),
        };
        match u64::from(header.payload_bytes) < SEGMENT_BYTES_MAX {
            true => Ok(header),
            false => Err("a block is longer than a segment"),
        }
    }

    /// Whether that is the payload that was written.
    pub fn is_of(&self, payload: &[u8]) -> bool {
        self.payload_checksum == crc32fast::hash(payload)
    }
}

/// Appends a whole block.
pub fn frame(kind: u16, rows: u32, payload: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&Header::of(kind, rows, payload).to_bytes());
    out.extend_from_slice(payload);
}

/// The checksum of all blocks.
pub fn checksum(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_reads_back_and_no_flipped_bit_passes() {
        let header = Header::of(kind::FLOWS, 7, b"some rows");
        let bytes = header.to_bytes();
        assert_eq!(Header::from_bytes(&bytes), Ok(header));
        assert!(header.is_of(b"some rows") && !header.is_of(b"some row"));
        for bit in 0..HEADER_BYTES * 8 {
            let mut bytes = bytes;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Header::from_bytes(&bytes).is_err(), "bit {bit}");
        }
    }
}
