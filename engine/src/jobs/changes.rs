//! What the system tells of a folder.

use super::Stopwatch;
use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RenameMode};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::HashSet;
use std::ffi::OsString;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// Events that may wait; of more, only the next look through the folder tells.
const EVENTS_MAX: usize = 4_096;

/// Tells when something in a folder has changed. Not on every file system, and not of everything when
/// there was too much: whoever must know looks by himself from time to time.
pub struct Changes {
    events: Receiver<Event>,
    to_here: SyncSender<Event>,
    /// Kept: without it there are no events. `None`: the system tells of none.
    _watcher: Option<RecommendedWatcher>,
}

impl Changes {
    pub fn of(folder: &Path) -> Self {
        let (to_here, events) = sync_channel(EVENTS_MAX);
        let teller = to_here.clone();
        let tell = move |event: notify::Result<Event>| {
            // One that finds no room is made up for by the next look through the folder.
            let _ = event.map(|event| teller.try_send(event));
        };
        let watcher = notify::recommended_watcher(tell).ok().and_then(|mut watcher| {
            watcher.watch(folder, RecursiveMode::NonRecursive).ok()?;
            Some(watcher)
        });
        Self { events, to_here, _watcher: watcher }
    }

    pub fn waker(&self) -> Waker {
        Waker(self.to_here.clone())
    }

    /// Waits for events that tell of a change, and notes the names of files that were closed or renamed
    /// into place. False: there was none.
    pub fn wait(&self, at_most: Duration, closed: &mut HashSet<OsString>) -> bool {
        let began = Stopwatch::start();
        loop {
            let left = at_most.saturating_sub(began.passed());
            let Ok(first) = self.events.recv_timeout(left) else { return false };
            // That files were read, by us for one, changes nothing.
            if self.take(first, closed) {
                return true;
            }
        }
    }

    /// Notes what an event says, and those behind it; tells whether something has changed.
    fn take(&self, first: Event, closed: &mut HashSet<OsString>) -> bool {
        let rest: Vec<Event> = self.events.try_iter().take(EVENTS_MAX).collect();
        let mut changes = false;
        for event in std::iter::once(first).chain(rest) {
            let is_closed = matches!(
                event.kind,
                EventKind::Access(AccessKind::Close(AccessMode::Write))
                    | EventKind::Modify(ModifyKind::Name(RenameMode::To | RenameMode::Both))
            );
            changes |= is_closed || !matches!(event.kind, EventKind::Access(_));
            if is_closed {
                let names = event.paths.iter().filter_map(|path| path.file_name());
                closed.extend(names.map(|name| name.to_owned()));
            }
        }
        changes
    }
}

/// Ends a wait for changes before its time.
#[derive(Clone)]
pub struct Waker(SyncSender<Event>);

impl Waker {
    pub fn wake(&self) {
        // Where it finds no room there is something to wake up for already.
        let _ = self.0.try_send(Event::new(EventKind::Any));
    }
}
