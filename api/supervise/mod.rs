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
mod orders;

use crate::cli::{FlowOptions, FlowsArguments, Format, StatsArguments};
use crate::plugins::PluginArguments;
use crate::{Exit, interrupt, messages, output_file};
use attempt::{Attempt, Limits};
use blame::{Blame, Culprit};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tractor_engine::classify::calls::{CALL_S_MAX, MEMORY_SHARE};

pub use attempt::{How, Watched, nameless, watched};
pub use blame::deed;
pub use orders::Orders;

/// A command as far as whoever supervises it has to know it.
pub struct Job<'a> {
    plugins: &'a PluginArguments,
    inputs: &'a [PathBuf],
    /// None: nothing is written before the work is done.
    output: Option<&'a Path>,
    /// Whether a part of the output is of use: it has a row a line.
    has_lines: bool,
    limits: Limits,
}

impl<'a> Job<'a> {
    pub fn of_flows(arguments: &'a FlowsArguments) -> Self {
        let FlowsArguments { plugins, inputs, options, output, format, .. } = arguments;
        let output = (*format != Format::None).then_some(output.as_path());
        let has_lines = *format != Format::Parquet;
        Self { plugins, inputs: &inputs.inputs, output, has_lines, limits: limits_of(options) }
    }

    pub fn of_stats(arguments: &'a StatsArguments) -> Self {
        let StatsArguments { plugins, inputs, options, .. } = arguments;
        let (inputs, limits) = (&inputs.inputs, limits_of(options));
        Self { plugins, inputs, output: None, has_lines: false, limits }
    }

    /// Of a command that only loads plugins.
    pub fn of_list(plugins: &'a PluginArguments) -> Self {
        Self { plugins, inputs: &[], output: None, has_lines: false, limits: limits(None, None) }
    }

    /// What keeps the work from being done again, in words.
    fn once_only(&self) -> Option<String> {
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
    match supervise(job) {
        Ok(exit) => exit,
        Err(cause) => {
            messages::error(format_args!("cannot supervise plugins: {cause}"));
            Exit::Failure
        }
    }
}

/// Does the work again and again until no plugin ends it.
fn supervise(job: &Job<'_>) -> std::io::Result<Exit> {
    let limits = job.limits;
    let (mut without, mut one_worker, mut is_repeated) = (Vec::new(), false, false);
    loop {
        let orders =
            Orders { is_repeated, ..Orders::new(&without, one_worker, limits.memory_bytes) };
        let Attempt { how, inside } = attempt::run(&orders, &limits)?;
        if let How::Told(exit) = how {
            return Ok(exit);
        }
        let unfinished = Unfinished { job, token: &orders.token };
        let culprit = match blame::blame(how, inside) {
            Blame::Nobody(what) => {
                unfinished.remove();
                return Ok(internal_error(&what));
            }
            Blame::Interrupted => {
                unfinished.remove();
                return Ok(Exit::Interrupted);
            }
            Blame::OneOf(culprits) if !one_worker && job.once_only().is_none() => {
                unfinished.remove();
                messages::warning(format_args!(
                    "{}; the run is repeated with one worker, to see which",
                    blame::one_of(&culprits)
                ));
                (one_worker, is_repeated) = (true, true);
                continue;
            }
            Blame::OneOf(culprits) => Culprit {
                sentence: blame::one_of(&culprits),
                ..culprits.into_iter().next().unwrap_or_default()
            },
            Blame::One(culprit) => culprit,
        };
        if let Some(why) = job.once_only().filter(|_| !culprit.was_loading) {
            return Ok(unfinished.give_up(&culprit, &why));
        }
        unfinished.remove();
        if without.contains(&culprit.name) {
            return Ok(internal_error(&format!("{}, and cannot be left out", culprit.sentence)));
        }
        if job.plugins.strict_plugins {
            messages::error(&culprit.sentence);
            return Ok(Exit::Failure);
        }
        messages::warning(format_args!("{}; the run is repeated without it", culprit.sentence));
        without.push(culprit.name);
        is_repeated |= !culprit.was_loading;
        one_worker = false;
    }
}

fn internal_error(what: &str) -> Exit {
    messages::error(format_args!("internal error: {what}; please report this"));
    Exit::Failure
}

fn limits_of(options: &FlowOptions) -> Limits {
    limits(options.plugin_deadline_ms, options.plugin_memory)
}

/// The bounds of a child.
pub fn limits(deadline_ms: Option<u64>, memory_bytes: Option<u64>) -> Limits {
    let (share, of) = MEMORY_SHARE;
    let memory = rustix::system::sysinfo();
    let bytes = memory.totalram * u64::from(memory.mem_unit.max(1)) / of * share;
    let call_max = deadline_ms.map(Duration::from_millis);
    Limits {
        call_max: call_max.unwrap_or(Duration::from_secs(CALL_S_MAX)),
        memory_bytes: memory_bytes.unwrap_or(bytes),
    }
}

/// What a child may have left beside the output.
struct Unfinished<'a> {
    job: &'a Job<'a>,
    token: &'a str,
}

impl Unfinished<'_> {
    fn remove(&self) {
        if let Some(output) = self.job.output {
            output_file::remove_unfinished(output, self.token);
        }
    }

    /// Keeps the flows so far, since there will be no others.
    fn give_up(&self, culprit: &Culprit, why: &str) -> Exit {
        let output = self.job.output.filter(|path| *path != Path::new("-"));
        let kept = output.filter(|_| self.job.has_lines).map(|path| {
            output_file::keep_unfinished(path, self.token).map(|is_kept| (path, is_kept))
        });
        let kept = match kept {
            Some(Ok((path, true))) => format!("; {} holds the flows so far", path.display()),
            Some(Err(cause)) => format!("; the flows so far are lost: {cause}"),
            _ => String::new(),
        };
        self.remove();
        messages::error(format_args!(
            "{}, and {why}{kept}; leave it out with --without-plugin {}",
            culprit.sentence, culprit.name
        ));
        Exit::Failure
    }
}
