//! Whose turn it is: files that are ready, those that wait for older ones, and time that passes without packets.

use super::{Fed, Follower};
use crate::capture::follow::InputEvent;
use crate::capture::follow::file::Followed;
use crate::time::Timestamp;

impl Follower {
    pub(super) fn make_ready(&mut self, serial: u64) {
        let Some(file) = self.files.get(&serial).filter(|file| !file.is_over) else { return };
        if let Some(first_time) = file.first_time {
            self.ready.insert((first_time, serial));
        }
    }

    /// The next file, which becomes the current one.
    pub(super) fn next(&mut self) -> Option<u64> {
        // When one has waited long enough, so have all that are older.
        let is_due = |file: &Followed| file.held.is_zero() && !file.is_of_second_listing;
        let mut ready = self.ready.iter();
        ready.find(|(_, serial)| self.files.get(serial).is_some_and(is_due))?;
        let (first_time, serial) = self.ready.pop_first()?;
        let offset = self.files.get(&serial)?.offset;
        let begins = offset == 0 && self.newest.is_some_and(|newest| first_time < newest);
        self.late_files += u64::from(begins);
        self.current = Some(serial);
        self.noted = Some((serial, offset));
        Some(serial)
    }

    /// Nothing is left to read: time may have passed.
    pub(super) fn idle(&mut self) -> Fed {
        // Files that wait for older ones are no silence.
        if !self.ready.is_empty() {
            return Fed::Nothing;
        }
        if self.options.end_after.is_some_and(|end_after| self.silence >= end_after) {
            return self.finish();
        }
        let (Some(quiet), Some(newest)) = (self.options.quiet_after, self.newest) else {
            return Fed::Nothing;
        };
        let due = quiet.saturating_mul(self.advances + 1);
        if self.silence < due || due > self.options.silence_max.saturating_add(quiet) {
            return Fed::Nothing;
        }
        self.advances += 1;
        let clock = newest.plus(i64::try_from(quiet.as_nanos()).unwrap_or(i64::MAX));
        self.note(&InputEvent::Advance { clock_ns: clock.0, packets: self.packets });
        self.newest = Some(clock);
        Fed::Advance(clock)
    }

    /// The stream clock after what was read last.
    pub fn saw(&mut self, clock: Timestamp) {
        self.newest = self.newest.max(Some(clock));
    }
}
