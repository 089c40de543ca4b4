//! What was read of a followed folder when: a line an event, so that it can be read again the same way.
//!
//! The first line says how many events came before. The last line counts only if it is whole.

use super::StoreError;
use super::files::write_whole;
use super::segment::until_room;
use crate::capture::{InputEvent, Journal};
use crate::limits::{JOURNAL_BYTES_MAX, JOURNAL_LINE_BYTES_MAX};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Serialize, Deserialize)]
struct Begin {
    /// Of the stream's events, those that are not here any more.
    events_before: u64,
}

/// Is asked when the disk is full: go on to try again, break to give up. Whoever hears it sleeps first.
pub type JournalRoom = Box<dyn FnMut() -> ControlFlow<()> + Send>;

/// A journal on disk.
#[derive(Clone)]
pub struct JournalFile {
    shared: Arc<Mutex<Opened>>,
}

struct Opened {
    path: PathBuf,
    file: File,
    bytes: u64,
    /// Of the stream, those that are not here any more too.
    events: u64,
    room: JournalRoom,
}

impl JournalFile {
    /// Opens the journal at `path`, or begins it; what stands behind its last whole line is cut off. Where
    /// there is no room for that, or later for an event, `room` is asked.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn open(path: &Path, mut room: JournalRoom) -> Result<Self, StoreError> {
        let (file, bytes, events) = until_room(path, &mut room, || {
            let file = File::options().create(true).append(true).read(true).open(path)?;
            let (mut bytes, before, events) = whole_lines(&file)?;
            file.set_len(bytes)?;
            if bytes == 0 {
                let begin = line(&Begin { events_before: 0 })?;
                (&file).write_all(&begin)?;
                bytes = begin.len() as u64;
            }
            Ok((file, bytes, before + events.len() as u64))
        })?;
        let opened = Opened { path: path.to_owned(), file, bytes, events, room };
        Ok(Self { shared: Arc::new(Mutex::new(opened)) })
    }

    fn lock(&self) -> MutexGuard<'_, Opened> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Events of the stream so far.
    pub fn events(&self) -> u64 {
        self.lock().events
    }

    /// The events behind the first `count` of the stream; `None` where they are not all here.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn after(&self, count: u64) -> Result<Option<Vec<InputEvent>>, StoreError> {
        let opened = self.lock();
        let (_, before, mut events) = whole_lines(&opened.file)
            .map_err(|cause| StoreError::io("read", &opened.path, cause))?;
        let skipped = count.checked_sub(before).and_then(|skipped| usize::try_from(skipped).ok());
        let skipped = skipped.filter(|&skipped| skipped <= events.len());
        Ok(skipped.map(|skipped| events.split_off(skipped)))
    }

    /// Forgets all events.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn clear(&self) -> Result<(), StoreError> {
        self.lock().replace(0, &[])
    }

    /// A checkpoint has been kept: events before an earlier one are forgotten when there are many.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn forget_before(&self, count: u64) -> Result<(), StoreError> {
        if self.lock().bytes < JOURNAL_BYTES_MAX {
            return Ok(());
        }
        match self.after(count)? {
            Some(events) => self.lock().replace(count, &events),
            None => Ok(()),
        }
    }

    /// Makes all that was noted last.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn sync(&self) -> Result<(), StoreError> {
        let opened = self.lock();
        opened.file.sync_data().map_err(|cause| StoreError::io("write", &opened.path, cause))
    }
}

impl Journal for JournalFile {
    fn note(&mut self, event: &InputEvent) -> io::Result<()> {
        let (line, mut opened) = (line(event)?, self.lock());
        opened.events += 1;
        opened.append(&line).map_err(io::Error::other)
    }
}

impl Opened {
    fn append(&mut self, line: &[u8]) -> Result<(), StoreError> {
        let Self { path, file, bytes, room, .. } = self;
        until_room(path, room, || {
            // What there was room for is cut off again.
            file.write_all(line).inspect_err(|_| drop(file.set_len(*bytes)))
        })?;
        *bytes += line.len() as u64;
        Ok(())
    }

    fn replace(&mut self, events_before: u64, events: &[InputEvent]) -> Result<(), StoreError> {
        let failed = |path: &Path, cause| StoreError::io("write", path, cause);
        let mut lines =
            line(&Begin { events_before }).map_err(|cause| failed(&self.path, cause))?;
        for event in events {
            lines.extend(line(event).map_err(|cause| failed(&self.path, cause))?);
        }
        write_whole(&self.path, &lines)?;
        let file = File::options().append(true).read(true).open(&self.path);
        self.file = file.map_err(|cause| failed(&self.path, cause))?;
        self.bytes = lines.len() as u64;
        self.events = events_before + events.len() as u64;
        Ok(())
    }
}

fn line(of: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(of)?;
    line.push(b'\n');
    Ok(line)
}

/// The bytes of the lines that are whole, the events before them, and the events.
fn whole_lines(file: &File) -> io::Result<(u64, u64, Vec<InputEvent>)> {
    let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(file));
    let mut lines = BufReader::new(File::open(path)?);
    let (mut bytes, mut before, mut events) = (0, None, Vec::new());
    let mut line = Vec::new();
    loop {
        line.clear();
        let limit = JOURNAL_LINE_BYTES_MAX as u64;
        let length = lines.by_ref().take(limit).read_until(b'\n', &mut line)?;
        let is_whole = line.ends_with(b"\n");
        let begins = before.is_none();
        let is_good = is_whole
            && match begins {
                true => {
                    before =
                        serde_json::from_slice(&line).ok().map(|begin: Begin| begin.events_before);
                    before.is_some()
                }
                false => serde_json::from_slice(&line).map(|event| events.push(event)).is_ok(),
            };
        if !is_good {
            return Ok((bytes, before.unwrap_or(0), events));
        }
        bytes += length as u64;
    }
}

/// Removes a journal; that there is none is as good.
///
/// # Errors
/// When it cannot be removed.
pub fn remove_journal(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::io("remove", path, cause))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(path: &Path) -> Result<JournalFile, StoreError> {
        JournalFile::open(path, Box::new(|| ControlFlow::Break(())))
    }

    fn event(packets: u64) -> InputEvent {
        InputEvent::Advance { clock_ns: -1, packets }
    }

    #[test]
    fn what_was_noted_is_there_again_but_for_a_line_that_is_not_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = opened(&path).unwrap();
        (0..3).for_each(|packets| journal.note(&event(packets)).unwrap());
        let whole = fs::read(&path).unwrap();
        for cut in 0..=whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            let mut journal = opened(&path).unwrap();
            let kept = whole[..cut].iter().filter(|byte| **byte == b'\n').count().saturating_sub(1);
            assert_eq!(journal.after(0).unwrap().unwrap().len(), kept, "cut at {cut}");
            journal.note(&event(9)).unwrap();
            let events = opened(&path).unwrap().after(kept as u64).unwrap();
            assert_eq!(events, Some(vec![event(9)]), "cut at {cut}");
        }
    }

    #[test]
    fn events_that_are_not_there_any_more_are_missed() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = opened(&folder.path().join("journal")).unwrap();
        (0..3).for_each(|packets| journal.note(&event(packets)).unwrap());
        journal.forget_before(2).unwrap();
        assert_eq!(journal.after(0).unwrap().unwrap().len(), 3, "they are few");
        journal.lock().replace(2, &[event(2)]).unwrap();
        journal.note(&event(3)).unwrap();
        assert_eq!(journal.after(1).unwrap(), None);
        assert_eq!(journal.after(3).unwrap(), Some(vec![event(3)]));
        assert_eq!(journal.after(5).unwrap(), None);
    }
}
