//! A progress bar on standard error, when that is a terminal.

use crate::messages;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;
use tractor_engine::dataflow::Progress;

/// Shows how far a run is until it is dropped.
pub struct Bar {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

const EVERY: Duration = Duration::from_millis(100);

/// A bar over `bytes_total` bytes of files; without a total it shows what was read.
pub fn show(progress: &Arc<Progress>, bytes_total: Option<u64>) -> Bar {
    let over = Arc::new(AtomicBool::new(false));
    if messages::is_quiet() || !std::io::stderr().is_terminal() {
        return Bar { over, thread: None };
    }
    let (progress, seen) = (Arc::clone(progress), Arc::clone(&over));
    let thread = spawn(move || {
        let bar = new_bar(bytes_total);
        while !seen.load(Ordering::Acquire) {
            bar.set_position(progress.bytes_read.load(Ordering::Relaxed));
            let packets = progress.packets.load(Ordering::Relaxed);
            let flows = progress.flows.load(Ordering::Relaxed);
            bar.set_message(format!("{packets} packets, {flows} flows"));
            sleep(EVERY);
        }
        bar.finish_and_clear();
    });
    Bar { over, thread: Some(thread) }
}

/// Shows how far a job of a server is, from time to time, until it is dropped.
pub struct JobBar(ProgressBar);

/// Parts of a whole job.
const JOB_PARTS: u64 = 1_000;

impl JobBar {
    /// Nothing where nobody would see it.
    pub fn show() -> Option<Self> {
        if messages::is_quiet() || !std::io::stderr().is_terminal() {
            return None;
        }
        Some(Self(styled(ProgressBar::new(JOB_PARTS), "{bar:30} {wide_msg}")))
    }

    /// A share from 0 to 1, as far as it is known, and a text of one printable line.
    pub fn set(&self, share: Option<f64>, text: &str) {
        self.0.set_message(text.to_owned());
        self.0.set_position((share.unwrap_or(0.0) * JOB_PARTS as f64) as u64);
        self.0.tick();
    }
}

impl Drop for JobBar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Shows how far something without a known end is, until it is dropped.
pub struct LineBar(ProgressBar);

impl LineBar {
    /// Nothing where nobody would see it.
    pub fn show() -> Option<Self> {
        if messages::is_quiet() || !std::io::stderr().is_terminal() {
            return None;
        }
        Some(Self(styled(ProgressBar::new_spinner(), "{spinner} {wide_msg}")))
    }

    /// A text of one printable line.
    pub fn set(&self, text: String) {
        self.0.set_message(text);
        self.0.tick();
    }
}

impl Drop for LineBar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn new_bar(bytes_total: Option<u64>) -> ProgressBar {
    let (bar, template) = match bytes_total {
        Some(bytes) => (
            ProgressBar::new(bytes),
            "{bar:30} {percent:>3}% {bytes}/{total_bytes} {bytes_per_sec}, {eta} left, {msg}",
        ),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} {bytes_per_sec}, {msg}"),
    };
    styled(bar, template)
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    // The templates are ours and well-formed; the plain style is as good an answer as any.
    bar.with_style(
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
    )
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // It only draws; if it panicked there is nothing to save.
            let _ = thread.join();
        }
    }
}
