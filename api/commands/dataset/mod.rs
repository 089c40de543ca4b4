//! `tractor dataset`: tables of labelled flows.

mod build;
mod classes;
mod describe;
mod hash;
mod rows;

pub use hash::sha256;

use crate::cli::{DatasetAction, DatasetArguments};
use crate::{Exit, messages};
use tractor_learning::LearningError;

pub fn run(arguments: &DatasetArguments) -> Exit {
    let done = match &arguments.action {
        DatasetAction::Build(arguments) => build::run(arguments),
        DatasetAction::Describe(arguments) => describe::run(arguments),
    };
    done.unwrap_or_else(|exit| exit)
}

/// Tells what is wrong with data, and how the command ends.
pub fn refused(error: &LearningError) -> Exit {
    messages::error(messages::in_words(&error.to_string()));
    match error {
        LearningError::Parameter(_) => Exit::Usage,
        _ => Exit::Failure,
    }
}
