//! `tractor worker`: the pieces of the server's work that are done in children.

mod index;
mod job;
mod pipe;
mod questions;
mod sink;
mod stream;

use crate::Exit;
use crate::cli::{Work, WorkerArguments};

pub fn run(arguments: &WorkerArguments) -> Exit {
    match &arguments.work {
        Work::Job(arguments) => job::run(arguments),
        Work::Index(arguments) => index::run(arguments),
    }
}
