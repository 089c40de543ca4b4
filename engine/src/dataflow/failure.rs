//! How a run stops before its end: asked to, or because something broke.

use super::RunError;
use crate::classify::PluginFailure;
use crate::saved::SavedError;
use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Shared by all threads of a run. The first failure counts.
#[derive(Default)]
pub struct Failure {
    happened: AtomicBool,
    what: Mutex<Option<RunError>>,
}

impl Failure {
    pub fn happened(&self) -> bool {
        self.happened.load(Ordering::Acquire)
    }

    pub fn report(&self, what: String) {
        self.keep(RunError::Internal(what));
    }

    /// Reports that what was read when cannot be kept.
    pub fn report_journal(&self, error: std::io::Error) {
        self.keep(RunError::Journal(error));
    }

    /// Reports that the state to go on from is of no use.
    pub fn report_saved(&self, error: SavedError) {
        self.keep(RunError::Saved(error));
    }

    /// Reports a plugin that is broken.
    pub fn report_plugin(&self, failure: PluginFailure) {
        self.keep(RunError::Plugin(failure));
    }

    fn keep(&self, error: RunError) {
        lock(&self.what).get_or_insert(error);
        self.happened.store(true, Ordering::Release);
    }

    /// Reports a caught panic.
    pub fn report_panic(&self, where_: &str, panic: &(dyn Any + Send)) {
        let text = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned());
        let text = text.unwrap_or_else(|| "a panic without message".to_owned());
        self.report(format!("{where_} failed: {text}"));
    }

    pub fn take(&self) -> Option<RunError> {
        lock(&self.what).take()
    }
}

/// Locks although another thread may have panicked: every state behind our locks is whole between
/// statements, and the run ends anyway.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
