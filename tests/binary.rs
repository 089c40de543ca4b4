//! Runs the built program as a user would.

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::cli::run::in_place;
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
    run("flows", format, files, options, means)
}

/// `tractor sessions` on these files, as CSV.
pub fn sessions(files: &[PathBuf], options: &Options, means: Means) -> Printed {
    run("sessions", "csv", files, options, means)
}

fn run(what: &str, format: &str, files: &[PathBuf], options: &Options, means: Means) -> Printed {
    let mut command = in_place();
    command.arg(what).args(files).args(["-o", "-", "--format", format]);
    // The oracle knows no labels.
    command.arg("--no-plugins");
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
pub fn option_arguments(options: &Options) -> Vec<String> {
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
    if options.early_packets > 0 {
        arguments.extend(["--splt".into(), options.early_packets.to_string()]);
    }
    if let Some(window) = options.window {
        arguments.extend(["--window".into(), duration(window)]);
    }
    if options.outer {
        arguments.push("--outer".into());
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

/// Those of the oracle's profiles that the program has.
pub fn profiles() -> &'static [Profile] {
    static PROFILES: OnceLock<Vec<Profile>> = OnceLock::new();
    PROFILES.get_or_init(|| {
        let mut command = in_place();
        let listed = command.arg("profiles").output().expect("the program starts").stdout;
        let listed = String::from_utf8_lossy(&listed).into_owned();
        // A line of each begins with its name; others are indented.
        let names = listed.lines().filter_map(|line| line.split(' ').next());
        let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
        assert!(!names.is_empty(), "{listed}");
        Profile::ALL.into_iter().filter(|profile| names.contains(&profile.name())).collect()
    })
}

/// As the program is without options.
pub fn all_profiles() -> impl Iterator<Item = Options> {
    profiles().iter().copied().map(Options::of)
}
