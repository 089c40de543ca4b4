//! Arguments of `tractor sessions`.

use super::{FlowOptions, FlowsArguments, FollowArguments, Format, Inputs};
use crate::duration;
use crate::plugins::PluginArguments;
use clap::Args;
use std::path::PathBuf;

/// `tractor sessions`.
#[derive(Args, Clone)]
#[command(after_help = "Examples:
  tractor sessions capture.pcap
  tractor sessions captures/ --profile iscx-a2 -o sessions.csv
  tractor sessions captures/ --format jsonl | jq 'select(.flows > 1) | {session_id, joined_by, flow_ids}'
  tractor sessions captures/ --window 15s --format parquet -o windows.parquet

A session (information connection) is the flows that one application uses for one piece of work: FTP's \
control and data, a call's signalling and media, what a DNS answer led to, a page with all it loads. \
joined_by tells the rules by which its flows came together; the columns are those of a flow, \
over the packets of all of them. The profiles cic, cic-fixed and nfstream have no sessions: their columns \
are of one connection.")]
pub struct SessionsArguments {
    #[command(flatten)]
    pub inputs: Inputs,

    /// Where to write; the file appears when it is whole. - is standard output
    #[arg(short, long, default_value = "-", value_name = "FILE")]
    pub output: PathBuf,

    /// csv, jsonl (an object a line), parquet, arff (numeric columns and the class), or none to compute
    /// everything and write nothing
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    pub format: Format,

    /// The class of all sessions; without it a capture named APP_dd-mm-yyyy-HH-MM.pcap gives its own
    #[arg(long, value_name = "CLASS")]
    pub label: Option<String>,

    /// Write a row for each session and window of this length (from multiples of it since 1970)
    /// instead of one for each session
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub window: Option<i64>,

    /// Read the folder as one stream without an end: files that grow, are rotated and appear. Ctrl-C
    /// ends it, with all sessions
    #[arg(short, long)]
    pub follow: bool,

    #[command(flatten)]
    pub following: FollowArguments,

    /// Keep how far --follow is in FILE, as `tractor flows` does: the same command goes on from there
    #[arg(long, value_name = "FILE", requires = "follow")]
    pub checkpoint: Option<PathBuf>,

    #[command(flatten)]
    pub options: FlowOptions,

    #[command(flatten)]
    pub plugins: PluginArguments,
}

impl SessionsArguments {
    /// The same work, of whose flows the sessions are shown.
    pub fn of_flows(&self) -> FlowsArguments {
        FlowsArguments {
            inputs: self.inputs.clone(),
            output: self.output.clone(),
            format: self.format,
            label: self.label.clone(),
            with_id: false,
            splt: None,
            window: self.window,
            follow: self.follow,
            following: self.following.clone(),
            checkpoint: self.checkpoint.clone(),
            options: self.options.clone(),
            plugins: self.plugins.clone(),
            of_sessions: true,
        }
    }
}
