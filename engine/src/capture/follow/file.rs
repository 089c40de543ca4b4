//! One file of a folder that is followed: how far it has been read, and whether it is still the same.

mod opening;
mod telling;

use super::growing::{Head, first_bytes};
use super::{Captures, FileId, FileState, Listed};
use crate::capture::Packet;
use crate::capture::problem::Problem;
use crate::capture::sequential::{More, SequentialReader, Stopped};
use crate::capture::step::Limit;
use crate::limits::CHUNK_PACKETS_MAX;
use crate::time::Timestamp;
use std::ffi::OsString;
use std::fs::File;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::Arc;
use std::time::Duration;

/// Bytes of a header and of that of the first record: with fewer, two captures may begin alike.
const TELLING_BYTES: usize = 40;

/// How long a file that is not there any more is remembered: it may have another name in a moment.
const GONE_AFTER: Duration = Duration::from_secs(2);

/// How long a file may be shorter than it takes to tell captures apart: who writes it over may keep the first
/// packets back for a while.
const SHORT_AFTER: Duration = Duration::from_secs(10);

/// Between two attempts at compressed data that is not whole, or at a file that cannot be opened.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// A file that has been seen.
pub(super) struct Followed {
    pub serial: u64,
    pub listed: Listed,
    head: Arc<Head>,
    /// Up to there it has been read, in the uncompressed data.
    pub offset: u64,
    /// Of its first packet, once there is one.
    pub first_time: Option<Timestamp>,
    reader: Option<(Arc<File>, Box<SequentialReader>)>,
    is_compressed: bool,
    /// Compressed data ended too early, or it cannot be opened: it is looked at again after a while.
    retry: Option<Duration>,
    /// There was nothing more when it was read last.
    is_dry: bool,
    /// It was in the folder when that was listed last.
    pub is_present: bool,
    /// For how long it has not been.
    gone: Duration,
    /// For how long there has been too little of it to tell whether it is written over.
    short: Option<Duration>,
    /// Nothing more is read of it: it is damaged, or no capture, or another one has taken its place.
    pub is_over: bool,
    /// For how long it still waits for older files.
    pub held: Duration,
    /// It was not in the first of the last two listings: older ones may be in neither.
    pub is_of_second_listing: bool,
    /// The file that this one is a compressed copy of.
    pub copy_of: Option<u64>,
    /// Why nothing, or nothing more, could be read: told when nothing comes that mends it.
    unreadable: Option<Problem>,
    /// It cannot be opened, and that was told.
    is_blocked: bool,
}

/// What became of a file that was looked at again.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Looked {
    Same,
    /// There may be more of it.
    Changed,
    /// Its name and place are another file's now.
    Another,
    /// It has become shorter than what was read of it.
    Shorter,
}

impl Followed {
    pub(super) fn new(serial: u64, listed: Listed) -> Self {
        Self {
            serial,
            listed,
            head: Arc::default(),
            offset: 0,
            first_time: None,
            reader: None,
            is_compressed: false,
            retry: None,
            is_dry: false,
            is_present: true,
            gone: Duration::ZERO,
            short: None,
            is_over: false,
            held: Duration::ZERO,
            is_of_second_listing: false,
            copy_of: None,
            unreadable: None,
            is_blocked: false,
        }
    }

    pub(super) fn restored(state: &FileState) -> Self {
        let listed = Listed {
            name: OsString::from_vec(state.name.clone()),
            shown: state.shown.clone(),
            device: state.device,
            inode: state.inode,
            bytes: state.bytes,
            modified_ns: state.modified_ns,
        };
        Self {
            head: Arc::new(Head::of(state.head.clone())),
            offset: state.offset,
            first_time: state.first_time,
            is_over: state.is_over,
            is_compressed: state.is_compressed,
            is_dry: state.is_dry,
            copy_of: state.copy_of,
            ..Self::new(state.serial, listed)
        }
    }

    pub(super) fn state(&self) -> FileState {
        FileState {
            serial: self.serial,
            name: self.listed.name.as_bytes().to_vec(),
            shown: self.listed.shown.clone(),
            device: self.listed.device,
            inode: self.listed.inode,
            head: self.head.bytes(),
            offset: self.offset,
            first_time: self.first_time,
            is_over: self.is_over,
            bytes: self.listed.bytes,
            modified_ns: self.listed.modified_ns,
            is_compressed: self.is_compressed,
            is_dry: self.is_dry,
            copy_of: self.copy_of,
        }
    }

    /// So much time has passed. Its number, when it is to be looked at again for that.
    pub(super) fn pass(&mut self, passed: Duration) -> Option<u64> {
        self.held = self.held.saturating_sub(passed);
        self.gone = if self.is_present { Duration::ZERO } else { self.gone.saturating_add(passed) };
        self.short = self.short.map(|short| short.saturating_add(passed));
        let retry = self.retry.as_mut()?;
        *retry = retry.saturating_sub(passed);
        let is_due = retry.is_zero();
        self.retry.take_if(|_| is_due).map(|_| self.serial)
    }

    /// Whether it has not been there for a while, and nothing that could be read of it is left.
    pub(super) fn is_long_gone(&self) -> bool {
        self.gone >= GONE_AFTER && (self.reader.is_none() || self.is_dry || self.is_over)
    }

    pub(super) fn is_compressed(&self) -> bool {
        self.is_compressed
    }

    pub(super) fn id(&self) -> FileId {
        let (head_bytes, head_checksum) = self.head.id();
        FileId {
            name: self.listed.shown.clone(),
            device: self.listed.device,
            inode: self.listed.inode,
            head_bytes,
            head_checksum,
        }
    }

    /// Whether that is how a journal knows it, but for the device: that may have another number by now.
    pub(super) fn may_be(&self, id: &FileId) -> bool {
        self.listed.inode == id.inode && self.head.begins_as(id.head_bytes, id.head_checksum)
    }

    /// Whether that is how a journal knows it.
    pub(super) fn is(&self, id: &FileId) -> bool {
        self.listed.device == id.device && self.may_be(id)
    }

    /// Whether a file begins as this one, as far as it goes, with enough bytes to tell.
    pub(super) fn begins(&self, listed: &Listed, captures: &dyn Captures) -> bool {
        let (known, now) = (self.head.bytes(), self.file(listed, captures));
        let Ok(now) = now.and_then(|file| first_bytes(&file)) else { return false };
        let same = known.len().min(now.len());
        known[..same] == now[..same] && same >= known.len().min(TELLING_BYTES)
    }

    pub(super) fn has_reader(&self) -> bool {
        self.reader.is_some()
    }

    pub(super) fn close(&mut self) {
        self.reader = None;
    }

    /// Takes in how it is listed now.
    pub(super) fn look(&mut self, listed: &Listed, captures: &dyn Captures) -> Looked {
        let is_known = self.listed == *listed;
        let waits = self.is_blocked && self.retry.is_some();
        if waits || is_known && !self.head.has_changed() {
            return Looked::Same;
        }
        // A file that is held open keeps its number.
        let opened = match &self.reader {
            Some((file, _)) => Ok(Arc::clone(file)),
            None => self.file(listed, captures),
        };
        // What cannot be opened now may be so at the next look.
        let Ok(file) = opened else { return Looked::Same };
        if self.head.has_changed() || !self.head.holds(&file).unwrap_or(true) {
            return Looked::Another;
        }
        let first = first_bytes(&file).map_or(0, |bytes| bytes.len());
        if !self.is_compressed && listed.bytes < self.offset {
            // Who writes a file over makes it empty first.
            let short = *self.short.get_or_insert(Duration::ZERO);
            let is_cut = first >= TELLING_BYTES || short >= SHORT_AFTER;
            return if is_cut { Looked::Shorter } else { Looked::Same };
        }
        self.short = None;
        self.listed = listed.clone();
        if self.retry.is_some() {
            return Looked::Same;
        }
        self.is_dry = false;
        Looked::Changed
    }

    /// Reads on: a chunk, of records that begin before an offset.
    pub(super) fn read(
        &mut self,
        chunk_bytes: usize,
        to: u64,
        captures: &dyn Captures,
        visit: &mut impl FnMut(&Packet<'_>),
    ) -> More {
        let nothing = More { packets: 0, bytes: 0, stopped: Stopped::Dry };
        if self.reader.is_none()
            && let Err(problem) = self.open(captures)
        {
            let stopped = problem.map_or(Stopped::Dry, |problem| Stopped::Over(Some(problem)));
            return More { stopped, ..nothing };
        }
        let Some((_, reader)) = &mut self.reader else { return nothing };
        let left = to.saturating_sub(reader.offset());
        let bytes = left.min(chunk_bytes.max(1) as u64);
        let limit = Limit { bytes, packets: CHUNK_PACKETS_MAX as u64 };
        let mut more = reader.read_more(limit, visit);
        self.offset = reader.offset();
        if let Some(problem) = reader.cut() {
            self.cut(problem);
            more.stopped = Stopped::Dry;
        }
        self.is_dry = matches!(more.stopped, Stopped::Dry);
        self.is_over |= matches!(more.stopped, Stopped::Over(_));
        more
    }
}
