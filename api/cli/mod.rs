//! The command line, as people type it.

mod capture;
mod client;
mod dataset;
mod flows;
mod follow;
mod plugins;
mod server;
mod sessions;
mod settings;
mod train;

pub use capture::{ApplicationArguments, CaptureArguments};
pub use client::{JobsArguments, ProcessArguments, ServerOptions, StatusArguments};
pub use dataset::{BuildArguments, DatasetAction, DatasetArguments, DescribeArguments};
pub use flows::{FlowOptions, FlowsArguments, Format};
pub use follow::FollowArguments;
pub use plugins::{CheckArguments, PluginsAction, PluginsArguments};
pub use server::{
    IndexArguments, JobArguments, Log, Process, ServeArguments, StoreAction, StoreArguments,
    StoreOptions, Work, WorkerArguments,
};
pub use sessions::SessionsArguments;
pub use settings::ConfigArguments;
pub use train::{Kind, ShapeArguments, SplitName, TrainArguments};

use crate::plugins::PluginArguments;
use crate::{config, messages};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
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
    /// Write the sessions of captures: flows that belong together, with the features of all of them
    Sessions(SessionsArguments),
    /// Say what captures hold
    Info(InfoArguments),
    /// Count flows by protocol, client, server and port
    Stats(StatsArguments),
    /// List the profiles, or the columns of one
    Profiles(ProfilesArguments),
    /// Make tables of labelled flows, and say what they are like
    Dataset(DatasetArguments),
    /// Train a model from tables of labelled flows, and say how good it is
    Train(Box<TrainArguments>),
    /// List the classifiers that are loaded, with their labels, and those that are refused
    Plugins(PluginsArguments),
    /// Run an application in a network of its own and record its traffic, under a label
    Capture(Box<CaptureArguments>),
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
    /// Do one piece of another command's work
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
        let Some((name, own)) = matches.subcommand() else { return };
        // The flags of `dataset build` are those of `build`.
        let own = match own.subcommand() {
            Some((_, of_action)) if name == "dataset" => of_action,
            _ => own,
        };
        let is_typed =
            |id: &&clap::Id| own.value_source(id.as_str()) == Some(ValueSource::CommandLine);
        let typed: Vec<String> = own.ids().filter(is_typed).map(ToString::to_string).collect();
        match self {
            Self::Flows(arguments) => arguments.options.typed.clone_from(&typed),
            Self::Sessions(arguments) => arguments.options.typed.clone_from(&typed),
            Self::Stats(arguments) => arguments.options.typed.clone_from(&typed),
            Self::Serve(arguments) => arguments.options.typed.clone_from(&typed),
            Self::Dataset(DatasetArguments { action: DatasetAction::Build(arguments) }) => {
                arguments.options.typed.clone_from(&typed);
            }
            Self::Train(arguments) => arguments.typed.clone_from(&typed),
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
            Self::Sessions(arguments) => Some(&mut arguments.plugins),
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
