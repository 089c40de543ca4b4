//! What the server was told, as far as its jobs are concerned.

use crate::cli::{Process, ServeArguments};
use crate::serve::limits::{FINDING_MS_MAX, JOB_MEMORY_BYTES_MIN, STANDSTILL_MAX};
use crate::supervise::allocates_as_needed;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tractor_engine::classify::Refusal;

/// How jobs are begun.
#[derive(Clone)]
pub struct Settings {
    pub captures: PathBuf,
    pub data: PathBuf,
    pub process: Process,
    pub jobs: usize,
    pub default_profile: &'static str,
    /// Of the windows of jobs whose profile has windows.
    pub window_ns: Option<i64>,
    pub geoip: Vec<PathBuf>,
    pub keep_jobs: Option<usize>,
    pub keep_days: Option<u32>,
    pub finding_ms_max: u64,
    /// Flags of every job.
    arguments: ServeArguments,
}

impl Settings {
    pub fn new(arguments: &ServeArguments) -> Self {
        Self {
            captures: arguments.captures.clone(),
            data: arguments.data.clone(),
            process: arguments.process,
            jobs: arguments.jobs as usize,
            default_profile: arguments.options.profile.name,
            window_ns: arguments.window,
            geoip: arguments.geoip.clone(),
            keep_jobs: arguments.keep_jobs.map(|jobs| usize::try_from(jobs).unwrap_or(usize::MAX)),
            keep_days: arguments.keep_days.map(|days| u32::try_from(days).unwrap_or(u32::MAX)),
            finding_ms_max: arguments.finding_ms.unwrap_or(FINDING_MS_MAX),
            arguments: arguments.clone(),
        }
    }

    /// The bounds of a job. Those that run at once share the memory.
    pub fn limits(&self) -> crate::supervise::Limits {
        let options = &self.arguments.options;
        let mut limits =
            crate::supervise::limits(options.plugin_deadline_ms, options.plugin_memory);
        if options.plugin_memory.is_none() {
            limits.memory_bytes /= self.arguments.jobs;
        }
        limits
    }

    /// # Errors
    /// A sentence, when jobs would have too little memory to begin.
    pub fn leaves_memory_to_jobs(&self) -> Result<(), String> {
        let share = self.limits().memory_bytes;
        if share >= JOB_MEMORY_BYTES_MIN {
            return Ok(());
        }
        let (jobs, mib) = (self.jobs, |bytes: u64| bytes >> 20);
        Err(format!(
            "--jobs {jobs} leaves {} MiB of memory to each job, which needs {} MiB",
            mib(share),
            mib(JOB_MEMORY_BYTES_MIN)
        ))
    }

    /// Whether somebody typed what was refused, and most likely slipped.
    pub fn asked_for(&self, refusal: &Refusal) -> bool {
        self.arguments.plugins.asked_for(refusal)
    }

    /// How long a job may make no progress.
    pub fn standstill_max(&self) -> Duration {
        self.arguments.standstill_ms.map_or(STANDSTILL_MAX, Duration::from_millis)
    }

    /// The child that does a job.
    pub fn job(&self, folder: &Path, profile: &str) -> std::io::Result<Command> {
        let mut command = program(&["worker", "job"])?;
        command.arg("--job").arg(folder).arg("--captures").arg(&self.captures);
        command.arg("--profile").arg(profile).args(self.arguments.options.words());
        command.args(self.arguments.following.words());
        command.args(self.arguments.keep.map(|ns| format!("--keep={ns}ns")));
        command.args(pairs("--geoip", &self.geoip)).args(self.arguments.plugins.words(&[]));
        Ok(command)
    }

    /// The child that looks for the begin and the end of captures.
    pub fn index(&self) -> std::io::Result<Command> {
        let mut command = program(&["worker", "index"])?;
        command.arg("--captures").arg(&self.captures);
        Ok(command)
    }

    /// The child that says which plugins there are.
    pub fn plugins(&self) -> std::io::Result<Command> {
        let mut command = program(&["plugins", "--json"])?;
        command.args(self.arguments.plugins.words(&[]));
        Ok(command)
    }
}

fn program(words: &[&str]) -> std::io::Result<Command> {
    // This program, also when another version has taken its name.
    let mut command = Command::new("/proc/self/exe");
    command.arg("--no-config").args(words);
    allocates_as_needed(&mut command);
    Ok(command)
}

fn pairs(flag: &str, values: &[PathBuf]) -> Vec<OsString> {
    values.iter().flat_map(|value| [OsString::from(flag), value.clone().into()]).collect()
}
