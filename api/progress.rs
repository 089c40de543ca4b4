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

fn new_bar(bytes_total: Option<u64>) -> ProgressBar {
    let (bar, template) = match bytes_total {
        Some(bytes) => (
            ProgressBar::new(bytes),
            "{bar:30} {percent:>3}% {bytes}/{total_bytes} {bytes_per_sec}, {eta} left, {msg}",
        ),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} {bytes_per_sec}, {msg}"),
    };
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
