//! What is known of a job beside its flows.

use super::block::checksum;
use super::files::{read_bounded, write_whole};
use super::{JobReader, StoreError};
use crate::limits::{JOB_RECORD_BYTES_MAX, JOB_TEXT_BYTES_MAX, JOB_WARNINGS_MAX};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The name of a record in the folder of its job.
pub const RECORD_FILE: &str = "job.json";

/// How far a job is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    #[default]
    Queued,
    InProgress,
    Finished,
    Failed,
    Cancelled,
}

impl JobState {
    /// Whether nothing more will happen to the job.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Cancelled)
    }
}

/// A plugin that a job had to do without.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WithoutPlugin {
    pub id: String,
    /// A sentence.
    pub why: String,
}

/// A job. Times of its life are Unix seconds, as whoever runs it tells them. What an older program
/// wrote lacks fields, what a newer one wrote has some that are not known: both are read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobRecord {
    pub id: u64,
    /// The name of the capture, without folders.
    pub file_name: String,
    /// That is the name of a folder, which is followed as one stream.
    #[serde(skip_serializing_if = "is_false")]
    pub is_directory: bool,
    /// Of a stream that goes on: it is to end with what has been read.
    #[serde(skip_serializing_if = "is_false")]
    pub is_ending: bool,
    pub profile: String,
    pub profile_version: u32,
    /// Windows of this length have rows beside those of flows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_ns: Option<i64>,
    pub state: JobState,
    pub created_at: Option<i64>,
    pub started_at: Option<i64>,
    pub finished_at: Option<i64>,
    /// A sentence about the state, where it needs one.
    pub message: Option<String>,
    /// Of the capture on disk.
    pub capture_bytes: u64,
    /// When that was last changed, nanoseconds since 1970; unknown of jobs of older programs.
    pub capture_modified_ns: Option<i64>,
    pub packets: u64,
    pub flows: u64,
    /// Of the first and the last packet, Unix seconds.
    pub time_start: Option<i64>,
    pub time_end: Option<i64>,
    /// The first ones; see `warnings_not_kept`.
    pub warnings: Vec<String>,
    pub warnings_not_kept: u64,
    pub without_plugins: Vec<WithoutPlugin>,
    /// Labels of its flows: group and name.
    pub labels: Vec<(String, String)>,
}

impl JobRecord {
    /// Adds a warning, or counts it where there are many.
    pub fn warn(&mut self, mut warning: String) {
        if self.warnings.len() == JOB_WARNINGS_MAX {
            self.warnings_not_kept += 1;
            return;
        }
        cut(&mut warning);
        self.warnings.push(warning);
    }

    /// As JSON, with long texts cut.
    pub(super) fn to_json(&self) -> Result<Vec<u8>, StoreError> {
        let mut record = self.clone();
        let beyond = record.warnings.len().saturating_sub(JOB_WARNINGS_MAX);
        record.warnings.truncate(JOB_WARNINGS_MAX);
        record.warnings_not_kept += beyond as u64;
        let plugins = record.without_plugins.iter_mut().map(|plugin| &mut plugin.why);
        record.warnings.iter_mut().chain(plugins).chain(&mut record.message).for_each(cut);
        let json = serde_json::to_vec(&record)
            .map_err(|cause| StoreError::Internal(format!("a record is no JSON: {cause}")))?;
        match json.len() <= JOB_RECORD_BYTES_MAX {
            true => Ok(json),
            false => Err(StoreError::RecordTooLarge {
                job: self.id,
                bytes: json.len(),
                max: JOB_RECORD_BYTES_MAX,
            }),
        }
    }

    /// Writes the record into the folder of its job: whole, and so that it lasts.
    ///
    /// # Errors
    /// When it cannot be written, or is too large.
    pub fn save(&self, folder: &Path) -> Result<(), StoreError> {
        write_whole(&folder.join(RECORD_FILE), &with_checksum(self.to_json()?))
    }

    /// The record of the job in that folder. One that is lost or damaged comes back from the segments;
    /// and what these say of the job's end counts where the record does not know of it yet.
    ///
    /// # Errors
    /// When nothing there tells of a job.
    pub fn load(folder: &Path) -> Result<Self, StoreError> {
        match Self::saved(folder) {
            Ok(record) if record.state.is_over() => Ok(record),
            Ok(record) => Ok(Self::ended(folder).unwrap_or(record)),
            Err(_) => Self::recovered(folder),
        }
    }

    /// What `job.json` says.
    pub(super) fn saved(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(RECORD_FILE);
        let damaged = |why: &str| StoreError::damaged(RECORD_FILE.to_owned(), 0, why);
        match read_bounded(&path, 2 * JOB_RECORD_BYTES_MAX)? {
            Some(bytes) if !is_whole(&bytes) => Err(damaged("the checksum does not match")),
            Some(bytes) => {
                serde_json::from_slice(&bytes).map_err(|cause| damaged(&cause.to_string()))
            }
            None => Err(StoreError::NoJob(folder.display().to_string())),
        }
    }

    fn ended(folder: &Path) -> Option<Self> {
        JobReader::open(folder).ok()?.record_at_end().ok()?
    }

    fn recovered(folder: &Path) -> Result<Self, StoreError> {
        let reader = JobReader::open(folder)?;
        if let Ok(Some(record)) = reader.record_at_end() {
            return Ok(record);
        }
        match reader.record_at_begin()? {
            Some(record) => Ok(Self {
                state: JobState::Failed,
                flows: reader.rows(),
                message: Some(
                    "the job was not finished, and its record was lost; process the file again"
                        .to_owned(),
                ),
                ..record
            }),
            None => Err(StoreError::NoJob(folder.display().to_string())),
        }
    }
}

/// Puts the checksum of an object into it, as its last field.
fn with_checksum(mut json: Vec<u8>) -> Vec<u8> {
    let end = end_of(&json);
    json.truncate(json.len() - 1);
    json.extend_from_slice(end.as_bytes());
    json
}

/// What an object ends with, by the checksum of all before its last brace.
fn end_of(json: &[u8]) -> String {
    format!(",\"checksum\":\"{:08x}\"}}", checksum(&json[..json.len() - 1]))
}

/// False when there is a checksum and it is not that of the object. Who writes a record by hand
/// leaves it out.
fn is_whole(json: &[u8]) -> bool {
    let end_bytes = end_of(b"}").len();
    let Some(at) = json.len().checked_sub(end_bytes) else { return true };
    let (object, end) = json.split_at(at);
    !end.starts_with(b",\"checksum\"") || end == end_of(&[object, b"}"].concat()).as_bytes()
}

// The signature that serde asks for.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(is_so: &bool) -> bool {
    !is_so
}

/// Cuts a text to its bound, between characters.
fn cut(text: &mut String) {
    if text.len() > JOB_TEXT_BYTES_MAX {
        text.truncate(text.floor_char_boundary(JOB_TEXT_BYTES_MAX));
    }
}
