//! `tractor worker`: the pieces of the server's work that are done in children.

use crate::cli::WorkerArguments;
use crate::{Exit, messages};

pub fn run(_arguments: &WorkerArguments) -> Exit {
    messages::error("the server is not built yet");
    Exit::Failure
}
