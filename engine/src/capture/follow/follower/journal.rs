//! The journal: what was read is noted, and what had been noted is done again.

use super::{Fed, Follower};
use crate::capture::Packet;
use crate::capture::follow::InputEvent;
use crate::capture::problem::Problem;
use crate::time::Timestamp;

impl Follower {
    /// Leaves the current file; it has been read as far as it goes for now.
    pub(super) fn leave(&mut self) {
        self.note_read();
        self.current = None;
    }

    /// Notes how far the current file has been read.
    pub(super) fn note_read(&mut self) {
        let Some(file) = self.current.and_then(|serial| self.files.get(&serial)) else { return };
        let place = (file.serial, file.offset);
        if self.noted != Some(place) {
            self.noted = Some(place);
            let event =
                InputEvent::Read { file: file.id(), to: file.offset, packets: self.packets };
            self.note(&event);
        }
    }

    pub(super) fn note(&mut self, event: &InputEvent) {
        self.events += 1;
        if let Some(journal) = &mut self.journal
            && let Err(error) = journal.note(event)
        {
            self.failure.get_or_insert(error);
            self.end_is_wanted = true;
        }
    }

    /// Does again what had been noted; `None`: it is done.
    pub(super) fn again(
        &mut self,
        event: InputEvent,
        chunk_bytes: usize,
        visit: &mut impl FnMut(&Packet<'_>),
    ) -> Option<Fed> {
        let (file, to) = match event {
            InputEvent::Advance { clock_ns, .. } => {
                self.replay.pop_front();
                self.newest = Some(Timestamp(clock_ns));
                return Some(Fed::Advance(Timestamp(clock_ns)));
            }
            InputEvent::Read { file, to, .. } => (file, to),
        };
        let mut files = self.files.values();
        let known = files.clone().find(|known| known.is(&file));
        let known = known.or_else(|| files.find(|known| known.may_be(&file)));
        let place = known.map(|known| (known.serial, known.offset));
        if let Some((serial, _)) = place.filter(|(_, offset)| *offset < to)
            && let Some(chunk) = self.read_file(serial, chunk_bytes, to, visit)
        {
            return Some(Fed::Chunk(chunk));
        }
        self.replay.pop_front();
        let read = place.and_then(|(serial, _)| self.files.get(&serial)).map(|file| file.offset);
        if read.is_none_or(|read| read < to) {
            let cause =
                format!("it had been read up to byte {to} before, and is not there any more");
            self.problems.push(Problem::error(&file.name, cause));
        }
        None
    }
}
