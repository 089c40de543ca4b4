//! Who reads what: every worker walks the same plan and takes its own part.

use super::Step;
use crate::capture::CaptureFile;

/// The files of a run, in stream order, and how they are shared out.
pub struct Plan {
    pub files: Vec<CaptureFile>,
    pub chunk_bytes: usize,
    /// Of each file: its chunks when it is read in ranges, `None` when one worker reads it from
    /// start to end.
    ranges: Vec<Option<u64>>,
    peers: usize,
}

/// Where a worker stands in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub file: usize,
    pub chunk: u64,
}

impl Place {
    pub fn step(self) -> Step {
        (self.file as u64) << 32 | self.chunk
    }
}

impl Plan {
    pub fn new(files: Vec<CaptureFile>, chunk_bytes: usize, peers: usize) -> Self {
        let ranges = files
            .iter()
            // A file with more chunks than a step can number has one reader.
            .map(|file| file.ranges(chunk_bytes).filter(|&chunks| chunks <= 1 << 32))
            .collect();
        Self { files, chunk_bytes, ranges, peers }
    }

    /// The step after the last file, which ends the stream.
    pub fn end(&self) -> Place {
        Place { file: self.files.len(), chunk: 0 }
    }

    /// Whether the file is read in ranges, by all workers.
    pub fn is_ranged(&self, file: usize) -> bool {
        self.ranges.get(file).is_some_and(|ranges| ranges.is_some())
    }

    /// The worker that a chunk belongs to.
    pub fn owner(&self, place: Place) -> usize {
        let chunk = if self.is_ranged(place.file) { place.chunk } else { 0 };
        // Spread the first chunks of many small files too.
        ((place.file as u64).wrapping_add(chunk) % self.peers as u64) as usize
    }

    /// The first place at or after `place` that belongs to `worker`; `None` after the end.
    pub fn next_of(&self, worker: usize, place: Place) -> Option<Place> {
        let mut place = place;
        while place.file <= self.files.len() {
            match self.ranges.get(place.file).copied().flatten() {
                Some(chunks) if place.chunk < chunks => {
                    let missing = (worker + self.peers - self.owner(place)) % self.peers;
                    let chunk = place.chunk + missing as u64;
                    if chunk < chunks {
                        return Some(Place { chunk, ..place });
                    }
                }
                Some(_) => {}
                None if self.owner(place) == worker => return Some(place),
                None => {}
            }
            place = Place { file: place.file + 1, chunk: 0 };
        }
        None
    }

    /// The place whose chunk follows `place`, when the file goes on or ends there.
    pub fn following(&self, place: Place, end_of_file: bool) -> Place {
        let chunk = place.chunk + 1;
        let ranged_end = self.ranges.get(place.file).copied().flatten() == Some(chunk);
        if end_of_file || ranged_end || chunk > 0xffff_ffff {
            return Place { file: place.file + 1, chunk: 0 };
        }
        Place { chunk, ..place }
    }
}
