//! Watches a folder of captures: what is in it, and which files nobody writes to any more.
//!
//! The system tells of most changes, but not on every file system, and not when there were too many:
//! so the folder is looked through again from time to time.

use super::changes::Changes;
use super::{Entry, Folder, Stopwatch};
use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::io;
use std::time::Duration;

/// Between two looks through the whole folder, whatever the system tells.
const RESCAN: Duration = Duration::from_secs(30);

/// A file that has not grown for so long is complete.
const QUIET: Duration = Duration::from_secs(10);

/// Between two looks at files that may still grow.
const LOOK: Duration = Duration::from_millis(500);

/// Between any two looks: who writes without a pause is told of as often.
const PAUSE: Duration = Duration::from_millis(50);

/// What is so now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// All files, by name.
    pub entries: Vec<Entry>,
    /// Shown names of those that are complete.
    pub complete: HashSet<String>,
}

struct Seen {
    entry: Entry,
    since: Stopwatch,
    is_complete: bool,
}

/// A watched folder.
pub struct Watch {
    folder: Folder,
    changes: Changes,
    seen: HashMap<OsString, Seen>,
    /// Closed or renamed into place since the last look.
    closed: HashSet<OsString>,
    looked: Option<Stopwatch>,
}

impl Watch {
    pub fn new(folder: Folder) -> Self {
        let changes = Changes::of(folder.path());
        Self { folder, changes, seen: HashMap::new(), closed: HashSet::new(), looked: None }
    }

    /// Waits for a change, `LOOK` at most, and says what is so now; `None`: nothing has changed.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn look(&mut self) -> io::Result<Option<News>> {
        let is_first = self.looked.is_none();
        let something_happened = !is_first && self.changes.wait(LOOK, &mut self.closed);
        let is_due = self.looked.is_none_or(|looked| looked.passed() >= RESCAN);
        let may_grow = self.seen.values().any(|seen| !seen.is_complete);
        if !(is_first || something_happened || is_due || may_grow) {
            return Ok(None);
        }
        let passed = self.looked.map_or(PAUSE, |looked| looked.passed());
        std::thread::sleep(PAUSE.saturating_sub(passed));
        self.looked = Some(Stopwatch::start());
        let entries = self.folder.entries()?;
        let changed = self.take_in(&entries, is_first);
        if !changed && !is_first {
            return Ok(None);
        }
        let complete = self.seen.values().filter(|seen| seen.is_complete);
        let complete = complete.map(|seen| seen.entry.shown.clone()).collect();
        Ok(Some(News { entries, complete }))
    }

    /// Takes in what is there now; tells whether anything is new.
    fn take_in(&mut self, entries: &[Entry], is_first: bool) -> bool {
        let names: HashSet<&OsString> = entries.iter().map(|entry| &entry.name).collect();
        let before = self.seen.len();
        self.seen.retain(|name, _| names.contains(name));
        let mut changed = self.seen.len() != before;
        for entry in entries {
            let was_closed = self.closed.remove(&entry.name);
            match self.seen.get_mut(&entry.name) {
                Some(seen) if seen.entry == *entry => {
                    let is_complete = was_closed || seen.since.passed() >= QUIET;
                    changed |= is_complete && !seen.is_complete;
                    seen.is_complete |= is_complete;
                }
                _ => {
                    changed = true;
                    // What was there before anybody looked may be written to by nobody.
                    let is_complete = was_closed || is_first && is_old(entry);
                    let (entry, since) = (entry.clone(), Stopwatch::start());
                    self.seen.insert(entry.name.clone(), Seen { entry, since, is_complete });
                }
            }
        }
        self.closed.clear();
        changed
    }
}

/// Whether it was last written to long enough ago.
fn is_old(entry: &Entry) -> bool {
    let now_ns = i128::from(super::Clock::unix_s()) * 1_000_000_000;
    now_ns - entry.identity.modified_ns >= QUIET.as_nanos() as i128
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn until(watch: &mut Watch, what: &str, is_so: impl Fn(&News) -> bool) {
        let began = Stopwatch::start();
        while began.passed() < Duration::from_secs(20) {
            if watch.look().unwrap().is_some_and(|news| is_so(&news)) {
                return;
            }
        }
        panic!("waited in vain until {what}");
    }

    /// To look at files makes events, too.
    #[test]
    fn a_file_that_may_grow_is_not_looked_at_all_the_time() {
        let root = tempfile::tempdir().unwrap();
        let mut file = std::fs::File::create(root.path().join("a.pcap")).unwrap();
        let mut watch = Watch::new(Folder::open(root.path()).unwrap());
        watch.look().unwrap();
        let began = Stopwatch::start();
        // When the last look began: a clock that is read twice tells two times.
        let looked = |watch: &Watch| {
            let since = watch.looked.map(|looked| looked.passed()).unwrap_or_default();
            began.passed().saturating_sub(since)
        };
        let (mut looks, mut last) = (0, looked(&watch));
        while began.passed() < Duration::from_secs(1) {
            std::fs::read(root.path().join("a.pcap")).unwrap();
            watch.look().unwrap();
            let now = looked(&watch);
            looks += usize::from(now > last + PAUSE / 2);
            last = now;
        }
        assert!((1..=3).contains(&looks), "{looks} looks without a change");
        // Of a busy machine the quickest look tells how long a look waits.
        let (began, mut quickest) = (Stopwatch::start(), Duration::MAX);
        for _ in 0..20 {
            let one = Stopwatch::start();
            file.write_all(b"abc").unwrap();
            watch.look().unwrap();
            quickest = quickest.min(one.passed());
        }
        let took = began.passed();
        assert!(quickest <= Duration::from_millis(200), "{quickest:?} to look at what grows");
        assert!(took >= 19 * PAUSE, "20 looks at what grows took {took:?}");
    }

    #[test]
    fn a_file_is_complete_when_it_is_closed_or_renamed_into_place() {
        let root = tempfile::tempdir().unwrap();
        let mut watch = Watch::new(Folder::open(root.path()).unwrap());
        assert!(watch.look().unwrap().is_some_and(|news| news.entries.is_empty()));
        let mut file = std::fs::File::create(root.path().join("a.pcap")).unwrap();
        file.write_all(b"abc").unwrap();
        let has = |news: &News, name: &str| news.entries.iter().any(|entry| entry.shown == name);
        until(&mut watch, "it is seen", |news| has(news, "a.pcap") && news.complete.is_empty());
        drop(file);
        until(&mut watch, "it is complete", |news| news.complete.contains("a.pcap"));
        std::fs::rename(root.path().join("a.pcap"), root.path().join("b.pcap")).unwrap();
        until(&mut watch, "it has moved", |news| {
            !has(news, "a.pcap") && news.complete.contains("b.pcap")
        });
    }
}
