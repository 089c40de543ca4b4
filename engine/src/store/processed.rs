//! Which captures have had their job, whatever became of its results since: so that a server that
//! processes files without being asked does not do so again. It is no part of the truth of any job.

use super::StoreError;
use super::block::checksum;
use super::files::{read_bounded, write_whole};
use crate::limits::{CAPTURE_HEAD_BYTES, PROCESSED_BYTES_MAX, PROCESSED_FILES_MAX};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Its file in the folder of a store.
pub const PROCESSED_FILE: &str = "processed_files";

/// By what a file is told from another one of its name. The number of its device is no part of it:
/// that may be another one after the disk was mounted anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileMark {
    pub inode: u64,
    pub bytes: u64,
    /// When it was last modified; nanoseconds since the epoch.
    pub modified_ns: i64,
    /// The checksum of its head, by which a file that has grown is told from one written anew.
    #[serde(default)]
    pub head: u32,
}

impl FileMark {
    /// How many bytes its head has.
    pub fn head_bytes(bytes: u64) -> usize {
        bytes.min(CAPTURE_HEAD_BYTES) as usize
    }
}

/// Files that have had their job, by the name that is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessedFiles {
    files: BTreeMap<String, FileMark>,
    /// Whether the folder of the store has yet to learn something.
    is_changed: bool,
}

impl ProcessedFiles {
    /// What the store in that folder remembers; nothing, where that is lost.
    pub fn load(data: &Path) -> Self {
        let files = Self::saved(data).unwrap_or_default();
        Self { files, is_changed: false }
    }

    fn saved(data: &Path) -> Option<BTreeMap<String, FileMark>> {
        let bytes = read_bounded(&data.join(PROCESSED_FILE), PROCESSED_BYTES_MAX).ok()??;
        let text = String::from_utf8(bytes).ok()?;
        let (sum, json) = text.split_once('\n')?;
        let is_whole = sum == format!("{:08x}", checksum(json.as_bytes()));
        is_whole.then(|| serde_json::from_str(json).ok())?
    }

    /// The file of that name that had its job last.
    pub fn of(&self, name: &str) -> Option<FileMark> {
        self.files.get(name).copied()
    }

    /// Notes that a file has its job.
    pub fn note(&mut self, name: &str, mark: FileMark) {
        self.is_changed |= self.files.insert(name.to_owned(), mark) != Some(mark);
    }

    pub fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// What is to be saved, after which nothing is changed. There are so many names at most: beyond, those
    /// are forgotten first of which `is_there` is false, then those of files that were written to first.
    pub fn take_changes(&mut self, is_there: impl Fn(&str) -> bool) -> Self {
        self.is_changed = false;
        if self.files.len() > PROCESSED_FILES_MAX {
            let mut names: Vec<(bool, i64, String)> = self
                .files
                .iter()
                .map(|(name, mark)| (is_there(name), mark.modified_ns, name.clone()))
                .collect();
            names.sort_unstable();
            names.truncate(self.files.len() - PROCESSED_FILES_MAX);
            names.iter().for_each(|(_, _, name)| {
                self.files.remove(name);
            });
        }
        self.clone()
    }

    /// What could not be saved is to be saved later.
    pub fn mark_changed(&mut self) {
        self.is_changed = true;
    }

    /// # Errors
    /// When the disk does not take it.
    pub fn save(&self, data: &Path) -> Result<(), StoreError> {
        let json = serde_json::to_string(&self.files)
            .map_err(|cause| StoreError::Internal(format!("names are no JSON: {cause}")))?;
        let text = format!("{:08x}\n{json}", checksum(json.as_bytes()));
        write_whole(&data.join(PROCESSED_FILE), text.as_bytes())
    }
}
