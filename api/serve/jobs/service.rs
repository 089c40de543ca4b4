//! The jobs as the API sees them.

use super::answers::no_job;
use super::start::Jobs;
use super::state::{Known, Of, directory, file};
use super::stored::io_error;
use crate::serve::service::{
    Answer, Export, ExportFormat, FlowFilter, FlowPage, Refusal, Service, SessionPage,
    WindowFilter, WindowPage,
};
use crate::serve::views::{
    DetailsIp, DirectoryRequest, File, FileStatus, Health, Label, Plugins, ProcessRequest,
    StatisticItem,
};
use std::collections::HashMap;
use std::net::IpAddr;
use tokio::sync::watch;
use tractor_engine::store::{ExportFormat as StoredAs, JobState, export};

/// The store's word for a format.
pub fn stored_as(format: ExportFormat) -> StoredAs {
    match format {
        ExportFormat::Csv => StoredAs::Csv,
        ExportFormat::Jsonl => StoredAs::Jsonl,
        ExportFormat::Parquet => StoredAs::Parquet,
    }
}

impl Service for Jobs {
    fn files(&self) -> Answer<Vec<File>> {
        let state = self.state();
        let mut latest = HashMap::new();
        for job in state.jobs().values() {
            // By rising number: the last one stays.
            if job.is_about(Of::Files) {
                latest.insert(job.record.file_name.as_str(), job);
            }
        }
        let listed = state.files.iter();
        let in_job = state.latest(".", Of::Folders).filter(|job| !job.is_over());
        let in_job = in_job.map(|job| job.record.id);
        let file = |(name, known): (&String, &Known)| {
            let own = latest.get(name.as_str()).copied();
            let own = own.filter(|job| state.is_current(job, &known.entry));
            File { in_job, ..file(name, Some(known), own) }
        };
        Ok(listed.map(file).collect())
    }

    fn process(&self, request: &ProcessRequest) -> Answer<FileStatus> {
        let id = self.begin(&request.file_name, request.profile.as_deref())?;
        self.status(id)
    }

    fn directories(&self) -> Answer<Vec<File>> {
        let mut names = self.folder.folders().unwrap_or_default();
        names.insert(0, ".".to_owned());
        let state = self.state();
        let shown = |name: &String| directory(name, state.latest(name, Of::Folders));
        Ok(names.iter().map(shown).collect())
    }

    fn process_directory(&self, request: &DirectoryRequest) -> Answer<FileStatus> {
        let id = self.begin_directory(&request.directory, request.profile.as_deref())?;
        self.status(id)
    }

    fn end_stream(&self, id: u64) -> Answer<FileStatus> {
        self.end_in_order(id)?;
        self.status(id)
    }

    fn status(&self, job: u64) -> Answer<FileStatus> {
        self.state().jobs().get(&job).map(|job| job.status()).ok_or_else(|| no_job(job))
    }

    fn details(&self, job: u64) -> Answer<File> {
        let state = self.state();
        let found = state.jobs().get(&job).ok_or_else(|| no_job(job))?;
        Ok(state.file_of(found))
    }

    fn statistics(&self, job: u64, limit: usize) -> Answer<Vec<StatisticItem>> {
        self.all_statistics(job, limit)
    }

    fn statistics_of_label(
        &self,
        job: u64,
        label: &str,
        limit: usize,
    ) -> Answer<Vec<StatisticItem>> {
        self.label_statistics(job, label, limit)
    }

    fn statistics_of_address(&self, job: u64, ip: IpAddr, limit: usize) -> Answer<DetailsIp> {
        self.address_statistics(job, ip, limit)
    }

    fn flows(&self, job: u64, filter: &FlowFilter) -> Answer<FlowPage> {
        self.matching_flows(job, filter)
    }

    fn export(&self, job: u64, filter: &FlowFilter, format: ExportFormat) -> Answer<Export> {
        let (record, running) = self.job(job)?;
        if running.is_some() || record.state != JobState::Finished {
            let why = format!("job {job} is not finished: its flows cannot be exported");
            return Err(Refusal::Conflict(why));
        }
        let filter = self.wanted(filter)?;
        let reader = self.stored(&record)?;
        Ok(Box::new(move |to| {
            export(&reader, &filter, stored_as(format), to).map_err(|error| io_error(job, &error))
        }))
    }

    fn sessions(&self, job: u64, filter: &FlowFilter, limit: usize) -> Answer<SessionPage> {
        self.matching_sessions(job, filter, limit)
    }

    fn session(&self, job: u64, session: u64) -> Answer<String> {
        self.session_of(job, session)
    }

    fn windows(&self, job: u64, filter: &WindowFilter) -> Answer<WindowPage> {
        self.matching_windows(job, filter)
    }

    fn export_windows(
        &self,
        job: u64,
        filter: &WindowFilter,
        format: ExportFormat,
    ) -> Answer<Export> {
        self.exported_windows(job, filter, format)
    }

    fn labels(&self) -> Answer<Vec<Label>> {
        Ok(self.label_list())
    }

    fn plugins(&self) -> Answer<Plugins> {
        Ok(Jobs::plugins(self).view.clone())
    }

    fn delete(&self, id: u64) -> Answer<FileStatus> {
        if let Some(status) = self.cancel(id)? {
            return Ok(status);
        }
        let status = self.status(id)?;
        self.forget(id)?;
        Ok(status)
    }

    fn watch(&self, job: u64) -> Answer<watch::Receiver<FileStatus>> {
        let state = self.state();
        let job = state.jobs().get(&job).ok_or_else(|| no_job(job))?;
        // Whoever watches is told what has moved; this is for who begins to, while nothing does.
        job.status.send_if_modified(|status| {
            *status = job.status();
            false
        });
        Ok(job.status.subscribe())
    }

    fn health(&self) -> Health {
        let state = self.state();
        Health {
            status: "ok".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            jobs_running: state.running as u64,
            jobs_queued: state.queue.len() as u64,
        }
    }

    fn measures(&self) -> Vec<(&'static str, &'static str, f64)> {
        let state = self.state();
        let count = |wanted: JobState| {
            state.jobs().values().filter(|job| job.record.state == wanted).count() as f64
        };
        vec![
            ("tractor_files", "Captures in the folder.", state.files.len() as f64),
            ("tractor_jobs_queued", "Jobs that wait for their turn.", state.queue.len() as f64),
            ("tractor_jobs_running", "Jobs that run.", state.running as f64),
            ("tractor_jobs_finished", "Jobs that are finished.", count(JobState::Finished)),
            ("tractor_jobs_failed", "Jobs that have failed.", count(JobState::Failed)),
            ("tractor_jobs_cancelled", "Jobs that were cancelled.", count(JobState::Cancelled)),
        ]
    }
}
