//! `tractor flows`: the flows of captures, with their features.

use super::{
    STANDARD_OUTPUT, classes, engine_inputs, exit_of_error, follow, run_options, stoppable,
    together, wants_timings, watched,
};
use crate::cli::{FlowsArguments, Format};
use crate::output_file::OutputFile;
use crate::plugins;
use crate::supervise::{self, Job};
use crate::{Exit, interrupt, messages};
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use tractor_engine::capture::{CaptureFile, join};
use tractor_engine::classify::Plugins;
use tractor_engine::dataflow::{Rows, RunError, RunOptions};
use tractor_engine::output::{
    ArffWriter, CsvWriter, DiscardWriter, JsonLinesWriter, ParquetWriter, RowWriter, ZeekWriter,
};
use tractor_engine::profiles::{Layout, Profile};

pub fn run(arguments: &FlowsArguments) -> Exit {
    supervise::run(&Job::of_flows(arguments), || agree_and_write(arguments))
}

fn agree_and_write(arguments: &FlowsArguments) -> Exit {
    let agreed = together::agreed(arguments).and_then(|agreed| match agreed.format {
        Format::Parquet if is_terminal(&agreed.output) => {
            Err("parquet is not for terminals: name a file with -o".to_owned())
        }
        _ => Ok(agreed),
    });
    match agreed {
        Ok(agreed) if agreed.follow => follow::run(&agreed),
        Ok(agreed) => write_flows(&agreed),
        Err(why) => {
            messages::error(why);
            Exit::Usage
        }
    }
}

fn write_flows(arguments: &FlowsArguments) -> Exit {
    let progress = stoppable();
    // Before anything is read: when a plugin breaks here, the run can be repeated.
    let plugins = match plugins::load(&arguments.plugins) {
        Ok(plugins) => plugins,
        Err(exit) => return exit,
    };
    let joined = join(&engine_inputs(&arguments.inputs));
    if joined.files.is_empty() {
        messages::problems(&joined.problems);
        return match joined.problems.is_empty() {
            true => nothing_found(),
            false => Exit::Failure,
        };
    }
    if is_input(destination(arguments), names(&joined.files)) {
        let output = arguments.output.display();
        messages::error(format_args!(
            "{output} is one of the inputs, and cannot be the output too"
        ));
        return Exit::Usage;
    }
    let classes = classes(&joined.files, arguments.label.as_deref());
    let options = options_of(arguments, plugins, classes);
    let opened = OutputFile::create(destination(arguments)).and_then(|output| {
        let writer = writer(arguments, &options, output.writer()?, None)?;
        Ok((output, writer))
    });
    let (output, writer) = match opened {
        Ok(opened) => opened,
        Err(cause) => return cannot_write(arguments, &cause),
    };
    let summary = match watched(joined, &options, Some(writer), &progress) {
        Ok(summary) => summary,
        Err(error) => {
            if matches!(error, RunError::Plugin(_)) && supervise::child::orders().is_some() {
                output.leave();
            }
            return exit_of_error(&error, place(arguments));
        }
    };
    if interrupt::was_asked() {
        messages::line(format_args!("interrupted: {} is not written", arguments.output.display()));
        return Exit::Interrupted;
    }
    if let Err(cause) = output.finish() {
        return cannot_write(arguments, &cause);
    }
    plugins::say_messages(&options.plugins);
    messages::summary(&summary);
    if wants_timings(&arguments.options) {
        messages::timings(&summary);
    }
    plugins::say_counts(&options.plugins, &summary, wants_timings(&arguments.options));
    messages::exit_of_inputs(summary.files, &summary.problems)
}

/// How the run is done that the arguments ask for.
pub(super) fn options_of(
    arguments: &FlowsArguments,
    plugins: Arc<Plugins>,
    classes: Vec<Option<String>>,
) -> RunOptions {
    let mut options = run_options(&arguments.options);
    options.plugins = plugins;
    options.classes = classes;
    options.table.early_packets = arguments.splt.unwrap_or(0);
    match (arguments.of_sessions, arguments.window) {
        (false, window_ns) => {
            options.table.window_ns = window_ns;
            // Only rows of this profile tell the session.
            if options.profile.has_labels() {
                options.group_flows(Rows::Flows, false, None);
            }
        }
        (true, None) => {
            options.group_flows(Rows::Sessions, true, None);
        }
        (true, window_ns) => {
            options.group_flows(Rows::SessionWindows, false, window_ns);
        }
    }
    options.checksums = arguments.format == Format::Zeek;
    options
}

/// Whether the output, links followed, is a file that is read: it would be lost.
pub(super) fn is_input<'a>(output: &Path, inputs: impl IntoIterator<Item = &'a Path>) -> bool {
    let identity = |path: &Path| path.metadata().ok().map(|about| (about.dev(), about.ino()));
    // A device or a pipe may be both.
    let is_regular =
        output != Path::new("-") && output.metadata().is_ok_and(|about| about.is_file());
    is_regular && inputs.into_iter().any(|input| identity(input) == identity(output))
}

/// What [`is_input`] is asked about of captures.
pub(super) fn names(files: &[CaptureFile]) -> impl Iterator<Item = &Path> {
    files.iter().filter_map(CaptureFile::path)
}

/// Whether what is written to that output would be shown to a person.
fn is_terminal(output: &Path) -> bool {
    output == Path::new("-") && io::stdout().is_terminal()
}

/// Without a format nothing is written, so nothing may be touched.
pub(super) fn destination(arguments: &FlowsArguments) -> &Path {
    match arguments.format {
        Format::None => Path::new("-"),
        _ => &arguments.output,
    }
}

/// An empty folder is no error of anybody, but there is nothing to show either.
pub(super) fn nothing_found() -> Exit {
    messages::error("no capture was found in the inputs");
    Exit::Failure
}

/// The format that was asked for, behind which `to` is; `before`: what the writer saved whose rows are
/// there already.
pub(super) fn writer(
    arguments: &FlowsArguments,
    options: &RunOptions,
    to: Box<dyn Write + Send>,
    before: Option<&[u8]>,
) -> io::Result<Box<dyn RowWriter>> {
    let layout = layout(arguments, options.profile);
    let classes = classes_of_rows(options);
    Ok(match (arguments.format, before) {
        (Format::Csv, Some(_)) => Box::new(CsvWriter::going_on(layout, to)),
        (Format::Arff, Some(_)) => Box::new(ArffWriter::going_on(layout, to)),
        (Format::Zeek, Some(saved)) => Box::new(ZeekWriter::going_on(saved, to)),
        (Format::Csv, None) => Box::new(CsvWriter::new(layout, to)),
        (Format::Jsonl, _) => Box::new(JsonLinesWriter::new(layout, to)),
        (Format::Parquet, _) => Box::new(ParquetWriter::new(layout, to)?),
        (Format::Arff, None) => Box::new(ArffWriter::new(layout, classes, to)),
        (Format::Zeek, None) => Box::new(ZeekWriter::new(to)),
        (Format::None, _) => Box::new(DiscardWriter::new(layout)),
    })
}

/// Every class that a row may have: those given, and where none is given any label.
fn classes_of_rows(options: &RunOptions) -> impl Iterator<Item = &str> {
    let given = options.classes.iter().filter_map(|class| class.as_deref());
    let may_be_found = options.classes.iter().any(Option::is_none) && options.labels_flows();
    let labels = options.plugins.labels().iter().map(|(_, label)| label);
    let found = labels.filter(move |label| may_be_found && !label.is_traffic_class());
    given.chain(found.map(|label| label.name.as_str()))
}

/// The columns that were asked for.
fn layout(arguments: &FlowsArguments, profile: &'static Profile) -> Layout {
    match arguments.window {
        _ if arguments.of_sessions => Layout::of_sessions(profile, arguments.window.is_some()),
        Some(_) => Layout::of_windows(profile),
        None => Layout::of_flows(profile, arguments.with_id, arguments.splt.is_some()),
    }
}

pub(super) fn cannot_write(arguments: &FlowsArguments, cause: &io::Error) -> Exit {
    messages::cannot_write(place(arguments), cause);
    Exit::Failure
}

/// The output as messages name it.
pub(super) fn place(arguments: &FlowsArguments) -> std::path::Display<'_> {
    match arguments.output.as_path() == Path::new("-") {
        true => Path::new(STANDARD_OUTPUT).display(),
        false => arguments.output.display(),
    }
}
