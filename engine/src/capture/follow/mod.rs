//! A folder of captures that goes on for ever, as one stream.
//!
//! A sensor writes into it, begins the next file by size or time, and perhaps writes over the oldest
//! ones. Every file is read to its last whole packet, and on from there when it grows. A file is known by
//! device, inode and its first bytes: a new name is no new file, other first bytes are. (From one run to the
//! next the device may get another number.) What is read
//! when is a matter of when it was there, so whoever wants the same stream again keeps a journal of it
//! ([`InputEvent`]) and has it replayed.
//!
//! Not here: when to look. Time comes from outside, as how much of it has passed.

mod file;
mod follower;
mod growing;

pub use follower::{Fed, Follower};

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::time::Duration;

/// Where captures appear.
pub trait Captures: Send {
    /// All that is there now.
    ///
    /// # Errors
    /// When it cannot be listed.
    fn list(&mut self) -> io::Result<Listing>;

    /// Opens a file, and tells what has been opened, whatever has the name by now.
    ///
    /// # Errors
    /// `NotFound` when it is not there any more; others when it cannot be opened.
    fn open(&self, name: &OsStr) -> io::Result<(File, Listed)>;
}

/// What is there.
#[derive(Debug, Default)]
pub struct Listing {
    /// The regular files.
    pub files: Vec<Listed>,
    pub others: Vec<NoFile>,
}

/// A name without a regular file behind it that may be read.
#[derive(Debug)]
pub struct NoFile {
    pub name: OsString,
    /// The name as messages have it.
    pub shown: String,
    /// Why there is none, as the sentence after the name.
    pub cause: String,
}

/// A file that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub name: OsString,
    /// The name as messages have it.
    pub shown: String,
    pub device: u64,
    pub inode: u64,
    pub bytes: u64,
    /// Since 1970.
    pub modified_ns: i64,
}

impl Listed {
    /// By which it is the same file, as long as it begins as it did.
    fn place(&self) -> (u64, u64) {
        (self.device, self.inode)
    }
}

/// How a folder is followed.
#[derive(Clone, Debug)]
pub struct FollowOptions {
    /// For how long a new file waits for older ones that may still appear.
    pub lateness: Duration,
    /// After how long a silence time passes without packets, and how often from then on; `None`: it
    /// never does.
    pub quiet_after: Option<Duration>,
    /// A silence after which nothing is left to wait for: time stands still again.
    pub silence_max: Duration,
    /// The stream ends after so long a silence.
    pub end_after: Option<Duration>,
}

/// A file, as a journal knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileId {
    pub name: String,
    pub device: u64,
    pub inode: u64,
    /// So many first bytes, and what they are.
    pub head_bytes: u32,
    pub head_checksum: u32,
}

/// What was read when. A file is noted when it is left, time that passes before it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputEvent {
    /// From where it had been read to before, a file was read up to an offset; `packets` is the number
    /// of packets of the stream then.
    Read { file: FileId, to: u64, packets: u64 },
    /// Time passed without packets: the stream clock went on to this.
    Advance { clock_ns: i64, packets: u64 },
}

/// Keeps what was read when.
pub trait Journal: Send {
    /// # Errors
    /// When it cannot be kept.
    fn note(&mut self, event: &InputEvent) -> io::Result<()>;
}

/// How far a folder has been read: enough to go on from there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowState {
    pub(super) files: Vec<FileState>,
    /// Files that have been seen in all.
    pub(super) files_seen: u64,
    pub packets: u64,
    pub newest: Option<Timestamp>,
    /// Files whose first packet is older than what had been read before.
    pub late_files: u64,
    /// Events that the journal has.
    pub events: u64,
}

/// How far one file has been read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileState {
    pub serial: u64,
    pub name: Vec<u8>,
    pub shown: String,
    pub device: u64,
    pub inode: u64,
    pub head: Vec<u8>,
    pub offset: u64,
    pub first_time: Option<Timestamp>,
    pub is_over: bool,
    /// As it was listed last.
    pub bytes: u64,
    pub modified_ns: i64,
    pub is_compressed: bool,
    pub is_dry: bool,
    pub copy_of: Option<u64>,
}
