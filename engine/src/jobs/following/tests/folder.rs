//! A folder of captures that is followed, and what its journal would keep.

use super::super::*;
use crate::capture::{Fed, FollowOptions, FollowState, Follower, InputEvent, Journal, Packet};
use crate::time::Timestamp;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

pub const SECOND: Duration = Duration::from_secs(1);
pub const SECOND_NS: i64 = 1_000_000_000;

/// A pcap file of packets at these seconds.
pub fn pcap(seconds: &[u32]) -> Vec<u8> {
    let mut file =
        vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
    seconds.iter().for_each(|&second| file.extend(record(second)));
    file
}

pub const RECORD_BYTES: usize = 16 + 60;

pub fn record(second: u32) -> Vec<u8> {
    let mut record = second.to_le_bytes().to_vec();
    record.extend([0; 4]);
    record.extend([60, 0, 0, 0, 60, 0, 0, 0]);
    record.extend([second as u8; 60]);
    record
}

/// What a journal would keep.
#[derive(Clone, Default)]
pub struct Notes(pub Arc<Mutex<Vec<InputEvent>>>);

impl Journal for Notes {
    fn note(&mut self, event: &InputEvent) -> io::Result<()> {
        self.0.lock().unwrap().push(event.clone());
        Ok(())
    }
}

/// A folder on a device that may have another number.
struct Mounted {
    folder: Folder,
    number: Arc<AtomicU64>,
    /// How often a file could not be opened.
    refused: Arc<AtomicU64>,
}

impl Mounted {
    fn there(&self, listed: Listed) -> Listed {
        Listed { device: listed.device + self.number.load(Ordering::Relaxed), ..listed }
    }
}

impl Captures for Mounted {
    fn list(&mut self) -> io::Result<Listing> {
        let Listing { files, others } = self.folder.list()?;
        let files = files.into_iter().map(|listed| self.there(listed)).collect();
        Ok(Listing { files, others })
    }

    fn open(&self, name: &OsStr) -> io::Result<(File, Listed)> {
        // Whoever runs the tests may be allowed to open everything.
        let (_, about) = Captures::open(&self.folder, name)?;
        let path = self.folder.path().join(&about.name);
        if std::fs::metadata(path)?.permissions().mode() & 0o400 == 0 {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(io::Error::from_raw_os_error(13));
        }
        let (file, listed) = Captures::open(&self.folder, name)?;
        Ok((file, self.there(listed)))
    }
}

/// A folder that is followed, and what came of it: seconds of packets, and negative ones of time that
/// passed without.
pub struct Followed {
    pub root: TempDir,
    pub follower: Follower,
    pub notes: Notes,
    pub stream: Vec<i64>,
    /// What went wrong where it was read.
    pub told: Vec<String>,
    /// Added to the number of the device.
    pub device: Arc<AtomicU64>,
    pub refused: Arc<AtomicU64>,
}

pub fn options() -> FollowOptions {
    let silence_max = 20 * SECOND;
    FollowOptions { lateness: Duration::ZERO, quiet_after: None, silence_max, end_after: None }
}

impl Followed {
    pub fn new(options: FollowOptions) -> Self {
        let root = tempfile::tempdir().unwrap();
        let state = FollowState::default();
        let (device, refused) = (Arc::default(), Arc::default());
        let numbers = (&device, &refused);
        let (follower, notes) = Self::follower(&root, numbers, options, &state, Vec::new());
        Self { root, follower, notes, stream: Vec::new(), told: Vec::new(), device, refused }
    }

    fn follower(
        root: &TempDir,
        (device, refused): (&Arc<AtomicU64>, &Arc<AtomicU64>),
        options: FollowOptions,
        state: &FollowState,
        replay: Vec<InputEvent>,
    ) -> (Follower, Notes) {
        let folder = Folder::open(root.path()).unwrap();
        let (number, refused) = (Arc::clone(device), Arc::clone(refused));
        let (folder, notes) = (Mounted { folder, number, refused }, Notes::default());
        let journal: Box<dyn Journal> = Box::new(notes.clone());
        (Follower::new(Box::new(folder), options, state, replay, Some(journal)), notes)
    }

    /// The program is killed, and goes on from a state and what was noted after it.
    pub fn again(&mut self, options: FollowOptions, state: &FollowState) {
        let notes = self.notes.0.lock().unwrap()[state.events as usize..].to_vec();
        let numbers = (&self.device, &self.refused);
        let again = Self::follower(&self.root, numbers, options, state, notes);
        (self.follower, _) = again;
        self.stream.clear();
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.root.path().join(name), bytes).unwrap();
    }

    pub fn append(&self, name: &str, bytes: &[u8]) {
        let path = self.root.path().join(name);
        File::options().append(true).open(path).unwrap().write_all(bytes).unwrap();
    }

    pub fn remove(&self, name: &str) {
        std::fs::remove_file(self.root.path().join(name)).unwrap();
    }

    /// Looks after so long, and reads what there is; true at the end of the stream.
    pub fn look(&mut self, passed: Duration) -> bool {
        self.follower.look(passed);
        loop {
            let stream = &mut self.stream;
            let mut clock = None;
            let fed = self.follower.read(1 << 16, &mut |packet: &Packet<'_>| {
                stream.push(packet.time.0 / SECOND_NS);
                clock = clock.max(Some(packet.time));
            });
            clock.into_iter().for_each(|clock| self.follower.saw(clock));
            match fed {
                Fed::Chunk(end) => self.told.extend(end.problem.map(|problem| problem.to_string())),
                Fed::Advance(Timestamp(ns)) => self.stream.push(-ns / SECOND_NS),
                Fed::Nothing => return false,
                Fed::End => return true,
            }
        }
    }

    pub fn problems(&mut self) -> Vec<String> {
        let told = self.follower.take_problems();
        self.told.drain(..).chain(told.iter().map(ToString::to_string)).collect()
    }
}
