//! When a capture begins and ends, read from no more of it than need be.

use super::{CaptureFile, Packet, Problem, RANGE_BYTES_MAX, Start};
use crate::limits::CHUNK_BYTES;
use crate::time::Timestamp;

/// Times of the first and of the last packet; `None` without packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
}

/// Ranges that are looked into from the end of a file on; where no record can be guessed in them
/// the file is read from its start.
const RANGES_FROM_END: u64 = 4;

/// The time of the last packet of a plain pcap file is found from its end; other files are read
/// through. The last packet is the last in the file, as the first is the first.
///
/// # Errors
/// When the file cannot be read any more. Damage is none: what stands before it counts.
pub fn span_of(file: &CaptureFile) -> Result<Span, Problem> {
    let first = file.first_time();
    if first.is_none() {
        return Ok(Span::default());
    }
    let last = match from_the_end(file)? {
        Some(last) => Some(last),
        None => from_the_start(file)?,
    };
    Ok(Span { first, last: last.or(first) })
}

fn from_the_end(file: &CaptureFile) -> Result<Option<Timestamp>, Problem> {
    let range_bytes = CHUNK_BYTES.min(RANGE_BYTES_MAX);
    let Some(ranges) = file.ranges(range_bytes) else { return Ok(None) };
    let mut reader = file.open_ranges(range_bytes)?;
    for range in (0..ranges).rev().take(RANGES_FROM_END as usize) {
        let mut last = None;
        let end = reader.read(range, Start::Guess, &mut |packet: &Packet<'_>| {
            last = Some(packet.time);
        });
        // Damage behind the guess: only who reads from the start knows what stands before it.
        if end.problem.is_some() {
            return Ok(None);
        }
        if last.is_some() {
            return Ok(last);
        }
    }
    Ok(None)
}

fn from_the_start(file: &CaptureFile) -> Result<Option<Timestamp>, Problem> {
    let (mut reader, mut last) = (file.open()?, None);
    loop {
        let end = reader.read_chunk(CHUNK_BYTES, &mut |packet: &Packet<'_>| {
            last = Some(packet.time);
        });
        if end.end_of_file {
            return Ok(last);
        }
    }
}
