//! One file a command.

mod capture;
mod check;
mod checkpoint;
mod config;
mod dataset;
mod flows;
mod follow;
mod info;
mod jobs;
mod lasting;
mod manual;
mod plugins;
mod process;
mod profiles;
mod remote;
mod serve;
mod stats;
mod status;
mod store;
mod together;
mod train;
mod worker;

use crate::cli::{Command, FlowOptions, Inputs};
use crate::{Exit, interrupt, messages, progress, supervise};
use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use tractor_engine::capture::{CaptureFile, Input, Joined};
use tractor_engine::dataflow::{Progress, RunError, RunOptions, Summary, run as run_dataflow};
use tractor_engine::output::RowWriter;
use tractor_engine::profiles::class_from_file_name;

/// Runs a command to its end.
pub fn run(command: &Command) -> Exit {
    match command {
        Command::Flows(arguments) => flows::run(arguments),
        Command::Sessions(arguments) => flows::run(&arguments.of_flows()),
        Command::Capture(arguments) => capture::run(arguments),
        Command::Info(arguments) => info::run(arguments),
        Command::Stats(arguments) => stats::run(arguments),
        Command::Profiles(arguments) => profiles::run(arguments),
        Command::Dataset(arguments) => dataset::run(arguments),
        Command::Train(arguments) => train::run(arguments),
        Command::Plugins(arguments) => plugins::run(arguments),
        Command::Serve(arguments) => serve::run(arguments),
        Command::Jobs(arguments) => jobs::run(arguments),
        Command::Status(arguments) => status::run(arguments),
        Command::Process(arguments) => process::run(arguments),
        Command::Store(arguments) => store::run(arguments),
        Command::Worker(arguments) => worker::run(arguments),
        Command::Config(arguments) => config::run(arguments),
        Command::Completions(arguments) => manual::completions(arguments),
        Command::Man(arguments) => manual::man(arguments),
    }
}

fn engine_inputs(inputs: &Inputs) -> Vec<Input> {
    let input = |path: &std::path::PathBuf| match path.as_path() == Path::new("-") {
        true => Input::Stdin,
        false => Input::Path(path.clone()),
    };
    inputs.inputs.iter().map(input).collect()
}

fn run_options(options: &FlowOptions) -> RunOptions {
    let profile = options.profile;
    let mut run = RunOptions::new(profile);
    let life = run.table.life;
    let life = options.active_timeout.map_or(life, |active_ns| life.with_active(active_ns));
    run.table.life = options.idle_timeout.map_or(life, |idle_ns| life.with_idle(idle_ns));
    run.table.activity.gap_ns = options.activity_gap.unwrap_or(profile.activity_gap_ns);
    if let Some(flows) = options.max_flows {
        run.table.open_flows_max = usize::try_from(flows).unwrap_or(usize::MAX);
    }
    run.workers = options.workers.map_or(run.workers, |workers| workers as usize);
    if supervise::child::orders().is_some_and(|orders| orders.one_worker) {
        run.workers = 1;
    }
    run.chunk_bytes = options.chunk_bytes.unwrap_or(run.chunk_bytes);
    run.merge = options.merge;
    run.outer = options.outer;
    run.names = profile.has_labels();
    run.panic_at_step = options.panic_at_step;
    run
}

/// The class of each file: the user's, or the one in its name.
fn classes(files: &[CaptureFile], label: Option<&str>) -> Vec<Option<String>> {
    let of_name = |file: &CaptureFile| {
        let name = Path::new(&file.name).file_name()?.to_str()?.to_owned();
        class_from_file_name(&name).map(str::to_owned)
    };
    files.iter().map(|file| label.map(str::to_owned).or_else(|| of_name(file))).collect()
}

/// What a run and its watchers share; from here on the user can stop it.
fn stoppable() -> Arc<Progress> {
    let progress = Arc::new(Progress::default());
    interrupt::stops(&progress);
    progress
}

/// Runs the dataflow with a progress bar.
fn watched(
    joined: Joined,
    options: &RunOptions,
    writer: Option<Box<dyn RowWriter>>,
    progress: &Arc<Progress>,
) -> Result<Summary, RunError> {
    let bytes: Option<u64> = joined.files.iter().map(CaptureFile::bytes).sum();
    say_what_is_read(&joined, options);
    let bar = progress::show(progress, bytes);
    let summary = run_dataflow(joined, options, writer, progress);
    drop(bar);
    summary
}

/// Whether to say how long each stage took. Who types --timings wants it said even with --quiet.
fn wants_timings(options: &FlowOptions) -> bool {
    let is_wanted = options.timings && (!messages::is_quiet() || options.is_typed("timings"));
    is_wanted || messages::is_verbose()
}

/// For --verbose: the files in the order of the stream, and how flows are cut.
fn say_what_is_read(joined: &Joined, options: &RunOptions) {
    for file in &joined.files {
        let bytes = file.bytes().map_or_else(String::new, |bytes| format!(", {bytes} bytes"));
        let first = file
            .first_time()
            .map_or_else(|| "no packet".to_owned(), |time| format!("first packet {time}"));
        let name = messages::printable(&file.name);
        messages::verbose(format_args!("reads {name}{bytes}, {first}"));
    }
    let (profile, life) = (options.profile, &options.table.life);
    let seconds = |ns: i64| ns as f64 / 1e9;
    let active =
        life.active_ns.map_or_else(|| "none".to_owned(), |ns| format!("{} s", seconds(ns)));
    messages::verbose(format_args!(
        "profile {} version {}: idle time-out {} s, active time-out {active}",
        profile.name,
        profile.version,
        seconds(life.idle_ns),
    ));
}

/// Standard output as messages name it.
const STANDARD_OUTPUT: &str = "standard output";

/// How a command ends whose run could not finish, or whose result could not be written to `place`.
fn exit_of_error(error: &RunError, place: impl Display) -> Exit {
    match error {
        // The reader, `head` for one, has all it wanted.
        RunError::Write(cause) if cause.kind() == io::ErrorKind::BrokenPipe => Exit::Success,
        RunError::Write(cause) => {
            messages::cannot_write(place, cause);
            Exit::Failure
        }
        // It is told to whoever can do the work again.
        RunError::Plugin(failure) if supervise::child::say_failure(failure) => Exit::Failure,
        RunError::Plugin(failure) => {
            messages::error(format_args!(
                "{failure}; leave it out with --without-plugin {}",
                failure.id
            ));
            Exit::Failure
        }
        error => {
            messages::error(error);
            Exit::Failure
        }
    }
}

/// Prints a text to standard output.
///
/// # Errors
/// How the command ends now: nobody reads any more, or the text could not be written.
fn print(text: &str) -> Result<(), Exit> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|cause| exit_of_error(&RunError::Write(cause), STANDARD_OUTPUT))
}
