//! `tractor dataset`: tables of labelled flows.

mod build;
mod classes;
mod describe;
mod hash;
mod rows;
pub mod tables;

pub use hash::sha256;

use crate::cli::{DatasetAction, DatasetArguments};
use crate::{Exit, messages};
use std::path::{Path, PathBuf};
use tractor_learning::LearningError;

pub fn run(arguments: &DatasetArguments) -> Exit {
    let done = match &arguments.action {
        DatasetAction::Build(arguments) => build::run(arguments),
        DatasetAction::Describe(arguments) => describe::run(arguments),
    };
    done.unwrap_or_else(|exit| exit)
}

/// Whether the data are tables, by their names; else it is told what makes tables of them.
pub fn are_tables(data: &[PathBuf]) -> Result<(), Exit> {
    let what = |path: &Path| match path.extension().and_then(|ending| ending.to_str()) {
        _ if path.is_dir() => Some("a folder"),
        Some("pcap" | "pcapng" | "cap") => Some("a capture"),
        _ => None,
    };
    match data.iter().find_map(|path| Some((path.display(), what(path)?))) {
        None => Ok(()),
        Some((path, what)) => {
            messages::error(format_args!(
                "{path} is {what} and no table: tractor dataset build makes tables of captures"
            ));
            Err(Exit::Usage)
        }
    }
}

/// Tells what is wrong with data, and how the command ends.
pub fn refused(error: &LearningError) -> Exit {
    messages::error(messages::in_words(&error.to_string()));
    match error {
        LearningError::Parameter(_) => Exit::Usage,
        _ => Exit::Failure,
    }
}
