//! What is not loaded, and what fails later.

use std::fmt;
use std::path::PathBuf;

/// A library, a classifier of one, or a folder that is not loaded. Displays as one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub path: PathBuf,
    /// Where it is known.
    pub id: Option<String>,
    /// The sentence after the names.
    pub why: String,
    pub fault: Fault,
}

/// What is wrong with a plugin that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is nothing to read.
    Unreadable,
    /// It cannot do what its options say.
    Options,
    /// The library itself.
    Library,
}

impl Fault {
    pub const ALL: [Self; 3] = [Self::Unreadable, Self::Options, Self::Library];

    pub fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Options => "options",
            Self::Library => "library",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.id {
            Some(id) => write!(out, "plugin {id} of {path} is not loaded: {}", self.why),
            None => write!(out, "plugin {path} is not loaded: {}", self.why),
        }
    }
}

/// A classifier that is not there, and nothing is wrong with that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// None: the whole file.
    pub id: Option<String>,
    pub path: PathBuf,
    pub reason: Reason,
}

/// Why a classifier is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The run is to do without it.
    LeftOut,
    /// It does nothing without options.
    NotConfigured,
}

/// A plugin that broke: the job is to be run again without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginFailure {
    pub id: String,
    pub path: PathBuf,
    /// The sentence after the names.
    pub what: String,
}

impl fmt::Display for PluginFailure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "plugin {} of {} {}", self.id, self.path.display(), self.what)
    }
}

impl std::error::Error for PluginFailure {}
