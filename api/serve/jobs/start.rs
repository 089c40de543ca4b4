//! What all threads of the server share, and its start and end.

use super::indexer;
use super::plugins::PluginStates;
use super::runner;
use super::running::Running;
use super::settings::Settings;
use super::state::{Job, Known, Of, State};
use super::stored::refusal;
use crate::Exit;
use crate::serve::limits::{LOCK_MAX, LOCK_PAUSE, QUEUE_JOBS_MAX, QUEUE_RETRY_S, STREAMS_MAX};
use crate::serve::service::{Answer, Refusal};
use crate::serve::views::StatisticItem;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use tractor_engine::jobs::{Clock, Entry, Folder, Stopwatch, Watch};
use tractor_engine::profiles::Profile;
use tractor_engine::statistics::Places;
use tractor_engine::store::{
    Index, JobRecord, JobState, ProcessedFiles, Store, StoreError, WithoutPlugin, folder_of_job,
};

/// The thread that opens the index: what breaks down there is caught.
pub const INDEX_THREAD: &str = "index";

/// The jobs of a server.
pub struct Jobs {
    pub settings: Settings,
    pub folder: Folder,
    /// Which number the next job has; never held over what takes long.
    store: Mutex<Store>,
    /// One job is begun at a time, without holding up who only looks.
    beginning: Mutex<()>,
    /// Where the index is open. Without it questions are answered from the segments alone.
    pub(super) index: OnceLock<Arc<Index>>,
    pub places: Places,
    /// Records that found no room, to be written again. Who writes a record holds it, before the state.
    pub(super) unwritten: Mutex<BTreeMap<u64, JobRecord>>,
    state: Mutex<State>,
    plugins: Mutex<PluginStates>,
    /// Of jobs that are over, by limit: these do not change.
    known_statistics: Mutex<HashMap<(u64, usize), Vec<StatisticItem>>>,
    /// Something may be there to do.
    pub(super) changed: Condvar,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind these locks is whole between statements.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Jobs {
    /// Opens everything and begins to work.
    ///
    /// # Errors
    /// How the program ends, and a sentence for whoever started it.
    pub fn start(settings: Settings) -> Result<Arc<Self>, (Exit, String)> {
        let open = || {
            let captures = settings.captures.display();
            Folder::open(&settings.captures).map_err(|cause| {
                let why = format!("the folder of captures {captures} cannot be opened: {cause}");
                (Exit::Failure, why)
            })
        };
        let (folder, watched) = (open()?, open()?);
        settings.leaves_memory_to_jobs().map_err(|why| (Exit::Usage, why))?;
        let places = Places::open(&settings.geoip).map_err(|why| (Exit::Usage, why))?;
        let store =
            open_store(&settings.data).map_err(|error| (Exit::Failure, error.to_string()))?;
        let mut plugins = PluginStates::ask(&settings).map_err(|why| (Exit::Usage, why))?;
        let processed = ProcessedFiles::load(&settings.data);
        let mut state = State::default();
        state.processed = processed;
        let known = |entry: Entry| (entry.shown.clone(), Known::new(entry, false));
        // What cannot be listed now is told by who watches it.
        state.files = folder.entries().unwrap_or_default().into_iter().map(known).collect();
        let (records, errors) =
            store.records().map_err(|error| (Exit::Failure, error.to_string()))?;
        errors.iter().for_each(|error| tracing::error!("a job is lost: {error}"));
        for mut record in records {
            let id = record.id;
            for one in &record.without_plugins {
                plugins.quarantine(&one.id, &one.why, id);
            }
            if !record.state.is_over() {
                // It has not begun: what it did before is done again.
                (record.state, record.started_at) = (JobState::Queued, None);
                state.queue.push_back(id);
            }
            state.insert(Job::new(record));
        }
        let jobs = Arc::new(Self {
            settings,
            folder,
            store: Mutex::new(store),
            beginning: Mutex::default(),
            index: OnceLock::new(),
            places,
            unwritten: Mutex::default(),
            state: Mutex::new(state),
            plugins: Mutex::new(plugins),
            known_statistics: Mutex::default(),
            changed: Condvar::new(),
            threads: Mutex::default(),
        });
        jobs.begin_threads(Watch::new(watched));
        Ok(jobs)
    }

    fn begin_threads(self: &Arc<Self>, watched: Watch) {
        let mut threads = lock(&self.threads);
        for _ in 0..self.settings.jobs {
            let jobs = Arc::clone(self);
            threads.push(std::thread::spawn(move || runner::run(&jobs, Of::Files)));
        }
        // Streams go on for ever: they take no turn from captures.
        for _ in 0..STREAMS_MAX {
            let jobs = Arc::clone(self);
            threads.push(std::thread::spawn(move || runner::run(&jobs, Of::Folders)));
        }
        let jobs = Arc::clone(self);
        threads.push(std::thread::spawn(move || indexer::watch(&jobs, watched)));
        let jobs = Arc::clone(self);
        threads.push(std::thread::spawn(move || indexer::index(&jobs)));
        let jobs = Arc::clone(self);
        let opens = std::thread::Builder::new().name(INDEX_THREAD.to_owned());
        match opens.spawn(move || jobs.open_index()) {
            Ok(thread) => threads.push(thread),
            Err(cause) => tracing::warn!("there is no index: {cause}"),
        }
    }

    /// Lets everything end; what is unfinished is taken up at the next start.
    pub fn begin_to_stop(&self) {
        self.state().is_stopping = true;
        self.changed.notify_all();
    }

    /// Waits until everything has ended.
    pub fn stop(&self) {
        self.begin_to_stop();
        for thread in std::mem::take(&mut *lock(&self.threads)) {
            // One that panicked has nothing to say any more.
            let _ = thread.join();
        }
        self.write_rest();
    }

    pub(super) fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub fn plugins(&self) -> MutexGuard<'_, PluginStates> {
        lock(&self.plugins)
    }

    pub fn known_statistics(&self) -> MutexGuard<'_, HashMap<(u64, usize), Vec<StatisticItem>>> {
        lock(&self.known_statistics)
    }

    pub fn is_stopping(&self) -> bool {
        self.state().is_stopping
    }

    pub fn wake_all(&self) {
        self.changed.notify_all();
    }

    pub fn folder_of(&self, job: u64) -> PathBuf {
        folder_of_job(&self.settings.data, job)
    }

    /// Waits until `find` finds something; `None` when the server stops.
    fn wait_for<T>(&self, mut find: impl FnMut(&mut State) -> Option<T>) -> Option<T> {
        let mut state = self.state();
        loop {
            if state.is_stopping {
                return None;
            }
            if let Some(found) = find(&mut state) {
                return Some(found);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The next job to run, when there is one.
    pub fn next_job(&self, of: Of) -> Option<(JobRecord, Arc<Running>)> {
        let (record, running) = self.wait_for(|state| {
            let id = state.next_in_queue(of)?;
            let job = state.job_mut(id)?;
            job.record.state = JobState::InProgress;
            job.record.started_at = Some(Clock::unix_s());
            let running = Arc::new(Running::new(job.record.is_ending));
            job.running = Some(Arc::clone(&running));
            job.tell();
            let record = job.record.clone();
            state.running += 1;
            Some((record, running))
        })?;
        tracing::info!(job = record.id, file = record.file_name, "begins");
        let record = self.with_capture(record);
        self.note(&record);
        Some((record, running))
    }

    /// The record of a job that begins, with the capture as it is by now: it may have waited long.
    fn with_capture(&self, record: JobRecord) -> JobRecord {
        if record.is_directory {
            return record;
        }
        match self.folder.find(&record.file_name) {
            Ok(entry) => JobRecord {
                capture_bytes: entry.bytes,
                capture_modified_ns: Some(entry.identity.modified_ns()),
                ..record
            },
            // Its child says so.
            Err(_) => record,
        }
    }

    /// The next capture to look at.
    pub fn next_to_index(&self) -> Option<Entry> {
        self.wait_for(|state| state.next_to_index().cloned())
    }

    /// Begins a job, or gives the one that is under way.
    pub fn begin(&self, file_name: &str, profile: Option<&str>) -> Answer<u64> {
        let profile = self.profile(profile)?;
        let not_there = || Refusal::NotFound(format!("there is no capture {file_name:?}"));
        let entry = self.folder.find(file_name).map_err(|_| not_there())?;
        let _one_at_a_time = lock(&self.beginning);
        let mark = self.mark_of(&entry);
        let noted = self.state().processed.of(&entry.shown);
        let is_that_file = noted.is_some_and(|noted| self.is_that_file(&noted, &entry));
        {
            let mut state = self.state();
            let going = state.unfinished(&entry.shown, Of::Files, profile.name);
            // Another file that has taken the name has a job of its own.
            if let Some(job) = going.filter(|job| job.is_of(&entry) || is_that_file) {
                let (id, waits) = (job.record.id, job.running.is_none());
                if waits {
                    // It will read what has the name now.
                    state.processed.note(&entry.shown, mark);
                }
                return Ok(id);
            }
            if state.queue.len() >= QUEUE_JOBS_MAX {
                let message = format!("{QUEUE_JOBS_MAX} jobs wait already");
                return Err(Refusal::Busy { message, retry_after_s: QUEUE_RETRY_S });
            }
        }
        let record = JobRecord {
            file_name: entry.shown.clone(),
            profile: profile.name.to_owned(),
            window_ns: self.window_of(profile),
            capture_bytes: entry.bytes,
            capture_modified_ns: Some(entry.identity.modified_ns()),
            state: JobState::Queued,
            created_at: Some(Clock::unix_s()),
            ..JobRecord::default()
        };
        let record = self.store().new_job(record).map_err(|error| refusal(&error))?;
        let id = record.id;
        tracing::info!(job = id, file = record.file_name, profile = record.profile, "queued");
        if let Some(index) = self.index.get() {
            // The folder says it, too.
            let _ = index.raise_last_job_id(id);
        }
        let mut state = self.state();
        state.processed.note(&entry.shown, mark);
        state.insert(Job::new(record));
        state.queue.push_back(id);
        self.changed.notify_all();
        Ok(id)
    }

    /// Begins to follow a folder, or gives the job that does.
    pub fn begin_directory(&self, directory: &str, profile: Option<&str>) -> Answer<u64> {
        let profile = self.profile(profile)?;
        if self.folder.inner(directory).is_err() {
            return Err(Refusal::NotFound(format!("there is no folder {directory:?}")));
        }
        let _one_at_a_time = lock(&self.beginning);
        {
            let state = self.state();
            if let Some(job) = state.unfinished(directory, Of::Folders, profile.name) {
                return Ok(job.record.id);
            }
            let streams = state.jobs().values().filter(|job| job.record.is_directory);
            if streams.filter(|job| !job.is_over()).count() >= STREAMS_MAX {
                let message = format!("{STREAMS_MAX} folders are followed already");
                return Err(Refusal::Busy { message, retry_after_s: QUEUE_RETRY_S });
            }
        }
        let record = JobRecord {
            file_name: directory.to_owned(),
            is_directory: true,
            profile: profile.name.to_owned(),
            window_ns: self.window_of(profile),
            state: JobState::Queued,
            created_at: Some(Clock::unix_s()),
            ..JobRecord::default()
        };
        let record = self.store().new_job(record).map_err(|error| refusal(&error))?;
        let id = record.id;
        tracing::info!(job = id, directory, profile = record.profile, "queued");
        if let Some(index) = self.index.get() {
            // The folder says it, too.
            let _ = index.raise_last_job_id(id);
        }
        let mut state = self.state();
        state.insert(Job::new(record));
        state.queue.push_back(id);
        self.changed.notify_all();
        Ok(id)
    }

    /// The length of a job's windows, where it has some.
    fn window_of(&self, profile: &Profile) -> Option<i64> {
        self.settings.window_ns.filter(|_| profile.columns.has_windows())
    }

    /// The profile of that name, or the server's.
    fn profile(&self, name: Option<&str>) -> Answer<&'static Profile> {
        let name = name.unwrap_or(self.settings.default_profile);
        let found = Profile::all().iter().find(|profile| profile.name == name);
        found.ok_or_else(|| {
            let names: Vec<&str> = Profile::all().iter().map(|profile| profile.name).collect();
            let known = names.join(", ");
            Refusal::Wrong(format!("there is no profile {name:?}; there are {known}"))
        })
    }

    /// Tells who watches a job that something is new.
    pub fn tell(&self, id: u64) {
        if let Some(job) = self.state().jobs().get(&id) {
            job.tell();
        }
    }

    pub fn quarantine(&self, without: &WithoutPlugin, job: u64) {
        self.plugins().quarantine(&without.id, &without.why, job);
    }
}

/// A server that was killed while it began a child leaves its lock to that for a moment.
fn open_store(data: &Path) -> Result<Store, StoreError> {
    let began = Stopwatch::start();
    loop {
        match Store::open(data) {
            Err(StoreError::InUse { .. }) if began.passed() < LOCK_MAX => {
                std::thread::sleep(LOCK_PAUSE);
            }
            other => return other,
        }
    }
}
