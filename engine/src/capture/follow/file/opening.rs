//! Opening a file as far as it goes by now, and again later where it could not be.

use super::{Followed, RETRY_AFTER, TELLING_BYTES};
use crate::capture::expand::is_named_like_a_capture;
use crate::capture::follow::growing::{Growing, HEAD_BYTES};
use crate::capture::follow::{Captures, Listed};
use crate::capture::problem::Problem;
use crate::capture::sequential::{SequentialReader, Stopped, Unopened, Unreadable};
use crate::capture::source::is_compressed;
use crate::capture::step::Limit;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

impl Followed {
    /// Learns how it begins.
    pub fn learn(&mut self, captures: &dyn Captures) {
        if self.offset == 0
            && self.reader.is_none()
            && let Ok(file) = self.file(&self.listed, captures)
        {
            // What cannot be read now is so at the next look.
            let _ = self.head.holds(&file);
            self.is_compressed = is_compressed(&self.head.bytes());
        }
    }

    /// The file of that name, if it is still the one that was listed.
    pub fn file(&self, listed: &Listed, captures: &dyn Captures) -> io::Result<Arc<File>> {
        let (file, now) = captures.open(&listed.name)?;
        match now.place() == listed.place() {
            true => Ok(Arc::new(file)),
            false => Err(ErrorKind::NotFound.into()),
        }
    }

    /// Opens it and finds the time of its first packet, as far as there is one already. What is damaged
    /// before that is so for good.
    pub fn prepare(&mut self, captures: &dyn Captures) -> Option<Problem> {
        if self.reader.is_none()
            && let Err(problem) = self.open(captures)
        {
            return problem;
        }
        if let (None, Some((_, reader))) = (self.first_time, &mut self.reader) {
            reader.look_again();
            let first = reader.next_time_so_far();
            self.first_time = first.as_ref().ok().copied();
            match (reader.cut(), first) {
                (Some(problem), _) => self.cut(problem),
                (None, Err(Stopped::Over(problem))) => {
                    (self.is_over, self.reader) = (true, None);
                    return problem;
                }
                _ => {}
            }
        }
        None
    }

    /// The first uncompressed bytes of one that is compressed: `None` when they are not there yet, and
    /// none when they never will be.
    pub fn uncompressed_head(&mut self, captures: &dyn Captures) -> Option<Vec<u8>> {
        let Ok((file, now)) = captures.open(&self.listed.name) else { return Some(Vec::new()) };
        let head = Arc::clone(&self.head);
        let growing = Growing { file: Arc::new(file), offset: 0, head };
        match SequentialReader::of_growing(&now.shown, growing) {
            Ok(reader) => {
                let bytes = reader.first_bytes(HEAD_BYTES);
                reader.is_compressed().then(|| bytes.to_vec())
            }
            Err(Unopened { why, is_short: true }) => {
                self.unreadable = Some(Problem::error(&self.listed.shown, why.cause()));
                None
            }
            Err(_) => Some(Vec::new()),
        }
    }

    /// Compressed data ended too early: there may be more later, but not to this reader.
    pub fn cut(&mut self, problem: Problem) {
        self.unreadable = Some(problem);
        self.reader = None;
        self.retry = Some(RETRY_AFTER);
    }

    /// Whether a compressed file that begins like this has the same data.
    pub fn begins_as(&self, uncompressed: &[u8]) -> bool {
        let head = self.head.bytes();
        !self.is_compressed && head.len() >= TELLING_BYTES && uncompressed.starts_with(&head)
    }

    /// Opens it where it was read to.
    ///
    /// # Errors
    /// With a problem when there is one to tell; it may be mended later unless it is over.
    pub fn open(&mut self, captures: &dyn Captures) -> Result<(), Option<Problem>> {
        let file = match self.file(&self.listed, captures) {
            Ok(file) => file,
            // It has gone since it was listed.
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(None),
            Err(error) => return Err(self.blocked(&error)),
        };
        match self.head.holds(&file) {
            Ok(true) => self.is_blocked = false,
            Ok(false) => return Err(None),
            Err(error) => return Err(self.blocked(&error)),
        }
        let growing =
            |offset| Growing { file: Arc::clone(&file), offset, head: Arc::clone(&self.head) };
        let name = &self.listed.shown;
        let mut reader = match SequentialReader::of_growing(name, growing(0)) {
            Ok(reader) => reader,
            Err(unopened) => return Err(self.unreadable(unopened)),
        };
        self.is_compressed = reader.is_compressed();
        self.unreadable = None;
        if self.offset > reader.offset() {
            match reader.is_plain_pcap() {
                true => reader = reader.going_on_at(self.offset, growing(self.offset)),
                false => {
                    let bytes = self.offset - reader.offset();
                    reader.read_more(Limit { bytes, packets: u64::MAX }, &mut |_| {});
                }
            }
            if reader.offset() < self.offset {
                // Not so much is there, or not yet.
                self.retry = self.is_compressed.then_some(RETRY_AFTER);
                return Err(None);
            }
        }
        self.reader = Some((file, Box::new(reader)));
        Ok(())
    }

    /// It cannot be opened, or not now: that is told once, and tried again after a while.
    fn blocked(&mut self, error: &io::Error) -> Option<Problem> {
        self.retry = Some(RETRY_AFTER);
        let was_blocked = std::mem::replace(&mut self.is_blocked, true);
        (!was_blocked).then(|| self.not_opened(error))
    }

    /// A file without a whole header may get one. Of other files only those that should be captures are
    /// told of.
    fn unreadable(&mut self, unopened: Unopened) -> Option<Problem> {
        let is_none = matches!(unopened.why, Unreadable::NoCapture(_));
        let problem = Problem::error(&self.listed.shown, unopened.why.cause());
        if unopened.is_short {
            self.retry = self.is_compressed.then_some(RETRY_AFTER);
            self.unreadable = Some(problem);
            return None;
        }
        self.is_over = true;
        let should_be_one = is_named_like_a_capture(Path::new(&self.listed.name));
        (should_be_one || !is_none).then_some(problem)
    }
}
