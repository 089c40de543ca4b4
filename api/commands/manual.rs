//! `tractor completions` and `tractor man`.

use super::{STANDARD_OUTPUT, exit_of_error, print};
use crate::cli::{CompletionsArguments, ManArguments};
use crate::{Exit, manual, messages};
use tractor_engine::dataflow::RunError;

pub fn completions(arguments: &CompletionsArguments) -> Exit {
    let script = manual::completions(arguments.shell);
    print(&String::from_utf8_lossy(&script)).err().unwrap_or(Exit::Success)
}

pub fn man(arguments: &ManArguments) -> Exit {
    if let Some(folder) = &arguments.folder {
        return match manual::pages(folder) {
            Ok(()) => Exit::Success,
            Err(cause) => {
                messages::cannot_write(folder.display(), &cause);
                Exit::Failure
            }
        };
    }
    match manual::page() {
        Ok(page) => print(&String::from_utf8_lossy(&page)).err().unwrap_or(Exit::Success),
        Err(cause) => exit_of_error(&RunError::Write(cause), STANDARD_OUTPUT),
    }
}
