//! `tractor flows --follow`: the flows of a folder as one stream without an end.

use super::flows::{cannot_write, destination, options_of, place, writer};
use super::{exit_of_error, wants_timings};
use crate::cli::FlowsArguments;
use crate::{Exit, interrupt, messages, plugins};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;
use tractor_engine::capture::{FollowState, Follower, Problem};
use tractor_engine::dataflow::{Feed, Progress, RunOptions, run_followed};
use tractor_engine::jobs::{Folder, Rounds};
use tractor_engine::output::RowWriter;

pub fn run(arguments: &FlowsArguments) -> Exit {
    let plugins = match plugins::load(&arguments.plugins) {
        Ok(plugins) => plugins,
        Err(exit) => return exit,
    };
    let options = options_of(arguments, plugins, vec![arguments.label.clone()]);
    let path = match folder_of(arguments) {
        Ok(path) => path,
        Err(why) => {
            messages::error(why);
            return Exit::Usage;
        }
    };
    let folder = match Folder::open(&path) {
        Ok(folder) => folder,
        Err(cause) => {
            messages::error(format_args!("{} cannot be listed: {cause}", path.display()));
            return Exit::Failure;
        }
    };
    let follow = arguments.following.options(options.table.life.idle_ns);
    let state = FollowState::default();
    let feed = Feed::new(Follower::new(Box::new(folder), follow, &state, Vec::new(), None));
    let ends = Arc::clone(&feed);
    interrupt::ends(move || ends.end());
    let opened = destination_of(arguments).and_then(|to| writer(arguments, &options, to));
    match opened {
        Ok(writer) => follow_to_the_end(arguments, &path, &options, &feed, writer),
        Err(cause) => cannot_write(arguments, &cause),
    }
}

fn follow_to_the_end(
    arguments: &FlowsArguments,
    path: &Path,
    options: &RunOptions,
    feed: &Arc<Feed>,
    writer: Box<dyn RowWriter>,
) -> Exit {
    let progress = Arc::new(Progress::default());
    let is_over = AtomicBool::new(false);
    let mut had_problems = false;
    let ended = scope(|scope| {
        let watcher = scope.spawn(|| watch(path, feed, &is_over));
        let ended = run_followed(feed, options, Some(writer), &progress);
        is_over.store(true, Ordering::Release);
        // It only tells.
        had_problems = watcher.join().unwrap_or(true);
        ended
    });
    had_problems |= say_problems(feed);
    let summary = match ended {
        Ok(summary) => summary,
        Err(error) => return exit_of_error(&error, place(arguments)),
    };
    plugins::say_messages(&options.plugins);
    messages::summary(&summary);
    say_late(feed);
    if wants_timings(&arguments.options) {
        messages::timings(&summary);
    }
    plugins::say_counts(&options.plugins, &summary, wants_timings(&arguments.options));
    if had_problems { Exit::Damaged } else { Exit::Success }
}

/// The folder, which is all that can be followed.
fn folder_of(arguments: &FlowsArguments) -> Result<PathBuf, String> {
    match arguments.inputs.inputs.as_slice() {
        [folder] if folder.is_dir() => Ok(folder.clone()),
        [other] => Err(format!("{} is no folder: only folders are followed", other.display())),
        _ => Err("one folder is followed, not several inputs".to_owned()),
    }
}

/// Where rows go, as they come: what was there before is not lost.
fn destination_of(arguments: &FlowsArguments) -> io::Result<Box<dyn Write + Send>> {
    let path = destination(arguments);
    if path == Path::new("-") {
        return Ok(Box::new(io::stdout()));
    }
    if path.metadata().is_ok_and(|about| !about.is_file()) {
        return Ok(Box::new(File::options().write(true).open(path)?));
    }
    let file = File::options().append(true).create(true).open(path)?;
    match file.metadata()?.len() {
        0 => Ok(Box::new(file)),
        _ => Err(io::Error::other("it has content already, which would be lost")),
    }
}

/// Has the run look for more until it is over, and says what goes wrong. Tells whether anything did.
fn watch(path: &Path, feed: &Feed, is_over: &AtomicBool) -> bool {
    let mut rounds = Rounds::through(path);
    let mut had_problems = false;
    while !is_over.load(Ordering::Acquire) {
        feed.look(rounds.wait());
        had_problems |= say_problems(feed);
    }
    had_problems
}

fn say_problems(feed: &Feed) -> bool {
    let (problems, not_kept) = feed.take_problems();
    messages::problems::<'_>(&problems as &[Problem]);
    if not_kept > 0 {
        messages::warning(format_args!("{not_kept} more inputs had problems"));
    }
    !problems.is_empty()
}

fn say_late(feed: &Feed) {
    let late = feed.standing().late_files;
    if late > 0 {
        let files = messages::counted(late, "file");
        messages::line(format_args!("{files} came late: older than what had been read before"));
    }
}
