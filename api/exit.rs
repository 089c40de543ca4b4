//! How a command ends.

use std::process::ExitCode;

/// Exit codes, as `tractor --help` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Success,
    /// Nothing could be read, or the result could not be written.
    Failure,
    /// The arguments make no sense together.
    Usage,
    /// Finished, but some input could not be read to its end.
    Damaged,
    /// Stopped by the user.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Success => 0,
            Exit::Failure => 1,
            Exit::Usage => 2,
            Exit::Damaged => 3,
            // What a shell says of a process ended by the interrupt signal.
            Exit::Interrupted => 130,
        })
    }
}
