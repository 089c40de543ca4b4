//! Decides what of a folder is read next.

mod folder;
mod journal;
mod turns;

use super::file::Followed;
use super::{Captures, FollowOptions, FollowState, InputEvent, Journal};
use crate::capture::problem::Problem;
use crate::capture::sequential::Stopped;
use crate::capture::{ChunkEnd, Packet};
use crate::limits::FOLLOWED_OPEN_MAX;
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ffi::OsString;
use std::io;
use std::time::Duration;

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
    /// Names of captures that are no files, and what is still to be told of each.
    others: HashMap<OsString, Option<Problem>>,
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
        let place = |file: &Followed| (file.listed.place(), file.serial);
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
            others: HashMap::new(),
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

    fn close(&mut self, serial: u64) {
        self.open.retain(|other| *other != serial);
        self.ready.retain(|(_, other)| *other != serial);
        if let Some(file) = self.files.get_mut(&serial) {
            file.close();
        }
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

    fn finish(&mut self) -> Fed {
        self.leave();
        self.problems.extend(self.files.values().filter_map(Followed::problem_at_end));
        self.problems.extend(self.others.drain().filter_map(|(_, untold)| untold));
        Fed::End
    }
}
