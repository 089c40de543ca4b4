//! A job's child as the server hears it: how far it is, and answers to questions.

use std::collections::HashMap;
use std::io::{BufReader, Read};
use std::process::ChildStdin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tractor_engine::jobs::{
    Down, FRAME_BYTES_MAX, Stopwatch, StreamProgress, Up, Waiting, read_frame, write_frame,
};
use tractor_engine::store::JobRecord;

use crate::serve::limits::{ANSWER_MAX, JOB_WARNINGS_MAX, LOOK_PAUSE_MAX, QUESTIONS_MAX};
use crate::serve::views::Progress;

/// Shared by the thread that watches the child, those that read its pipes, and clients' requests.
#[derive(Default)]
pub struct Running {
    /// A client wants it to end.
    is_cancelled: AtomicBool,
    /// A client wants the stream to end in order.
    is_ending: AtomicBool,
    news: Mutex<News>,
    asked: Mutex<Asked>,
    next_question: AtomicU64,
}

/// What a child told last.
#[derive(Debug, Default)]
pub struct News {
    /// The number of the child: who still hears an earlier one has nothing to say.
    child: u64,
    pub packets: u64,
    pub bytes: u64,
    pub flows: u64,
    pub rows: u64,
    /// What it waits for: room on the disk tells more than that there is nothing to read.
    waits_for_disk: bool,
    waits_for_input: bool,
    /// Of a folder that is followed.
    pub stream: Option<StreamProgress>,
    /// Windows that end up to then have ended; nanoseconds since the epoch.
    pub windows_to_ns: Option<i64>,
    pub labels: Vec<(String, String)>,
    pub warnings: Vec<String>,
    pub costs: Vec<(String, u64, u64, u64)>,
    pub ended: Option<Box<JobRecord>>,
    /// For how long nothing has moved though something should have, and when that was added up last.
    still: Duration,
    looked: Option<Stopwatch>,
}

impl News {
    fn waiting(&self) -> Option<Waiting> {
        let disk = self.waits_for_disk.then_some(Waiting::Disk);
        disk.or(self.waits_for_input.then_some(Waiting::Input))
    }

    fn wait(&mut self, on: Waiting, waits: bool) {
        match on {
            Waiting::Disk => self.waits_for_disk = waits,
            Waiting::Input => self.waits_for_input = waits,
        }
    }

    /// Of a folder: bytes that were read, and the stream clock.
    pub fn stream(&self) -> (u64, Option<i64>) {
        (self.bytes, self.stream.and_then(|stream| stream.clock_s))
    }

    /// What it waits for, and what has been read; the share is for whoever knows of how much.
    pub fn how_far(&self) -> (Option<Waiting>, Progress) {
        let Self { packets, bytes, flows, .. } = *self;
        (self.waiting(), Progress { packets, bytes, flows, share: 0.0 })
    }
}

#[derive(Default)]
struct Asked {
    to_child: Option<ChildStdin>,
    waiting: HashMap<u64, SyncSender<Up>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind these locks is whole between statements.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Running {
    /// A job that begins; a stream may have been told to end before.
    pub fn new(is_ending: bool) -> Self {
        Self { is_ending: AtomicBool::new(is_ending), ..Self::default() }
    }

    /// Something of what a child told last.
    pub fn look<T>(&self, at: impl FnOnce(&News) -> T) -> T {
        at(&lock(&self.news))
    }

    /// Begins anew, with another child; gives its number.
    pub fn begin(&self, to_child: Option<ChildStdin>) -> u64 {
        let mut news = lock(&self.news);
        let child = news.child + 1;
        *news = News { child, ..News::default() };
        *lock(&self.asked) = Asked { to_child, waiting: HashMap::new() };
        drop(news);
        if self.is_ending() {
            self.end_stream();
        }
        child
    }

    /// That child is there no more: nobody waits for its answers.
    fn end(&self, child: u64) {
        let news = lock(&self.news);
        if news.child == child {
            *lock(&self.asked) = Asked::default();
        }
    }

    /// How long nothing has moved, if something should have: not while a plugin thinks, which may take as
    /// long as its deadline allows, call by call.
    pub fn stands_still(&self, is_in_plugin: bool) -> Duration {
        let mut news = lock(&self.news);
        let looked = news.looked.replace(Stopwatch::start());
        // When both processes were stopped for a while, nothing stood still.
        let passed = looked.map_or(Duration::ZERO, |looked| looked.passed().min(LOOK_PAUSE_MAX));
        let may_move = news.waiting().is_none() && !is_in_plugin;
        news.still = if may_move { news.still + passed } else { Duration::ZERO };
        news.still
    }

    pub fn is_being_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Acquire)
    }

    pub fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Acquire)
    }

    /// Lets a stream end in order: this child is told, or the next.
    pub fn end_stream(&self) {
        self.is_ending.store(true, Ordering::Release);
        if let Some(to_child) = lock(&self.asked).to_child.as_mut() {
            // A child that does not hear it is gone.
            let _ = write_frame(&Down::End, to_child);
        }
    }

    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Release);
    }

    /// Asks the child; `None`: it did not answer in time, or is gone.
    pub fn ask(&self, question: impl FnOnce(u64) -> Down) -> Option<Up> {
        let number = self.next_question.fetch_add(1, Ordering::Relaxed);
        let (to_here, answer) = sync_channel(1);
        {
            let mut asked = lock(&self.asked);
            if asked.waiting.len() >= QUESTIONS_MAX {
                return None;
            }
            // A frame is short: the pipe has room for it, or the child has ended.
            write_frame(&question(number), asked.to_child.as_mut()?).ok()?;
            asked.waiting.insert(number, to_here);
        }
        // A question that is not answered in time still counts: the child may be at it.
        let answer = answer.recv_timeout(ANSWER_MAX).ok();
        answer.filter(|answer| !matches!(answer, Up::NoAnswer { .. }))
    }

    /// Hears the child of that number to its end, or until there is another: somebody whom it left behind
    /// may keep its pipe. `changed` is called when clients should see something new.
    pub fn hear(&self, child: u64, from: impl Read, changed: impl Fn()) {
        let mut from = BufReader::new(from);
        // What makes no sense is not from us; the child's end says the rest.
        while let Ok(Some(frame)) = read_frame::<Up>(&mut from, FRAME_BYTES_MAX as u64) {
            match self.take(child, frame) {
                Some(true) => changed(),
                Some(false) => {}
                None => return,
            }
        }
        self.end(child);
    }

    /// Takes a frame of a child in; tells whether clients see something new. `None`: there is another child.
    fn take(&self, child: u64, frame: Up) -> Option<bool> {
        let mut news = lock(&self.news);
        if news.child != child {
            return None;
        }
        Some(match frame {
            Up::Progress { packets, bytes, flows, rows, stream } => {
                news.stream = stream;
                let moved = (packets, bytes, rows) != (news.packets, news.bytes, news.rows);
                (news.packets, news.bytes, news.flows, news.rows) = (packets, bytes, flows, rows);
                if moved {
                    news.still = Duration::ZERO;
                }
                moved
            }
            Up::Committed { .. } => {
                news.still = Duration::ZERO;
                false
            }
            Up::WindowsEnded { to_ns } => {
                news.windows_to_ns = Some(to_ns);
                true
            }
            Up::Waiting { on } => {
                news.wait(on, true);
                true
            }
            Up::GoesOn { on } => {
                news.wait(on, false);
                news.still = Duration::ZERO;
                true
            }
            Up::Warning { text } => {
                if news.warnings.len() < JOB_WARNINGS_MAX {
                    news.warnings.push(text);
                }
                false
            }
            Up::Labels { labels } => {
                news.labels = labels;
                false
            }
            Up::Plugins { costs } => {
                news.costs = costs;
                false
            }
            Up::Ended { record } => {
                news.ended = Some(record);
                false
            }
            Up::Flows { question, .. }
            | Up::Windows { question, .. }
            | Up::WindowRows { question, .. }
            | Up::Sessions { question, .. }
            | Up::Statistics { question, .. }
            | Up::NoAnswer { question }
            | Up::TooLong { question } => {
                // Who answers is alive.
                news.still = Duration::ZERO;
                drop(news);
                let waiting = lock(&self.asked).waiting.remove(&question);
                // Who asked may have given up.
                let _ = waiting.map(|to| to.try_send(frame));
                false
            }
        })
    }
}
