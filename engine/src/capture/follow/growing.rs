//! Reading a file that grows, and noticing when it is another one by now.

use crc32fast::hash;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// First bytes by which a file is known. Those of two captures differ in the time of their first packet.
pub(super) const HEAD_BYTES: usize = 512;

/// The first bytes of a file, as far as they have been seen.
#[derive(Debug, Default)]
pub(super) struct Head {
    bytes: Mutex<Vec<u8>>,
    has_changed: AtomicBool,
}

impl Head {
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        Self { bytes: Mutex::new(bytes), has_changed: AtomicBool::new(false) }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.lock().clone()
    }

    /// How many bytes are known, and their checksum.
    pub(super) fn id(&self) -> (u32, u32) {
        let bytes = self.lock();
        // At most HEAD_BYTES.
        (bytes.len() as u32, hash(&bytes))
    }

    /// The checksum of fewer bytes than are known.
    pub(super) fn begins_as(&self, count: u32, checksum: u32) -> bool {
        self.lock().get(..count as usize).is_some_and(|bytes| hash(bytes) == checksum)
    }

    /// Whether the file begins as before, as far as it goes; more of its begin is learnt.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn holds(&self, file: &File) -> io::Result<bool> {
        let now = first_bytes(file)?;
        let mut known = self.lock();
        let same = known.len().min(now.len());
        if known[..same] != now[..same] {
            self.has_changed.store(true, Ordering::Release);
            return Ok(false);
        }
        if now.len() > known.len() {
            *known = now;
        }
        Ok(true)
    }

    /// A reader came upon other first bytes.
    pub(super) fn has_changed(&self) -> bool {
        self.has_changed.load(Ordering::Acquire)
    }
}

pub(super) fn first_bytes(file: &File) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; HEAD_BYTES];
    let mut filled = 0;
    while let Some(room @ [_, ..]) = bytes.get_mut(filled..) {
        match file.read_at(room, filled as u64) {
            Ok(0) => break,
            Ok(read_bytes) => filled += read_bytes,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// A file from an offset on. Its end is where it ends now.
pub(super) struct Growing {
    pub(super) file: Arc<File>,
    pub(super) offset: u64,
    pub(super) head: Arc<Head>,
}

impl Read for Growing {
    /// Who writes a file over begins at its begin: if that is as before when bytes have been read, they
    /// are of this file, not of the next.
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read_bytes = self.file.read_at(room, self.offset)?;
        if read_bytes == 0 || !self.head.holds(&self.file)? {
            return Ok(0);
        }
        self.offset += read_bytes as u64;
        Ok(read_bytes)
    }
}
