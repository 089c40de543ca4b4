//! The command line, as people type it.

mod client;
mod server;
mod settings;

pub use client::{JobsArguments, ProcessArguments, ServerOptions, StatusArguments};
pub use server::{
    IndexArguments, JobArguments, Log, Process, ServeArguments, StoreAction, StoreArguments,
    StoreOptions, Work, WorkerArguments,
};
pub use settings::ConfigArguments;

use crate::duration;
use crate::plugins::{PluginArguments, plugin_option};
use crate::{config, messages};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::parser::ValueSource;
use clap::{
    ArgAction, ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum,
};
use std::ffi::OsString;
use std::path::PathBuf;
use tractor_engine::profiles::Profile;

/// `tractor`.
#[derive(Parser)]
#[command(
    name = "tractor",
    version,
    about = "Turn captured network traffic into flows and their features",
    after_help = "Exit codes: 0 success; 1 nothing could be read, or the output not written; \
                  2 wrong usage; 3 finished, but some input was damaged or unreadable; \
                  130 interrupted.\n\n\
                  Configuration: tractor.toml in the current folder, else in \
                  $XDG_CONFIG_HOME/tractor or ~/.config/tractor, holds defaults of flags by their \
                  long names, such as workers = 2 or active-timeout = \"30s\"; under [flows] only \
                  for that command. The command line wins, also over a window, splt, with-id or \
                  outer of the file that does not go with it. A table \
                  [plugins.\"ID\"] holds options for that plugin. A switch that the file turns on is \
                  turned off by --no-config."
)]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,

    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Args)]
pub struct Global {
    /// Take defaults of flags from this file, not from tractor.toml
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "no_config")]
    pub config: Option<PathBuf>,

    /// Take no defaults from a file
    #[arg(long, global = true)]
    pub no_config: bool,

    /// Print errors, and what --timings asks for: no progress, summary or warnings
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Also say which files and rules are used, and how long each stage took
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

/// The command line as clap knows it.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// The arguments of this run, with the defaults of a file; ends the program if they are wrong.
///
/// # Errors
/// How the program ends when the file is wrong.
pub fn parse() -> Result<Arguments, crate::Exit> {
    // Only to find the file: what is wrong is said below, with the file's defaults known.
    let first = command().ignore_errors(true).try_get_matches().ok();
    let global = first.and_then(|matches| Global::from_arg_matches(&matches).ok());
    let (named, none) = global.map_or((None, false), |one| (one.config, one.no_config));
    let path = if none { None } else { config::find(named.as_ref()) };
    let (mut whole, mut plugin_options, mut origins) = (command(), Vec::new(), Vec::new());
    if let Some(path) = &path {
        match config::apply(whole, path) {
            Ok(of_file) => {
                whole = of_file.command;
                (plugin_options, origins) = (of_file.plugin_options, of_file.origins);
            }
            Err(wrong) => {
                // Help, completions and manual pages need no defaults.
                whole = command();
                let plain = whole.clone().get_matches();
                if !matches!(plain.subcommand_name(), Some("completions" | "man")) {
                    messages::error(wrong);
                    return Err(crate::Exit::Usage);
                }
            }
        }
    }
    let matches = whole.clone().get_matches();
    let mut arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|e| e.exit());
    arguments.command.remember_typed(&matches);
    if let Command::Config(arguments) = &mut arguments.command {
        arguments.settings = config::settings(&command(), &whole, &origins, &plugin_options);
        arguments.file.clone_from(&path);
    }
    if let Some(plugins) = arguments.command.plugins() {
        plugins.of_file = plugin_options;
    }
    messages::set_level(arguments.global.quiet, arguments.global.verbose);
    if let Some(path) = path {
        messages::verbose(format_args!("defaults from {}", path.display()));
    }
    Ok(arguments)
}

/// The commands.
#[derive(Subcommand)]
pub enum Command {
    /// Write the flows of captures, with their features
    Flows(FlowsArguments),
    /// Say what captures hold
    Info(InfoArguments),
    /// Count flows by protocol, client, server and port
    Stats(StatsArguments),
    /// List the profiles, or the columns of one
    Profiles(ProfilesArguments),
    /// List the classifiers that are loaded, with their labels, and those that are refused
    Plugins(PluginsArguments),
    /// Serve the captures of a folder: process them in the background, answer over HTTP
    Serve(Box<ServeArguments>),
    /// List the jobs of a server
    Jobs(JobsArguments),
    /// Say how far a job of a server is
    Status(StatusArguments),
    /// Have a server process captures of its folder
    Process(ProcessArguments),
    /// Check, rebuild or compact the results that a server keeps
    Store(StoreArguments),
    /// Do one piece of the server's work
    #[command(hide = true)]
    Worker(Box<WorkerArguments>),
    /// Show the values of all flags that are not typed, and where each comes from
    Config(ConfigArguments),
    /// Print the completions of a shell
    Completions(CompletionsArguments),
    /// Print the manual page, or write a page for each command
    Man(ManArguments),
}

impl Command {
    /// Tells the command which flags were typed; clap tells only where it has a flag's value from.
    fn remember_typed(&mut self, matches: &ArgMatches) {
        let Some((_, own)) = matches.subcommand() else { return };
        let is_typed =
            |id: &&clap::Id| own.value_source(id.as_str()) == Some(ValueSource::CommandLine);
        let typed: Vec<String> = own.ids().filter(is_typed).map(ToString::to_string).collect();
        match self {
            Self::Flows(arguments) => arguments.options.typed.clone_from(&typed),
            Self::Stats(arguments) => arguments.options.typed.clone_from(&typed),
            Self::Serve(arguments) => arguments.options.typed.clone_from(&typed),
            _ => {}
        }
        if let Some(plugins) = self.plugins() {
            plugins.typed = typed;
        }
    }

    /// What the command was told of plugins, if it has any.
    fn plugins(&mut self) -> Option<&mut PluginArguments> {
        match self {
            Self::Flows(arguments) => Some(&mut arguments.plugins),
            Self::Stats(arguments) => Some(&mut arguments.plugins),
            Self::Plugins(arguments) => Some(&mut arguments.plugins),
            Self::Serve(arguments) => Some(&mut arguments.plugins),
            _ => None,
        }
    }
}

/// What every command that reads captures takes.
#[derive(Args, Clone)]
pub struct Inputs {
    /// Captures (pcap or pcapng; also inside gzip, zstd or lz4), folders, globs, or - for
    /// standard input
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<PathBuf>,
}

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

A plugin of --plugin or --plugins that crashes, exits, panics, does not return within 10 s or takes \
most of the memory is named, and the run is repeated without it. From standard input or a pipe, and \
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

    #[command(flatten)]
    pub options: FlowOptions,

    #[command(flatten)]
    pub plugins: PluginArguments,
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

/// `tractor info`.
#[derive(Args)]
#[command(after_help = "Examples:
  tractor info capture.pcap
  tractor info captures/ --json | jq '.[].packets'")]
pub struct InfoArguments {
    #[command(flatten)]
    pub inputs: Inputs,

    /// Print an array with an object for each capture
    #[arg(long)]
    pub json: bool,
}

/// `tractor stats`.
#[derive(Args)]
#[command(after_help = "Examples:
  tractor stats capture.pcap
  tractor stats captures/ --top 50
  tractor stats captures/ --json | jq '.ports[0]'")]
pub struct StatsArguments {
    #[command(flatten)]
    pub inputs: Inputs,

    /// Print everything as JSON
    #[arg(long)]
    pub json: bool,

    /// Rows of each table
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub top: usize,

    #[command(flatten)]
    pub options: FlowOptions,

    #[command(flatten)]
    pub plugins: PluginArguments,
}

/// `tractor plugins`.
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  tractor plugins
  tractor plugins --plugin ./libports.so --plugin-option org.example.ports.ssh=2222
  tractor plugins --json | jq '.loaded[].id'"
)]
pub struct PluginsArguments {
    #[command(subcommand)]
    pub action: Option<PluginsAction>,

    /// Print everything as JSON
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub plugins: PluginArguments,
}

/// What else `tractor plugins` does.
#[derive(Subcommand)]
pub enum PluginsAction {
    /// Try whether a plugin keeps the contract, and say what breaks it
    Check(CheckArguments),
}

/// `tractor plugins check`.
#[derive(Args)]
#[command(
    after_help = "The plugin is shown invented flows: in other orders, in other batches, twice, \
                        cut short, without what it asked for, by two instances on two threads. It \
                        must say the same each time. Exit codes: 0 it keeps the contract; 1 it does \
                        not; 2 wrong usage, or it is not configured.

Example:
  tractor plugins check ./libports.so --plugin-option org.example.ports.ssh=2222"
)]
pub struct CheckArguments {
    /// The plugin
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Tell the plugin something, as for `tractor flows`
    #[arg(long, value_name = "ID.KEY=VALUE", value_parser = plugin_option)]
    pub plugin_option: Vec<(String, String, String)>,

    /// Print what was tried, and what came of it, as JSON
    #[arg(long)]
    pub json: bool,

    /// Milliseconds that a call may last; for tests
    #[arg(long, hide = true, value_name = "MS")]
    pub plugin_deadline_ms: Option<u64>,

    /// Bytes that may be allocated; for tests
    #[arg(long, hide = true, value_name = "BYTES")]
    pub plugin_memory: Option<u64>,
}

/// `tractor profiles`.
#[derive(Args)]
pub struct ProfilesArguments {
    /// The profile whose columns to list
    #[arg(value_name = "NAME", value_parser = profile_parser())]
    pub name: Option<&'static Profile>,
}

/// Reads the name of a profile; completions know them all.
fn profile_parser() -> impl TypedValueParser<Value = &'static Profile> {
    let names = Profile::all().iter().map(|profile| profile.name);
    PossibleValuesParser::new(names)
        .try_map(|name| Profile::named(&name).ok_or("there is no such profile"))
}

/// `tractor completions`.
#[derive(Args)]
#[command(after_help = "Example:
  tractor completions bash > ~/.local/share/bash-completion/completions/tractor")]
pub struct CompletionsArguments {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// `tractor man`.
#[derive(Args)]
#[command(after_help = "Examples:
  tractor man | man -l -
  tractor man /usr/local/share/man/man1")]
pub struct ManArguments {
    /// Where to write tractor.1 and a page for each command
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}
