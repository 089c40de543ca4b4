//! Does a job: reads its capture, writes its folder, tells the server.

use super::pipe::Pipe;
use super::questions::{Answers, hear};
use super::sink::{Listener, Room, Sink, Tell};
use super::stream::{Pace, Stream};
use crate::cli::JobArguments;
use crate::commands::{run_options, stoppable};
use crate::{Exit, interrupt, messages, plugins, supervise};
use std::collections::BTreeMap;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, park_timeout, spawn};
use std::time::Duration;
use tractor_engine::capture::{CaptureFile, Joined};
use tractor_engine::classify::Plugins;
use tractor_engine::dataflow::{
    Feed, Progress, Resume, Rows, RunError, RunOptions, Summary, run as run_dataflow,
};
use tractor_engine::jobs::{Clock, Folder, Up, Waiting};
use tractor_engine::profiles::{Layout, class_from_file_name};
use tractor_engine::statistics::{Item, Places, Tables};
use tractor_engine::store::{JobLayout, JobRecord, JobState, JobWriter, StoreError, WindowLayout};

/// How often statistics are brought up to date and the server hears how far the job is.
const TICK: Duration = Duration::from_millis(250);

/// Seconds of processor time that a job may take: so many, and one for so many bytes.
const CPU_S_MIN: u64 = 3_600;
const CPU_S_BYTES: u64 = 256 << 10;

pub fn run(arguments: &JobArguments) -> Exit {
    let Some(orders) = supervise::child::orders() else {
        messages::error("a job is begun by tractor serve, not by hand");
        return Exit::Usage;
    };
    supervise::child::work(orders, || match Pipe::take() {
        Ok((pipe, thread)) => {
            let exit = job(arguments, &pipe);
            pipe.end(thread);
            exit
        }
        Err(cause) => {
            messages::error(cause);
            Exit::Failure
        }
    })
}

fn job(arguments: &JobArguments, pipe: &Pipe) -> Exit {
    let progress = stoppable();
    let record = match JobRecord::load(&arguments.job) {
        Ok(record) => record,
        Err(error) => {
            messages::error(error);
            return Exit::Failure;
        }
    };
    // It leaves no file behind that another would not remove, and two may not write to one folder.
    if supervise::child::is_killed_with_its_parent().is_err() {
        return Exit::Failure;
    }
    let cpu_s_max = CPU_S_MIN + record.capture_bytes / CPU_S_BYTES;
    // A stream goes on for ever.
    let cpu_s_max = (!record.is_directory).then_some(cpu_s_max);
    if let Err(cause) = supervise::child::takes_little(cpu_s_max) {
        messages::error(format_args!("cannot bound itself: {cause}"));
        return Exit::Failure;
    }
    match done(arguments, &record, pipe, &progress) {
        Ok(record) => tell_end(pipe, record),
        Err(End::Job(why)) => tell_end(
            pipe,
            JobRecord {
                state: JobState::Failed,
                message: Some(why),
                finished_at: Some(Clock::unix_s()),
                ..record
            },
        ),
        // Whoever watches knows what to do.
        Err(End::Process(exit)) => exit,
    }
}

fn tell_end(pipe: &Pipe, record: JobRecord) -> Exit {
    pipe.send(Up::Ended { record: Box::new(record) });
    Exit::Success
}

/// Why there is no result.
pub enum End {
    /// The job has failed, and why.
    Job(String),
    /// The process is to end like this, and somebody else decides.
    Process(Exit),
}

fn done(
    arguments: &JobArguments,
    record: &JobRecord,
    pipe: &Pipe,
    progress: &Arc<Progress>,
) -> Result<JobRecord, End> {
    let plugins = load(arguments, pipe);
    let places = Places::open(&arguments.geoip).map_err(End::Job)?;
    let capture = match record.is_directory {
        true => None,
        false => Some(Capture::open(arguments, record)?),
    };
    let record = &capture.as_ref().map_or_else(|| record.clone(), |one| one.record.clone());

    let mut options = run_options(&arguments.options);
    options.plugins = Arc::clone(&plugins);
    let class = class_from_file_name(&record.file_name).filter(|_| !record.is_directory);
    options.classes = vec![class.map(str::to_owned)];
    // Programs whose reading is copied have one of their own.
    options.outer &= !options.profile.reading.is_copied();
    options.statistics = true;
    let tables = Arc::new(Mutex::new(Tables::default()));
    options.live = Some(Arc::clone(&tables));
    if !arguments.geoip.is_empty() {
        options.country = Some(Arc::new(move |address| places.country(address)));
    }
    let room = Room::new(pipe, progress);
    let listener = Listener { pipe: pipe.clone(), room: room.clone() };
    let layout = layout(&mut options, record.window_ns);
    let stream = match record.is_directory {
        true => {
            pipe.send(Up::Waiting { on: Waiting::Input });
            Some(Stream::open(arguments, record, &options, &room)?)
        }
        false => None,
    };
    let before = stream.as_ref().and_then(|stream| stream.start.resume.as_ref());
    let writer = match before.map(Resume::rows) {
        Some((_, saved)) => JobWriter::go_on(&arguments.job, layout, saved, listener),
        None => JobWriter::create(&arguments.job, layout, record, listener),
    };
    let writer = writer.map_err(not_stored)?;
    if let Some(keep_ns) = arguments.keep.filter(|_| record.is_directory) {
        writer.keep(&arguments.job, keep_ns).map_err(not_stored)?;
    }
    let tell = Tell { pending: writer.pending(), written: Arc::default(), pipe: pipe.clone() };
    hear(Answers {
        progress: Arc::clone(progress),
        tables: Arc::clone(&tables),
        plugins: Arc::clone(&plugins),
        tell: tell.clone(),
        feed: stream.as_ref().map(|stream| Arc::clone(&stream.feed)),
    });
    let feed = stream.as_ref().map(|stream| Arc::clone(&stream.feed));
    let sink = Sink {
        rows: writer.rows(),
        tell: tell.clone(),
        plugins: Arc::clone(&plugins),
        window_ns: record.window_ns,
        windows_to: None,
    };
    let ticks = Ticks::start(progress, tell, room, feed);
    let items = all_counts(progress, &tables, &plugins);
    let summary = match (capture, stream) {
        (Some(Capture { file, .. }), _) => {
            let joined = Joined { files: vec![file], problems: Vec::new() };
            run_dataflow(joined, &options, Some(Box::new(sink)), progress)
        }
        (None, Some(stream)) => stream.run(&options, Box::new(sink), progress, pipe),
        (None, None) => return Err(End::Job("there is nothing to read".to_owned())),
    };
    let summary = summary.map_err(|error| end_of(&error))?;
    if interrupt::was_asked() || summary.stopped {
        return Err(End::Process(Exit::Interrupted));
    }
    tell_costs(pipe, &options, &summary);
    let ended = ended(record, &plugins, &tables, &summary);
    writer.end(items, &ended).map_err(not_stored)?;
    drop(ticks);
    Ok(ended)
}

/// Which rows the job stores, and has to be given.
fn layout(options: &mut RunOptions, window_ns: Option<i64>) -> JobLayout {
    let flows = Layout::of_flows(options.profile, false, false);
    options.group_flows(Rows::All, true, window_ns);
    let windows = window_ns.map(|window_ns| {
        options.add_window_rows(window_ns);
        WindowLayout { layout: Layout::of_windows(options.profile), window_ns }
    });
    let sessions = options.sessions.map(|_| Layout::of_sessions(options.profile, false));
    let session_windows = options.sessions.and(window_ns);
    let session_windows = session_windows.map(|_| Layout::of_sessions(options.profile, true));
    JobLayout { flows, windows, sessions, session_windows }
}

/// The capture of a job, and the record with what it is now.
struct Capture {
    file: CaptureFile,
    record: JobRecord,
    /// By which it is read: whatever takes the name meanwhile is not.
    _handle: std::fs::File,
}

impl Capture {
    fn open(arguments: &JobArguments, record: &JobRecord) -> Result<Self, End> {
        let folder = Folder::open(&arguments.captures).map_err(|cause| {
            End::Job(format!("the folder of captures cannot be opened: {cause}"))
        })?;
        let gone = || End::Job(format!("{} is not there any more", record.file_name));
        let entry = folder.find(&record.file_name).map_err(|_| gone())?;
        let (handle, entry) = folder.open_entry(&entry.name).map_err(|_| gone())?;
        let record = JobRecord {
            capture_bytes: entry.bytes,
            capture_modified_ns: Some(entry.identity.modified_ns()),
            ..record.clone()
        };
        let path = format!("/proc/self/fd/{}", handle.as_raw_fd());
        let file = CaptureFile::open_as(path.into(), &record.file_name)
            .map_err(|problem| End::Job(problem.to_string()))?;
        Ok(Self { file, record, _handle: handle })
    }
}

/// Loads plugins; what is odd about them is the server's to tell.
fn load(arguments: &JobArguments, pipe: &Pipe) -> Arc<Plugins> {
    let plugins = plugins::load_in_silence(&arguments.plugins);
    for text in plugins.warnings() {
        pipe.send(Up::Warning { text: text.to_string() });
    }
    for refusal in plugins.refused() {
        pipe.send(Up::Warning { text: refusal.to_string() });
    }
    let pair = |label: &tractor_engine::classify::Label| (label.group.clone(), label.name.clone());
    let labels = plugins.labels().iter().map(|(_, label)| pair(label)).collect();
    pipe.send(Up::Labels { labels });
    plugins
}

/// Who is told to stop while the disk is full gives up waiting for room, and has not failed.
fn not_stored(error: StoreError) -> End {
    match interrupt::was_asked() {
        true => End::Process(Exit::Interrupted),
        false => End::Job(error.to_string()),
    }
}

fn end_of(error: &RunError) -> End {
    match error {
        RunError::Plugin(failure) if supervise::child::say_failure(failure) => {
            End::Process(Exit::Failure)
        }
        RunError::Write(_) if interrupt::was_asked() => End::Process(Exit::Interrupted),
        error => End::Job(error.to_string()),
    }
}

/// All counts, worked out while the last rows are written.
fn all_counts(
    progress: &Arc<Progress>,
    tables: &Arc<Mutex<Tables>>,
    plugins: &Arc<Plugins>,
) -> Receiver<Item> {
    let (progress, tables) = (Arc::clone(progress), Arc::clone(tables));
    let plugins = Arc::clone(plugins);
    let (to_writer, items) = channel();
    spawn(move || {
        progress.counted.wait();
        let tables = tables.lock().unwrap_or_else(PoisonError::into_inner);
        let mut items = tables.each_item(usize::MAX, plugins.labels());
        // Nobody takes them when the job has failed.
        let _ = items.try_for_each(|item| to_writer.send(item));
    });
    items
}

/// The record of a job that is through.
fn ended(
    record: &JobRecord,
    plugins: &Plugins,
    tables: &Mutex<Tables>,
    summary: &Summary,
) -> JobRecord {
    let tables = tables.lock().unwrap_or_else(PoisonError::into_inner);
    let labels: BTreeMap<String, String> = tables
        .labels_used()
        .into_iter()
        .map(|label| plugins.labels().get(label))
        .map(|label| (label.name.clone(), label.group.clone()))
        .collect();
    let problems: Vec<String> = summary.problems.iter().map(ToString::to_string).collect();
    JobRecord {
        state: JobState::Finished,
        finished_at: Some(Clock::unix_s()),
        message: problems.first().cloned().filter(|_| !record.is_directory),
        capture_bytes: if record.is_directory { summary.bytes_read } else { record.capture_bytes },
        packets: summary.packets,
        flows: summary.rows,
        time_start: summary.first_time.map(|time| time.seconds()),
        time_end: summary.last_time.map(|time| time.seconds()),
        warnings: problems,
        labels: labels.into_iter().map(|(label, group)| (group, label)).collect(),
        ..record.clone()
    }
}

fn tell_costs(pipe: &Pipe, options: &RunOptions, summary: &Summary) {
    let classifiers = options.plugins.classifiers().iter();
    let costs = classifiers.zip(&summary.plugins).map(|(one, counts)| {
        (one.id.clone(), counts.flows, counts.busy_ns / 1_000_000, counts.errors)
    });
    pipe.send(Up::Plugins { costs: costs.collect() });
}

/// The thread that ends epochs and tells how far the job is, until it is dropped.
struct Ticks {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ticks {
    fn start(progress: &Arc<Progress>, tell: Tell, room: Room, feed: Option<Arc<Feed>>) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (over, progress) = (Arc::clone(&is_over), Arc::clone(progress));
        let thread = spawn(move || {
            let mut pace = Pace::default();
            while !over.load(Ordering::Acquire) {
                progress.tick.store(true, Ordering::Release);
                feed.iter().for_each(|feed| feed.wake());
                tell.pipe.send_if_there_is_room(Up::Progress {
                    packets: progress.packets.load(Ordering::Relaxed),
                    bytes: progress.bytes_read.load(Ordering::Relaxed),
                    flows: progress.flows.load(Ordering::Relaxed),
                    rows: tell.written.load(Ordering::Relaxed),
                    stream: feed.as_ref().map(|feed| pace.stream(feed, &progress)),
                });
                room.tell();
                park_timeout(TICK);
            }
        });
        Self { is_over, thread: Some(thread) }
    }
}

impl Drop for Ticks {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It only tells.
            let _ = thread.join();
        }
    }
}
