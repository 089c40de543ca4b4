//! Jobs that are made up, with one for everything that can go wrong.

use crate::serve::service::{
    Answer, Export, ExportFormat, FlowFilter, FlowPage, Refusal, Service, SessionPage,
    WindowFilter, WindowPage,
};
use crate::serve::views::{
    DetailsIp, DetailsLabelItem, DirectoryRequest, File, FileStatus, Health, Label, Plugins,
    ProcessRequest, ProfileName, Progress, Session, State, StatisticEntry, StatisticItem, Window,
};
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;
use tokio::sync::watch;

pub const FINISHED: u64 = 1;
pub const RUNNING: u64 = 2;
pub const PANICS: u64 = 7;
pub const BREAKS_LATE: u64 = 8;
pub const BREAKS_AT_ONCE: u64 = 9;
pub const BROKEN: u64 = 10;
pub const BUSY: u64 = 11;
/// Its flows and exports have no end.
pub const ENDLESS: u64 = 12;
pub const CHANGED: u64 = 13;
/// Each call takes its time.
pub const SLOW: u64 = 14;

/// A name that a page must not run.
pub const HOSTILE: &str = "<script>alert(1)</script>&amp;";

/// Rows of `FINISHED`.
pub const ROWS: u64 = 2_500;

#[derive(Default)]
pub struct Fake {
    /// Endless answers that somebody still writes.
    pub writing: Arc<AtomicUsize>,
    /// Calls under way, and the most there ever were.
    calls: AtomicUsize,
    pub calls_peak: AtomicUsize,
    /// Changes whenever the running job is asked for.
    packets: AtomicU64,
}

impl Fake {
    fn look(&self, job: u64) -> Answer<()> {
        match job {
            FINISHED | RUNNING | BREAKS_LATE | BREAKS_AT_ONCE | ENDLESS => Ok(()),
            PANICS => panic!("a defect of the fake"),
            BROKEN => Err(Refusal::Internal("secret: the disk is on fire".to_owned())),
            BUSY => Err(Refusal::Busy { message: "The store opens.".to_owned(), retry_after_s: 7 }),
            CHANGED => Err(Refusal::Conflict("The job is over.".to_owned())),
            SLOW => {
                let calls = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
                self.calls_peak.fetch_max(calls, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(300));
                self.calls.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            }
            _ => Err(Refusal::NotFound(format!("There is no job {job}."))),
        }
    }

    fn known_label(label: &str) -> Answer<()> {
        match label {
            "dns" | HOSTILE | "ssh" => Ok(()),
            _ => Err(Refusal::NotFound("There is no such label.".to_owned())),
        }
    }

    fn item() -> StatisticItem {
        let entry = |label: &str, count| StatisticEntry { label: label.to_owned(), count };
        let content = vec![entry("dns", 5), entry(HOSTILE, 2)];
        StatisticItem { title: "protocols".to_owned(), content, ..StatisticItem::default() }
    }
}

fn row(id: u64) -> DetailsLabelItem {
    DetailsLabelItem {
        client_ip: "192.0.2.1".to_owned(),
        client_port: 40_000,
        server_ip: "2001:db8::1".to_owned(),
        server_port: 53,
        time_start: 1_530_878_325,
        time_end: 1_530_878_326,
        comment: HOSTILE.to_owned(),
        flow_id: Some(id),
        ..DetailsLabelItem::default()
    }
}

fn status_of(job: u64) -> FileStatus {
    let finished = FileStatus {
        state: State::Finished,
        started_at: Some(1_530_878_325),
        finished_at: Some(1_530_878_333),
        job_id: Some(job),
        ..FileStatus::default()
    };
    match job {
        RUNNING => FileStatus {
            state: State::InProgress,
            finished_at: None,
            progress: Some(Progress { packets: 10, bytes: 1_000, flows: 3, share: 0.25 }),
            ..finished
        },
        _ => finished,
    }
}

fn file_of(job: u64) -> File {
    File {
        name: HOSTILE.to_owned(),
        extension: "pcap".to_owned(),
        time_start: 1_530_476_322,
        time_end: 1_530_878_322,
        status: status_of(job),
        size: 102,
        flows_count: Some(ROWS),
        profile: Some("native".to_owned()),
        ..File::default()
    }
}

/// Counts those who write without end.
struct Writing(Arc<AtomicUsize>);

impl Writing {
    fn begin(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A profile that the description of the API does not have is refused, as a real server does it.
fn refuse_unknown(profile: Option<&str>) -> Answer<()> {
    let names = serde_json::to_value(ProfileName::ALL).unwrap();
    let is_known = |name: &str| names.as_array().unwrap().iter().any(|one| one == name);
    if profile.is_none_or(is_known) {
        return Ok(());
    }
    Err(Refusal::Wrong("There is no such profile.".to_owned()))
}

/// One with a name that is to be inert.
fn session(id: u64) -> String {
    let session = Session {
        session_id: id,
        flows: 2,
        flow_ids: vec![id, id + 1],
        server_name: Some("<script>&".to_owned()),
        ..Session::default()
    };
    serde_json::to_string(&session).unwrap()
}

impl Service for Fake {
    fn files(&self) -> Answer<Vec<File>> {
        let new = File { status: FileStatus::default(), flows_count: None, ..file_of(0) };
        Ok(vec![file_of(FINISHED), File { profile: None, ..new }])
    }

    fn process(&self, request: &ProcessRequest) -> Answer<FileStatus> {
        refuse_unknown(request.profile.as_deref())?;
        match request.file_name.as_str() {
            "a.pcap" | "some file name.pcap" => Ok(status_of(RUNNING)),
            "full.pcap" => Err(Refusal::StorageFull("The disk is full.".to_owned())),
            "wrong.pcap" => Err(Refusal::Wrong("There is no such profile.".to_owned())),
            _ => Err(Refusal::NotFound("There is no such capture.".to_owned())),
        }
    }

    fn directories(&self) -> Answer<Vec<File>> {
        Ok(vec![File { name: ".".to_owned(), ..File::default() }])
    }

    fn process_directory(&self, request: &DirectoryRequest) -> Answer<FileStatus> {
        refuse_unknown(request.profile.as_deref())?;
        match request.directory.as_str() {
            "." => self.status(RUNNING),
            other => Err(Refusal::NotFound(format!("there is no folder {other:?}"))),
        }
    }

    fn end_stream(&self, job: u64) -> Answer<FileStatus> {
        self.status(job)
    }

    fn status(&self, job: u64) -> Answer<FileStatus> {
        self.look(job)?;
        let mut status = status_of(job);
        if let Some(progress) = &mut status.progress {
            progress.packets += self.packets.fetch_add(1, Ordering::Relaxed);
        }
        Ok(status)
    }

    fn details(&self, job: u64) -> Answer<File> {
        self.look(job)?;
        Ok(file_of(job))
    }

    fn statistics(&self, job: u64, limit: usize) -> Answer<Vec<StatisticItem>> {
        self.look(job)?;
        let title = format!("limit {limit}");
        Ok(vec![Self::item(), StatisticItem { title, ..StatisticItem::default() }])
    }

    fn statistics_of_label(
        &self,
        job: u64,
        label: &str,
        limit: usize,
    ) -> Answer<Vec<StatisticItem>> {
        Self::known_label(label)?;
        self.statistics(job, limit)
    }

    fn statistics_of_address(&self, job: u64, ip: IpAddr, limit: usize) -> Answer<DetailsIp> {
        let unknown = || "unknown".to_owned();
        let statistics = self.statistics(job, limit)?;
        let (country, city) = (unknown(), unknown());
        let domain_name = Some(ip.to_string());
        Ok(DetailsIp { country, city, domain_name, statistics, user_agent: None })
    }

    fn flows(&self, job: u64, filter: &FlowFilter) -> Answer<FlowPage> {
        self.look(job)?;
        filter.label.as_deref().map_or(Ok(()), Self::known_label)?;
        let first = filter.after.unwrap_or(0).min(ROWS);
        let end = filter.limit.map_or(ROWS, |limit| ROWS.min(first.saturating_add(limit as u64)));
        let broken = move |from| {
            let rows = (0..from).map(|id| Ok(row(id)));
            Box::new(rows.chain([Err(io::Error::other("a block is damaged"))]))
        };
        let rows: crate::serve::service::FlowRows = match job {
            BREAKS_AT_ONCE => broken(0),
            BREAKS_LATE => broken(50_000),
            ENDLESS => {
                let writing = Writing::begin(&self.writing);
                Box::new((0..).map(move |id| {
                    let _ = &writing;
                    Ok(row(id))
                }))
            }
            _ => Box::new((first..end).map(|id| Ok(row(id)))),
        };
        let next = (filter.limit.is_some() && end < ROWS).then_some(end);
        Ok(FlowPage { rows, next, not_told: if job == RUNNING { 3 } else { 0 } })
    }

    fn sessions(&self, job: u64, filter: &FlowFilter, limit: usize) -> Answer<SessionPage> {
        self.look(job)?;
        filter.label.as_deref().map_or(Ok(()), Self::known_label)?;
        let first = filter.after.unwrap_or(0).min(ROWS);
        let end = ROWS.min(first.saturating_add(limit as u64));
        let sessions = (first..end).map(session).collect();
        Ok(SessionPage { sessions, next: (end < ROWS).then_some(end) })
    }

    fn session(&self, job: u64, id: u64) -> Answer<String> {
        self.look(job)?;
        if id >= ROWS {
            return Err(Refusal::NotFound(format!("Job {job} has no session {id} that is over.")));
        }
        Ok(session(id))
    }

    fn export(&self, job: u64, _: &FlowFilter, format: ExportFormat) -> Answer<Export> {
        self.look(job)?;
        let writing = Arc::clone(&self.writing);
        Ok(Box::new(move |out| {
            let _writing = Writing::begin(&writing);
            let line = format!("{format:?} of {job}\n");
            loop {
                out.write_all(line.as_bytes())?;
                match job {
                    ENDLESS => {}
                    BREAKS_AT_ONCE => return Err(io::Error::other("a block is damaged")),
                    _ => return Ok(()),
                }
            }
        }))
    }

    fn windows(&self, job: u64, filter: &WindowFilter) -> Answer<WindowPage> {
        self.look(job)?;
        let begins = (0..10_u32).map(|number| f64::from(number * 10));
        let window =
            |time_start| Window { time_start, time_end: time_start + 10.0, ..Window::default() };
        let windows: Vec<Window> = begins.map(window).take(filter.limit).collect();
        let goes_on = windows.len() == filter.limit;
        Ok(WindowPage { windows, last: Some(90), goes_on })
    }

    fn export_windows(&self, job: u64, _: &WindowFilter, format: ExportFormat) -> Answer<Export> {
        self.export(job, &FlowFilter::default(), format)
    }

    fn labels(&self) -> Answer<Vec<Label>> {
        let labels = vec!["dns".to_owned(), HOSTILE.to_owned()];
        Ok(vec![Label { group_name: "other".to_owned(), labels }])
    }

    fn plugins(&self) -> Answer<Plugins> {
        Ok(Plugins::default())
    }

    fn delete(&self, job: u64) -> Answer<FileStatus> {
        self.look(job)?;
        Ok(FileStatus { state: State::Cancelled, ..status_of(job) })
    }

    fn watch(&self, job: u64) -> Answer<watch::Receiver<FileStatus>> {
        self.look(job)?;
        let (sender, receiver) = watch::channel(status_of(job));
        if job == RUNNING {
            thread::spawn(move || {
                for packets in [20, 30] {
                    thread::sleep(Duration::from_millis(250));
                    sender.send_modify(|status| {
                        let progress = Progress { packets, ..Progress::default() };
                        status.progress = Some(progress);
                    });
                }
                thread::sleep(Duration::from_millis(250));
                sender.send_replace(status_of(FINISHED));
            });
        } else if job == ENDLESS {
            sender.send_modify(|status| status.state = State::InProgress);
            // It never changes, and never goes.
            std::mem::forget(sender);
        }
        Ok(receiver)
    }

    fn health(&self) -> Health {
        let (status, version) = ("ok".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        Health { status, version, jobs_running: 1, jobs_queued: 0 }
    }

    fn measures(&self) -> Vec<(&'static str, &'static str, f64)> {
        vec![
            ("tractor_jobs_running", "Jobs that run", 1.0),
            ("tractor_packets_total", "Packets read", 12.0),
        ]
    }
}
