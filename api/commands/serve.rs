//! `tractor serve`: captures processed in the background, results served while jobs run.

use crate::cli::ServeArguments;
use crate::{Exit, messages};

pub fn run(_arguments: &ServeArguments) -> Exit {
    messages::error("the server is not built yet");
    Exit::Failure
}
