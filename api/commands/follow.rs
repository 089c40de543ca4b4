//! `tractor flows --follow`: the flows of a folder as one stream without an end.

use super::checkpoint::{Refusal, Start, lock};
use super::flows::{cannot_write, options_of, place};
use super::lasting::rows;
use super::{exit_of_error, wants_timings};
use crate::cli::FlowsArguments;
use crate::{Exit, interrupt, messages, plugins};
use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::scope;
use tractor_engine::capture::{Follower, Problem};
use tractor_engine::dataflow::{Feed, Following, Progress, RunOptions, run_followed};
use tractor_engine::jobs::{Folder, Rounds, Saves};
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
    // Until the run ends nobody else has its checkpoint and its output.
    let (start, _lock) = match start(arguments, &options) {
        Ok(start) => start,
        Err(exit) => return exit,
    };
    let follow = arguments.following.options(options.table.life.idle_ns);
    let (folder, journal) = (Box::new(folder), start.journal());
    let follower = Follower::new(folder, follow, &start.state, start.replay.clone(), journal);
    let feed = Feed::new(follower);
    let ends = Arc::clone(&feed);
    interrupt::ends(move || ends.end());
    match rows(arguments, &options, &start) {
        Ok(writer) => follow_to_the_end(arguments, &path, &options, (feed, start), writer),
        Err(cause) => cannot_write(arguments, &cause),
    }
}

/// Where the stream begins, and the lock of its checkpoint.
fn start(arguments: &FlowsArguments, options: &RunOptions) -> Result<(Start, Option<File>), Exit> {
    let Some(path) = &arguments.checkpoint else { return Ok((Start::default(), None)) };
    let gives_up = || Box::new(|| ControlFlow::Break(()));
    let start = lock(path).and_then(|lock| Ok((Start::at(path, options, gives_up())?, Some(lock))));
    start.map_err(|refusal| match refusal {
        Refusal::Usage(why) => {
            messages::error(why);
            Exit::Usage
        }
        Refusal::Failure(why) => {
            messages::error(why);
            Exit::Failure
        }
    })
}

fn follow_to_the_end(
    arguments: &FlowsArguments,
    path: &Path,
    options: &RunOptions,
    (feed, start): (Arc<Feed>, Start),
    writer: Box<dyn RowWriter>,
) -> Exit {
    let progress = Arc::new(Progress::default());
    let mut had_problems = false;
    let (pause, keeper) = (arguments.following.checkpoint_pause(), start.keeper());
    let saves = keeper.is_some().then(|| Saves::every(pause));
    let following = Following { feed: Arc::clone(&feed), keeper, resume: start.resume };
    let rounds = Rounds::through(path, arguments.following.end_after());
    let end = rounds.end();
    let ended = scope(|scope| {
        let watcher = scope.spawn(|| watch(rounds, &feed, saves));
        let ended = run_followed(following, options, Some(writer), &progress);
        end.now();
        // It only tells.
        had_problems = watcher.join().unwrap_or(true);
        ended
    });
    had_problems |= say_problems(&feed);
    let summary = match ended {
        Ok(summary) => summary,
        Err(error) => return exit_of_error(&error, place(arguments)),
    };
    plugins::say_messages(&options.plugins);
    messages::summary(&summary);
    say_late(&feed);
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

/// Has the run look for more and save its state until it is over, and says what goes wrong. Tells
/// whether anything did.
fn watch(mut rounds: Rounds, feed: &Feed, mut saves: Option<Saves>) -> bool {
    let (mut had_problems, mut failed) = (false, None);
    while let Some(passed) = rounds.wait() {
        feed.look(passed);
        had_problems |= say_problems(feed);
        let saved = feed.saved();
        if saves.as_mut().is_some_and(|saves| saves.is_due(saved.under_way)) {
            feed.save();
        }
        if saved.failure != failed {
            failed = saved.failure;
            failed.iter().for_each(|why| messages::warning(format_args!("no checkpoint: {why}")));
        }
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
