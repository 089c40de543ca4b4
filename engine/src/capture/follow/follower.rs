//! Decides what of a folder is read next.

use super::file::{Followed, Looked};
use super::{Captures, FollowOptions, FollowState, InputEvent, Journal, Listed};
use crate::capture::problem::Problem;
use crate::capture::sequential::Stopped;
use crate::capture::{ChunkEnd, Packet};
use crate::limits::{FILES_MAX, FOLLOWED_OPEN_MAX};
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::io;
use std::time::Duration;

/// Time between two looks through the folder, for each file in it: to look is so a small part of the work.
const LIST_PAUSE_PER_FILE: Duration = Duration::from_micros(60);

/// What comes next in the stream.
#[derive(Debug)]
pub enum Fed {
    /// Packets have been handed out, or a file has ended badly.
    Chunk(ChunkEnd),
    /// Time has passed without packets, up to this stream clock.
    Advance(Timestamp),
    /// There is nothing new for now.
    Nothing,
    /// The stream is over.
    End,
}

/// Reads a folder as one stream: each time the file with the least first packet time of those that have
/// more (ties: as they came), up to the last packet that is whole.
pub struct Follower {
    captures: Box<dyn Captures>,
    options: FollowOptions,
    journal: Option<Box<dyn Journal>>,
    /// Noted earlier, and still to be done again.
    replay: VecDeque<InputEvent>,
    files: BTreeMap<u64, Followed>,
    /// By device and inode.
    serials: HashMap<(u64, u64), u64>,
    files_seen: u64,
    /// Files that may have more, by first packet time.
    ready: BTreeSet<(Timestamp, u64)>,
    /// Those with an open reader, the one that was read last at the end.
    open: VecDeque<u64>,
    current: Option<u64>,
    /// Offset of the current file that the journal knows.
    noted: Option<(u64, u64)>,
    packets: u64,
    newest: Option<Timestamp>,
    late_files: u64,
    events: u64,
    has_listed: bool,
    since_listed: Duration,
    /// Since the last packet.
    silence: Duration,
    /// Silences after which time has passed already.
    advances: u32,
    end_is_wanted: bool,
    /// There are more files than are kept in mind, and that was said.
    is_full: bool,
    /// The folder could not be listed, and that was said.
    is_unlisted: bool,
    problems: Vec<Problem>,
    /// The journal could not be kept.
    failure: Option<io::Error>,
}

impl Follower {
    /// Follows a folder from the begin, or from where it had been read to; `replay` is what the journal
    /// has beyond that.
    pub fn new(
        captures: Box<dyn Captures>,
        options: FollowOptions,
        state: &FollowState,
        replay: Vec<InputEvent>,
        journal: Option<Box<dyn Journal>>,
    ) -> Self {
        let files: BTreeMap<u64, Followed> =
            state.files.iter().map(|file| (file.serial, Followed::restored(file))).collect();
        let place = |file: &Followed| ((file.listed.device, file.listed.inode), file.serial);
        Self {
            captures,
            options,
            journal,
            events: state.events + replay.len() as u64,
            replay: replay.into(),
            serials: files.values().map(place).collect(),
            files,
            files_seen: state.files_seen,
            ready: BTreeSet::new(),
            open: VecDeque::new(),
            current: None,
            noted: None,
            packets: state.packets,
            newest: state.newest,
            late_files: state.late_files,
            has_listed: false,
            since_listed: Duration::ZERO,
            silence: Duration::ZERO,
            advances: 0,
            end_is_wanted: false,
            is_full: false,
            is_unlisted: false,
            problems: Vec::new(),
            failure: None,
        }
    }

    /// How far everything has been read. What was read of the current file is noted first: whoever goes on
    /// from the state, and whoever begins anew, then leave it at the same place.
    pub fn state(&mut self) -> FollowState {
        self.note_read();
        FollowState {
            files: self.files.values().map(Followed::state).collect(),
            files_seen: self.files_seen,
            packets: self.packets,
            newest: self.newest,
            late_files: self.late_files,
            events: self.events - self.replay.len() as u64,
        }
    }

    /// Files whose first packet was older than what had been read before.
    pub fn late_files(&self) -> u64 {
        self.late_files
    }

    /// The stream clock after what was read last.
    pub fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    /// Events that have been noted.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Files that were seen.
    pub fn files_seen(&self) -> u64 {
        self.files_seen
    }

    /// Bytes of files that were seen and are not read yet.
    pub fn left_bytes(&self) -> u64 {
        self.files.values().map(Followed::left_bytes).sum()
    }

    /// What went wrong since the last call.
    pub fn take_problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.problems)
    }

    /// Why the stream cannot go on.
    pub fn take_failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }

    /// From now on nothing more is read.
    pub fn end(&mut self) {
        self.end_is_wanted = true;
    }

    /// So much time has passed: looks at what is there now.
    pub fn look(&mut self, passed: Duration) {
        self.silence = self.silence.saturating_add(passed);
        self.since_listed = self.since_listed.saturating_add(passed);
        let due: Vec<u64> = self.files.values_mut().filter_map(|file| file.pass(passed)).collect();
        due.into_iter().for_each(|serial| self.prepare(serial));
        // What is open can be read on without a look at the folder.
        self.open.clone().into_iter().for_each(|serial| self.make_ready(serial));
        let pause = LIST_PAUSE_PER_FILE.saturating_mul(self.files.len() as u32);
        if self.has_listed && self.since_listed < pause {
            return;
        }
        match self.captures.list() {
            Ok(listed) => {
                self.is_unlisted = false;
                self.take_in(listed);
                self.has_listed = true;
            }
            Err(error) if !self.is_unlisted => {
                self.is_unlisted = true;
                self.problems.push(Followed::unlisted(&error));
            }
            Err(_) => {}
        }
        self.since_listed = Duration::ZERO;
    }

    fn take_in(&mut self, listed: Vec<Listed>) {
        let mut present = HashSet::with_capacity(listed.len());
        let mut appeared = Vec::new();
        for one in listed {
            let known = self.serials.get(&(one.device, one.inode)).copied();
            let looked = match known.and_then(|serial| self.files.get_mut(&serial)) {
                Some(file) => file.look(&one, &*self.captures),
                None => Looked::Another,
            };
            match (looked, known) {
                (Looked::Same, Some(serial)) => {
                    present.insert(serial);
                    // Whoever goes on from a state may have left something unread.
                    if !self.has_listed {
                        self.prepare(serial);
                    }
                }
                (Looked::Changed, Some(serial)) => {
                    present.insert(serial);
                    self.prepare(serial);
                }
                (Looked::Shorter, Some(serial)) => {
                    present.insert(serial);
                    self.fail_shorter(serial);
                }
                (_, before) => {
                    before.into_iter().for_each(|serial| self.forget(serial, "written over"));
                    appeared.extend(self.appear(one));
                }
            }
        }
        present.extend(&appeared);
        let is_first = !self.has_listed;
        for &serial in &appeared {
            if let Some(file) = self.files.get_mut(&serial).filter(|_| !is_first) {
                file.held = self.options.lateness;
            }
            self.prepare(serial);
        }
        for (serial, file) in &mut self.files {
            file.is_present = present.contains(serial);
        }
        let gone = self.files.keys().filter(|serial| !present.contains(serial));
        for serial in gone.copied().collect::<Vec<_>>() {
            self.vanish(serial);
        }
        // Who begins the next file has ended the one before: it is read to its end first.
        if !appeared.is_empty() {
            self.open.clone().into_iter().for_each(|serial| self.make_ready(serial));
        }
    }

    fn appear(&mut self, listed: Listed) -> Option<u64> {
        if self.files.len() >= FILES_MAX {
            if !std::mem::replace(&mut self.is_full, true) {
                let cause = format!("more than {FILES_MAX} files are not read");
                self.problems.push(Problem::error(&listed.shown, cause));
            }
            return None;
        }
        let serial = self.files_seen;
        self.files_seen += 1;
        self.serials.insert((listed.device, listed.inode), serial);
        self.files.insert(serial, Followed::new(serial, listed));
        Some(serial)
    }

    /// A file that was compressed has the packets of the one that it was: those are read once. True: it
    /// has, or that cannot be told yet.
    fn is_copy(&mut self, serial: u64) -> bool {
        let Some(file) = self.files.get(&serial) else { return true };
        if file.copy_of.is_some() {
            return true;
        }
        if file.offset > 0 || !file.is_compressed() {
            return false;
        }
        let Some(head) = file.uncompressed_head(&*self.captures) else { return true };
        let mut others = self.files.values();
        let original = others.find(|other| other.begins_as(&head)).map(|other| other.serial);
        if let Some(file) = self.files.get_mut(&serial) {
            file.copy_of = original;
        }
        original.is_some()
    }

    fn prepare(&mut self, serial: u64) {
        let Some(file) = self.files.get_mut(&serial) else { return };
        if file.is_over {
            return;
        }
        file.learn(&*self.captures);
        if self.is_copy(serial) {
            return;
        }
        let Some(file) = self.files.get_mut(&serial) else { return };
        let had_reader = file.has_reader();
        let problem = if file.first_time.is_none() { file.prepare(&*self.captures) } else { None };
        self.problems.extend(problem);
        if file.has_reader() && !had_reader {
            self.touch(serial);
        }
        self.make_ready(serial);
    }

    fn make_ready(&mut self, serial: u64) {
        let Some(file) = self.files.get(&serial).filter(|file| !file.is_over) else { return };
        if let Some(first_time) = file.first_time {
            self.ready.insert((first_time, serial));
        }
    }

    /// Notes that a file is open, and closes the one that has not been read for longest; one that is
    /// not in the folder any more could not be opened again.
    fn touch(&mut self, serial: u64) {
        if self.open.back() == Some(&serial) {
            return;
        }
        self.open.retain(|other| *other != serial);
        self.open.push_back(serial);
        if self.open.len() <= FOLLOWED_OPEN_MAX {
            return;
        }
        let is_present = |serial: &u64| self.files.get(serial).is_none_or(|file| file.is_present);
        let place = self.open.iter().position(is_present).unwrap_or(0);
        if let Some(oldest) = self.open.remove(place)
            && let Some(file) = self.files.get_mut(&oldest)
        {
            file.close();
        }
    }

    fn fail_shorter(&mut self, serial: u64) {
        if let Some(file) = self.files.get_mut(&serial).filter(|file| !file.is_over) {
            file.is_over = true;
            self.problems.push(file.shorter());
        }
        self.close(serial);
    }

    fn close(&mut self, serial: u64) {
        self.open.retain(|other| *other != serial);
        self.ready.retain(|(_, other)| *other != serial);
        if let Some(file) = self.files.get_mut(&serial) {
            file.close();
        }
    }

    /// A file is not in the folder. What is open of it is read to its end. It may be on its way to another
    /// name, or have been compressed: it is forgotten a little later.
    fn vanish(&mut self, serial: u64) {
        let Some(file) = self.files.get(&serial) else { return };
        if file.is_long_gone() && self.current != Some(serial) {
            self.forget(serial, "removed");
        }
    }

    /// Forgets a file that is not there any more.
    fn forget(&mut self, serial: u64, how: &str) {
        if self.current == Some(serial) {
            self.leave();
        }
        self.close(serial);
        let Some(file) = self.files.remove(&serial) else { return };
        let place = (file.listed.device, file.listed.inode);
        if self.serials.get(&place) == Some(&serial) {
            self.serials.remove(&place);
        }
        let copies = self.files.values_mut().filter(|copy| copy.copy_of == Some(serial));
        let copies: Vec<u64> = copies
            .map(|copy| {
                copy.copy_of = None;
                copy.offset = file.offset;
                copy.first_time = file.first_time;
                copy.serial
            })
            .collect();
        if copies.is_empty() {
            self.problems.extend(file.lost(how));
        }
        copies.into_iter().for_each(|copy| self.prepare(copy));
    }

    /// Reads what comes next: at most so many bytes, of one file.
    pub fn read(&mut self, chunk_bytes: usize, visit: &mut impl FnMut(&Packet<'_>)) -> Fed {
        if !self.has_listed {
            self.look(Duration::ZERO);
        }
        if !self.has_listed {
            return if self.end_is_wanted { self.finish() } else { Fed::Nothing };
        }
        while let Some(event) = self.replay.front().cloned() {
            if let Some(fed) = self.again(event, chunk_bytes, visit) {
                return fed;
            }
        }
        if self.end_is_wanted {
            return self.finish();
        }
        while let Some(serial) = self.current.or_else(|| self.next()) {
            if let Some(chunk) = self.read_file(serial, chunk_bytes, u64::MAX, visit) {
                return Fed::Chunk(chunk);
            }
            self.leave();
        }
        self.idle()
    }

    /// The next file, which becomes the current one.
    fn next(&mut self) -> Option<u64> {
        // When one has waited long enough, so have all that are older.
        let is_due = |file: &Followed| file.held.is_zero();
        let mut ready = self.ready.iter();
        ready.find(|(_, serial)| self.files.get(serial).is_some_and(is_due))?;
        let (first_time, serial) = self.ready.pop_first()?;
        let offset = self.files.get(&serial)?.offset;
        let begins = offset == 0 && self.newest.is_some_and(|newest| first_time < newest);
        self.late_files += u64::from(begins);
        self.current = Some(serial);
        self.noted = Some((serial, offset));
        Some(serial)
    }

    /// Reads on in a file, up to an offset at most; `None`: there is nothing.
    fn read_file(
        &mut self,
        serial: u64,
        chunk_bytes: usize,
        to: u64,
        visit: &mut impl FnMut(&Packet<'_>),
    ) -> Option<ChunkEnd> {
        let file = self.files.get_mut(&serial).filter(|file| !file.is_over)?;
        let start = file.offset;
        let more = file.read(chunk_bytes, to, &*self.captures, visit);
        let has_reader = file.has_reader();
        let next = file.offset;
        match has_reader {
            true => self.touch(serial),
            false => self.open.retain(|other| *other != serial),
        }
        self.packets += more.packets;
        let problem = match more.stopped {
            Stopped::Over(problem) => problem,
            Stopped::Limit | Stopped::Dry => None,
        };
        if more.packets > 0 {
            (self.silence, self.advances) = (Duration::ZERO, 0);
        }
        let (packets, bytes_read) = (more.packets, more.bytes);
        (packets > 0 || problem.is_some() || bytes_read > 0).then_some(ChunkEnd {
            start,
            next,
            packets,
            bytes_read,
            problem,
            end_of_file: false,
        })
    }

    /// Leaves the current file; it has been read as far as it goes for now.
    fn leave(&mut self) {
        self.note_read();
        self.current = None;
    }

    /// Notes how far the current file has been read.
    fn note_read(&mut self) {
        let Some(file) = self.current.and_then(|serial| self.files.get(&serial)) else { return };
        let place = (file.serial, file.offset);
        if self.noted != Some(place) {
            self.noted = Some(place);
            let event =
                InputEvent::Read { file: file.id(), to: file.offset, packets: self.packets };
            self.note(&event);
        }
    }

    fn note(&mut self, event: &InputEvent) {
        self.events += 1;
        if let Some(journal) = &mut self.journal
            && let Err(error) = journal.note(event)
        {
            self.failure.get_or_insert(error);
            self.end_is_wanted = true;
        }
    }

    /// Nothing is left to read: time may have passed.
    fn idle(&mut self) -> Fed {
        // Files that wait for older ones are no silence.
        if !self.ready.is_empty() {
            return Fed::Nothing;
        }
        if self.options.end_after.is_some_and(|end_after| self.silence >= end_after) {
            return self.finish();
        }
        let (Some(quiet), Some(newest)) = (self.options.quiet_after, self.newest) else {
            return Fed::Nothing;
        };
        let due = quiet.saturating_mul(self.advances + 1);
        if self.silence < due || due > self.options.silence_max.saturating_add(quiet) {
            return Fed::Nothing;
        }
        self.advances += 1;
        let clock = newest.plus(i64::try_from(quiet.as_nanos()).unwrap_or(i64::MAX));
        self.note(&InputEvent::Advance { clock_ns: clock.0, packets: self.packets });
        self.newest = Some(clock);
        Fed::Advance(clock)
    }

    fn finish(&mut self) -> Fed {
        self.leave();
        self.problems.extend(self.files.values().filter_map(Followed::problem_at_end));
        Fed::End
    }

    /// The stream clock after what was read last.
    pub fn saw(&mut self, clock: Timestamp) {
        self.newest = self.newest.max(Some(clock));
    }

    /// Does again what had been noted; `None`: it is done.
    fn again(
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
        let known = self.files.values().find(|known| known.is(&file));
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
