//! One capture file of a run: known by its first packet, opened again when its turn comes.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::problem::{Problem, sentence};
use super::sequential::{SequentialReader, Unreadable};
use super::{RANGE_BYTES_MAX, RangeReader};
use crate::time::Timestamp;

/// A capture file whose header could be read. Holds no file descriptor, unless it is a pipe.
pub struct CaptureFile {
    /// As the user named it, or as it was found in a folder; `standard input`.
    pub name: String,
    bytes: Option<u64>,
    first_time: Option<Timestamp>,
    plain_pcap: bool,
    label: Option<String>,
    place: Place,
}

enum Place {
    Path(PathBuf),
    /// A pipe: what was read of it for its first packet is gone from it, so the reader is kept.
    Held(Mutex<Option<Box<SequentialReader>>>),
}

impl CaptureFile {
    /// Opens one capture that messages call `name`, and reads up to its first packet.
    ///
    /// # Errors
    /// When it cannot be read, or is no capture.
    pub fn open_as(path: PathBuf, name: &str) -> Result<Self, Problem> {
        match Self::at(path) {
            Ok(file) => Ok(Self { name: name.to_owned(), ..file }),
            Err(unreadable) => Err(Problem::error(name, unreadable.cause())),
        }
    }

    /// Opens the file and reads up to its first packet.
    pub(super) fn at(path: PathBuf) -> Result<Self, Unreadable> {
        let failed = |error: std::io::Error| Unreadable::Failed(sentence(&error));
        let name = path.display().to_string();
        let file = File::open(&path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Self::held(name, file);
        }
        let bytes = metadata.len();
        let mut reader = SequentialReader::new(&name, file, Some(bytes))?;
        Ok(Self {
            first_time: reader.first_time(),
            plain_pcap: reader.is_plain_pcap(),
            label: reader.label().map(str::to_owned),
            bytes: Some(bytes),
            place: Place::Path(path),
            name,
        })
    }

    /// What can be read only once, from now on.
    pub(super) fn held(
        name: String,
        reader: impl Read + Send + 'static,
    ) -> Result<Self, Unreadable> {
        let mut reader = Box::new(SequentialReader::new(&name, reader, None)?);
        Ok(Self {
            first_time: reader.first_time(),
            plain_pcap: false,
            label: reader.label().map(str::to_owned),
            bytes: None,
            place: Place::Held(Mutex::new(Some(reader))),
            name,
        })
    }

    /// Where it is, byte by byte, which its name need not tell; `None` for a pipe.
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::Path(path) => Some(path),
            Place::Held(_) => None,
        }
    }

    /// Bytes on disk, for the progress bar; `None` for a pipe.
    pub fn bytes(&self) -> Option<u64> {
        self.bytes
    }

    /// What its comments call the traffic, as [`Recording`](super::Recording) writes it.
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// The time of its first packet; `None` when it has no packet.
    pub fn first_time(&self) -> Option<Timestamp> {
        self.first_time
    }

    /// Number of chunks of `chunk_bytes` when several workers may read the file in ranges: an
    /// uncompressed classic pcap file that is no pipe, and `chunk_bytes` from 1 to
    /// `RANGE_BYTES_MAX`. `None`: one reader from start to end.
    pub fn ranges(&self, chunk_bytes: usize) -> Option<u64> {
        let possible = self.plain_pcap && (1..=RANGE_BYTES_MAX).contains(&chunk_bytes);
        self.bytes.filter(|_| possible).map(|bytes| bytes.div_ceil(chunk_bytes as u64))
    }

    /// A reader of chunks in any order, for the number of chunks that [`ranges`](Self::ranges)
    /// says. Every worker opens its own.
    ///
    /// # Errors
    /// When the file cannot be read in ranges, or not any more.
    pub fn open_ranges(&self, chunk_bytes: usize) -> Result<RangeReader, Problem> {
        let (Place::Path(path), Some(_), Some(bytes)) =
            (&self.place, self.ranges(chunk_bytes), self.bytes)
        else {
            return Err(Problem::error(&self.name, "the file cannot be read in ranges"));
        };
        let file = self.open_path(path)?;
        RangeReader::new(&self.name, file, bytes, chunk_bytes)
    }

    /// A reader from start to end, for every format. A pipe's can be had once.
    ///
    /// # Errors
    /// When the file cannot be read any more.
    pub fn open(&self) -> Result<SequentialReader, Problem> {
        match &self.place {
            Place::Path(path) => {
                SequentialReader::new(&self.name, self.open_path(path)?, self.bytes)
                    .map_err(|unreadable| Problem::error(&self.name, unreadable.cause()))
            }
            Place::Held(reader) => {
                let taken = reader.lock().unwrap_or_else(PoisonError::into_inner).take();
                taken
                    .map(|reader| *reader)
                    .ok_or_else(|| Problem::error(&self.name, "a pipe can be read only once"))
            }
        }
    }

    fn open_path(&self, path: &Path) -> Result<File, Problem> {
        File::open(path).map_err(|error| Problem::error(&self.name, sentence(&error)))
    }
}
