//! Where things are in the folder of a store.

use super::StoreError;
use std::fs;
use std::path::{Path, PathBuf};

pub const JOBS: &str = "jobs";

/// What follows the id of a job that is being removed.
pub const FORGOTTEN: &str = ".forgotten";

/// The folder of a job.
pub fn of_job(data: &Path, id: u64) -> PathBuf {
    data.join(JOBS).join(id.to_string())
}

/// Ids and folders of all jobs, by id.
pub fn jobs(data: &Path) -> Result<Vec<(u64, PathBuf)>, StoreError> {
    let folder = data.join(JOBS);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(cause) => return Err(StoreError::io("read", &folder, cause)),
    };
    let mut jobs = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|cause| StoreError::io("read", &folder, cause))?;
        let name = entry.file_name();
        let id = name.to_str().and_then(|name| Some((name.parse::<u64>().ok()?, name)));
        jobs.extend(
            id.filter(|(id, name)| id.to_string() == *name).map(|(id, _)| (id, entry.path())),
        );
    }
    jobs.sort();
    Ok(jobs)
}

/// Bytes that are free on the disk of a file or folder, for whoever is not its administrator.
pub fn free_bytes(place: &Path) -> Result<u64, StoreError> {
    let about = rustix::fs::statvfs(place)
        .map_err(|cause| StoreError::io("look at the disk of", place, cause.into()))?;
    Ok(about.f_bavail.saturating_mul(about.f_frsize))
}
