//! Ctrl-C: the first asks the run to stop, so that no half-written file stays; a second one ends
//! the program at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tractor_engine::dataflow::Progress;

static ASKED: AtomicBool = AtomicBool::new(false);

/// Lets interrupt, termination and hang-up signals stop the run.
pub fn stops(progress: &Arc<Progress>) {
    let progress = Arc::clone(progress);
    // Without a handler the signals end the program, which is what they would do anyway.
    let _ = ctrlc::set_handler(move || {
        if ASKED.swap(true, Ordering::AcqRel) {
            std::process::exit(130);
        }
        progress.stop.store(true, Ordering::Release);
    });
}

/// Whether the user asked to stop.
pub fn was_asked() -> bool {
    ASKED.load(Ordering::Acquire)
}
