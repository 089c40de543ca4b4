//! Runs that survive their plugins. When plugins are asked for that do not come with the program, a
//! command does its work in a child, the same program with the same arguments. A plugin that
//! crashes, exits, hangs or eats memory then ends the child alone, and the work is done again
//! without that plugin.
//!
//! What parent and child share is two files without a name: in the *ledger* the child notes which
//! plugin it is inside (`classify::calls`), in the *words* how it ended, as its last deed.

mod attempt;
mod blame;
pub mod child;
mod memory;
mod orders;
mod repetition;

use crate::cli::{FlowOptions, FlowsArguments, Format, StatsArguments};
use crate::plugins::PluginArguments;
use crate::{Exit, interrupt, messages};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tractor_engine::classify::calls::{CALL_S_MAX, MEMORY_SHARE};

pub use attempt::{
    Attempt, Group, How, Limits, Watched, Wish, allocates_as_needed, nameless, wait_with_group,
    watched, watched_command,
};
pub use blame::{Blame, Culprit, blame, deed, one_of, was_killed};
pub use orders::Orders;

/// A command as far as whoever supervises it has to know it.
pub struct Job<'a> {
    plugins: &'a PluginArguments,
    inputs: &'a [PathBuf],
    /// None: nothing is written before the work is done.
    output: Option<&'a Path>,
    /// Whether a part of the output is of use: it has a row a line.
    has_lines: bool,
    /// The input goes on for ever.
    is_followed: bool,
    limits: Limits,
}

impl<'a> Job<'a> {
    pub fn of_flows(arguments: &'a FlowsArguments) -> Self {
        let FlowsArguments { plugins, inputs, options, output, format, .. } = arguments;
        let output = (*format != Format::None).then_some(output.as_path());
        let has_lines = *format != Format::Parquet;
        let (inputs, is_followed) = (&inputs.inputs, arguments.follow);
        let mut limits = limits_of(options);
        if is_followed {
            limits.stopping_max = FOLLOWED_STOPPING_MAX;
        }
        Self { plugins, inputs, output, has_lines, is_followed, limits }
    }

    pub fn of_stats(arguments: &'a StatsArguments) -> Self {
        let StatsArguments { plugins, inputs, options, .. } = arguments;
        let (inputs, limits) = (&inputs.inputs, limits_of(options));
        Self { plugins, inputs, output: None, has_lines: false, is_followed: false, limits }
    }

    /// Of a command that only loads plugins.
    pub fn of_list(plugins: &'a PluginArguments) -> Self {
        let limits = limits(None, None);
        Self { plugins, inputs: &[], output: None, has_lines: false, is_followed: false, limits }
    }

    /// What keeps the work from being done again, in words.
    fn once_only(&self) -> Option<String> {
        if self.is_followed {
            return Some("a followed folder is not read again".to_owned());
        }
        let is_stream = |path: &Path| {
            let about = path.metadata().ok().map(|about| about.file_type());
            path == Path::new("-")
                || about.is_some_and(|kind| !kind.is_file() && !kind.is_dir() && !is_null(path))
        };
        if let Some(input) = self.inputs.iter().find(|path| is_stream(path)) {
            return Some(format!("{} cannot be read again", named(input, "standard input")));
        }
        let output = self.output.filter(|path| is_stream(path))?;
        Some(format!("what went to {} cannot be taken back", named(output, "standard output")))
    }
}

/// A device that forgets what it is given may be given it twice.
fn is_null(path: &Path) -> bool {
    let is_device = path.metadata().is_ok_and(|about| about.file_type().is_char_device());
    is_device && path == Path::new("/dev/null")
}

fn named(path: &Path, stream: &str) -> String {
    if path == Path::new("-") { stream.to_owned() } else { path.display().to_string() }
}

/// Does the work of a command: in a child where plugins may end it, otherwise here.
pub fn run(job: &Job<'_>, work: impl FnOnce() -> Exit) -> Exit {
    if let Some(orders) = child::orders() {
        return child::work(orders, work);
    }
    if !job.plugins.names_foreign() {
        return work();
    }
    interrupt::counts();
    match repetition::until_no_plugin_ends_it(job) {
        Ok(exit) => exit,
        Err(cause) => {
            messages::error(format_args!("cannot supervise plugins: {cause}"));
            Exit::Failure
        }
    }
}

fn limits_of(options: &FlowOptions) -> Limits {
    limits(options.plugin_deadline_ms, options.plugin_memory)
}

/// How long a child has to end after it was asked to stop; and one that has all open flows to write.
const STOPPING_MAX: Duration = Duration::from_secs(3);
const FOLLOWED_STOPPING_MAX: Duration = Duration::from_secs(600);

/// The bounds of a child.
pub fn limits(deadline_ms: Option<u64>, memory_bytes: Option<u64>) -> Limits {
    let (share, of) = MEMORY_SHARE;
    let bytes = memory::available_bytes() / of * share;
    let call_max = deadline_ms.map(Duration::from_millis);
    Limits {
        call_max: call_max.unwrap_or(Duration::from_secs(CALL_S_MAX)),
        memory_bytes: memory_bytes.unwrap_or(bytes),
        stopping_max: STOPPING_MAX,
    }
}
