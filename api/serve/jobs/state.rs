//! What the server knows of captures and jobs, and how clients see it.

use super::running::{News, Running};
use crate::serve::limits::GROWING_PAUSE;
use crate::serve::views::{File, FileStatus, Progress, State as Shown, Stream, WithoutPlugin};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use tokio::sync::watch;
use tractor_engine::jobs::{Entry, Stopwatch, StreamProgress, split_name};
use tractor_engine::store::{FileMark, JobRecord, JobState, ProcessedFiles};
use tractor_engine::time::SECOND_NS;

/// Everything, behind one lock that is never held while something is read or waited for.
#[derive(Default)]
pub struct State {
    /// By the name that is shown.
    pub files: BTreeMap<String, Known>,
    jobs: BTreeMap<u64, Job>,
    /// Group and name of the labels of all jobs, with how many jobs have them.
    labels: BTreeMap<(String, String), usize>,
    /// Those that wait for their turn.
    pub queue: VecDeque<u64>,
    pub running: usize,
    /// Files of which was decided whether they start a job by themselves, by name.
    pub decided: HashMap<String, FileMark>,
    /// Those that have had a job, also before this start.
    pub processed: ProcessedFiles,
    /// No job is begun any more, and those that run are stopped.
    pub is_stopping: bool,
}

/// A capture.
pub struct Known {
    pub entry: Entry,
    /// As far as it was there when somebody looked.
    pub span: Span,
    /// Nobody writes to it any more.
    pub is_complete: bool,
    /// It is to be looked at: for the first time, or again.
    pub is_wanted: bool,
    looked: Option<Stopwatch>,
}

/// When a capture begins and ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Span {
    /// Nobody has looked yet.
    #[default]
    Unknown,
    Known {
        first_s: i64,
        last_s: i64,
    },
    /// There is none, and why.
    None(Option<String>),
}

impl Known {
    pub fn new(entry: Entry, is_complete: bool) -> Self {
        Self { entry, span: Span::Unknown, is_complete, is_wanted: true, looked: None }
    }

    /// Takes in what the file is now. What was found of it stays until somebody has looked again.
    pub fn now(self, entry: &Entry, is_complete: bool) -> Self {
        if self.entry == *entry {
            Self { is_complete, ..self }
        } else if has_grown(&self.entry, entry) && self.entry.bytes > 0 {
            Self { entry: entry.clone(), is_complete, is_wanted: true, ..self }
        } else {
            Self::new(entry.clone(), is_complete)
        }
    }

    /// Takes in what was found of the file as it was in `entry`, unless it is another one by now.
    pub fn found(&mut self, entry: &Entry, span: Span) {
        if self.entry == *entry {
            (self.span, self.is_wanted) = (span, false);
        } else if has_grown(entry, &self.entry) {
            if matches!(span, Span::Known { .. }) {
                self.span = span;
            }
        } else {
            return;
        }
        self.looked = Some(Stopwatch::start());
    }

    /// One that grows is not looked at all the time.
    fn is_due(&self) -> bool {
        self.is_wanted && self.looked.is_none_or(|looked| looked.passed() >= GROWING_PAUSE)
    }
}

/// Whether it is the same file, longer.
fn has_grown(before: &Entry, now: &Entry) -> bool {
    let file = |entry: &Entry| (entry.identity.device, entry.identity.inode);
    file(before) == file(now) && before.bytes <= now.bytes
}

/// A job.
pub struct Job {
    pub record: JobRecord,
    /// What it is told and tells, while it runs.
    pub running: Option<Arc<Running>>,
    pub status: watch::Sender<FileStatus>,
}

impl Job {
    pub fn new(record: JobRecord) -> Self {
        let status = watch::Sender::new(status_of(&record, None));
        Self { record, running: None, status }
    }

    pub fn status(&self) -> FileStatus {
        status_of(&self.record, self.running.as_deref())
    }

    /// Tells who watches.
    pub fn tell(&self) {
        self.status.send_replace(self.status());
    }

    pub fn is_over(&self) -> bool {
        self.record.state.is_over()
    }

    pub fn is_about(&self, of: Of) -> bool {
        self.record.is_directory == (of == Of::Folders)
    }

    /// Whether a capture is the one that the job is of. One that waits takes what is there on its turn.
    pub fn is_of(&self, entry: &Entry) -> bool {
        self.has_read(entry) || self.record.state == JobState::Queued
    }

    /// Whether the job reads, or has read, the capture as it is now.
    pub fn has_read(&self, entry: &Entry) -> bool {
        let modified_ns = self.record.capture_modified_ns;
        self.record.capture_bytes == entry.bytes
            && modified_ns.is_none_or(|modified_ns| modified_ns == entry.identity.modified_ns())
    }
}

fn status_of(record: &JobRecord, running: Option<&Running>) -> FileStatus {
    let (waiting, read) = running.map(|running| running.look(News::how_far)).unwrap_or_default();
    let is_ending = running.is_some_and(Running::is_being_cancelled);
    let ends = is_ending.then(|| "it is being cancelled".to_owned());
    let waits = waiting.map(|on| format!("it waits for the {}", on.name()));
    let share = |bytes: u64| match record.capture_bytes {
        0 => 0.0,
        all => (bytes as f64 / all as f64).min(1.0),
    };
    let progress = running.map(|_| Progress { share: share(read.bytes), ..read });
    let without = |one: &tractor_engine::store::WithoutPlugin| WithoutPlugin {
        id: one.id.clone(),
        why: one.why.clone(),
    };
    let windows_to_ns = running.and_then(|running| running.look(|news| news.windows_to_ns));
    FileStatus {
        state: shown(record.state),
        started_at: record.started_at,
        finished_at: record.finished_at,
        job_id: Some(record.id),
        message: ends.or(waits).or_else(|| record.message.clone()),
        waiting: waiting.map(|on| on.name().to_owned()),
        progress,
        stream: running.and_then(|running| running.look(|news| news.stream)).map(shown_stream),
        windows_to: windows_to_ns.map(|ns| ns as f64 / SECOND_NS as f64),
        without_plugins: record.without_plugins.iter().map(without).collect(),
    }
}

fn shown_stream(stream: StreamProgress) -> Stream {
    let StreamProgress { open_flows, files, late_files, packets_per_s, memory_bytes, .. } = stream;
    Stream {
        lag_bytes: stream.left_bytes,
        lag_s: stream.behind_ms as f64 / 1_000.0,
        packets_per_s,
        open_flows,
        files,
        late_files,
        memory_bytes,
        time: stream.clock_s,
    }
}

fn shown(state: JobState) -> Shown {
    match state {
        JobState::Queued => Shown::Queued,
        JobState::InProgress => Shown::InProgress,
        JobState::Finished => Shown::Finished,
        JobState::Failed => Shown::Failed,
        JobState::Cancelled => Shown::Cancelled,
    }
}

/// What jobs are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    Files,
    /// Folders that are followed.
    Folders,
}

impl State {
    /// Takes the next job whose turn it is.
    pub fn next_in_queue(&mut self, of: Of) -> Option<u64> {
        let is_it = |id: &u64| self.jobs.get(id).is_some_and(|job| job.is_about(of));
        let place = self.queue.iter().position(is_it)?;
        self.queue.remove(place)
    }

    /// The next capture to look at: those that grow come last.
    pub fn next_to_index(&self) -> Option<&Entry> {
        let complete = self.files.values().find(|known| known.is_wanted && known.is_complete);
        let found = complete.or_else(|| self.files.values().find(|known| known.is_due()));
        found.map(|known| &known.entry)
    }

    pub fn jobs(&self) -> &BTreeMap<u64, Job> {
        &self.jobs
    }

    /// To change anything but the record's labels: for these there is [`State::set_record`].
    pub fn job_mut(&mut self, id: u64) -> Option<&mut Job> {
        self.jobs.get_mut(&id)
    }

    pub fn insert(&mut self, job: Job) {
        self.count_labels(&job.record.labels, true);
        self.jobs.insert(job.record.id, job);
    }

    pub fn remove(&mut self, id: u64) {
        if let Some(job) = self.jobs.remove(&id) {
            self.count_labels(&job.record.labels, false);
        }
    }

    /// Gives a job that is there another record.
    pub fn set_record(&mut self, record: JobRecord) -> Option<&mut Job> {
        self.count_labels(&self.jobs.get(&record.id)?.record.labels.clone(), false);
        self.count_labels(&record.labels, true);
        let job = self.jobs.get_mut(&record.id)?;
        job.record = record;
        Some(job)
    }

    fn count_labels(&mut self, labels: &[(String, String)], there_are_more: bool) {
        for label in labels {
            let count = self.labels.entry(label.clone()).or_default();
            *count = if there_are_more { *count + 1 } else { count.saturating_sub(1) };
            if *count == 0 {
                self.labels.remove(label);
            }
        }
    }

    /// Group and name of the labels that jobs have.
    pub fn labels(&self) -> impl Iterator<Item = &(String, String)> {
        self.labels.keys()
    }

    /// The latest job of a file.
    pub fn latest(&self, file_name: &str, of: Of) -> Option<&Job> {
        let is_it = |job: &&Job| job.is_about(of) && job.record.file_name == file_name;
        self.jobs.values().rev().find(is_it)
    }

    /// Whether the capture of that name is still the one of its job, grown perhaps, as far as one can tell
    /// without reading. A job that waits takes what is there on its turn.
    pub fn is_current(&self, job: &Job, entry: &Entry) -> bool {
        let may_have_grown =
            |mark: FileMark| mark.inode == entry.identity.inode && mark.bytes <= entry.bytes;
        job.is_of(entry) || self.processed.of(&entry.shown).is_some_and(may_have_grown)
    }

    /// A job of that file or folder and profile that is not over.
    pub fn unfinished(&self, file_name: &str, of: Of, profile: &str) -> Option<&Job> {
        let is_it = |job: &&Job| {
            let is_going = job.running.as_ref().is_none_or(|running| !running.is_being_cancelled());
            !job.is_over()
                && is_going
                && job.is_about(of)
                && job.record.file_name == file_name
                && job.record.profile == profile
        };
        self.jobs.values().rev().find(is_it)
    }

    /// A job's own capture, whatever has its name by now.
    pub fn file_of(&self, job: &Job) -> File {
        if job.is_about(Of::Folders) {
            return directory(&job.record.file_name, Some(job));
        }
        let name = &job.record.file_name;
        let known = self.files.get(name);
        let own = known.filter(|known| self.is_current(job, &known.entry));
        let mut file = file(name, own, Some(job));
        if own.is_none() && known.is_some() {
            file.message = Some("the file is another one by now, or was changed".to_owned());
        }
        file
    }
}

/// A folder that is or may be followed, as clients see it: its size is what was read of it.
pub fn directory(name: &str, job: Option<&Job>) -> File {
    let record = job.map(|job| &job.record);
    let read = job.and_then(|job| job.running.as_ref()).map(|running| running.look(News::stream));
    let (bytes, clock_s) = read.unwrap_or_default();
    let of_record = |time: fn(&JobRecord) -> Option<i64>| record.and_then(time).unwrap_or(0);
    let is_finished = record.is_some_and(|record| record.state == JobState::Finished);
    File {
        name: name.to_owned(),
        time_start: of_record(|record| record.time_start),
        time_end: clock_s.unwrap_or_else(|| of_record(|record| record.time_end)),
        status: job.map(Job::status).unwrap_or_default(),
        size: bytes.max(record.map_or(0, |record| record.capture_bytes)).div_ceil(1_024),
        flows_count: record.filter(|_| is_finished).map(|record| record.flows),
        profile: record.map(|record| record.profile.clone()),
        ..File::default()
    }
}

/// A capture as clients see it; one that is gone is as its job has it.
pub fn file(file_name: &str, known: Option<&Known>, job: Option<&Job>) -> File {
    let (name, extension) = split_name(file_name);
    let of_job = job.filter(|job| job.record.time_start.is_some());
    let of_job = of_job.map(|job| (job.record.time_start, job.record.time_end));
    let (time_start, time_end) = match (known.map(|known| &known.span), of_job) {
        (Some(Span::Known { first_s, last_s }), _) => (*first_s, *last_s),
        (_, Some((first, last))) => (first.unwrap_or(0), last.unwrap_or(0)),
        _ => (0, 0),
    };
    let bytes = known
        .map_or_else(|| job.map_or(0, |job| job.record.capture_bytes), |known| known.entry.bytes);
    let message = match known.map(|known| &known.span) {
        Some(Span::None(why)) => why.clone(),
        None => Some("the file is not there any more".to_owned()),
        _ => None,
    };
    let is_finished = job.is_some_and(|job| job.record.state == JobState::Finished);
    File {
        name: name.to_owned(),
        extension: extension.to_owned(),
        time_start,
        time_end,
        status: job.map(Job::status).unwrap_or_default(),
        size: bytes.div_ceil(1_024),
        flows_count: job.filter(|_| is_finished).map(|job| job.record.flows),
        indexing: known.is_some_and(|known| known.span == Span::Unknown),
        message,
        profile: job.map(|job| job.record.profile.clone()),
        in_job: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tractor_engine::jobs::Identity;

    fn entry(name: &str, inode: u64, bytes: u64) -> Entry {
        let identity = Identity { device: 1, inode, modified_ns: i128::from(bytes) };
        Entry { shown: name.to_owned(), name: name.into(), bytes, identity }
    }

    #[test]
    fn what_grows_keeps_what_was_found_and_waits_for_those_that_are_complete() {
        let mut state = State::default();
        let small = entry("a", 7, 100);
        state.files.insert("a".to_owned(), Known::new(small.clone(), false));
        assert_eq!(state.next_to_index(), Some(&small), "nobody has looked at it yet");
        state.files.insert("b".to_owned(), Known::new(entry("b", 8, 100), true));
        assert_eq!(state.next_to_index(), Some(&entry("b", 8, 100)), "it is complete");
        let span = || Span::Known { first_s: 1, last_s: 2 };
        for name in ["a", "b"] {
            let known = state.files.get_mut(name).unwrap();
            let entry = known.entry.clone();
            known.found(&entry, span());
        }
        assert_eq!(state.next_to_index(), None);

        let large = entry("a", 7, 200);
        let grown = state.files.remove("a").unwrap().now(&large, false);
        assert_eq!((&grown.span, grown.is_wanted), (&span(), true));
        state.files.insert("a".to_owned(), grown);
        assert_eq!(state.next_to_index(), None, "it was looked at a moment ago");
        // It was larger by the time that it was looked at.
        let known = state.files.get_mut("a").unwrap();
        known.found(&small, Span::Known { first_s: 1, last_s: 3 });
        assert_eq!((&known.span, known.is_wanted), (&Span::Known { first_s: 1, last_s: 3 }, true));
        known.found(&small, Span::None(None));
        assert_eq!(known.span, Span::Known { first_s: 1, last_s: 3 });
        let complete = state.files.remove("a").unwrap().now(&large, true);
        state.files.insert("a".to_owned(), complete);
        assert_eq!(state.next_to_index(), Some(&large));

        let other = entry("a", 9, 300);
        let replaced = state.files.remove("a").unwrap().now(&other, false);
        assert_eq!((replaced.span, replaced.is_wanted), (Span::Unknown, true));
        let cut = Known::new(large.clone(), false).now(&small, false);
        assert_eq!(cut.span, Span::Unknown);
    }

    fn job(id: u64, labels: &[&str]) -> JobRecord {
        let labels = labels.iter().map(|label| ("web".to_owned(), (*label).to_owned())).collect();
        JobRecord { id, labels, ..JobRecord::default() }
    }

    #[test]
    fn labels_are_there_as_long_as_a_job_has_them() {
        let mut state = State::default();
        let names = |state: &State| -> Vec<String> {
            state.labels().map(|(_, label)| label.clone()).collect()
        };
        state.insert(Job::new(job(1, &["http"])));
        state.insert(Job::new(job(2, &[])));
        assert_eq!(names(&state), ["http"]);
        assert!(state.set_record(job(2, &["http", "tls"])).is_some());
        assert!(state.set_record(job(3, &["dns"])).is_none());
        assert_eq!(names(&state), ["http", "tls"]);
        state.remove(1);
        assert_eq!(names(&state), ["http", "tls"]);
        state.remove(2);
        assert!(names(&state).is_empty());
    }
}
