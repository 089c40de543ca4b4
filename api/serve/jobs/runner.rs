//! Runs jobs, each in a child, until no plugin ends it.

use super::running::Running;
use super::start::Jobs;
use super::state::Of;
use crate::Exit;
use crate::serve::limits::{KILLS_MAX, STREAM_KILLS_MAX};
use crate::supervise::{self, Attempt, Blame, Culprit, Group, How, Orders, Wish, watched_command};
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tractor_engine::jobs::{Clock, Stopwatch};
use tractor_engine::store::{JobRecord, JobState, WithoutPlugin};

/// How long what a child has said is waited for when it is gone, and between two looks.
const PIPES_MAX: Duration = Duration::from_secs(1);
const PIPES_PAUSE: Duration = Duration::from_millis(1);

/// What became of a job.
enum Outcome {
    Over(Box<JobRecord>),
    Failed(String),
    Cancelled,
    /// The server stops: the job is taken up again at its next start.
    Unfinished,
}

/// A thread that runs one job after the other.
pub fn run(jobs: &Arc<Jobs>, of: Of) {
    while let Some((record, running)) = jobs.next_job(of) {
        let mut work =
            Work { jobs, running, record, one_worker: false, kills: 0, packets_at_kill: 0 };
        let outcome = work.until_it_is_over();
        work.settle(outcome);
    }
}

struct Work<'a> {
    jobs: &'a Arc<Jobs>,
    running: Arc<Running>,
    /// With the plugins that it goes on without.
    record: JobRecord,
    one_worker: bool,
    /// How often the child was killed from outside.
    kills: usize,
    /// The most packets that it had read then.
    packets_at_kill: u64,
}

impl Work<'_> {
    fn until_it_is_over(&mut self) -> Outcome {
        loop {
            if self.is_cancelled() {
                return Outcome::Cancelled;
            }
            let attempt = match self.attempt() {
                Ok(attempt) => attempt,
                Err(cause) => {
                    return Outcome::Failed(format!("its process cannot be begun: {cause}"));
                }
            };
            if let Some(outcome) = self.after(attempt) {
                return outcome;
            }
            if self.jobs.is_stopping() {
                return Outcome::Unfinished;
            }
        }
    }

    fn is_cancelled(&self) -> bool {
        self.running.is_being_cancelled()
    }

    /// One child, to its end.
    fn attempt(&self) -> std::io::Result<Attempt> {
        let limits = self.jobs.settings.limits();
        let without: Vec<String> =
            self.record.without_plugins.iter().map(|one| one.id.clone()).collect();
        let orders = Orders::new(&without, self.one_worker, limits.memory_bytes);
        let folder = self.jobs.folder_of(self.record.id);
        let mut command = self.jobs.settings.job(&folder, &self.record.profile)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut readers = Vec::new();
        let watched = watched_command(
            &mut command,
            &orders,
            &limits,
            Group::ItsOwn,
            |child| {
                let number = self.running.begin(child.stdin.take());
                let (jobs, id) = (Arc::clone(self.jobs), self.record.id);
                if let Some(output) = child.stdout.take() {
                    let running = Arc::clone(&self.running);
                    let jobs = Arc::clone(&jobs);
                    readers.push(std::thread::spawn(move || {
                        running.hear(number, output, || jobs.tell(id));
                    }));
                }
                if let Some(messages) = child.stderr.take() {
                    readers.push(std::thread::spawn(move || log_lines(id, messages)));
                }
            },
            &mut |is_in_plugin| self.wish(is_in_plugin),
        );
        // The child is gone, so its pipes end, unless somebody who left its group has them.
        let began = Stopwatch::start();
        while began.passed() < PIPES_MAX && !readers.iter().all(JoinHandle::is_finished) {
            std::thread::sleep(PIPES_PAUSE);
        }
        Ok(watched?.attempt)
    }

    fn wish(&self, is_in_plugin: bool) -> Wish {
        if self.is_cancelled() || self.jobs.is_stopping() {
            return Wish::Stop;
        }
        let most = self.jobs.settings.standstill_max();
        match self.running.stands_still(is_in_plugin) {
            passed if passed > most => {
                Wish::End(format!("it made no progress for {} s", most.as_secs_f64()))
            }
            _ => Wish::GoOn,
        }
    }

    /// What comes of a child that is gone. `None`: there is to be another.
    fn after(&mut self, attempt: Attempt) -> Option<Outcome> {
        if let Some(record) = self.running.look(|news| news.ended.clone()) {
            return Some(Outcome::Over(record));
        }
        if self.is_cancelled() {
            return Some(Outcome::Cancelled);
        }
        if self.jobs.is_stopping() {
            return Some(Outcome::Unfinished);
        }
        // A stream that gets on between its kills may be killed for ever.
        let packets = self.running.look(|news| news.packets);
        if self.record.is_directory && packets > self.packets_at_kill {
            (self.kills, self.packets_at_kill) = (0, packets);
        }
        let was_killed = match &attempt.how {
            How::Ended(status) => supervise::was_killed(*status),
            How::Interrupted | How::Told(Exit::Interrupted) => true,
            _ => false,
        };
        let most = if self.record.is_directory { STREAM_KILLS_MAX } else { KILLS_MAX };
        if was_killed && self.kills < most {
            self.kills += 1;
            tracing::warn!(
                job = self.record.id,
                "its process was killed, and the job begins again"
            );
            return None;
        }
        if let How::Told(_) = attempt.how {
            return Some(Outcome::Failed("its process ended without a result".to_owned()));
        }
        match supervise::blame(attempt.how, attempt.inside) {
            Blame::Interrupted => Some(Outcome::Failed("its process was told to stop".to_owned())),
            Blame::Nobody(what) => Some(Outcome::Failed(what)),
            Blame::OneOf(culprits) if !self.one_worker => {
                let sentence = supervise::one_of(&culprits);
                tracing::warn!(job = self.record.id, "{sentence}; one worker is to find out which");
                self.one_worker = true;
                None
            }
            Blame::OneOf(culprits) => self.leave_out(culprits.into_iter().next()?),
            Blame::One(culprit) => self.leave_out(culprit),
        }
    }

    fn leave_out(&mut self, culprit: Culprit) -> Option<Outcome> {
        if self.record.without_plugins.iter().any(|one| one.id == culprit.name) {
            return Some(Outcome::Failed(format!("{}, and cannot be left out", culprit.sentence)));
        }
        tracing::warn!(job = self.record.id, "{}; the job goes on without it", culprit.sentence);
        let without = WithoutPlugin { id: culprit.name, why: culprit.sentence };
        self.jobs.quarantine(&without, self.record.id);
        self.record.without_plugins.push(without);
        // The child's own copy of the record is made from it.
        self.jobs.note(&self.record);
        self.one_worker = false;
        None
    }

    /// With what the child said was odd, and what it may not have read on a full disk.
    fn completed(&self, mut record: JobRecord) -> JobRecord {
        record.without_plugins.clone_from(&self.record.without_plugins);
        record.started_at = self.record.started_at;
        self.running.look(|news| news.warnings.iter().for_each(|text| record.warn(text.clone())));
        record
    }

    /// Keeps what became of it, and tells clients.
    fn settle(self, outcome: Outcome) {
        let ended = |state, message: Option<String>| JobRecord {
            state,
            message,
            finished_at: Some(Clock::unix_s()),
            ..self.record.clone()
        };
        let record = match outcome {
            Outcome::Over(record) => self.completed(*record),
            Outcome::Failed(why) => ended(JobState::Failed, Some(why)),
            Outcome::Cancelled => ended(JobState::Cancelled, None),
            Outcome::Unfinished => self.record.clone(),
        };
        let costs = self.running.look(|news| news.costs.clone());
        self.jobs.end_job(record, &costs);
    }
}

/// What a child says to people goes to the log, a bounded part of it.
fn log_lines(job: u64, messages: impl std::io::Read) {
    const LINES_MAX: usize = 100;
    const LINE_BYTES_MAX: u64 = 1_000;
    let mut messages = BufReader::new(messages);
    let mut said = 0;
    loop {
        let mut line = Vec::new();
        let mut piece = std::io::Read::take(&mut messages, LINE_BYTES_MAX);
        match piece.read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) if said < LINES_MAX => {
                let text = String::from_utf8_lossy(&line);
                tracing::info!(job, "{}", crate::messages::printable(text.trim_end()));
                said += 1;
            }
            Ok(_) => {}
        }
    }
}
