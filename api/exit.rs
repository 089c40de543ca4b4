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
    /// What an application that was started ended with.
    Application(u8),
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Damaged => 3,
            // What a shell says of a process ended by the interrupt signal.
            Self::Interrupted => 130,
            Self::Application(code) => code,
        }
    }

    /// The exit of that code; a failure for codes that are not ours.
    pub(crate) fn of_code(code: u8) -> Self {
        let all = [Self::Success, Self::Usage, Self::Damaged, Self::Interrupted];
        all.into_iter().find(|exit| exit.code() == code).unwrap_or(Self::Failure)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
