//! What becomes of jobs, on disk and for clients: records that are written, written later or removed.

use super::answers::no_job;
use super::running::Running;
use super::settings::Settings;
use super::start::{Jobs, lock};
use super::state::{Of, State};
use super::stored::refusal;
use crate::serve::service::{Answer, Refusal};
use crate::serve::views::FileStatus;
use std::collections::BTreeMap;
use tractor_engine::jobs::Clock;
use tractor_engine::store::{JobRecord, JobState, Retention, StoreError, forget};

impl Jobs {
    /// Keeps what became of a job.
    pub fn end_job(&self, record: JobRecord, costs: &[(String, u64, u64, u64)]) {
        self.plugins().add_costs(costs);
        let id = record.id;
        // Who cancels it meanwhile has done so before, or finds that it is over. What is cancelled stays
        // so, though its child may have come to the end first.
        let mut unwritten = lock(&self.unwritten);
        let record = match self.is_being_cancelled(id) {
            true => cancelled(record),
            false => record,
        };
        let (became, message) = (record.state, record.message.as_deref().unwrap_or_default());
        tracing::info!(job = id, flows = record.flows, "{became:?} {message}");
        let is_over = record.state.is_over();
        self.write(&record, &mut unwritten);
        let mut state = self.state();
        state.running = state.running.saturating_sub(1);
        if let Some(job) = state.set_record(record) {
            job.running = None;
            job.tell();
        }
        drop(state);
        drop(unwritten);
        if is_over {
            self.put_in_index(id);
            self.forget_old();
        }
    }

    /// Keeps a record of a job that goes on, and shows it to clients.
    pub fn note(&self, record: &JobRecord) {
        self.keep(record);
        if let Some(job) = self.state().set_record(record.clone()) {
            job.tell();
        }
    }

    /// Writes a record, unless the job was cancelled meanwhile, which was written then.
    fn keep(&self, record: &JobRecord) {
        let mut unwritten = lock(&self.unwritten);
        if !self.is_being_cancelled(record.id) {
            self.write(record, &mut unwritten);
        }
    }

    fn is_being_cancelled(&self, id: u64) -> bool {
        self.is_running_and(id, Running::is_being_cancelled)
    }

    fn is_running_and(&self, id: u64, is_so: impl Fn(&Running) -> bool) -> bool {
        let state = self.state();
        let running = state.jobs().get(&id).and_then(|job| job.running.as_ref());
        running.is_some_and(|running| is_so(running))
    }

    /// Writes a record, or keeps it until there is room.
    fn write(&self, record: &JobRecord, unwritten: &mut BTreeMap<u64, JobRecord>) {
        let is_ending =
            !record.state.is_over() && self.is_running_and(record.id, Running::is_ending);
        let record = &JobRecord { is_ending, ..record.clone() };
        unwritten.remove(&record.id);
        if let Err(error) = record.save(&self.folder_of(record.id)) {
            tracing::error!(job = record.id, "{error}");
            if error.is_of_the_disk() {
                unwritten.insert(record.id, record.clone());
            }
        }
    }

    /// Writes what has yet to be written: records that found no room before, and which files have had
    /// their job.
    pub fn write_rest(&self) {
        self.write_processed();
        let mut unwritten = lock(&self.unwritten);
        while let Some(record) = unwritten.first_entry() {
            match record.get().save(&self.folder_of(*record.key())) {
                Err(error) if error.is_of_the_disk() => return,
                Err(error) => tracing::error!(job = record.key(), "{error}"),
                Ok(()) => tracing::info!(job = record.key(), "its record found room"),
            }
            record.remove();
        }
    }

    fn write_processed(&self) {
        let mut state = self.state();
        if !state.processed.is_changed() {
            return;
        }
        let State { processed, files, .. } = &mut *state;
        let changed = processed.take_changes(|name| files.contains_key(name));
        drop(state);
        if let Err(error) = changed.save(&self.settings.data) {
            // A full disk says so often enough.
            if !error.is_full() {
                tracing::error!("{error}");
            }
            self.state().processed.mark_changed();
        }
    }

    /// Cancels a job that is not over, so that it lasts, as far as there is room. `None`: it is over.
    ///
    /// # Errors
    /// When there is no such job.
    pub fn cancel(&self, id: u64) -> Answer<Option<FileStatus>> {
        let mut unwritten = lock(&self.unwritten);
        let mut state = self.state();
        let job = state.job_mut(id).ok_or_else(|| no_job(id))?;
        if job.is_over() {
            return Ok(None);
        }
        let record = cancelled(job.record.clone());
        if let Some(running) = &job.running {
            running.cancel();
        } else {
            job.record = record.clone();
            job.tell();
        }
        let status = job.status();
        state.queue.retain(|queued| *queued != id);
        drop(state);
        self.write(&record, &mut unwritten);
        Ok(Some(status))
    }

    /// Lets the stream of a job end, so that it lasts, as far as there is room; one that is over has.
    ///
    /// # Errors
    /// When there is no such job, or it is of a file, or has not begun.
    pub fn end_in_order(&self, id: u64) -> Answer<()> {
        let mut unwritten = lock(&self.unwritten);
        let state = self.state();
        let job = state.jobs().get(&id).ok_or_else(|| no_job(id))?;
        if !job.is_about(Of::Folders) {
            return Err(Refusal::Conflict(format!("job {id} is of a file, which ends by itself")));
        }
        if job.is_over() {
            return Ok(());
        }
        let Some(running) = job.running.clone() else {
            return Err(Refusal::Conflict(format!("job {id} has not begun yet")));
        };
        let record = job.record.clone();
        drop(state);
        running.end_stream();
        self.write(&record, &mut unwritten);
        Ok(())
    }

    /// Forgets what is older than is kept.
    pub fn forget_old(&self) {
        let Settings { keep_jobs, keep_days, .. } = self.settings;
        if keep_jobs.is_none() && keep_days.is_none() {
            return;
        }
        let retention = Retention { keep_jobs, keep_days };
        let records: Vec<JobRecord> =
            self.state().jobs().values().map(|job| job.record.clone()).collect();
        let old = retention.to_forget(&records, Clock::unix_s());
        for id in old {
            if let Err(refusal) = self.forget(id) {
                tracing::error!(job = id, "its results cannot be removed: {refusal:?}");
            }
        }
    }

    /// Removes a job and its results.
    pub fn forget(&self, id: u64) -> Answer<()> {
        match forget(&self.settings.data, id) {
            Ok(()) | Err(StoreError::NoSuchJob(_)) => {}
            Err(error) => return Err(refusal(&error)),
        }
        lock(&self.unwritten).remove(&id);
        self.state().remove(id);
        self.known_statistics().retain(|(job, _), _| *job != id);
        if let Some(index) = self.index.get() {
            // What an index has too much is thrown away when it is opened.
            let _ = index.remove_job(id);
        }
        Ok(())
    }
}

fn cancelled(record: JobRecord) -> JobRecord {
    JobRecord { state: JobState::Cancelled, finished_at: Some(Clock::unix_s()), ..record }
}
