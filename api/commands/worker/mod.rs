//! `tractor worker`: the pieces of other commands' work that are done in children.

mod index;
mod job;
mod pipe;
mod questions;
mod sink;
mod stream;

use crate::Exit;
use crate::cli::{Work, WorkerArguments};
use tractor_engine::capture::namespace::{Inside, run_application};

pub fn run(arguments: &WorkerArguments) -> Exit {
    match &arguments.work {
        Work::Job(arguments) => job::run(arguments),
        Work::Index(arguments) => index::run(arguments),
        Work::Application(arguments) => Exit::Application(run_application(&Inside {
            lifeline: arguments.lifeline,
            name_servers: arguments.name_servers.clone(),
            application: arguments.application.clone(),
        })),
    }
}
