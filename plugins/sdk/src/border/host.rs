//! What the host offers.

use std::ffi::CStr;
use std::sync::{Arc, PoisonError, RwLock};

use super::{c_text, field, size_of_field, slice, to_c_text};
use crate::abi::{ERROR, OK, Status, tractor_host, tractor_label, tractor_tags};
use crate::{Columns, Declaration, Error, Level, Result};

/// A host that is there: in create until it returns, in an instance until destroy has returned.
#[derive(Clone, Copy)]
pub struct Host(*const tractor_host);

// SAFETY: `log` and `extension` may be called from any thread; the others are called only within
// create and classify, on the thread that the host called.
unsafe impl Send for Host {}
// SAFETY: as above.
unsafe impl Sync for Host {}

impl Host {
    /// # Safety
    /// A host as the header promises it, for as long as this is used.
    pub unsafe fn lent(host: *const tractor_host) -> Self {
        Host(host)
    }

    /// The text for the status that is about to be returned.
    pub fn fail(self, text: &str) {
        if let Some(fail) = field!(self.0, tractor_host, fail).flatten() {
            let text = to_c_text(text);
            // SAFETY: the host is there, and copies the text.
            unsafe { fail(self.0, text.as_ptr()) };
        }
    }

    pub fn log(self, level: Level, text: &str) {
        if let Some(log) = field!(self.0, tractor_host, log).flatten() {
            let text = to_c_text(text);
            // SAFETY: the host is there, and copies the text.
            unsafe { log(self.0, level as i32, text.as_ptr()) };
        }
    }

    /// # Errors
    /// What the host did not take; it says why itself.
    pub fn declare(self, declared: &Declaration) -> Result<()> {
        let Some(declare) = field!(self.0, tractor_host, declare).flatten() else {
            return Err(Error::new("the host takes no declared labels"));
        };
        let texts: Vec<_> = declared
            .labels
            .iter()
            .map(|label| (to_c_text(label.group()), to_c_text(label.name())))
            .collect();
        let labels: Vec<_> = texts
            .iter()
            .map(|(group, name)| tractor_label { group: group.as_ptr(), name: name.as_ptr() })
            .collect();
        let columns = declared.columns.as_deref().map(to_c_text);
        let columns = columns.as_ref().map_or(std::ptr::null(), |columns| columns.as_ptr());
        let count = u32::try_from(labels.len()).unwrap_or(u32::MAX);
        // SAFETY: the host is there, and copies the labels, which live until the end of this block.
        match unsafe { declare(self.0, labels.as_ptr(), count, columns, declared.window_us) } {
            OK => Ok(()),
            status => Err(Error::new(format!("the host refuses what it declares ({status})"))),
        }
    }

    pub fn columns(self) -> Columns {
        let names = field!(self.0, tractor_host, feature_names).unwrap_or(std::ptr::null());
        let count = field!(self.0, tractor_host, feature_count).unwrap_or(0);
        // SAFETY: the host has so many names there, each ending in NUL.
        let names = unsafe { slice(names, count as usize) };
        // SAFETY: as above.
        Columns::new(names.iter().map(|name| unsafe { c_text(*name) }).collect())
    }

    /// # Errors
    /// The host judged the tag wrong, and dropped it.
    ///
    /// # Safety
    /// Within classify, with the tags that the host lent.
    pub unsafe fn tag(
        self,
        tags: *mut tractor_tags,
        flow: u32,
        label: u32,
        confidence: f32,
        evidence: &CStr,
    ) -> Result<(), Status> {
        let Some(tag) = field!(self.0, tractor_host, tag).flatten() else { return Err(ERROR) };
        // SAFETY: the caller promised the tags, and the host copies the text.
        match unsafe { tag(tags, flow, label, confidence, evidence.as_ptr()) } {
            OK => Ok(()),
            status => Err(status),
        }
    }
}

/// Messages to whoever runs the host. May be kept and cloned, and used on any thread; says nothing
/// once the instance is gone.
#[derive(Clone)]
pub struct Log(Arc<RwLock<Option<Host>>>);

impl Log {
    pub(crate) fn new(host: Host) -> Self {
        Log(Arc::new(RwLock::new(Some(host))))
    }

    pub fn message(&self, level: Level, text: impl AsRef<str>) {
        let host = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = *host {
            host.log(level, text.as_ref());
        }
    }

    pub fn error(&self, text: impl AsRef<str>) {
        self.message(Level::Error, text);
    }

    pub fn warning(&self, text: impl AsRef<str>) {
        self.message(Level::Warning, text);
    }

    pub fn info(&self, text: impl AsRef<str>) {
        self.message(Level::Info, text);
    }

    /// The host may go once this has returned: who is writing has finished then.
    pub(crate) fn close(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
