//! The folder of a store: one holder, its jobs, and ids that are never given twice.

use super::StoreError;
use super::files::{UNFINISHED, read_bounded, sync_folder, write_whole};
use super::folders::{self, FORGOTTEN, JOBS};
use super::record::{JobRecord, JobState, RECORD_FILE};
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

const LOCK: &str = "lock";
pub const LAST_JOB_ID: &str = "last_job_id";
const LAST_JOB_ID_BYTES_MAX: usize = 64;
const SECONDS_A_DAY: i64 = 86_400;

/// A store that this process holds. The lock goes with it.
pub struct Store {
    data: PathBuf,
    last_job_id: u64,
    /// Held while the store is open.
    _lock: File,
}

impl Store {
    /// Opens the store in that folder, which is made where there is none, and removes what was left
    /// of jobs that were being forgotten.
    ///
    /// # Errors
    /// When another process holds it, or it cannot be read or written.
    pub fn open(data: &Path) -> Result<Self, StoreError> {
        let jobs = data.join(JOBS);
        fs::create_dir_all(&jobs).map_err(|cause| StoreError::io("make", &jobs, cause))?;
        let store = Self::hold(data)?;
        for left in store.being_forgotten() {
            // What stays is removed the next time.
            let _ = fs::remove_dir_all(left);
        }
        Ok(store)
    }

    /// Holds the store in that folder, as it is.
    pub(super) fn hold(data: &Path) -> Result<Self, StoreError> {
        if !data.join(JOBS).is_dir() {
            return Err(StoreError::NoStore(data.display().to_string()));
        }
        let lock = lock(data)?;
        let data = data.to_owned();
        let highest = folders::jobs(&data)?.last().map_or(0, |(id, _)| *id);
        let last_job_id = saved_last_job_id(&data).unwrap_or(0).max(highest);
        Ok(Self { data, last_job_id, _lock: lock })
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The folder of a job.
    pub(super) fn folder(&self, id: u64) -> PathBuf {
        folders::of_job(&self.data, id)
    }

    /// The records of all jobs by id; and of those whose records are lost with all that tells of
    /// them, why: they have failed. Records that came back from the segments are written again.
    ///
    /// # Errors
    /// When the folder of jobs cannot be read.
    pub fn records(&self) -> Result<(Vec<JobRecord>, Vec<StoreError>), StoreError> {
        let (mut records, mut errors) = (Vec::new(), Vec::new());
        for (id, folder) in folders::jobs(&self.data)? {
            match JobRecord::load(&folder) {
                Ok(record) => {
                    let record = JobRecord { id, ..record };
                    if JobRecord::saved(&folder).ok().as_ref() != Some(&record) {
                        // It comes back the next time too.
                        let _ = record.save(&folder);
                    }
                    records.push(record);
                }
                // Of a job that was not even begun, and whose number nobody has heard.
                Err(StoreError::NoJob(_)) if remove_unbegun(&folder).is_ok() => {}
                Err(error) => {
                    // Its segments have not more to tell; and what is there stays as it is, since somebody
                    // may want to look at it.
                    let error = JobRecord::saved(&folder).err().unwrap_or(error);
                    records.push(lost(id, &error));
                    errors.push(error);
                }
            }
        }
        Ok((records, errors))
    }

    /// Sees to it that ids up to there are not given again.
    pub fn raise_last_job_id(&mut self, id: u64) {
        self.last_job_id = self.last_job_id.max(id);
    }

    /// The greatest id that was given.
    pub fn last_job_id(&self) -> u64 {
        self.last_job_id
    }

    /// Makes the folder of a new job, with an id that no job ever had, and saves its record.
    ///
    /// # Errors
    /// When the disk does not take it. The id is not given again then either.
    pub fn new_job(&mut self, record: JobRecord) -> Result<JobRecord, StoreError> {
        let record = JobRecord { id: self.last_job_id + 1, ..record };
        // It lasts before anybody can see the id.
        write_whole(&self.data.join(LAST_JOB_ID), last_job_id_text(record.id).as_bytes())?;
        self.last_job_id = record.id;
        let folder = self.folder(record.id);
        let made = || -> io::Result<()> {
            fs::create_dir(&folder)?;
            sync_folder(&self.data.join(JOBS))
        };
        made().map_err(|cause| StoreError::io("make", &folder, cause))?;
        match record.save(&folder) {
            Ok(()) => Ok(record),
            Err(error) => {
                // An empty folder is no job.
                let _ = fs::remove_dir(&folder);
                Err(error)
            }
        }
    }

    /// Saves the record of a job.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn save(&self, record: &JobRecord) -> Result<(), StoreError> {
        record.save(&self.folder(record.id))
    }

    /// Removes a job and all that it found. Either it is there as a whole or it is not listed.
    ///
    /// # Errors
    /// When there is no such job, or it cannot be removed.
    pub fn forget(&self, id: u64) -> Result<(), StoreError> {
        forget(&self.data, id)
    }

    pub(super) fn being_forgotten(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.data.join(JOBS)).into_iter().flatten().flatten();
        let left = entries.filter(|entry| {
            entry.file_name().to_str().is_some_and(|name| name.ends_with(FORGOTTEN))
        });
        left.map(|entry| entry.path()).collect()
    }
}

/// Removes a job from the store in that folder, which this process holds. That may take a while.
///
/// # Errors
/// When there is no such job, or it cannot be removed.
pub fn forget(data: &Path, id: u64) -> Result<(), StoreError> {
    let folder = folders::of_job(data, id);
    let left = data.join(JOBS).join(format!("{id}{FORGOTTEN}"));
    let forgotten = || -> io::Result<()> {
        fs::rename(&folder, &left)?;
        sync_folder(&data.join(JOBS))?;
        // It is forgotten; what stays is removed the next time.
        let _ = fs::remove_dir_all(&left);
        Ok(())
    };
    forgotten().map_err(|cause| match cause.kind() {
        io::ErrorKind::NotFound if !left.exists() => StoreError::NoSuchJob(id),
        _ => StoreError::io("remove", &folder, cause),
    })
}

/// Removes a folder that is empty but for a record that was never whole.
fn remove_unbegun(folder: &Path) -> io::Result<()> {
    let unfinished = folder.join(format!("{RECORD_FILE}{UNFINISHED}"));
    let others = fs::read_dir(folder)?.flatten().filter(|entry| entry.path() != unfinished);
    if others.count() > 0 {
        return Err(io::ErrorKind::DirectoryNotEmpty.into());
    }
    match fs::remove_file(unfinished) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
        _ => fs::remove_dir(folder),
    }
}

/// All that is known of a job whose record is lost.
fn lost(id: u64, error: &StoreError) -> JobRecord {
    let why = format!("the record of the job is lost: {error}; process its file again");
    JobRecord { id, state: JobState::Failed, message: Some(why), ..JobRecord::default() }
}

/// Which finished jobs are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// So many, those that ended last.
    pub keep_jobs: Option<usize>,
    /// For so many days after they ended.
    pub keep_days: Option<u32>,
}

impl Retention {
    /// Ids of the jobs that are to be forgotten, those that ended first before others; none that may
    /// still run, and none of which nobody knows when it ended, since its record is lost. `now` are Unix
    /// seconds.
    pub fn to_forget(&self, records: &[JobRecord], now: i64) -> Vec<u64> {
        let ended =
            |record: &JobRecord| record.finished_at.or(record.started_at).or(record.created_at);
        let mut over: Vec<&JobRecord> = records
            .iter()
            .filter(|record| record.state.is_over() && ended(record).is_some())
            .collect();
        over.sort_by_key(|record| (ended(record), record.id));
        let too_many = self.keep_jobs.map_or(0, |keep| over.len().saturating_sub(keep));
        let oldest = self.keep_days.map(|days| now.saturating_sub(i64::from(days) * SECONDS_A_DAY));
        let is_old = |record: &JobRecord| {
            oldest.zip(ended(record)).is_some_and(|(oldest, ended)| ended < oldest)
        };
        let numbered = over.into_iter().enumerate();
        numbered
            .filter(|(place, record)| *place < too_many || is_old(record))
            .map(|(_, record)| record.id)
            .collect()
    }
}

/// Takes the lock and leaves the id of this process in it.
fn lock(data: &Path) -> Result<File, StoreError> {
    let path = data.join(LOCK);
    let failed = |cause| StoreError::io("lock", &path, cause);
    let mut options = File::options();
    let mut file =
        options.read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut process = String::new();
            let read = (&file).take(32).read_to_string(&mut process);
            let known = read.is_ok() && !process.trim().is_empty();
            let process = if known { process.trim() } else { "?" }.to_owned();
            return Err(StoreError::InUse { data: data.display().to_string(), process });
        }
        Err(cause) => return Err(failed(cause.into())),
    }
    // On a full disk the lock is held all the same; only its holder is not told.
    let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(file)
}

/// The id and its checksum, so that a part of it is not taken for the whole.
fn last_job_id_text(id: u64) -> String {
    format!("{id} {:08x}\n", super::block::checksum(id.to_string().as_bytes()))
}

/// `None` when there is none, or it is damaged.
pub fn saved_last_job_id(data: &Path) -> Option<u64> {
    let bytes = read_bounded(&data.join(LAST_JOB_ID), LAST_JOB_ID_BYTES_MAX).ok()??;
    let text = String::from_utf8(bytes).ok()?;
    let id = text.split(' ').next()?.parse().ok()?;
    (last_job_id_text(id) == text).then_some(id)
}

/// Writes the greatest id again.
pub(super) fn save_last_job_id(data: &Path, id: u64) -> Result<(), StoreError> {
    write_whole(&data.join(LAST_JOB_ID), last_job_id_text(id).as_bytes())
}
