//! Which captures run: a record for each in a folder of the system's that is gone after a restart. A record
//! says what its capture changed of the machine, is written before that, and is locked as long as the capture
//! lives: one that is not locked is of a capture that was killed, and what it left is removed by the next.

use super::plan::Plan;
use super::{links, translation};
use crate::capture::Fault;
use crate::limits::{RUNNING_COMMAND_BYTES_MAX, RUNNING_RECORD_BYTES_MAX};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

const FOLDER: &str = "/run/tractor";

/// A capture that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    pub process: u32,
    pub label: String,
    /// As far as a record has room for it.
    pub command: Vec<String>,
    /// As text, which not every path is.
    pub folder: String,
    /// Of the application.
    pub network: String,
    /// The machine's end of the pair, and the name of the table that translates addresses.
    pub interface: String,
    pub has_table: bool,
    /// Whether the machine forwarded packets before the first of the captures that run; none: no matter.
    pub forwarding: Option<String>,
}

impl Running {
    /// Of this process; what it changes is not known yet.
    pub fn new(label: String, command: Vec<String>, folder: &Path) -> Self {
        let process = std::process::id();
        let interface = format!("tractor{process}");
        let network = String::new();
        Self {
            process,
            label,
            command: cut(command),
            folder: folder.to_string_lossy().into_owned(),
            network,
            interface,
            has_table: false,
            forwarding: None,
        }
    }
}

/// The first words of a command, and of the last of them its beginning.
fn cut(command: Vec<String>) -> Vec<String> {
    let mut room_bytes = RUNNING_COMMAND_BYTES_MAX;
    let words = command.into_iter().map_while(|mut word| {
        if room_bytes == 0 {
            return None;
        }
        word.truncate(word.floor_char_boundary(room_bytes));
        // What is between two words takes room, too, so that there are not too many empty ones.
        room_bytes = room_bytes.saturating_sub(word.len() + 1);
        Some(word)
    });
    words.collect()
}

/// The folder while nobody else begins or ends a capture.
pub struct Register {
    _lock: File,
}

/// A record; the capture is taken for dead when it is closed.
#[derive(Debug)]
pub struct Entry {
    pub running: Running,
    path: PathBuf,
    _lock: File,
}

fn failed(cause: io::Error) -> Fault {
    Fault::failure(format!("{FOLDER}, where captures that run are noted, cannot be used: {cause}"))
}

impl Register {
    /// Waits until nobody else has it.
    ///
    /// # Errors
    /// A sentence.
    pub fn open() -> Result<Self, Fault> {
        fs::create_dir_all(FOLDER).map_err(failed)?;
        // Everybody may ask which captures run, whatever the umask of whoever made it.
        fs::set_permissions(FOLDER, Permissions::from_mode(0o755)).map_err(failed)?;
        let lock = Path::new(FOLDER).join("lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(lock)
            .map_err(failed)?;
        lock.lock().map_err(failed)?;
        Ok(Self { _lock: lock })
    }

    /// Undoes what captures did that were killed.
    ///
    /// # Errors
    /// A sentence: then their records stay.
    pub fn remove_leftovers(&self) -> Result<(), Fault> {
        for (path, file, lives) in records().map_err(failed)? {
            if lives {
                continue;
            }
            if let Some(left) = read(file) {
                self.undo(&left).map_err(|why| {
                    Fault::failure(format!(
                        "what a capture that was killed left cannot be removed: {why}"
                    ))
                })?;
            }
            fs::remove_file(path).map_err(failed)?;
        }
        Ok(())
    }

    /// Undoes what a capture did to the machine, as far as that goes; what went wrong first is told.
    fn undo(&self, done: &Running) -> Result<(), String> {
        let interface = links::remove(&done.interface)
            .map_err(|cause| format!("the interface {}: {cause}", done.interface));
        let table = match done.has_table {
            true => translation::remove_table(&done.interface),
            false => Ok(()),
        };
        interface.and(table).and(self.put_forwarding_back(done))
    }

    /// The last capture that needs it puts it back.
    fn put_forwarding_back(&self, done: &Running) -> Result<(), String> {
        let Some(before) = &done.forwarding else { return Ok(()) };
        let others = running().map_err(|fault| fault.to_string())?;
        let is_needed = |one: &Running| one.process != done.process && one.forwarding.is_some();
        if others.iter().any(is_needed) {
            return Ok(());
        }
        translation::set_forwarding(before).map_err(|cause| format!("ip_forward: {cause}"))
    }

    /// Notes a capture, and lets the machine forward packets if it needs that.
    ///
    /// # Errors
    /// A sentence: when its network is in use.
    pub fn enter(&self, mut own: Running, plan: &Plan) -> Result<Entry, Fault> {
        let others = running()?;
        let taken = |by: String| {
            Fault::usage(format!(
                "{} is in use: {by}; choose another --network, such as 10.99.0.0/24",
                plan.network
            ))
        };
        let is_same =
            |one: &&Running| one.network.parse().is_ok_and(|other| plan.network.overlaps(other));
        if let Some(other) = others.iter().find(is_same) {
            return Err(taken(format!(
                "the capture {} (process {}) has {}",
                other.label, other.process, other.network
            )));
        }
        let in_the_way = links::in_the_way_of(plan).map_err(|cause| {
            Fault::failure(format!("the machine's networks cannot be listed: {cause}"))
        })?;
        if let Some(what) = in_the_way {
            return Err(taken(what));
        }
        if plan.translates {
            translation::check().map_err(Fault::Failure)?;
            let before = others.iter().find_map(|one| one.forwarding.clone());
            own.forwarding = Some(before.map_or_else(translation::forwarding, Ok).map_err(failed)?);
            own.has_table = true;
        }
        let entry = write(own).map_err(failed)?;
        let forwards = if plan.translates { translation::set_forwarding("1") } else { Ok(()) };
        if let Err(cause) = forwards {
            self.leave(&entry)?;
            return Err(Fault::failure(format!(
                "the machine cannot be told to forward packets (ip_forward): {cause}"
            )));
        }
        Ok(entry)
    }

    /// Undoes what a capture did, and forgets it.
    ///
    /// # Errors
    /// A sentence: then the next capture tries again.
    pub fn leave(&self, entry: &Entry) -> Result<(), Fault> {
        self.undo(&entry.running)
            .map_err(|why| Fault::failure(format!("not everything could be undone: {why}")))?;
        fs::remove_file(&entry.path).map_err(failed)
    }
}

/// The captures with networks of their own that run, in the order of their processes. Everybody may ask.
///
/// # Errors
/// A sentence.
pub fn running() -> Result<Vec<Running>, Fault> {
    let records = match records() {
        Err(cause) if cause.kind() == ErrorKind::NotFound => Vec::new(),
        records => records.map_err(failed)?,
    };
    let living = records.into_iter().filter(|(_, _, lives)| *lives);
    let mut running: Vec<Running> = living.filter_map(|(_, file, _)| read(file)).collect();
    running.sort_by_key(|one| one.process);
    Ok(running)
}

/// The records, and whether the capture of each lives.
fn records() -> io::Result<Vec<(PathBuf, File, bool)>> {
    let mut records = Vec::new();
    for entry in fs::read_dir(FOLDER)? {
        let path = entry?.path();
        let is_record = |extension: &std::ffi::OsStr| extension == "json" || extension == "new";
        if !path.extension().is_some_and(is_record) {
            continue;
        }
        let file = match File::open(&path) {
            // Its capture ended meanwhile.
            Err(cause) if cause.kind() == ErrorKind::NotFound => continue,
            opened => opened?,
        };
        // Who only looks keeps nobody else from that, and is not taken for the capture.
        let lives = match file.try_lock_shared() {
            Ok(()) => false,
            Err(TryLockError::WouldBlock) => true,
            Err(TryLockError::Error(cause)) => return Err(cause),
        };
        records.push((path, file, lives));
    }
    Ok(records)
}

fn read(file: File) -> Option<Running> {
    let mut text = Vec::new();
    file.take(RUNNING_RECORD_BYTES_MAX).read_to_end(&mut text).ok()?;
    // What was not written to its end is of a capture that had not done anything yet.
    serde_json::from_slice(&text).ok()
}

/// Writes a record, which has its name only when it is whole.
fn write(running: Running) -> io::Result<Entry> {
    let path = Path::new(FOLDER).join(format!("{}.json", running.process));
    let unfinished = path.with_extension("new");
    let mut file = File::options().write(true).create_new(true).open(&unfinished)?;
    file.lock()?;
    file.set_permissions(Permissions::from_mode(0o644))?;
    file.write_all(&serde_json::to_vec(&running).map_err(io::Error::other)?)?;
    match fs::exists(&path)? {
        true => return Err(io::Error::from(ErrorKind::AlreadyExists)),
        false => fs::rename(unfinished, &path)?,
    }
    Ok(Entry { running, path, _lock: file })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_any_command_is_short_enough_to_be_read() {
        let record_of = |command: Vec<String>| {
            let running = Running::new("a".to_owned(), command, Path::new("/"));
            let text = serde_json::to_vec(&running).unwrap();
            assert!(text.len() as u64 <= RUNNING_RECORD_BYTES_MAX, "{}", text.len());
            running.command
        };
        let short = vec!["curl".to_owned(), String::new(), "http://a.example/".to_owned()];
        assert_eq!(record_of(short.clone()), short);
        // A character of one byte takes six; one of two is not cut in its middle.
        for part in ["\u{1}", "xä", "x"] {
            let long = part.repeat(2 << 20);
            let [word] = &record_of(vec![long.clone()])[..] else { panic!("one word") };
            assert!(long.starts_with(word) && word.len() >= RUNNING_COMMAND_BYTES_MAX - 1);
        }
        for word in ["", "x", "\u{1}"] {
            assert!(record_of(vec![word.to_owned(); 1 << 18]).len() > 1_000);
        }
    }
}
