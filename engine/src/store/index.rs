//! The index: what would take long to look up in the folders of jobs. Never the truth.
//!
//! sled 0.34.7 survives a process that is killed. A truncated file makes it panic when it is opened, a
//! flipped bit loses all of it, and opened while the disk is full it is broken for good. So it is
//! opened and written to only where there is free space, panics are caught, and an index that does not
//! open is set aside and made anew from the folders. Whoever has no index reads the folders.

use super::StoreError;
use super::entry::Entry;
use super::files::sync_folder;
use super::folders;
use super::reader::JobReader;
use super::record::JobRecord;
use super::segment::Place;
use crate::limits::{INDEX_CACHE_BYTES, INDEX_FREE_BYTES_MIN, INDEXES_SET_ASIDE_MAX};
use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Its folder in that of the store.
pub const INDEX_FOLDER: &str = "index";

/// Before the number of an index that was set aside.
pub const SET_ASIDE: &str = "index.damaged-";

/// Entries that are written together.
const ENTRIES_A_BATCH: usize = 32;

const LAST_JOB_ID: &str = "last_job_id";

/// An open index.
pub struct Index {
    folder: PathBuf,
    database: sled::Db,
    /// By id: records as JSON.
    jobs: sled::Tree,
    /// By job, segment and offset.
    entries: sled::Tree,
    /// By name, size and time.
    captures: sled::Tree,
}

/// Which capture, as it was when it was described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureKey {
    pub name: String,
    pub bytes: u64,
    /// When it was last modified; nanoseconds since the epoch.
    pub modified_ns: i64,
}

impl Index {
    /// Opens the index of a store and brings it up to what the folders of jobs say; makes it anew
    /// where there is none, or where it does not open.
    ///
    /// # Errors
    /// When the disk has no room for it, or it cannot be made.
    pub fn open(data: &Path) -> Result<Self, StoreError> {
        Self::open_until(data, &|| false)
    }

    /// Does so until it is to stop, which is asked before each job.
    ///
    /// # Errors
    /// As above, and when it has stopped: the next time it goes on from there.
    pub fn open_until(data: &Path, is_to_stop: &dyn Fn() -> bool) -> Result<Self, StoreError> {
        let open = || {
            let index = Self::open_as_it_is(data)?;
            index.catch_up(data, is_to_stop)?;
            Ok(index)
        };
        match open() {
            Err(StoreError::Index(_)) => {
                set_aside(data)?;
                open()
            }
            other => other,
        }
    }

    pub(super) fn open_as_it_is(data: &Path) -> Result<Self, StoreError> {
        room(data)?;
        let folder = data.join(INDEX_FOLDER);
        guarded(|| {
            let database = sled::Config::new()
                .path(&folder)
                .cache_capacity(INDEX_CACHE_BYTES)
                .flush_every_ms(Some(500))
                .open()?;
            let [jobs, entries, captures] = ["jobs-1", "entries-1", "captures-1"];
            Ok(Self {
                folder: folder.clone(),
                jobs: database.open_tree(jobs)?,
                entries: database.open_tree(entries)?,
                captures: database.open_tree(captures)?,
                database,
            })
        })
    }

    /// Adds what the folders of jobs have and the index has not, and removes what they have no more.
    fn catch_up(&self, data: &Path, is_to_stop: &dyn Fn() -> bool) -> Result<(), StoreError> {
        let jobs = folders::jobs(data)?;
        let ids: BTreeSet<u64> = jobs.iter().map(|(id, _)| *id).collect();
        for id in self.job_ids()?.difference(&ids) {
            self.remove_job(*id)?;
        }
        for (id, folder) in jobs {
            if is_to_stop() {
                return Err(StoreError::Stopped);
            }
            if let Ok(record) = JobRecord::load(&folder) {
                self.put_job(&JobRecord { id, ..record })?;
            }
            if let Ok(reader) = JobReader::open(&folder) {
                self.add_entries(id, &reader)?;
            }
        }
        self.raise_last_job_id(ids.last().copied().unwrap_or(0))?;
        self.flush()
    }

    /// Adds what blocks of a job are about, where it is not there.
    ///
    /// # Errors
    /// When the index does not take it.
    pub fn add_entries(&self, job: u64, reader: &JobReader) -> Result<(), StoreError> {
        for blocks in reader.blocks().chunks(ENTRIES_A_BATCH) {
            let mut entries = Vec::new();
            for block in blocks {
                let there = self.entry(job, block.block.place)?;
                if there.is_none_or(|entry| !block.is_of(&entry)) {
                    entries.extend(reader.entry(block).ok());
                }
            }
            self.put_entries(job, &entries)?;
        }
        Ok(())
    }

    fn put_entries(&self, job: u64, entries: &[Entry]) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        self.write(|| {
            let mut batch = sled::Batch::default();
            for entry in entries {
                batch.insert(entry_key(job, entry.place()).to_vec(), entry.to_bytes());
            }
            self.entries.apply_batch(batch)
        })
    }

    /// What the block that stands there is about.
    ///
    /// # Errors
    /// When the index does not answer.
    pub fn entry(&self, job: u64, place: Place) -> Result<Option<Entry>, StoreError> {
        let bytes = guarded(|| self.entries.get(entry_key(job, place)))?;
        Ok(bytes.and_then(|bytes| Entry::from_bytes(place, &bytes)))
    }

    /// The places of the blocks of a job that are in the index.
    ///
    /// # Errors
    /// When the index does not answer.
    pub fn places(&self, job: u64) -> Result<Vec<Place>, StoreError> {
        let keys = guarded(|| {
            self.entries.scan_prefix(job.to_be_bytes()).keys().collect::<sled::Result<Vec<_>>>()
        })?;
        Ok(keys.iter().filter_map(|key| place_of(key)).collect())
    }

    /// # Errors
    /// When the index does not take it.
    pub fn put_job(&self, record: &JobRecord) -> Result<(), StoreError> {
        let json = record.to_json()?;
        self.write(|| self.jobs.insert(record.id.to_be_bytes(), json).map(|_| ()))
    }

    /// All records, by id.
    ///
    /// # Errors
    /// When the index does not answer.
    pub fn jobs(&self) -> Result<Vec<JobRecord>, StoreError> {
        let values =
            guarded(|| self.jobs.iter().values().collect::<sled::Result<Vec<sled::IVec>>>())?;
        Ok(values.iter().filter_map(|json| serde_json::from_slice(json).ok()).collect())
    }

    fn job_ids(&self) -> Result<BTreeSet<u64>, StoreError> {
        let keys = guarded(|| self.jobs.iter().keys().collect::<sled::Result<Vec<_>>>())?;
        Ok(keys
            .iter()
            .filter_map(|key| Some(u64::from_be_bytes(key[..].try_into().ok()?)))
            .collect())
    }

    /// Removes all that is about a job.
    ///
    /// # Errors
    /// When the index does not take it.
    pub fn remove_job(&self, job: u64) -> Result<(), StoreError> {
        let places = self.places(job)?;
        guarded(|| {
            let mut batch = sled::Batch::default();
            places.iter().for_each(|place| batch.remove(entry_key(job, *place).to_vec()));
            self.entries.apply_batch(batch)?;
            self.jobs.remove(job.to_be_bytes()).map(|_| ())
        })
    }

    /// The greatest id that a job ever had, as far as the index knows.
    ///
    /// # Errors
    /// When the index does not answer.
    pub fn last_job_id(&self) -> Result<u64, StoreError> {
        let bytes = guarded(|| self.database.get(LAST_JOB_ID))?;
        let id = bytes.and_then(|bytes| Some(u64::from_be_bytes(bytes[..].try_into().ok()?)));
        Ok(id.unwrap_or(0))
    }

    /// # Errors
    /// When the index does not take it.
    pub fn raise_last_job_id(&self, id: u64) -> Result<(), StoreError> {
        match id > self.last_job_id()? {
            true => self.write(|| self.database.insert(LAST_JOB_ID, &id.to_be_bytes()).map(|_| ())),
            false => Ok(()),
        }
    }

    /// Keeps the description of a capture, and forgets those of the same name.
    ///
    /// # Errors
    /// When the index does not take it.
    pub fn put_capture(
        &self,
        key: &CaptureKey,
        description: &serde_json::Value,
    ) -> Result<(), StoreError> {
        let json = description.to_string();
        self.write(|| {
            for old in self.captures.scan_prefix(key.prefix()).keys() {
                self.captures.remove(old?)?;
            }
            self.captures.insert(key.to_bytes(), json.as_bytes()).map(|_| ())
        })
    }

    /// The description of a capture; `None` when there is none, or the file is another by now.
    ///
    /// # Errors
    /// When the index does not answer.
    pub fn capture(&self, key: &CaptureKey) -> Result<Option<serde_json::Value>, StoreError> {
        let json = guarded(|| self.captures.get(key.to_bytes()))?;
        Ok(json.and_then(|json| serde_json::from_slice(&json).ok()))
    }

    /// Hands all to the system.
    ///
    /// # Errors
    /// When the index does not take it.
    pub fn flush(&self) -> Result<(), StoreError> {
        self.write(|| self.database.flush().map(|_| ()))
    }

    fn write(&self, write: impl FnOnce() -> sled::Result<()>) -> Result<(), StoreError> {
        room(&self.folder)?;
        guarded(write)
    }
}

impl CaptureKey {
    fn prefix(&self) -> Vec<u8> {
        [self.name.as_bytes(), b"\0"].concat()
    }

    fn to_bytes(&self) -> Vec<u8> {
        let numbers = [self.bytes.to_be_bytes(), self.modified_ns.to_be_bytes()].concat();
        [self.prefix(), numbers].concat()
    }
}

fn entry_key(job: u64, place: Place) -> [u8; 20] {
    let mut key = [0; 20];
    key[..8].copy_from_slice(&job.to_be_bytes());
    key[8..12].copy_from_slice(&place.segment.to_be_bytes());
    key[12..].copy_from_slice(&place.offset.to_be_bytes());
    key
}

fn place_of(key: &[u8]) -> Option<Place> {
    let segment = u32::from_be_bytes(key.get(8..12)?.try_into().ok()?);
    let offset = u64::from_be_bytes(key.get(12..)?.try_into().ok()?);
    Some(Place { segment, offset })
}

/// Calls the library, whose panics are as good as its errors.
fn guarded<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(StoreError::Index(error.to_string())),
        Err(_) => Err(StoreError::Index("it broke down".to_owned())),
    }
}

/// Whether the disk has room for the index to be written to.
fn room(place: &Path) -> Result<(), StoreError> {
    let free = folders::free_bytes(place)?;
    match free >= INDEX_FREE_BYTES_MIN {
        true => Ok(()),
        false => Err(StoreError::NoSpaceForIndex {
            data: place.display().to_string(),
            free_mib: free >> 20,
            needed_mib: INDEX_FREE_BYTES_MIN >> 20,
        }),
    }
}

/// Indexes that were set aside, by number.
pub fn all_set_aside(data: &Path) -> Vec<(u64, PathBuf)> {
    let entries = fs::read_dir(data).into_iter().flatten().flatten();
    let mut all: Vec<(u64, PathBuf)> = entries
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.strip_prefix(SET_ASIDE)?.parse().ok()?;
            Some((number, entry.path()))
        })
        .collect();
    all.sort();
    all
}

/// Renames the index away, and removes the oldest of those that were.
fn set_aside(data: &Path) -> Result<(), StoreError> {
    let before = all_set_aside(data);
    let number = before.last().map_or(1, |(number, _)| number + 1);
    let folder = data.join(INDEX_FOLDER);
    fs::rename(&folder, data.join(format!("{SET_ASIDE}{number}")))
        .and_then(|()| sync_folder(data))
        .map_err(|cause| StoreError::io("rename", &folder, cause))?;
    let too_many = (before.len() + 1).saturating_sub(INDEXES_SET_ASIDE_MAX);
    for (_, path) in before.iter().take(too_many) {
        // One more that is kept does no harm.
        let _ = fs::remove_dir_all(path);
    }
    Ok(())
}

/// Removes the index; the next one is made from the folders.
pub fn remove(data: &Path) -> Result<(), StoreError> {
    let folder = data.join(INDEX_FOLDER);
    match fs::remove_dir_all(&folder) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::io("remove", &folder, cause))
        }
        _ => Ok(()),
    }
}
