//! Watches the folder, has a child look for the begin and the end of each capture, and starts jobs
//! that nobody has to ask for.

use super::start::Jobs;
use super::state::{Known, Span};
use crate::cli::Process;
use crate::serve::limits::{BEGIN_PAUSE, FORGETTING_PAUSE, INDEXING_MAX, WRITE_PAUSE};
use crate::serve::service::Refusal;
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;
use tractor_engine::jobs::{News, Stopwatch, Watch};

/// How often somebody who waits for a child looks whether the server stops.
const LOOK: Duration = Duration::from_millis(200);

/// A thread that keeps the list of files up to date.
pub fn watch(jobs: &Arc<Jobs>, mut folder: Watch) {
    let (mut was_told, mut is_first) = (false, true);
    let mut forgot: Option<Stopwatch> = None;
    // Files whose jobs found no room.
    let mut left: Option<(News, Stopwatch)> = None;
    let mut wrote = Stopwatch::start();
    while !jobs.is_stopping() {
        if forgot.is_none_or(|forgot| forgot.passed() >= FORGETTING_PAUSE) {
            jobs.forget_old();
            forgot = Some(Stopwatch::start());
        }
        if wrote.passed() >= WRITE_PAUSE {
            jobs.write_rest();
            wrote = Stopwatch::start();
        }
        match folder.look() {
            Ok(Some(news)) => {
                take_in(jobs, &news);
                let all_began = start_jobs(jobs, &news, is_first);
                left = (!all_began).then(|| (news, Stopwatch::start()));
                (was_told, is_first) = (false, false);
            }
            Ok(None) => {
                if let Some((news, _)) = left.take_if(|(_, since)| since.passed() >= BEGIN_PAUSE) {
                    let all_began = start_jobs(jobs, &news, false);
                    left = (!all_began).then(|| (news, Stopwatch::start()));
                }
            }
            Err(cause) => {
                if !was_told {
                    tracing::error!("the folder of captures cannot be listed: {cause}");
                }
                was_told = true;
                std::thread::sleep(Duration::from_secs(1));
            }
        }
    }
}

fn take_in(jobs: &Jobs, news: &News) {
    let mut state = jobs.state();
    let mut before = std::mem::take(&mut state.files);
    let mut files = BTreeMap::new();
    for entry in &news.entries {
        let is_complete = news.complete.contains(&entry.shown);
        let known = match before.remove(&entry.shown) {
            Some(known) => known.now(entry, is_complete),
            None => Known::new(entry.clone(), is_complete),
        };
        files.insert(entry.shown.clone(), known);
    }
    state.files = files;
    jobs.wake_all();
}

/// Begins the jobs of files that are complete, where that is wanted; false: there was no room for all. What
/// takes the name of another file is a new one.
fn start_jobs(jobs: &Jobs, news: &News, is_first: bool) -> bool {
    let is_wanted = match jobs.settings.process {
        Process::None => false,
        Process::New => !is_first,
        Process::All => true,
        Process::Stream => {
            // The job that does is begun once, and again by nobody but the server's next start.
            if is_first && let Err(refusal) = jobs.begin_directory(".", None) {
                tracing::warn!("the folder is not followed: {refusal:?}");
            }
            false
        }
    };
    let complete = news.entries.iter().filter(|entry| news.complete.contains(&entry.shown));
    for entry in complete {
        let decided = jobs.state().decided.get(&entry.shown).copied();
        if decided.is_some_and(|decided| jobs.is_that_file(&decided, entry)) {
            continue;
        }
        if is_wanted && !jobs.was_processed(entry) {
            match jobs.begin(&entry.shown, None) {
                Ok(_) => {}
                // The queue or the disk is full: its turn comes later.
                Err(Refusal::Busy { .. } | Refusal::StorageFull(_)) => return false,
                Err(refusal) => tracing::warn!("{} is not processed: {refusal:?}", entry.shown),
            }
        }
        let mark = jobs.mark_of(entry);
        jobs.state().decided.insert(entry.shown.clone(), mark);
    }
    let names: HashSet<&str> = news.entries.iter().map(|entry| entry.shown.as_str()).collect();
    jobs.state().decided.retain(|name, _| names.contains(name.as_str()));
    true
}

/// What a child says of a capture.
#[derive(Debug, Deserialize)]
struct Said {
    first_s: Option<i64>,
    last_s: Option<i64>,
    why: Option<String>,
}

/// A thread that has captures looked at, one after the other.
pub fn index(jobs: &Arc<Jobs>) {
    let mut looker: Option<Looker> = None;
    while let Some(entry) = jobs.next_to_index() {
        if let Some(span) = jobs.found_before(&entry) {
            jobs.set_span(&entry, span);
            continue;
        }
        let had_one = looker.is_some();
        let mut said = look_at(jobs, &mut looker, &entry.shown);
        if said.is_err() && had_one && !jobs.is_stopping() {
            // Perhaps it had ended long before.
            looker = None;
            said = look_at(jobs, &mut looker, &entry.shown);
        }
        let span = match said {
            Ok(Said { first_s: Some(first_s), last_s: Some(last_s), .. }) => {
                Span::Known { first_s, last_s }
            }
            Ok(said) => Span::None(said.why),
            Err(why) => {
                looker = None;
                Span::None(Some(why))
            }
        };
        jobs.set_span(&entry, span);
    }
}

/// A child that looks at captures.
struct Looker {
    child: Child,
    names: ChildStdin,
    answers: Receiver<std::io::Result<String>>,
}

fn look_at(jobs: &Jobs, looker: &mut Option<Looker>, name: &str) -> Result<Said, String> {
    let cannot = |cause: &dyn std::fmt::Display| format!("it cannot be looked at: {cause}");
    if looker.is_none() {
        *looker = Some(Looker::new(jobs).map_err(|cause| cannot(&cause))?);
    }
    let Some(looker) = looker else { return Err(cannot(&"nobody is there")) };
    let line = serde_json::to_string(name).map_err(|cause| cannot(&cause))?;
    writeln!(looker.names, "{line}").map_err(|cause| cannot(&cause))?;
    let began = Stopwatch::start();
    loop {
        match looker.answers.recv_timeout(LOOK) {
            Ok(Ok(line)) => return serde_json::from_str(&line).map_err(|cause| cannot(&cause)),
            Ok(Err(cause)) => return Err(cannot(&cause)),
            Err(RecvTimeoutError::Disconnected) => {
                return Err("the process that looked at it ended; please report this".to_owned());
            }
            Err(RecvTimeoutError::Timeout) if jobs.is_stopping() => {
                return Err(cannot(&"the server stops"));
            }
            Err(RecvTimeoutError::Timeout) if began.passed() > INDEXING_MAX => {
                let seconds = INDEXING_MAX.as_secs();
                return Err(cannot(&format!("that takes more than {seconds} s")));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

impl Looker {
    fn new(jobs: &Jobs) -> std::io::Result<Self> {
        let mut command = jobs.settings.index()?;
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let gone = || std::io::Error::other("it has no pipes");
        let names = child.stdin.take().ok_or_else(gone)?;
        let output = child.stdout.take().ok_or_else(gone)?;
        let (to_here, answers) = sync_channel(1);
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                if to_here.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, names, answers })
    }
}

impl Drop for Looker {
    fn drop(&mut self) {
        // It is ours, and of no use any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
