//! Ctrl-C: the run is asked to stop, so that no half-written file stays. One that cannot look up,
//! because it waits for its input, is ended from here.

use crate::{Exit, messages, supervise};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::NamedTempFile;
use tractor_engine::dataflow::Progress;

static ASKED: AtomicBool = AtomicBool::new(false);

static COUNT: AtomicUsize = AtomicUsize::new(0);

/// What an ended program may not leave behind.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// How long a run has to stop by itself.
const PATIENCE: Duration = Duration::from_millis(500);

/// Creates the file that is removed when the program is ended from here. Nothing comes between
/// the file and its name being known: the handler waits, and once it has looked, no file is made.
///
/// # Errors
/// Those of `create`.
pub fn removes(create: impl FnOnce() -> io::Result<NamedTempFile>) -> io::Result<NamedTempFile> {
    let mut unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
    let file = create()?;
    unfinished.push(file.path().to_owned());
    Ok(file)
}

/// Lets interrupt, termination and hang-up signals stop a run. To be called before anything is
/// made that an ended program would leave behind.
pub fn stops(progress: &Arc<Progress>) {
    let progress = Arc::clone(progress);
    // Without a handler the signals end the program, which is what they would do anyway.
    let _ = ctrlc::set_handler(move || {
        let again = ASKED.swap(true, Ordering::AcqRel);
        progress.stop.store(true, Ordering::Release);
        if !again {
            sleep(PATIENCE);
        }
        // Locked to the end of the program.
        let mut unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
        for file in unfinished.drain(..) {
            // If it has its name already, or cannot be removed, there is nothing to tell.
            let _ = std::fs::remove_file(file);
        }
        messages::line(format_args!("interrupted"));
        supervise::child::say_exit(Exit::Interrupted);
        std::process::exit(i32::from(Exit::Interrupted.code()));
    });
}

/// Lets the first of these signals end the run in order, and a later one the program: what was written
/// until then stays. Whoever supervises the program may hand on one that it has heard already.
pub fn ends(end: impl Fn() + Send + 'static) {
    const ONE_SIGNAL: Duration = Duration::from_secs(1);
    let mut first: Option<Instant> = None;
    // Without a handler the signals end the program, which is what they would do anyway.
    let _ = ctrlc::set_handler(move || {
        let first = first.get_or_insert_with(Instant::now);
        if !ASKED.swap(true, Ordering::AcqRel) {
            return end();
        }
        if first.elapsed() < ONE_SIGNAL {
            return;
        }
        messages::line(format_args!("interrupted"));
        supervise::child::say_exit(Exit::Interrupted);
        std::process::exit(i32::from(Exit::Interrupted.code()));
    });
}

/// Lets the same signals only be counted: for a process whose child is to hear of them.
pub fn counts() {
    // Without a handler they end this process, and then the child hears of that.
    let _ = ctrlc::set_handler(|| {
        COUNT.fetch_add(1, Ordering::AcqRel);
    });
}

/// How many signals were counted.
pub fn count() -> usize {
    COUNT.load(Ordering::Acquire)
}

/// Whether the user asked to stop.
pub fn was_asked() -> bool {
    ASKED.load(Ordering::Acquire)
}
