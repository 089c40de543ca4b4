//! What of an endless job is kept: flows that ended not too long ago. Older ones leave in whole
//! segments, from the first on; how many have left stands in a file of its own.
//!
//! How old a flow is, the time of packets says. But a packet may be of any time, and one of the year 2100
//! would make all others old: so no flow has ended after its block was written, which the file knows.

use super::entry::Entry;
use super::files::{read_bounded, sync_folder, write_whole};
use super::gathered::{OfEach, RowsOf};
use super::segment::file_name;
use super::{JobReader, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const FILE: &str = "removed.json";
const FILE_BYTES_MAX: usize = 4_096;
const SECOND_NS: i64 = 1_000_000_000;

/// What has left the folder of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// Segments, the first ones.
    pub segments: u32,
    /// Rows of flows that were in them.
    pub rows: u64,
    /// Rows of windows.
    #[serde(default)]
    pub window_rows: u64,
    /// Rows of sessions, and of their windows.
    #[serde(default)]
    pub session_rows: u64,
    #[serde(default)]
    pub session_window_rows: u64,
}

impl Removed {
    /// Nothing, where nothing has.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn load(folder: &Path) -> Result<Self, StoreError> {
        let Some(bytes) = read_bounded(&folder.join(FILE), FILE_BYTES_MAX)? else {
            return Ok(Self::default());
        };
        serde_json::from_slice(&bytes)
            .map_err(|cause| StoreError::damaged(FILE.to_owned(), 0, cause.to_string()))
    }

    fn of(segments: u32, rows: OfEach<u64>) -> Self {
        let [rows, window_rows, session_rows, session_window_rows] = rows;
        Self { segments, rows, window_rows, session_rows, session_window_rows }
    }

    /// Rows of each kind.
    pub fn of_each(&self) -> OfEach<u64> {
        [self.rows, self.window_rows, self.session_rows, self.session_window_rows]
    }

    fn save(self, folder: &Path) -> Result<(), StoreError> {
        let json = serde_json::to_vec(&self);
        let json = json.map_err(|cause| StoreError::Internal(cause.to_string()))?;
        write_whole(&folder.join(FILE), &json)
    }
}

/// Forgets that anything has left: the job begins anew.
pub fn forget_removed(folder: &Path) -> io::Result<()> {
    match fs::remove_file(folder.join(FILE)) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
        _ => Ok(()),
    }
}

/// Removes the segments of a job whose flows are too old.
pub struct Keeping {
    folder: PathBuf,
    keep_ns: i64,
    /// From the first that is there on.
    segments: VecDeque<Kept>,
    /// Rows of all so far.
    rows: OfEach<u64>,
    /// The latest end of all.
    newest: i64,
    /// The segments that the last states saved end in: there may be two checkpoints, and one to come.
    saved_in: [u32; SAVES],
}

/// A segment.
struct Kept {
    number: u32,
    /// Up to its end.
    rows: OfEach<u64>,
    /// The latest end of its rows, or when they were written if that was before: one of the future would
    /// never get old, nor let others leave behind it.
    end: i64,
}

/// States of which a checkpoint may be there.
const SAVES: usize = 3;

impl Keeping {
    /// Of a job as it is: flows are kept for so long after their end, in time of packets.
    ///
    /// # Errors
    /// When what there is cannot be read.
    pub fn of(folder: &Path, keep_ns: i64) -> Result<Self, StoreError> {
        let mut keeping = Self::new(folder, keep_ns);
        let flows = JobReader::open(folder)?;
        let mut entries = Vec::new();
        for of in RowsOf::ALL {
            let reader = flows.of(of);
            for block in reader.blocks() {
                entries.push((of, reader.entry(block)?));
            }
        }
        entries.sort_by_key(|(_, entry)| (entry.segment, entry.offset));
        entries.iter().for_each(|(of, entry)| keeping.add(*of, entry));
        Ok(keeping)
    }

    fn new(folder: &Path, keep_ns: i64) -> Self {
        Self {
            folder: folder.to_owned(),
            keep_ns,
            segments: VecDeque::new(),
            rows: [0; RowsOf::ALL.len()],
            newest: i64::MIN,
            saved_in: [0; SAVES],
        }
    }

    /// A block has been written.
    pub fn add(&mut self, of: RowsOf, entry: &Entry) {
        self.rows[of as usize] = entry.first_row + u64::from(entry.rows);
        let end = entry.end.min(self.written_ns(entry.segment));
        self.newest = self.newest.max(end);
        let (number, rows) = (entry.segment, self.rows);
        match self.segments.back_mut().filter(|last| last.number == number) {
            Some(last) => *last = Kept { number, rows, end: last.end.max(end) },
            None => self.segments.push_back(Kept { number, rows, end }),
        }
    }

    /// When a segment was written to last, in nanoseconds since the epoch; the end of time where that is
    /// not known.
    fn written_ns(&self, segment: u32) -> i64 {
        let Ok(about) = fs::metadata(self.folder.join(file_name(segment))) else { return i64::MAX };
        about.mtime().saturating_mul(SECOND_NS).saturating_add(about.mtime_nsec())
    }

    /// The state is being saved, and ends in a segment: removes what is too old, but nothing that a
    /// checkpoint goes on behind.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove_old(&mut self, saved_in: u32) -> Result<(), StoreError> {
        let needed = self.saved_in[0];
        self.saved_in.rotate_left(1);
        self.saved_in[SAVES - 1] = saved_in;
        let oldest = self.newest.saturating_sub(self.keep_ns);
        while let [Kept { number, rows, end }, _, ..] = self.segments.make_contiguous()
            && *end < oldest
            && *number < needed
        {
            // Whoever reads begins behind it before it is gone.
            Removed::of(*number, *rows).save(&self.folder)?;
            let path = self.folder.join(file_name(*number));
            match fs::remove_file(&path).and_then(|()| sync_folder(&self.folder)) {
                Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreError::io("remove", &path, cause));
                }
                _ => {}
            }
            self.segments.pop_front();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(segment: u32, first_row: u64, end: i64) -> Entry {
        let mut entry = Entry::default();
        (entry.segment, entry.first_row, entry.rows, entry.end) = (segment, first_row, 10, end);
        entry
    }

    /// A segment that was written so many seconds after the epoch.
    fn segment(folder: &Path, number: u32, written_s: i64) {
        let file = fs::File::create(folder.join(file_name(number))).unwrap();
        let time = rustix::fs::Timespec { tv_sec: written_s, tv_nsec: 0 };
        let times = rustix::fs::Timestamps { last_access: time, last_modification: time };
        rustix::fs::futimens(&file, &times).unwrap();
    }

    /// Of segments that were written then and have flows that ended then, those that stay when flows are kept
    /// for a hundred seconds.
    fn kept(segments: &[(i64, i64)]) -> Vec<u32> {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path();
        let mut keeping = Keeping::new(folder, 100 * SECOND_NS);
        let mut last = 0;
        for &(written_s, end_s) in segments {
            segment(folder, last + 1, written_s);
            let entry = entry(last + 1, 10 * u64::from(last), end_s * SECOND_NS);
            keeping.add(RowsOf::Flows, &entry);
            last += 1;
        }
        (0..4).for_each(|_| keeping.remove_old(last).unwrap());
        (1..=last).filter(|&number| folder.join(file_name(number)).exists()).collect()
    }

    #[test]
    fn a_flow_of_the_future_makes_no_other_old_and_gets_old_itself() {
        const FUTURE: i64 = 4_102_444_800;
        let honest = [(1_010, 1_000), (1_060, 1_050), (1_130, 1_120)];
        assert_eq!(kept(&honest), [2, 3]);
        // One flow of the year 2100, in any segment.
        assert_eq!(kept(&[(1_010, 1_000), (1_060, FUTURE), (1_105, 1_095)]), [1, 2, 3]);
        assert_eq!(kept(&[(1_010, 1_000), (1_060, 1_050), (1_095, FUTURE)]), [1, 2, 3]);
        assert_eq!(kept(&[(1_010, FUTURE), (1_060, 1_050), (1_130, 1_120)]), [2, 3]);
        // What is read long after it was captured was written late, and is as old as it says.
        assert_eq!(kept(&[(9_000, 1_000), (9_001, 1_050), (9_002, 1_120)]), [2, 3]);
    }

    #[test]
    fn old_segments_leave_from_the_first_on_and_the_last_stays() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path();
        (1..=4).for_each(|number| fs::write(folder.join(file_name(number)), "x").unwrap());
        let there = || {
            let is_there = |number: &u32| folder.join(file_name(*number)).exists();
            (1..=4).filter(is_there).collect::<Vec<_>>()
        };
        let mut keeping = Keeping::new(folder, 150);
        for (segment, first_row, end) in [(1, 0, 100), (1, 10, 90), (2, 20, 200), (3, 30, 320)] {
            keeping.add(RowsOf::Flows, &entry(segment, first_row, end));
        }
        for saved_in in [3, 3, 3] {
            keeping.remove_old(saved_in).unwrap();
            assert_eq!(there(), [1, 2, 3, 4], "an earlier checkpoint may need it");
        }
        keeping.remove_old(3).unwrap();
        assert_eq!(there(), [2, 3, 4]);
        assert_eq!(
            Removed::load(folder).unwrap(),
            Removed { segments: 1, rows: 20, ..Removed::default() }
        );
        // A segment goes when all of its flows are old, and not before the one before it.
        keeping.add(RowsOf::Flows, &entry(4, 40, 1_000));
        (0..4).for_each(|_| keeping.remove_old(4).unwrap());
        assert_eq!(there(), [4]);
        assert_eq!(
            Removed::load(folder).unwrap(),
            Removed { segments: 3, rows: 40, ..Removed::default() }
        );
        keeping.add(RowsOf::Flows, &entry(4, 50, 9_000));
        keeping.remove_old(4).unwrap();
        assert_eq!(there(), [4]);
        forget_removed(folder).unwrap();
        assert_eq!(Removed::load(folder).unwrap(), Removed::default());
    }
}
