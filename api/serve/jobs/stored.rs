//! What the server reads of what jobs have stored, and the index beside it.

use super::start::Jobs;
use super::state::Span;
use crate::serve::limits::FINDING_RETRY_S;
use crate::serve::service::{Answer, Refusal};
use serde_json::json;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tractor_engine::jobs::Entry;
use tractor_engine::store::{
    CaptureKey, Committed, Index, JobReader, JobRecord, JobState, StoreError,
};

impl Jobs {
    /// What a job has stored that is over. Of one that is finished it is all, or it is refused: part of a
    /// result would be taken for the whole.
    pub fn stored(&self, record: &JobRecord) -> Answer<Arc<JobReader>> {
        let reader =
            self.reader(record.id, None).map_err(|error| self.refused(record.id, &error))?;
        if record.state != JobState::Finished {
            return Ok(reader);
        }
        match reader.damage() {
            Some(error) => Err(self.refused(record.id, error)),
            None if !matches!(reader.record_at_end(), Ok(Some(_))) => {
                Err(self.damaged(record.id, "their end is not there"))
            }
            None if reader.rows() != record.flows => {
                let (id, rows, flows) = (record.id, reader.rows(), record.flows);
                let missing = format!("{rows} of {flows} flows are there");
                Err(self.damaged(id, &missing))
            }
            None => Ok(reader),
        }
    }

    /// Why the store has no answer about a job, for a client.
    pub fn refused(&self, id: u64, error: &StoreError) -> Refusal {
        match error {
            StoreError::Damaged { .. } => self.damaged(id, &error.to_string()),
            error => refusal(error),
        }
    }

    fn damaged(&self, id: u64, why: &str) -> Refusal {
        let message = damaged(id, why);
        if let Some(job) = self.state().job_mut(id)
            && job.record.message.as_ref() != Some(&message)
        {
            tracing::error!(job = id, "{message}");
            job.record.message = Some(message.clone());
            job.tell();
        }
        Refusal::Conflict(message)
    }

    /// What a job has stored, or what it had at some time.
    ///
    /// # Errors
    /// When its segments cannot be read.
    pub fn reader(&self, job: u64, up_to: Option<Committed>) -> Result<Arc<JobReader>, StoreError> {
        let reader = JobReader::open_to(&self.folder_of(job), up_to)?;
        Ok(Arc::new(match self.index.get() {
            Some(index) => reader.with_index(Arc::clone(index), job),
            None => reader,
        }))
    }

    /// Keeps what was found of a capture, unless it is another one by now.
    pub fn set_span(&self, entry: &Entry, span: Span) {
        if let (Some(index), Span::Known { first_s, last_s }) = (self.index.get(), &span) {
            // It is only looked at again.
            let _ = index.put_capture(&key_of(entry), &json!([first_s, last_s]));
        }
        if let Some(known) = self.state().files.get_mut(&entry.shown) {
            known.found(entry, span);
        }
    }

    /// What was found of a capture before.
    pub fn found_before(&self, entry: &Entry) -> Option<Span> {
        let found = self.index.get()?.capture(&key_of(entry)).ok()??;
        Some(Span::Known { first_s: found[0].as_i64()?, last_s: found[1].as_i64()? })
    }

    /// Opens the index, which may take a while, as soon as there is room for it.
    pub fn open_index(&self) {
        const AGAIN: Duration = Duration::from_secs(5);
        while !self.is_stopping() {
            match Index::open_until(&self.settings.data, &|| self.is_stopping()) {
                Ok(index) => {
                    // It may know of ids whose folders are gone.
                    if let Ok(last) = index.last_job_id() {
                        self.store().raise_last_job_id(last);
                    }
                    let _ = self.index.set(Arc::new(index));
                    return;
                }
                Err(StoreError::Stopped) => return,
                Err(error) => tracing::warn!("there is no index: {error}"),
            }
            let state = self.state();
            let _ = self.changed.wait_timeout(state, AGAIN);
        }
    }

    /// What the index does not take is read from the segments.
    pub fn put_in_index(&self, id: u64) {
        let Some(index) = self.index.get() else { return };
        let reader = JobReader::open(&self.folder_of(id));
        let record = self.state().jobs().get(&id).map(|job| job.record.clone());
        let put = reader.and_then(|reader| {
            record.map_or(Ok(()), |record| index.put_job(&record))?;
            index.add_entries(id, &reader)
        });
        if let Err(error) = put {
            tracing::warn!(job = id, "the index has nothing of it: {error}");
        }
    }
}

/// By what a capture is known again.
fn key_of(entry: &Entry) -> CaptureKey {
    let modified_ns = entry.identity.modified_ns();
    CaptureKey { name: entry.shown.clone(), bytes: entry.bytes, modified_ns }
}

fn damaged(id: u64, why: &str) -> String {
    format!("the results of job {id} are damaged ({why}): process the file again")
}

/// The same for an answer that is written while it is read.
pub fn io_error(id: u64, error: &StoreError) -> io::Error {
    match error {
        StoreError::Damaged { .. } => {
            io::Error::new(io::ErrorKind::InvalidData, damaged(id, &error.to_string()))
        }
        error => io::Error::new(error.io_kind(), error.to_string()),
    }
}

/// Why the store has no answer, for a client.
pub fn refusal(error: &StoreError) -> Refusal {
    match error {
        error if error.is_full() => {
            Refusal::StorageFull("the disk with the results is full".to_owned())
        }
        StoreError::GivenUp { .. } => Refusal::Busy {
            message: "there are too many flows to look through: ask for fewer".to_owned(),
            retry_after_s: FINDING_RETRY_S,
        },
        error => Refusal::Internal(error.to_string()),
    }
}
