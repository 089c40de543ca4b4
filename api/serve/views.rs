//! What goes over the wire: the reference API's shapes, field by field. Nothing else of the program
//! is serialised for clients.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A capture in the captures folder. Extra fields beside the reference's are optional.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct File {
    /// Without extension; what is not UTF-8 is percent-encoded.
    pub name: String,
    /// Behind the last dot, or the last two suffixes of a compressed capture; may be empty.
    pub extension: String,
    /// Time of the first packet, Unix seconds; 0 as long as it is not known.
    pub time_start: i64,
    /// Time of the last packet.
    pub time_end: i64,
    pub status: FileStatus,
    /// KiB (1,024 bytes), rounded up.
    pub size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flows_count: Option<u64>,
    /// True while its times are looked for.
    #[serde(default, skip_serializing_if = "is_false")]
    pub indexing: bool,
    /// Why its times are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The profile of its latest job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The job that follows the folder of captures, and so reads this file, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_job: Option<u64>,
}

/// How far the processing of a capture is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FileStatus {
    pub state: State,
    /// Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<u64>,
    /// Why it failed, what it waits for, or what is odd about its input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What a running job waits for: room on the `disk`, or `input` in a followed folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// Of a followed folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<Stream>,
    /// Of a running job with windows: those that end up to then have ended, Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows_to: Option<f64>,
    /// Plugins that it goes on without, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without_plugins: Vec<WithoutPlugin>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Never processed.
    #[default]
    New,
    Queued,
    InProgress,
    Finished,
    Failed,
    Cancelled,
}

/// How much of a capture has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Progress {
    pub packets: u64,
    /// Bytes read, as they are on disk.
    pub bytes: u64,
    /// Those that have ended.
    pub flows: u64,
    /// Of the capture, from 0 to 1.
    pub share: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WithoutPlugin {
    pub id: String,
    pub why: String,
}

/// Counts of flows under one title, largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatisticItem {
    pub title: String,
    pub content: Vec<StatisticEntry>,
    /// Of a job that runs: so many open flows are in no count, since the answer had no room for them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub not_told: u64,
    /// So many flows are counted in the last entry because there were too many entries to count them
    /// under their own: those of entries that are not there, and of some that are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatisticEntry {
    pub label: String,
    pub count: u64,
}

/// What is known of an address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DetailsIp {
    /// `unknown` where no database knows it.
    pub country: String,
    pub city: String,
    /// The one that it sent most often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The one that it was asked for most often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain_name: Option<String>,
    pub statistics: Vec<StatisticItem>,
}

/// A flow. The fields from `flow_id` on are additions to the reference.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DetailsLabelItem {
    pub client_ip: String,
    /// 0 where the protocol has no ports.
    pub client_port: u16,
    pub server_ip: String,
    pub server_port: u16,
    /// Unix seconds.
    pub time_start: i64,
    pub time_end: i64,
    /// Which plugin labelled it, on what ground, how sure.
    pub comment: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow_id: Option<u64>,
    /// IP protocol number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// Its session: the id of the flow that it began with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<u64>,
    /// True for a flow that has not ended yet.
    #[serde(default, skip_serializing_if = "is_false")]
    pub open: bool,
}

/// A session (information connection): flows that belong together. Its other fields are the columns of
/// timing and volume of the job's profile, and those of its label.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// Id of the flow that it began with.
    pub session_id: u64,
    /// Of the first flow.
    pub client_ip: String,
    /// Times of the first and the last packet, as RFC 3339 has them.
    pub start: String,
    pub end: String,
    /// How many flows it has.
    pub flows: u64,
    /// Rules by which flows came to it, joined by `;`.
    pub joined_by: Option<String>,
    /// Ids of its flows, in the order in which they came to it; at most 256.
    pub flow_ids: Vec<u64>,
    /// That which most of its bytes have.
    pub label: Option<String>,
    /// Of the first of its flows that has one.
    pub server_name: Option<String>,
}

/// What lies in a window of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Window {
    /// Unix seconds.
    pub time_start: f64,
    pub time_end: f64,
    /// Rows of flows: one each, or more of those whose packets did not come in the order of their times.
    pub flows: u64,
    pub packets: u64,
    /// IP headers and payload.
    pub bytes: u64,
    /// How many of the flows had which label when the window ended; largest first.
    pub labels: Vec<StatisticEntry>,
}

/// Labels of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Label {
    pub group_name: String,
    pub labels: Vec<String>,
}

/// Every refusal. `status` and `code` are equal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Error {
    pub status: u16,
    pub code: u16,
    pub message: String,
}

/// How a followed folder gets on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Stream {
    /// Bytes that are in the folder and not in the statistics.
    pub lag_bytes: u64,
    /// For how long there have been such: what was on disk before is in the statistics.
    pub lag_s: f64,
    /// Of the last five seconds.
    pub packets_per_s: f64,
    pub open_flows: u64,
    /// Files that were seen.
    pub files: u64,
    /// Files whose first packet was older than what had been read before.
    pub late_files: u64,
    /// What the job's process has of the machine's memory.
    pub memory_bytes: u64,
    /// The greatest packet time so far, Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<i64>,
}

/// The body of `POST /directories/process`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DirectoryRequest {
    /// A folder directly in the folder of captures, or `.`, that folder itself.
    pub directory: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ProfileName>)]
    pub profile: Option<String>,
}

/// The body of `POST /file/{job_id}/end`, which nobody reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndRequest {}

/// The body of `POST /files/process`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProcessRequest {
    /// Name and extension.
    pub file_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ProfileName>)]
    pub profile: Option<String>,
}

/// The profiles, for the description of the API.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProfileName {
    Native,
    Iscx,
    IscxA2,
    IscxFixed,
    Cic,
    CicFixed,
    Nfstream,
}

impl ProfileName {
    pub const ALL: [Self; 7] = [
        Self::Native,
        Self::Iscx,
        Self::IscxA2,
        Self::IscxFixed,
        Self::Cic,
        Self::CicFixed,
        Self::Nfstream,
    ];
}

/// What is loaded, refused and left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Plugins {
    pub loaded: Vec<LoadedPlugin>,
    pub refused: Vec<RefusedPlugin>,
    /// Those that broke jobs, with the last of these.
    pub quarantined: Vec<QuarantinedPlugin>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LoadedPlugin {
    pub id: String,
    pub name: String,
    pub version: String,
    pub path: String,
    pub labels: u64,
    /// Over all jobs since the server started.
    pub flows: u64,
    pub busy_ms: u64,
    pub errors: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefusedPlugin {
    pub path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub why: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuarantinedPlugin {
    pub id: String,
    pub why: String,
    pub job_id: u64,
    /// How many jobs went on without it.
    pub jobs: u64,
}

/// `GET /health`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    pub status: String,
    pub version: String,
    pub jobs_running: u64,
    pub jobs_queued: u64,
}

// The signature that serde asks for.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

// As above.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(is_so: &bool) -> bool {
    !is_so
}
