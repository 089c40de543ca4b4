//! Who reads what: every worker walks the same plan and takes its own part.

use super::Step;
use crate::capture::CaptureFile;
use crate::limits::FILES_MAX;

/// The files of a run, in stream order, and how they are shared out: in units, which are read one
/// after the other. A unit is one file, or all of them merged.
pub struct Plan {
    pub files: Vec<CaptureFile>,
    pub chunk_bytes: usize,
    pub is_merged: bool,
    /// Of each unit: its chunks when it is read in ranges, `None` when one worker reads it from
    /// start to end.
    ranges: Vec<Option<u64>>,
    peers: usize,
}

/// Where a worker stands in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub unit: usize,
    pub chunk: u64,
}

/// Bits of a step that number the chunk; the others number the unit. With a record of 16 bytes in
/// each, so many chunks are 16 TiB.
const CHUNK_BITS: u32 = 40;

const _: () = assert!(FILES_MAX < 1 << (Step::BITS - CHUNK_BITS - 1));

impl Place {
    pub fn step(self) -> Step {
        (self.unit as u64) << CHUNK_BITS | self.chunk
    }
}

impl Plan {
    pub fn new(files: Vec<CaptureFile>, chunk_bytes: usize, merge: bool, peers: usize) -> Self {
        // One file alone has nothing to be merged with.
        let is_merged = merge && files.len() > 1;
        let of_file = |file: &CaptureFile| {
            // A file with more chunks than a step can number has one reader.
            file.ranges(chunk_bytes).filter(|&chunks| chunks <= 1 << CHUNK_BITS)
        };
        let ranges = match is_merged {
            true => vec![None],
            false => files.iter().map(of_file).collect(),
        };
        Self { files, chunk_bytes, is_merged, ranges, peers }
    }

    /// A folder that goes on for ever: one worker reads it.
    pub fn followed(chunk_bytes: usize, peers: usize) -> Self {
        let ranges = vec![None];
        Self { files: Vec::new(), chunk_bytes, is_merged: false, ranges, peers }
    }

    /// The step after the last unit, which ends the stream.
    pub fn end(&self) -> Place {
        Place { unit: self.ranges.len(), chunk: 0 }
    }

    /// Whether the unit is read in ranges, by all workers.
    pub fn is_ranged(&self, unit: usize) -> bool {
        self.ranges.get(unit).is_some_and(|ranges| ranges.is_some())
    }

    /// The worker that a chunk belongs to.
    pub fn owner(&self, place: Place) -> usize {
        let chunk = if self.is_ranged(place.unit) { place.chunk } else { 0 };
        // Spread the first chunks of many small files too.
        ((place.unit as u64).wrapping_add(chunk) % self.peers as u64) as usize
    }

    /// The first place at or after `place` that belongs to `worker`; `None` after the end.
    pub fn next_of(&self, worker: usize, place: Place) -> Option<Place> {
        let mut place = place;
        while place.unit <= self.ranges.len() {
            match self.ranges.get(place.unit).copied().flatten() {
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
            place = Place { unit: place.unit + 1, chunk: 0 };
        }
        None
    }

    /// The place whose chunk follows `place`, when its unit goes on or ends there.
    pub fn following(&self, place: Place, end_of_unit: bool) -> Place {
        let chunk = place.chunk + 1;
        let ranged_end = self.ranges.get(place.unit).copied().flatten() == Some(chunk);
        if end_of_unit || ranged_end || chunk >> CHUNK_BITS > 0 {
            return Place { unit: place.unit + 1, chunk: 0 };
        }
        Place { chunk, ..place }
    }
}
