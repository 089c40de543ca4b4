//! What the API asks of the jobs. Calls may block on the disk, but for `status` and `watch`.

use super::views::{
    DetailsIp, DetailsLabelItem, DirectoryRequest, File, FileStatus, Health, Label, Plugins,
    ProcessRequest, StatisticItem, Window,
};
use std::io::{self, Write};
use std::net::IpAddr;
use tokio::sync::watch;

/// Why there is no answer; the text is for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 400.
    Wrong(String),
    /// 404.
    NotFound(String),
    /// 409: not as things are now.
    Conflict(String),
    /// 503 with Retry-After.
    Busy { message: String, retry_after_s: u64 },
    /// 507.
    StorageFull(String),
    /// 500; the text is for the log.
    Internal(String),
}

pub type Answer<T> = Result<T, Refusal>;

/// Which flows; all that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowFilter {
    pub label: Option<String>,
    pub ip: Option<IpAddr>,
    pub port: Option<u16>,
    /// IP protocol number.
    pub protocol: Option<u8>,
    /// The server's name, or a domain that it is in.
    pub domain: Option<String>,
    /// Unix seconds: flows that had begun before `to` and not ended before `from`.
    pub from: Option<i64>,
    pub to: Option<i64>,
    /// At most so many.
    pub limit: Option<usize>,
    /// Those behind this place of the page before.
    pub after: Option<u64>,
    /// Flows of that session.
    pub session: Option<u64>,
}

/// A page of sessions, by the time at which they were over.
pub struct SessionPage {
    /// Objects of JSON.
    pub sessions: Vec<String>,
    /// Where the next page begins, if there is one.
    pub next: Option<u64>,
}

/// Which windows, of those that have ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowFilter {
    /// Unix seconds: windows that end after `from` and begin before `to`.
    pub from: Option<i64>,
    pub to: Option<i64>,
    pub limit: usize,
    /// Those that begin behind this, as the page before says; nanoseconds.
    pub after: Option<u64>,
}

/// A page of windows, in the order of time.
#[derive(Clone, Debug, Default)]
pub struct WindowPage {
    pub windows: Vec<Window>,
    /// When the last of them begins: `after` of the next page.
    pub last: Option<u64>,
    /// Whether there is one.
    pub goes_on: bool,
}

/// Flows one by one; an error ends them.
pub type FlowRows = Box<dyn Iterator<Item = io::Result<DetailsLabelItem>> + Send>;

/// A page, or all flows.
pub struct FlowPage {
    pub rows: FlowRows,
    /// `after` of the next page, where one may follow.
    pub next: Option<u64>,
    /// So many open flows found no room in the answer, here or on another page.
    pub not_told: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    Csv,
    Jsonl,
    Parquet,
}

impl ExportFormat {
    /// How the names of its files end, and its media type.
    pub fn ending_and_type(self) -> (&'static str, &'static str) {
        match self {
            Self::Csv => ("csv", "text/csv; charset=utf-8"),
            Self::Jsonl => ("jsonl", "application/x-ndjson"),
            Self::Parquet => ("parquet", "application/vnd.apache.parquet"),
        }
    }
}

/// Writes an export; runs on a thread of its own.
pub type Export = Box<dyn FnOnce(&mut (dyn Write + Send)) -> io::Result<()> + Send>;

/// The jobs, as the API sees them.
pub trait Service: Send + Sync + 'static {
    fn files(&self) -> Answer<Vec<File>>;
    fn process(&self, request: &ProcessRequest) -> Answer<FileStatus>;
    fn directories(&self) -> Answer<Vec<File>>;
    fn process_directory(&self, request: &DirectoryRequest) -> Answer<FileStatus>;
    /// Ends a stream in order.
    fn end_stream(&self, job: u64) -> Answer<FileStatus>;
    fn status(&self, job: u64) -> Answer<FileStatus>;
    fn details(&self, job: u64) -> Answer<File>;
    fn statistics(&self, job: u64, limit: usize) -> Answer<Vec<StatisticItem>>;
    fn statistics_of_label(
        &self,
        job: u64,
        label: &str,
        limit: usize,
    ) -> Answer<Vec<StatisticItem>>;
    fn statistics_of_address(&self, job: u64, ip: IpAddr, limit: usize) -> Answer<DetailsIp>;
    /// Flows that are closed, and with a label in the filter also those that are open.
    fn flows(&self, job: u64, filter: &FlowFilter) -> Answer<FlowPage>;
    /// Flows that match, but for `limit` and `after`.
    fn export(&self, job: u64, filter: &FlowFilter, format: ExportFormat) -> Answer<Export>;
    /// Sessions that are over: at most so many.
    fn sessions(&self, job: u64, filter: &FlowFilter, limit: usize) -> Answer<SessionPage>;
    /// One of them, as JSON.
    fn session(&self, job: u64, session: u64) -> Answer<String>;
    /// Sums over windows.
    fn windows(&self, job: u64, filter: &WindowFilter) -> Answer<WindowPage>;
    /// Their rows, but for `limit`.
    fn export_windows(
        &self,
        job: u64,
        filter: &WindowFilter,
        format: ExportFormat,
    ) -> Answer<Export>;
    fn labels(&self) -> Answer<Vec<Label>>;
    fn plugins(&self) -> Answer<Plugins>;
    /// Cancels a running job, forgets one that is over.
    fn delete(&self, job: u64) -> Answer<FileStatus>;
    /// A job's status, each time it changes.
    fn watch(&self, job: u64) -> Answer<watch::Receiver<FileStatus>>;
    fn health(&self) -> Health;
    /// Gauges and counters of the jobs: name (Prometheus), help, value.
    fn measures(&self) -> Vec<(&'static str, &'static str, f64)>;
}
