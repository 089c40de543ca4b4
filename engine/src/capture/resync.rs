//! Finding the begin of a record in the middle of a classic pcap file, so that several workers can
//! read one file. Only a guess: a payload can look like records. Whoever uses it must compare
//! with where the chunk before really ended, and read again from there if they differ.

use super::record::{RecordHeader, Records};
use crate::limits::RECORD_BYTES_MAX;

/// Headers that must follow one another. Six chained ones were never wrong in 7,000 chunks of real
/// traffic.
const CHAINED_HEADERS: usize = 6;

/// Headers that suffice where the bytes at hand end before the file does.
const CHAINED_HEADERS_MIN: usize = 3;

/// Seconds between two records of a chain. More is possible, and then costs a second reading.
const GAP_SECONDS_MAX: u32 = 86_400;

/// Bytes on the wire that a chain believes in. Without this bound a header read four bytes too late
/// looks right, and so do all that follow: its lengths are the real ones but for the original
/// length, which is then the packet's first bytes.
const ORIGINAL_BYTES_MAX: u32 = 1 << 20;

/// The offset in `window`, below `candidates`, where a record seems to begin. `to_end`: the window
/// reaches the end of the file.
pub(super) fn guess(
    records: &Records,
    window: &[u8],
    candidates: usize,
    to_end: bool,
) -> Option<usize> {
    (0..candidates.min(window.len())).find(|offset| chained(records, window, *offset, to_end))
}

fn chained(records: &Records, window: &[u8], mut offset: usize, to_end: bool) -> bool {
    let mut seconds = None;
    for link in 0..CHAINED_HEADERS {
        if to_end && offset == window.len() {
            return true;
        }
        let Some(header) = window.get(offset..).and_then(|slice| records.record_header(slice))
        else {
            return !to_end && link >= CHAINED_HEADERS_MIN;
        };
        if !plausible(records, &header, seconds) {
            return false;
        }
        seconds = Some(header.seconds);
        offset += records.header.record_header_bytes + header.captured_bytes as usize;
    }
    true
}

/// Stricter than reading is: a second reading is all that a wrong guess costs, either way.
#[inline]
fn plausible(records: &Records, header: &RecordHeader, previous_seconds: Option<u32>) -> bool {
    let fractions = if records.header.nanosecond { 1_000_000_000 } else { 1_000_000 };
    (1..=RECORD_BYTES_MAX as u32).contains(&header.captured_bytes)
        && (header.captured_bytes..=ORIGINAL_BYTES_MAX).contains(&header.original_bytes)
        && header.fraction < fractions
        && previous_seconds
            .is_none_or(|previous| header.seconds.abs_diff(previous) <= GAP_SECONDS_MAX)
}
