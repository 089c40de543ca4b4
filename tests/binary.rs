//! Runs the built program as a user would.

use std::path::PathBuf;
use std::process::Command;

use crate::oracle::{Options, Profile, SECOND};

/// How much of the machine a run gets; no result may depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Means {
    pub workers: usize,
    /// None: as the program chooses.
    pub chunk_bytes: Option<usize>,
}

pub struct Printed {
    pub output: String,
    pub messages: String,
    pub success: bool,
    /// To be pasted into a shell.
    pub command: String,
}

/// `tractor flows` on these files, as CSV.
pub fn flows(files: &[PathBuf], options: &Options, means: Means) -> Printed {
    flows_as("csv", files, options, means)
}

/// `tractor flows` on these files, in a format.
pub fn flows_as(format: &str, files: &[PathBuf], options: &Options, means: Means) -> Printed {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tractor"));
    command.arg("flows").args(files).args(["-o", "-", "--format", format]);
    command.args(["--profile", options.profile.name()]);
    command.args(["--workers", &means.workers.to_string()]);
    if let Some(chunk_bytes) = means.chunk_bytes {
        command.args(["--chunk-bytes", &chunk_bytes.to_string()]);
    }
    command.args(option_arguments(options));
    let output = command.output().expect("the program starts");
    Printed {
        output: String::from_utf8_lossy(&output.stdout).into_owned(),
        messages: String::from_utf8_lossy(&output.stderr).into_owned(),
        success: output.status.success(),
        command: format!("{command:?}"),
    }
}

/// What differs from the program's own choice.
fn option_arguments(options: &Options) -> Vec<String> {
    let usual = Options::of(options.profile);
    let mut arguments = Vec::new();
    let mut add = |name: &str, value: String| arguments.extend([name.to_string(), value]);
    if options.idle != usual.idle {
        add("--idle-timeout", duration(options.idle));
    }
    if let Some(active) = options.active.filter(|_| options.active != usual.active) {
        add("--active-timeout", duration(active));
    }
    if options.activity_gap != usual.activity_gap {
        add("--activity-gap", duration(options.activity_gap));
    }
    if options.flows_max != usual.flows_max {
        add("--max-flows", options.flows_max.to_string());
    }
    if let Some(label) = &options.label {
        add("--label", label.clone());
    }
    arguments
}

fn duration(nanoseconds: i128) -> String {
    if nanoseconds % SECOND == 0 {
        format!("{}s", nanoseconds / SECOND)
    } else {
        format!("{}ms", nanoseconds / 1_000_000)
    }
}

/// Number of cases of a test that can run as long as one likes: TRACTOR_CASES, or what suits every day.
pub fn cases(usual: u64) -> u64 {
    std::env::var("TRACTOR_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(usual)
}

/// For options that the data set's profiles must not be without.
pub fn all_profiles() -> impl Iterator<Item = Options> {
    Profile::ALL.into_iter().map(Options::of)
}
