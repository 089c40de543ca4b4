//! `tractor train`: from tables of labelled flows to a model, and to how good such models are.

mod shape;

use super::dataset::{are_tables, refused, tables};
use super::flows::is_input;
use super::{print, stoppable};
use crate::cli::{SplitName, TrainArguments};
use crate::output_file::OutputFile;
use crate::progress::LineBar;
use crate::{Exit, interrupt, messages};
use serde_json::json;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use tractor_engine::time::Timestamp;
use tractor_learning::evaluate::{Report, Split, read_folds};
use tractor_learning::file::{LABEL_SHAPE, is_label};
use tractor_learning::{Options, Table, threads, train_telling};

pub fn run(arguments: &TrainArguments) -> Exit {
    learn(arguments).unwrap_or_else(|exit| exit)
}

fn learn(arguments: &TrainArguments) -> Result<Exit, Exit> {
    let usage = |why: String| {
        messages::error(why);
        Exit::Usage
    };
    // What was typed is looked at before anything is read.
    let parameters = shape::parameters(arguments).map_err(usage)?;
    let said = tables::said(arguments).map_err(usage)?;
    are_tables(&arguments.data)?;
    are_apart(arguments).map_err(usage)?;
    if !is_label(&arguments.group) {
        return Err(usage(format!("--group {:?} is no label: {LABEL_SHAPE}", arguments.group)));
    }
    if arguments.output == Path::new("-") {
        return Err(usage("a model is not for standard output: name a file with -o".to_owned()));
    }
    let _progress = stoppable();
    let table = tables::read_table(&arguments.data, &said)?;
    tables::warn_of_what_is_of_no_use(&table);
    let options = Options {
        parameters,
        seed: arguments.seed,
        threads: arguments.threads.map_or_else(threads::available, |threads| threads as usize),
        folds: arguments.cv,
        split: arguments.split.map(split),
        given_folds: given_folds(arguments, &table)?,
        label_group: arguments.group.clone(),
        flow_life: said.life_of(&table).map_err(usage)?,
        inputs: tables::inputs(&arguments.data, &table)?,
        date: date().map_err(usage)?,
    };
    // Whether files can be written is told before hours of work, not behind.
    let mut outputs = Vec::new();
    for path in arguments.report.iter().chain([&arguments.output]) {
        let output = OutputFile::create(path).map_err(|cause| cannot_write(path, &cause))?;
        outputs.push((path, output));
    }
    let bar = LineBar::show();
    let mut tell = |split: Split, tested: usize, of: usize| {
        let text = format!("split {}: fold {} of {of}", split.name(), tested + 1);
        messages::verbose(format_args!("{text}"));
        if let Some(bar) = &bar {
            bar.set(text);
        }
    };
    let trained = train_telling(&table, &options, &mut tell).map_err(|error| refused(&error))?;
    drop(bar);
    let model = trained.file.to_bytes().map_err(|error| refused(&error))?;
    let page = arguments.report.is_some().then(|| trained.report.html());
    let contents = page.iter().map(String::as_bytes).chain([model.as_slice()]);
    for ((path, output), content) in outputs.iter().zip(contents) {
        let written = output.writer().and_then(|mut to| to.write_all(content));
        written.map_err(|cause| cannot_write(path, &cause))?;
    }
    if interrupt::was_asked() {
        let output = arguments.output.display();
        messages::line(format_args!("interrupted: {output} is not written"));
        return Err(Exit::Interrupted);
    }
    for (path, output) in outputs {
        output.finish().map_err(|cause| cannot_write(path, &cause))?;
    }
    show(arguments, &trained.report)?;
    Ok(Exit::Success)
}

/// What is written must not be what is read, nor a model its report.
fn are_apart(arguments: &TrainArguments) -> Result<(), String> {
    let inputs = || arguments.data.iter().chain(&arguments.folds).map(PathBuf::as_path);
    let outputs = || arguments.report.iter().chain([&arguments.output]);
    if let Some(output) = outputs().find(|output| is_input(output, inputs())) {
        let output = output.display();
        return Err(format!("{output} is one of the inputs, and cannot be the output too"));
    }
    match arguments.report.as_ref() == Some(&arguments.output) {
        true => Err(format!("{} cannot be model and report", arguments.output.display())),
        false => Ok(()),
    }
}

fn show(arguments: &TrainArguments, report: &Report) -> Result<(), Exit> {
    match arguments.json {
        true => print(&format!("{:#}\n", json!(report))),
        false => print(&report.text()),
    }
}

fn split(name: SplitName) -> Split {
    match name {
        SplitName::Random => Split::Random,
        SplitName::Block => Split::Block,
        SplitName::Capture => Split::Capture,
    }
}

fn given_folds(arguments: &TrainArguments, table: &Table) -> Result<Vec<u16>, Exit> {
    let (Some(file), Some(column)) = (&arguments.folds, &arguments.folds_column) else {
        return Ok(Vec::new());
    };
    read_folds(file, column, table.rows()).map_err(|error| refused(&error))
}

/// Now, or what the environment says for it (reproducible-builds.org/specs/source-date-epoch).
fn date() -> Result<String, String> {
    let seconds = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text.parse().map_err(|_| {
            format!("SOURCE_DATE_EPOCH is {text:?}, which is no number of seconds since 1970")
        })?,
        Err(_) => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
    };
    let mut text = Vec::new();
    Timestamp::from_parts(i64::try_from(seconds).unwrap_or(i64::MAX), 0).write_rfc3339(&mut text);
    // Finer than a second nobody asks.
    Ok(String::from_utf8_lossy(&text).replace(".000000000", ""))
}

fn cannot_write(path: &Path, cause: &io::Error) -> Exit {
    messages::cannot_write(path.display(), cause);
    Exit::Failure
}
