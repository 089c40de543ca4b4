//! What the folder has now: files that appear, go on, change, and are not there any more.

use super::Follower;
use crate::capture::expand::is_named_like_a_capture;
use crate::capture::follow::file::{Followed, Looked};
use crate::capture::follow::{Listed, NoFile};
use crate::capture::problem::Problem;
use crate::limits::FILES_MAX;
use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;
use std::time::Duration;

/// Time between two looks through the folder, for each file in it: to look is so a small part of the work.
const LIST_PAUSE_PER_FILE: Duration = Duration::from_micros(60);

impl Follower {
    /// So much time has passed: looks at what is there now.
    pub fn look(&mut self, passed: Duration) {
        self.silence = self.silence.saturating_add(passed);
        self.since_listed = self.since_listed.saturating_add(passed);
        let due: Vec<u64> = self.files.values_mut().filter_map(|file| file.pass(passed)).collect();
        due.into_iter().for_each(|serial| self.prepare(serial));
        // What is open can be read on without a look at the folder.
        self.open.clone().into_iter().for_each(|serial| self.make_ready(serial));
        let pause = LIST_PAUSE_PER_FILE.saturating_mul(self.files.len() as u32);
        if self.has_listed && self.since_listed < pause {
            return;
        }
        match self.list() {
            Ok(()) => self.is_unlisted = false,
            Err(error) if !self.is_unlisted => {
                self.is_unlisted = true;
                self.problems.push(Followed::unlisted(&error));
            }
            Err(_) => {}
        }
        self.since_listed = Duration::ZERO;
    }

    /// Takes in what is there. While a folder is listed files are made and written over, so a listing may
    /// have a new one and not, or as it was, the one that was written before it. Another listing has both:
    /// what is new in that one waits until the folder is listed again, or a younger file's turn comes.
    fn list(&mut self) -> io::Result<()> {
        let listing = self.captures.list()?;
        self.files.values_mut().for_each(|file| file.is_of_second_listing = false);
        let appeared = self.take_in(listing.files);
        self.tell_others(listing.others);
        self.has_listed = true;
        if !appeared.is_empty() {
            let listing = self.captures.list()?;
            for serial in self.take_in(listing.files) {
                if let Some(file) = self.files.get_mut(&serial) {
                    file.is_of_second_listing = true;
                }
            }
        }
        Ok(())
    }

    /// Gives the files that are new.
    fn take_in(&mut self, listed: Vec<Listed>) -> Vec<u64> {
        let mut present = HashSet::with_capacity(listed.len());
        let mut appeared = Vec::new();
        // While a folder is followed its files stay on their device.
        if !self.has_listed {
            self.mount_anew(&listed);
        }
        for one in listed {
            let known = self.serials.get(&one.place()).copied();
            let looked = match known.and_then(|serial| self.files.get_mut(&serial)) {
                Some(file) => file.look(&one, &*self.captures),
                None => Looked::Another,
            };
            match (looked, known) {
                (Looked::Same, Some(serial)) => {
                    present.insert(serial);
                    // Whoever goes on from a state may have left something unread.
                    if !self.has_listed {
                        self.prepare(serial);
                    }
                }
                (Looked::Changed, Some(serial)) => {
                    present.insert(serial);
                    self.prepare(serial);
                }
                (Looked::Shorter, Some(serial)) => {
                    present.insert(serial);
                    self.fail_shorter(serial);
                }
                (_, before) => {
                    before.into_iter().for_each(|serial| self.forget(serial, "written over"));
                    appeared.extend(self.appear(one));
                }
            }
        }
        present.extend(&appeared);
        let is_first = !self.has_listed;
        for &serial in &appeared {
            if let Some(file) = self.files.get_mut(&serial).filter(|_| !is_first) {
                file.held = self.options.lateness;
            }
            self.prepare(serial);
        }
        for (serial, file) in &mut self.files {
            file.is_present = present.contains(serial);
        }
        let gone = self.files.keys().filter(|serial| !present.contains(serial));
        for serial in gone.copied().collect::<Vec<_>>() {
            self.vanish(serial);
        }
        // Who begins the next file has ended the one before: it is read to its end first.
        if !appeared.is_empty() {
            self.open.clone().into_iter().for_each(|serial| self.make_ready(serial));
        }
        appeared
    }

    /// A folder that is mounted anew may be on another device by its number: files that have kept their
    /// own number, and begin as they did, are those that they were.
    fn mount_anew(&mut self, listed: &[Listed]) {
        let there: HashSet<(u64, u64)> = listed.iter().map(Listed::place).collect();
        let missing = self.files.values().filter(|file| !there.contains(&file.listed.place()));
        let missing: HashMap<u64, u64> =
            missing.map(|file| (file.listed.inode, file.serial)).collect();
        for one in listed {
            if self.serials.contains_key(&one.place()) {
                continue;
            }
            let file = missing.get(&one.inode).and_then(|serial| self.files.get_mut(serial));
            if let Some(file) = file.filter(|file| file.begins(one, &*self.captures)) {
                self.serials.remove(&file.listed.place());
                file.listed.device = one.device;
                self.serials.insert(one.place(), file.serial);
            }
        }
    }

    fn appear(&mut self, listed: Listed) -> Option<u64> {
        if self.files.len() >= FILES_MAX {
            if !std::mem::replace(&mut self.is_full, true) {
                let cause = format!("more than {FILES_MAX} files are not read");
                self.problems.push(Problem::error(&listed.shown, cause));
            }
            return None;
        }
        let serial = self.files_seen;
        self.files_seen += 1;
        self.serials.insert(listed.place(), serial);
        self.files.insert(serial, Followed::new(serial, listed));
        Some(serial)
    }

    /// A file that was compressed has the packets of the one that it was: those are read once. True: it
    /// has, or that cannot be told yet.
    fn is_copy(&mut self, serial: u64) -> bool {
        let Some(file) = self.files.get_mut(&serial) else { return true };
        if file.copy_of.is_some() {
            return true;
        }
        if file.offset > 0 || !file.is_compressed() {
            return false;
        }
        let Some(head) = file.uncompressed_head(&*self.captures) else { return true };
        let mut others = self.files.values();
        let original = others.find(|other| other.begins_as(&head)).map(|other| other.serial);
        if let Some(file) = self.files.get_mut(&serial) {
            file.copy_of = original;
        }
        original.is_some()
    }

    fn prepare(&mut self, serial: u64) {
        let Some(file) = self.files.get_mut(&serial) else { return };
        if file.is_over {
            return;
        }
        file.learn(&*self.captures);
        if self.is_copy(serial) {
            return;
        }
        let Some(file) = self.files.get_mut(&serial) else { return };
        let had_reader = file.has_reader();
        let problem = if file.first_time.is_none() { file.prepare(&*self.captures) } else { None };
        self.problems.extend(problem);
        match (file.has_reader(), had_reader) {
            (true, false) => self.touch(serial),
            (false, true) => self.close(serial),
            _ => {}
        }
        self.make_ready(serial);
    }

    /// What is named like a capture and is no file is told of, once. It may be on its way to be one: it
    /// must be so at two looks.
    fn tell_others(&mut self, others: Vec<NoFile>) {
        let mut before = std::mem::take(&mut self.others);
        let should_be_one = |other: &NoFile| is_named_like_a_capture(Path::new(&other.name));
        for other in others.into_iter().filter(should_be_one).take(FILES_MAX) {
            let untold = match before.remove(&other.name) {
                None => Some(Problem::error(&other.shown, other.cause)),
                Some(untold) => {
                    self.problems.extend(untold);
                    None
                }
            };
            self.others.insert(other.name, untold);
        }
    }

    fn fail_shorter(&mut self, serial: u64) {
        if let Some(file) = self.files.get_mut(&serial).filter(|file| !file.is_over) {
            file.is_over = true;
            self.problems.push(file.shorter());
        }
        self.close(serial);
    }

    /// A file is not in the folder. What is open of it is read to its end. It may be on its way to another
    /// name, or have been compressed: it is forgotten a little later.
    fn vanish(&mut self, serial: u64) {
        let Some(file) = self.files.get(&serial) else { return };
        if file.is_long_gone() && self.current != Some(serial) {
            self.forget(serial, "removed");
        }
    }

    /// Forgets a file that is not there any more.
    fn forget(&mut self, serial: u64, how: &str) {
        if self.current == Some(serial) {
            self.leave();
        }
        self.close(serial);
        let Some(file) = self.files.remove(&serial) else { return };
        let place = file.listed.place();
        if self.serials.get(&place) == Some(&serial) {
            self.serials.remove(&place);
        }
        let copies = self.files.values_mut().filter(|copy| copy.copy_of == Some(serial));
        let copies: Vec<u64> = copies
            .map(|copy| {
                copy.copy_of = None;
                copy.offset = file.offset;
                copy.first_time = file.first_time;
                copy.serial
            })
            .collect();
        if copies.is_empty() {
            self.problems.extend(file.lost(how));
        }
        copies.into_iter().for_each(|copy| self.prepare(copy));
    }
}
