//! Following a folder: what is in it, and when to look.

use super::changes::{Changes, Waker};
use super::{Folder, Stopwatch, shown_name};
use crate::capture::{Captures, Listed, Listing, NoFile};
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Between two looks when nothing happens.
const LOOK: Duration = Duration::from_millis(500);

/// Between any two looks: who writes without a pause is read as often.
const PAUSE: Duration = Duration::from_millis(50);

/// A machine that slept has not watched: of longer pauses only so much has passed.
const PASSED_MAX: Duration = Duration::from_secs(5);

impl Captures for Folder {
    fn list(&mut self) -> io::Result<Listing> {
        let mut listing = Listing::default();
        self.look_through(|name, looked| match looked {
            Ok(entry) => listing.files.push(listed(entry)),
            Err(error) => listing.others.push(NoFile {
                name: name.to_owned(),
                shown: shown_name(name),
                cause: why_not(&error),
            }),
        })?;
        listing.files.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(listing)
    }

    fn open(&self, name: &OsStr) -> io::Result<(File, Listed)> {
        let (file, entry) = self.try_open(name)?;
        Ok((file, listed(entry)))
    }
}

/// Why there is no file behind a name, as the sentence after the name.
fn why_not(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it is a link that leads nowhere".to_owned(),
        io::ErrorKind::CrossesDevices => "it is a link that leads out of the folder".to_owned(),
        _ if error.raw_os_error().is_none() => error.to_string(),
        _ => format!("it cannot be opened ({})", error.kind()),
    }
}

fn listed(entry: super::Entry) -> Listed {
    Listed {
        modified_ns: entry.identity.modified_ns(),
        shown: entry.shown,
        name: entry.name,
        device: entry.identity.device,
        inode: entry.identity.inode,
        bytes: entry.bytes,
    }
}

/// Tells whoever reads a folder when to look again.
pub struct Rounds {
    changes: Changes,
    looked: Stopwatch,
    pause: Duration,
    end: RoundsEnd,
}

impl Rounds {
    /// `end_after`: the silence that ends it, which is looked for as often as it may be over.
    pub fn through(folder: &Path, end_after: Option<Duration>) -> Self {
        let pause = end_after.map_or(LOOK, |end_after| end_after.clamp(PAUSE, LOOK));
        let changes = Changes::of(folder);
        let end = RoundsEnd { is_over: Arc::default(), waker: changes.waker() };
        Self { changes, looked: Stopwatch::start(), pause, end }
    }

    /// For whoever knows when there is nothing left to wait for.
    pub fn end(&self) -> RoundsEnd {
        self.end.clone()
    }

    /// Waits until it is time to look, and tells how much has passed since the last time. `None`: it is over.
    pub fn wait(&mut self) -> Option<Duration> {
        self.changes.wait(self.pause, &mut HashSet::new());
        if self.end.is_over.load(Ordering::Acquire) {
            return None;
        }
        std::thread::sleep(PAUSE.saturating_sub(self.looked.passed()));
        let passed = self.looked.passed().min(PASSED_MAX);
        self.looked = Stopwatch::start();
        Some(passed)
    }
}

/// Lets rounds be over, at once.
#[derive(Clone)]
pub struct RoundsEnd {
    is_over: Arc<AtomicBool>,
    waker: Waker,
}

impl RoundsEnd {
    pub fn now(&self) {
        self.is_over.store(true, Ordering::Release);
        self.waker.wake();
    }
}

/// Tells when to save the state of whoever reads a folder: so rarely that it costs little.
pub struct Saves {
    /// Between two times, at least.
    pause: Duration,
    since: Stopwatch,
    asked: Option<Stopwatch>,
    /// The last time.
    took: Duration,
}

/// How many times as long as it takes to save is between two times.
const PAUSE_PER_SAVE: u32 = 33;

impl Saves {
    pub fn every(pause: Duration) -> Self {
        Self { pause, since: Stopwatch::start(), asked: None, took: Duration::ZERO }
    }

    /// Whether it is time to ask for it; `under_way`: it was asked for, and is not done.
    pub fn is_due(&mut self, under_way: bool) -> bool {
        if let Some(asked) = self.asked.take_if(|_| !under_way) {
            self.took = asked.passed();
            self.since = Stopwatch::start();
        }
        let pause = self.pause.max(self.took * PAUSE_PER_SAVE);
        let is_due = self.asked.is_none() && self.since.passed() >= pause;
        if is_due {
            self.asked = Some(Stopwatch::start());
        }
        is_due
    }
}

#[cfg(test)]
mod tests;
