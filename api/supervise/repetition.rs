//! The work done again and again, until no plugin ends it.

use super::attempt::{self, Attempt, How};
use super::blame::{self, Blame, Culprit};
use super::{Job, Orders};
use crate::{Exit, messages, output_file};
use std::io;
use std::path::Path;

/// Does the work of a job in one child after another.
///
/// # Errors
/// Those of starting and watching a child.
pub fn until_no_plugin_ends_it(job: &Job<'_>) -> io::Result<Exit> {
    let mut next = Next { job, without: Vec::new(), one_worker: false, is_repeated: false };
    loop {
        let orders = next.orders();
        let Attempt { how, inside } = attempt::run(&orders, &job.limits)?;
        if let How::Told(exit) = how {
            return Ok(exit);
        }
        let unfinished = Unfinished { job, token: &orders.token };
        if let Some(exit) = next.after(blame::blame(how, inside), &unfinished) {
            return Ok(exit);
        }
    }
}

/// How the next child is to do the work.
struct Next<'a> {
    job: &'a Job<'a>,
    without: Vec<String>,
    one_worker: bool,
    is_repeated: bool,
}

impl Next<'_> {
    fn orders(&self) -> Orders {
        let memory_bytes = self.job.limits.memory_bytes;
        let orders = Orders::new(&self.without, self.one_worker, memory_bytes);
        Orders { is_repeated: self.is_repeated, ..orders }
    }

    /// What comes of a child that did not say how it ends. None: there is to be another.
    fn after(&mut self, blame: Blame, unfinished: &Unfinished<'_>) -> Option<Exit> {
        let culprit = match blame {
            Blame::Nobody(what) => {
                unfinished.remove();
                return Some(internal_error(&what));
            }
            Blame::Interrupted => {
                unfinished.remove();
                return Some(Exit::Interrupted);
            }
            Blame::OneOf(culprits) if !self.one_worker && self.job.once_only().is_none() => {
                unfinished.remove();
                self.look_for_one_of(&culprits);
                return None;
            }
            Blame::OneOf(culprits) => Culprit {
                sentence: blame::one_of(&culprits),
                ..culprits.into_iter().next().unwrap_or_default()
            },
            Blame::One(culprit) => culprit,
        };
        if let Some(why) = self.job.once_only().filter(|_| !culprit.was_loading) {
            return Some(unfinished.give_up(&culprit, &why));
        }
        unfinished.remove();
        self.leave_out(culprit)
    }

    /// One worker is inside one plugin at a time.
    fn look_for_one_of(&mut self, culprits: &[Culprit]) {
        messages::warning(format_args!(
            "{}; the run is repeated with one worker, to see which",
            blame::one_of(culprits)
        ));
        (self.one_worker, self.is_repeated) = (true, true);
    }

    fn leave_out(&mut self, culprit: Culprit) -> Option<Exit> {
        if self.without.contains(&culprit.name) {
            let what = format!("{}, and cannot be left out", culprit.sentence);
            return Some(internal_error(&what));
        }
        if self.job.plugins.strict_plugins {
            messages::error(&culprit.sentence);
            return Some(Exit::Failure);
        }
        messages::warning(format_args!("{}; the run is repeated without it", culprit.sentence));
        self.without.push(culprit.name);
        self.is_repeated |= !culprit.was_loading;
        self.one_worker = false;
        None
    }
}

fn internal_error(what: &str) -> Exit {
    messages::error(format_args!("internal error: {what}; please report this"));
    Exit::Failure
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
