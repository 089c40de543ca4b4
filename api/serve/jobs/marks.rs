//! Which captures have had their job: by what a file is told from another one of its name.

use super::start::Jobs;
use super::state::Of;
use std::io::Read;
use tractor_engine::jobs::Entry;
use tractor_engine::store::{FileMark, checksum};

impl Jobs {
    /// By what a capture is known again.
    pub fn mark_of(&self, entry: &Entry) -> FileMark {
        FileMark {
            inode: entry.identity.inode,
            bytes: entry.bytes,
            modified_ns: entry.identity.modified_ns(),
            head: self.head_of(entry, entry.bytes).unwrap_or(0),
        }
    }

    /// Whether a capture is the one of that mark, or that one grown: what pauses while it is written would
    /// else be another file after each pause.
    pub fn is_that_file(&self, mark: &FileMark, entry: &Entry) -> bool {
        if mark.inode != entry.identity.inode || mark.bytes > entry.bytes {
            return false;
        }
        let is_unchanged =
            mark.bytes == entry.bytes && mark.modified_ns == entry.identity.modified_ns();
        is_unchanged || self.head_of(entry, mark.bytes) == Some(mark.head)
    }

    /// Whether a capture has had its job: this one, not another of its name.
    pub fn was_processed(&self, entry: &Entry) -> bool {
        let noted = self.state().processed.of(&entry.shown);
        // What is noted may have been lost, or not been written when the server was killed.
        noted.is_some_and(|mark| self.is_that_file(&mark, entry))
            || self.state().latest(&entry.shown, Of::Files).is_some_and(|job| job.has_read(entry))
    }

    /// The checksum of the head of a capture that had so many bytes. Nothing is made of what stands there.
    fn head_of(&self, entry: &Entry, bytes: u64) -> Option<u32> {
        let file = self.folder.open_file(&entry.name).ok()?;
        let length = FileMark::head_bytes(bytes);
        let mut head = Vec::with_capacity(length);
        file.take(length as u64).read_to_end(&mut head).ok()?;
        (head.len() == length).then(|| checksum(&head))
    }
}
