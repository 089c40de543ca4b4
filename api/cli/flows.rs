//! Arguments of `tractor flows`, and those of how packets become flows.

use super::{FollowArguments, Inputs, profile_parser};
use crate::duration;
use crate::plugins::PluginArguments;
use clap::{Args, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;
use tractor_engine::profiles::Profile;

/// How packets become flows.
#[derive(Args, Clone)]
pub struct FlowOptions {
    /// Which columns to compute and how flows are cut (see `tractor profiles`)
    #[arg(long, default_value = "native", value_name = "NAME", value_parser = profile_parser())]
    pub profile: &'static Profile,

    /// End a flow before the first packet more than this after its first
    #[arg(long, visible_alias = "flow-timeout", value_name = "TIME", value_parser = duration::parse)]
    pub active_timeout: Option<i64>,

    /// End a flow after a longer silence than this
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub idle_timeout: Option<i64>,

    /// A longer gap than this ends an active period [default: 1s; cic and cic-fixed: 5s]
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub activity_gap: Option<i64>,

    /// Open flows kept at most; above, the oldest are closed as evicted
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_flows: Option<u64>,

    /// Report the outermost IP packets, not what tunnels carry
    #[arg(long)]
    pub outer: bool,

    /// Interleave captures that overlap, by packet time (several sensors)
    #[arg(long)]
    pub merge: bool,

    /// Worker threads [default: one a processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=64))]
    pub workers: Option<u64>,

    /// Bytes of a chunk; for tests, results do not depend on it
    #[arg(long, hide = true, value_name = "BYTES")]
    pub chunk_bytes: Option<usize>,

    /// Panic at a step; for the test that a panic ends the run
    #[arg(long, hide = true, value_name = "STEP")]
    pub panic_at_step: Option<u64>,

    /// Milliseconds that a call of a plugin may last; for tests
    #[arg(long, hide = true, value_name = "MS")]
    pub plugin_deadline_ms: Option<u64>,

    /// Bytes that a run with foreign plugins may allocate; for tests
    #[arg(long, hide = true, value_name = "BYTES")]
    pub plugin_memory: Option<u64>,

    /// Say how long each stage was busy, and how many flows were open
    #[arg(long)]
    pub timings: bool,

    /// Names of the fields whose flags were typed. Other values are defaults, of a file or ours.
    #[arg(skip)]
    pub typed: Vec<String>,
}

impl FlowOptions {
    /// The same as one would type it, but for the profile: a job has its own.
    pub fn words(&self) -> Vec<OsString> {
        let ns = |flag: &str, ns: Option<i64>| ns.map(|ns| format!("--{flag}={ns}ns"));
        let number = |flag: &str, number: Option<u64>| number.map(|n| format!("--{flag}={n}"));
        let switch = |flag: &str, is_on: bool| is_on.then(|| format!("--{flag}"));
        let chunk_bytes = self.chunk_bytes.map(|bytes| bytes as u64);
        let words = [
            ns("active-timeout", self.active_timeout),
            ns("idle-timeout", self.idle_timeout),
            ns("activity-gap", self.activity_gap),
            number("max-flows", self.max_flows),
            switch("outer", self.outer),
            number("workers", self.workers),
            number("chunk-bytes", chunk_bytes),
            number("panic-at-step", self.panic_at_step),
        ];
        words.into_iter().flatten().map(OsString::from).collect()
    }

    /// Whether the flag of that field was typed.
    pub fn is_typed(&self, field: &str) -> bool {
        self.typed.iter().any(|one| one == field)
    }
}

/// `tractor flows`.
#[derive(Args, Clone)]
#[command(after_help = "Examples:
  tractor flows capture.pcap -o flows.csv
  tractor flows captures/ --profile iscx --active-timeout 30s > flows.csv
  zcat old.pcap.gz | tractor flows - --label skype | head
  tractor flows captures/ --format parquet -o flows.parquet
  tractor flows 'night-*.pcapng.zst' --format none --timings
  tractor flows --follow /var/captures -o flows.csv

A plugin of --plugin or --plugins that crashes, exits, panics, does not return within 10 s or takes \
most of the memory is named, and the run is repeated without it. From standard input or a pipe, with --follow, and \
to standard output or a device, nothing can be repeated: the flows so far are kept (but for \
parquet), the exit code is 1, and --without-plugin ID leaves the plugin out.")]
pub struct FlowsArguments {
    #[command(flatten)]
    pub inputs: Inputs,

    /// Where to write; the file appears when it is whole. - is standard output
    #[arg(short, long, default_value = "-", value_name = "FILE")]
    pub output: PathBuf,

    /// csv, jsonl (an object a line), parquet, arff (numeric columns and the class), zeek (a
    /// conn.log, of the profile native), or none to compute everything and write nothing
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    pub format: Format,

    /// The class of all flows; without it a capture named APP_dd-mm-yyyy-HH-MM.pcap gives its own
    #[arg(long, value_name = "CLASS")]
    pub label: Option<String>,

    /// Put flow id, addresses, ports, protocol and start before the columns of profiles that have
    /// none
    #[arg(long)]
    pub with_id: bool,

    /// Show the first N packets of each flow (1 to 255): direction, payload and gap of each
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    pub splt: Option<u8>,

    /// Write a row for each flow and window of this length (from multiples of it since 1970)
    /// instead of one for each flow: timing and volume, of the profiles native, iscx, iscx-a2,
    /// iscx-fixed and cic-fixed
    #[arg(long, value_name = "TIME", value_parser = duration::parse, conflicts_with_all = ["splt", "with_id"])]
    pub window: Option<i64>,

    /// Read the folder as one stream without an end: files that grow, are rotated and appear; rows
    /// are written as flows close. Ctrl-C ends it, with all flows
    #[arg(short, long)]
    pub follow: bool,

    #[command(flatten)]
    pub following: FollowArguments,

    /// Keep how far --follow is in FILE, in FILE.before and FILE.journal (and a lock in FILE.lock): the
    /// same command goes on from there, also after a crash, and rows are as if nothing had happened. The output is cut to
    /// the checkpoint
    #[arg(long, value_name = "FILE", requires = "follow")]
    pub checkpoint: Option<PathBuf>,

    #[command(flatten)]
    pub options: FlowOptions,

    #[command(flatten)]
    pub plugins: PluginArguments,

    /// Rows are of sessions: `tractor sessions`.
    #[arg(skip)]
    pub of_sessions: bool,
}

/// Formats of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Csv,
    Jsonl,
    Parquet,
    Arff,
    Zeek,
    None,
}
