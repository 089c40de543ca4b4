//! `tractor dataset build`: from captures whose class is known, or from tables, to one table.

use super::classes::{Labels, class, short_names};
use super::rows::Gathered;
use super::{refused, sha256, tables};
use crate::cli::BuildArguments;
use crate::commands::flows::{is_input, names, nothing_found};
use crate::commands::{
    engine_inputs, exit_of_error, run_options, say_what_is_read, stoppable, together, wants_timings,
};
use crate::messages::{counted, grouped};
use crate::output_file::OutputFile;
use crate::{Exit, interrupt, messages, progress};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tractor_engine::capture::{CaptureFile, Joined, join};
use tractor_engine::dataflow::{Progress, RunOptions, Summary, run as run_dataflow};
use tractor_learning::Table;
use tractor_learning::evaluate::one_capture;
use tractor_learning::file::{FlowLife, Input};
use tractor_learning::table::Format;

/// A capture that is taken.
struct Labelled {
    file: CaptureFile,
    path: PathBuf,
    /// Its name in the table.
    name: String,
    class: String,
}

pub fn run(arguments: &BuildArguments) -> Result<Exit, Exit> {
    let usage = |why: String| {
        messages::error(why);
        Exit::Usage
    };
    let format = agreed(arguments).map_err(usage)?;
    let progress = stoppable();
    if is_of_tables(arguments).map_err(usage)? {
        return of_tables(arguments, format);
    }
    let labels = match arguments.labels.as_deref().map(Labels::read).transpose() {
        Ok(labels) => labels.unwrap_or_default(),
        Err(why) => {
            messages::error(messages::in_words(&why));
            return Err(Exit::Failure);
        }
    };
    let joined = join(&engine_inputs(&arguments.inputs));
    messages::problems(&joined.problems);
    if joined.files.is_empty() {
        let exit = if joined.problems.is_empty() { nothing_found() } else { Exit::Failure };
        return Err(exit);
    }
    let inputs = names(&joined.files).chain(arguments.labels.as_deref());
    if is_input(&arguments.output, inputs) {
        let output = arguments.output.display();
        return Err(usage(format!("{output} is one of the inputs, and cannot be the output too")));
    }
    labels.warn_of_others(&joined.files);
    let files = joined.files.len();
    let captures = labelled(joined.files, &labels)?;
    let mut is_whole = joined.problems.is_empty() && captures.len() == files;
    let options = options_of(arguments);
    let output = create(arguments)?;
    let mut table = gather(arguments, captures, &options, &progress, &mut is_whole)?;
    table.flow_life = Some(flow_life(&options));
    write(arguments, &table, format, output)?;
    Ok(if is_whole { Exit::Success } else { Exit::Damaged })
}

/// Published tables, or parts: one table with a manifest.
fn of_tables(arguments: &BuildArguments, format: Format) -> Result<Exit, Exit> {
    let files = &arguments.inputs.inputs;
    if is_input(&arguments.output, files.iter().map(PathBuf::as_path)) {
        let output = arguments.output.display();
        messages::error(format_args!(
            "{output} is one of the inputs, and cannot be the output too"
        ));
        return Err(Exit::Usage);
    }
    let said = tables::said_of_building(arguments);
    let mut table = tables::read_table(files, &said)?;
    table.flow_life = said.life_of(&table).map_err(|why| {
        messages::error(why);
        Exit::Usage
    })?;
    table.inputs = tables::inputs(files, &table)?;
    write(arguments, &table, format, create(arguments)?)?;
    Ok(Exit::Success)
}

/// Whether the inputs are tables, by their names.
fn is_of_tables(arguments: &BuildArguments) -> Result<bool, String> {
    let inputs = &arguments.inputs.inputs;
    let is_table = |path: &&PathBuf| !path.is_dir() && Format::of(path).is_some();
    let Some(table) = inputs.iter().find(is_table) else { return Ok(false) };
    let table = table.display();
    if let Some(other) = inputs.iter().find(|path| !is_table(path)) {
        let other = other.display();
        return Err(format!("{table} is a table and {other} is none: build one of them first"));
    }
    match arguments.labels {
        Some(_) => Err(format!("--labels is of captures, and {table} is a table")),
        None => Ok(true),
    }
}

fn cannot_write(arguments: &BuildArguments, cause: &std::io::Error) -> Exit {
    messages::cannot_write(arguments.output.display(), cause);
    Exit::Failure
}

fn create(arguments: &BuildArguments) -> Result<OutputFile, Exit> {
    OutputFile::create(&arguments.output).map_err(|cause| cannot_write(arguments, &cause))
}

/// Writes the table, and tells what is in it.
fn write(
    arguments: &BuildArguments,
    table: &Table,
    format: Format,
    output: OutputFile,
) -> Result<(), Exit> {
    warn(table);
    let written = output.writer().and_then(|to| table.write(format, to));
    if interrupt::was_asked() {
        return Err(interrupted(arguments));
    }
    written.and_then(|()| output.finish()).map_err(|cause| cannot_write(arguments, &cause))?;
    let counts = table.classes.iter().zip(table.class_counts());
    let counts: Vec<String> =
        counts.map(|(class, rows)| format!("{class} {}", grouped(rows as u64))).collect();
    let rows = counted(table.rows() as u64, "row");
    messages::line(format_args!("{rows}: {}", messages::printable(counts.join(", "))));
    Ok(())
}

/// The format, when all flags go together.
fn agreed(arguments: &BuildArguments) -> Result<Format, String> {
    let (options, output) = (&arguments.options, arguments.output.display());
    let profile = options.profile;
    if arguments.inputs.inputs.iter().any(|input| input == Path::new("-")) {
        return Err("standard input has no name and cannot be read twice: name a file".to_owned());
    }
    // Of the configuration file these are dropped, as in `flows`.
    if profile.reading.is_copied() && options.is_typed("outer") {
        return Err(together::not_outer(profile.name));
    }
    if options.is_typed("merge") {
        return Err("captures of a data set are read each on its own, without --merge".to_owned());
    }
    if !profile.columns.has_windows() && options.is_typed("window") {
        return Err(format!("the profile {} has no rows of windows", profile.name));
    }
    let format = Format::of(&arguments.output);
    format.ok_or_else(|| format!("{output} names no format: let it end in .parquet, .csv or .arff"))
}

fn options_of(arguments: &BuildArguments) -> RunOptions {
    let profile = arguments.options.profile;
    let mut options = run_options(&arguments.options);
    options.merge = false;
    options.outer &= !profile.reading.is_copied();
    // Columns of numbers tell no names.
    options.names = false;
    options.table.window_ns = arguments.window.filter(|_| profile.columns.has_windows());
    options
}

fn flow_life(options: &RunOptions) -> FlowLife {
    let us = |ns: i64| u64::try_from(ns / 1_000).unwrap_or(0);
    let life = &options.table.life;
    FlowLife {
        idle_timeout_us: Some(us(life.idle_ns)),
        active_timeout_us: life.active_ns.map(us),
        window_us: options.table.window_ns.map(us),
    }
}

/// The captures whose class is known; of the others it is told.
fn labelled(files: Vec<CaptureFile>, labels: &Labels) -> Result<Vec<Labelled>, Exit> {
    let names = short_names(&files);
    let mut captures = Vec::new();
    for (file, name) in files.into_iter().zip(names) {
        let Some(path) = file.path().map(Path::to_owned) else {
            messages::warning(format_args!(
                "{}: it cannot be read twice, and is left out",
                file.name
            ));
            continue;
        };
        match class(&file, labels) {
            Some(class) => captures.push(Labelled { file, path, name, class }),
            None => {
                messages::warning(format_args!("{}: it has no class, and is left out", file.name))
            }
        }
    }
    if captures.is_empty() {
        messages::error(
            "no capture has a class: name them APP_dd-mm-yyyy-HH-MM.pcap, or say classes with --labels",
        );
        return Err(Exit::Failure);
    }
    Ok(captures)
}

/// Runs one capture after the other. `is_whole` is taken back when one of them is damaged.
fn gather(
    arguments: &BuildArguments,
    captures: Vec<Labelled>,
    options: &RunOptions,
    progress: &Arc<Progress>,
    is_whole: &mut bool,
) -> Result<Table, Exit> {
    let has_windows = options.table.window_ns.is_some();
    let gathered = Gathered::new(options.profile, has_windows).map_err(|error| refused(&error))?;
    let bytes = captures.iter().map(|capture| capture.file.bytes()).sum();
    let bar = progress::show(progress, bytes);
    let (mut inputs, mut packets, files) = (Vec::new(), 0, captures.len());
    for Labelled { file, path, name, class } in captures {
        messages::verbose(format_args!(
            "{} is {}",
            messages::printable(&name),
            messages::printable(&class)
        ));
        let writer = gathered.writer(&class, &name);
        let joined = Joined { files: vec![file], problems: Vec::new() };
        say_what_is_read(&joined, options);
        let summary = run_dataflow(joined, options, Some(writer), progress)
            .map_err(|error| exit_of_error(&error, arguments.output.display()))?;
        if summary.stopped || interrupt::was_asked() {
            drop(bar);
            return Err(interrupted(arguments));
        }
        say(arguments, &name, &summary);
        *is_whole &= summary.problems.is_empty();
        packets += summary.packets;
        let hash = sha256(&path).map_err(|cause| {
            let (path, cause) = (path.display(), cause.to_string());
            messages::error(format_args!("cannot read {path}: {}", messages::in_words(&cause)));
            Exit::Failure
        })?;
        inputs.push(Input { name, hash });
    }
    drop(bar);
    messages::line(format_args!(
        "{}, {}",
        counted(files as u64, "file"),
        counted(packets, "packet")
    ));
    let mut table = gathered.finish().map_err(|error| refused(&error))?;
    table.inputs = inputs;
    Ok(table)
}

/// What is to be said of one capture: everything with --verbose, else what is wrong with it.
fn say(arguments: &BuildArguments, name: &str, summary: &Summary) {
    match messages::is_verbose() {
        true => messages::summary(summary),
        false => {
            messages::problems(&summary.problems);
            // Its rows are of parts of flows.
            if let Some(evicted) = messages::evicted(summary) {
                messages::warning(format_args!("{name}: {evicted}"));
            }
        }
    }
    if wants_timings(&arguments.options) {
        messages::timings(summary);
    }
}

/// What to know before anything learns from the table.
fn warn(table: &Table) {
    for note in &table.notes {
        messages::line(format_args!("note: {note}"));
    }
    let warnings = table.warnings();
    for (rows, what) in [
        (warnings.duplicate_rows, "same as another of its class"),
        (warnings.conflicting_rows, "also there under another class"),
    ] {
        if rows > 0 {
            let of = grouped(table.rows() as u64);
            messages::warning(format_args!("{} of {of}: {what}", counted(rows as u64, "row")));
        }
    }
    let of_one = table.classes_of_one_capture();
    if !of_one.is_empty() {
        messages::warning(one_capture(&of_one));
    }
}

fn interrupted(arguments: &BuildArguments) -> Exit {
    messages::line(format_args!("interrupted: {} is not written", arguments.output.display()));
    Exit::Interrupted
}
