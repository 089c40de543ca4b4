//! Arguments of the server, of its children and of its clients.

use super::{ApplicationArguments, FlowOptions, FollowArguments};
use crate::duration;
use crate::plugins::PluginArguments;
use clap::{Args, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// `tractor serve`.
#[derive(Args, Clone)]
#[command(after_help = "Examples:
  tractor serve --captures /var/captures --data /var/lib/tractor
  tractor serve --captures . --data ./results --process all --jobs 2
  tractor serve --captures . --data ./results --listen 0.0.0.0:8080 --token-file token

Every job is a child process: a capture or a plugin that ends one ends that job alone. What was under \
way when the server was stopped, or crashed, is taken up again at its next start. The API is described at \
/openapi.json.")]
pub struct ServeArguments {
    /// The folder of captures. Nothing outside of it is ever opened
    #[arg(long, value_name = "DIR")]
    pub captures: PathBuf,

    /// Where results are kept; made if need be. One server at a time
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,

    /// Address and port to listen on; port 0 takes a free one. Beyond this machine only with a token
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub listen: SocketAddr,

    /// Which captures are processed without being asked for
    #[arg(long, value_enum, default_value_t = Process::None)]
    pub process: Process,

    /// Jobs that run at once
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=64))]
    pub jobs: u64,

    /// Ask clients for the token in this file (Authorization: Bearer TOKEN)
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,

    /// Let pages of this origin read answers (CORS), such as https://dashboard.example
    #[arg(long, value_name = "ORIGIN")]
    pub allow_origin: Vec<String>,

    /// Answer requests to this host name, too
    #[arg(long, value_name = "HOST")]
    pub allow_host: Vec<String>,

    /// Look up countries and cities in this database (.mmdb); several, for IPv4 and IPv6
    #[arg(long, value_name = "FILE")]
    pub geoip: Vec<PathBuf>,

    /// Forget the results of all but the last N jobs that are over
    #[arg(long, value_name = "N")]
    pub keep_jobs: Option<u64>,

    /// Forget results that are older than this
    #[arg(long, value_name = "DAYS")]
    pub keep_days: Option<u64>,

    /// Keep the flows of a followed folder for so long after their end; statistics stay [default: for
    /// ever]
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub keep: Option<i64>,

    /// Keep, beside each flow, a row for each window of this length (from multiples of it since 1970) that
    /// it has packets in, as tractor flows --window writes them: see /file/{job_id}/windows
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub window: Option<i64>,

    /// Milliseconds that a job may make no progress; for tests
    #[arg(long, hide = true, value_name = "MS")]
    pub standstill_ms: Option<u64>,

    /// Milliseconds in which flows are found for an answer; for tests
    #[arg(long, hide = true, value_name = "MS")]
    pub finding_ms: Option<u64>,

    #[command(flatten)]
    pub following: FollowArguments,

    /// How the log on standard error looks
    #[arg(long, value_enum, default_value_t = Log::Text)]
    pub log: Log,

    #[command(flatten)]
    pub options: FlowOptions,

    #[command(flatten)]
    pub plugins: PluginArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Process {
    /// None: jobs start by POST /files/process
    None,
    /// Those that appear while the server runs, when nobody writes to them any more
    New,
    /// All that have no results yet
    All,
    /// The whole folder as one stream without an end: see POST /directories/process
    Stream,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Log {
    Text,
    /// An object a line
    Json,
}

/// `tractor worker`: what the server starts. The names of captures to index come on standard input.
#[derive(Args, Clone)]
pub struct WorkerArguments {
    #[command(subcommand)]
    pub work: Work,
}

#[derive(Subcommand, Clone)]
pub enum Work {
    /// Do the job of a folder
    Job(Box<JobArguments>),
    /// Say when a capture begins and ends
    Index(IndexArguments),
    /// Run the application of a capture
    Application(ApplicationArguments),
}

#[derive(Args, Clone)]
pub struct JobArguments {
    #[arg(long, value_name = "DIR")]
    pub job: PathBuf,

    #[arg(long, value_name = "DIR")]
    pub captures: PathBuf,

    #[arg(long, value_name = "FILE")]
    pub geoip: Vec<PathBuf>,

    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub keep: Option<i64>,

    #[command(flatten)]
    pub following: FollowArguments,

    #[command(flatten)]
    pub options: FlowOptions,

    #[command(flatten)]
    pub plugins: PluginArguments,
}

#[derive(Args, Clone)]
pub struct IndexArguments {
    #[arg(long, value_name = "DIR")]
    pub captures: PathBuf,
}

/// `tractor store`.
#[derive(Args)]
#[command(
    after_help = "Exit codes: 0 all is well; 1 it is in use, or cannot be read or written; 2 there are no \
                        results; 3 something is damaged."
)]
pub struct StoreArguments {
    #[command(subcommand)]
    pub action: StoreAction,
}

/// What is done with results.
#[derive(Subcommand)]
pub enum StoreAction {
    /// Read all results and say what is damaged
    Check(StoreOptions),
    /// Make anew what can be made from the segments: lost records, and the index
    Rebuild(StoreOptions),
    /// Remove what no job needs
    Compact(StoreOptions),
}

#[derive(Args)]
pub struct StoreOptions {
    /// The folder of results of `tractor serve`; no server may have it open
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,

    /// Print an object
    #[arg(long)]
    pub json: bool,
}
