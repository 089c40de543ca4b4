//! Captures that overlap in time, interleaved by the times of their packets.

use std::collections::BTreeMap;

use super::problem::Problem;
use super::sequential::SequentialReader;
use super::{CaptureFile, ChunkEnd, Packet};
use crate::limits::{CHUNK_PACKETS_MAX, MERGE_FILES_OPEN_MAX};
use crate::time::Timestamp;

/// Reads joined files as one stream: each time the next packet of the file whose next packet has
/// the least time (ties: the order in which they were joined). A file is open only from its first
/// packet to its last, so files that do not overlap cost no more than one after the other.
#[derive(Default)]
pub struct MergedReader {
    /// By the time of the next packet and the file's number.
    open: BTreeMap<(Timestamp, usize), Box<SequentialReader>>,
    /// Number of the first file that was not opened yet.
    unopened: usize,
    /// Bytes of all records read.
    offset: u64,
    /// Bytes that files took which are closed, since the last chunk.
    closed_bytes: u64,
}

/// The file of each packet of a chunk: index of a run's first packet and number of its file.
pub type FileRuns = Vec<(u16, u32)>;

impl MergedReader {
    /// Reads packets of `files`, always the same, until their records are `chunk_bytes` or more, or
    /// `CHUNK_PACKETS_MAX`, or a file ends before its proper end, or all have ended, and hands them
    /// to `visit`. Offsets count the records' bytes of all files; `end_of_file` says that all have
    /// ended.
    pub fn read_chunk(
        &mut self,
        files: &[CaptureFile],
        chunk_bytes: usize,
        visit: &mut impl FnMut(&Packet<'_>),
    ) -> (ChunkEnd, FileRuns) {
        let start = self.offset;
        let limit_bytes = start.saturating_add(chunk_bytes.max(1) as u64);
        let mut runs = FileRuns::new();
        let mut packets = 0;
        let mut problem = None;
        let mut end_of_file = false;
        while problem.is_none() && self.offset < limit_bytes && packets < CHUNK_PACKETS_MAX {
            if let Some(file) = self.due(files) {
                problem = self.open(file);
                continue;
            }
            let Some(((_, number), mut reader)) = self.open.pop_first() else {
                end_of_file = true;
                break;
            };
            // Files are no more than FILES_MAX, and packets no more than an index of 16 bits tells.
            if runs.last().is_none_or(|&(_, file)| file != number as u32) {
                runs.push((packets as u16, number as u32));
            }
            self.offset += reader.read_next(visit);
            packets += 1;
            problem = self.keep(number, reader);
        }
        let open_bytes: u64 = self.open.values_mut().map(|reader| reader.progress()).sum();
        let bytes_read = std::mem::take(&mut self.closed_bytes) + open_bytes;
        let packets = packets as u64;
        (ChunkEnd { start, next: self.offset, packets, bytes_read, problem, end_of_file }, runs)
    }

    /// The file to open before the next packet. They are in the order of their first times, so only
    /// the next can have an earlier packet than all that are open.
    fn due<'a>(&self, files: &'a [CaptureFile]) -> Option<&'a CaptureFile> {
        let file = files.get(self.unopened)?;
        let Some((&(least, _), _)) = self.open.first_key_value() else { return Some(file) };
        file.first_time().is_some_and(|time| time < least).then_some(file)
    }

    fn open(&mut self, file: &CaptureFile) -> Option<Problem> {
        let number = self.unopened;
        self.unopened += 1;
        if self.open.len() >= MERGE_FILES_OPEN_MAX {
            let cause =
                format!("it overlaps with {MERGE_FILES_OPEN_MAX} files; more are not merged");
            return Some(Problem::error(&file.name, cause));
        }
        match file.open() {
            Ok(reader) => self.keep(number, Box::new(reader)),
            Err(problem) => Some(problem),
        }
    }

    /// Keeps a reader for its next packet. One at its end is closed; returns what ended it early.
    fn keep(&mut self, number: usize, mut reader: Box<SequentialReader>) -> Option<Problem> {
        match reader.next_time() {
            Ok(time) => {
                self.open.insert((time, number), reader);
                None
            }
            Err(problem) => {
                self.closed_bytes += reader.progress();
                problem
            }
        }
    }
}
