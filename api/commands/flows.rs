//! `tractor flows`: the flows of captures, with their features.

use super::{
    STANDARD_OUTPUT, classes, engine_inputs, exit_of_error, profile_named, run_options, stoppable,
    watched,
};
use crate::cli::{FlowsArguments, Format};
use crate::output_file::OutputFile;
use crate::{Exit, interrupt, messages};
use std::io;
use std::path::Path;
use tractor_engine::capture::join;
use tractor_engine::output::{CsvWriter, DiscardWriter, RowWriter};
use tractor_engine::profiles::Profile;

pub fn run(arguments: &FlowsArguments) -> Exit {
    let profile = match profile_named(&arguments.options.profile) {
        Ok(profile) => profile,
        Err(exit) => return exit,
    };
    let progress = stoppable();
    let joined = join(&engine_inputs(&arguments.inputs));
    if joined.files.is_empty() {
        messages::problems(&joined.problems);
        return match joined.problems.is_empty() {
            true => nothing_found(),
            false => Exit::Failure,
        };
    }
    let mut options = run_options(&arguments.options, profile);
    options.classes = classes(&joined.files, arguments.label.as_deref());
    let opened = OutputFile::create(destination(arguments))
        .and_then(|output| writer(arguments, profile, &output).map(|writer| (output, writer)));
    let (output, writer) = match opened {
        Ok(opened) => opened,
        Err(cause) => return cannot_write(arguments, &cause),
    };
    let summary = match watched(joined, &options, Some(writer), &progress) {
        Ok(summary) => summary,
        Err(error) => return exit_of_error(&error, place(arguments)),
    };
    if interrupt::was_asked() {
        messages::line(format_args!("interrupted: {} is not written", arguments.output.display()));
        return Exit::Interrupted;
    }
    if let Err(cause) = output.finish() {
        return cannot_write(arguments, &cause);
    }
    messages::summary(&summary);
    if arguments.options.timings || messages::is_verbose() {
        messages::timings(&summary);
    }
    messages::exit_of_inputs(summary.files, &summary.problems)
}

/// Without a format nothing is written, so nothing may be touched.
fn destination(arguments: &FlowsArguments) -> &Path {
    match arguments.format {
        Format::Csv => &arguments.output,
        Format::None => Path::new("-"),
    }
}

/// An empty folder is no error of anybody, but there is nothing to show either.
pub(super) fn nothing_found() -> Exit {
    messages::error("no capture was found in the inputs");
    Exit::Failure
}

fn writer(
    arguments: &FlowsArguments,
    profile: &'static Profile,
    output: &OutputFile,
) -> io::Result<Box<dyn RowWriter>> {
    Ok(match arguments.format {
        Format::Csv => Box::new(CsvWriter::new(profile, arguments.with_id, output.writer()?)),
        Format::None => Box::new(DiscardWriter::new(profile)),
    })
}

fn cannot_write(arguments: &FlowsArguments, cause: &io::Error) -> Exit {
    messages::cannot_write(place(arguments), cause);
    Exit::Failure
}

/// The output as messages name it.
fn place(arguments: &FlowsArguments) -> std::path::Display<'_> {
    match arguments.output.as_path() == Path::new("-") {
        true => Path::new(STANDARD_OUTPUT).display(),
        false => arguments.output.display(),
    }
}
