//! Which plugin is inside: written to a file, so that another process, which holds the same file,
//! knows it after a crash, an exit, a kill, or while a call never ends. No signal is handled.
//!
//! The file has slots of two numbers (little-endian, 64 bits): slot 0 is that of loading, the others
//! are those of workers. The first number is 0, or the number, from 1, of the name of whoever is
//! inside; the second counts the calls of the slot. Behind the slots stand the names, each with its
//! length before it (32 bits): path, tab, and id where it is known.

use super::text::printable;
use crate::limits::{CALLS_NAME_BYTES_MAX, WORKERS_MAX};
pub use crate::limits::{PLUGIN_CALL_S_MAX as CALL_S_MAX, PLUGIN_MEMORY_SHARE as MEMORY_SHARE};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

const SLOTS: usize = 1 + WORKERS_MAX;
const SLOT_BYTES: usize = 16;
const NAMES_AT: u64 = (SLOTS * SLOT_BYTES) as u64;

/// The writer's end, shared by all workers. Without a file it does nothing.
pub(super) struct Calls {
    file: Option<File>,
    state: Mutex<State>,
}

struct State {
    free_slots: Vec<usize>,
    names: u64,
    end: u64,
}

impl Default for Calls {
    /// Writes to no file.
    fn default() -> Self {
        let state = State { free_slots: (0..SLOTS).rev().collect(), names: 0, end: NAMES_AT };
        Self { file: None, state: Mutex::new(state) }
    }
}

impl Calls {
    /// Writes to a file, which exists, or to none.
    pub fn new(path: Option<&Path>) -> io::Result<Self> {
        let open = |path| File::options().write(true).open(path);
        let calls = Self { file: path.map(open).transpose()?, ..Self::default() };
        calls.write(&[0; SLOTS * SLOT_BYTES], 0);
        Ok(calls)
    }

    /// A number for a library, or a classifier of it.
    pub fn name(&self, path: &Path, id: Option<&str>) -> u64 {
        let path = path.display().to_string();
        let mut name = printable(path.as_bytes(), CALLS_NAME_BYTES_MAX);
        name.extend(id.map(|id| format!("\t{id}")));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // Neither is longer than its bounds.
        let record = [&(name.len() as u32).to_le_bytes()[..], name.as_bytes()].concat();
        self.write(&record, state.end);
        state.end += record.len() as u64;
        state.names += 1;
        state.names
    }

    /// A slot of one's own; the first is that of loading.
    pub fn slot(self: &Arc<Self>) -> Slot {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        Slot { calls: Arc::clone(self), place: state.free_slots.pop(), made: 0 }
    }

    /// Who cannot write cannot help it: only the supervisor knows less then.
    fn write(&self, bytes: &[u8], at: u64) {
        if let Some(file) = &self.file {
            let _ = file.write_all_at(bytes, at);
        }
    }
}

/// Where one thread says which plugin it is in.
pub(super) struct Slot {
    calls: Arc<Calls>,
    /// None: more workers than slots.
    place: Option<usize>,
    made: u64,
}

impl Slot {
    /// Makes a call of a plugin.
    pub fn inside<T>(&mut self, name: u64, call: impl FnOnce() -> T) -> T {
        self.made += 1;
        self.write(name);
        let result = call();
        self.write(0);
        result
    }

    #[cfg(test)]
    pub fn has_place(&self) -> bool {
        self.place.is_some()
    }

    fn write(&self, name: u64) {
        if let Some(place) = self.place {
            let slot = [name.to_le_bytes(), self.made.to_le_bytes()].concat();
            self.calls.write(&slot, (place * SLOT_BYTES) as u64);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.calls.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.free_slots.extend(self.place);
    }
}

/// The supervisor's end.
pub struct Watch {
    file: File,
}

/// A plugin that is inside, or was when its process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inside {
    /// 0: while plugins were loaded; otherwise a worker.
    pub slot: usize,
    /// Which call of the slot it is: a call that lasts has the same number when asked again.
    pub call: u64,
    /// The library, printable.
    pub path: String,
    /// None: while the library was opened.
    pub id: Option<String>,
}

impl Inside {
    /// Whether it has the name of a library that comes with the program.
    pub fn has_bundled_name(&self) -> bool {
        super::search::has_bundled_name(Path::new(&self.path))
    }
}

impl Watch {
    /// # Errors
    /// Those of opening the file.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { file: File::open(path)? })
    }

    /// Every plugin that is inside, by slot.
    ///
    /// # Errors
    /// Those of reading the file.
    pub fn inside(&self) -> io::Result<Vec<Inside>> {
        let mut slots = [0; SLOTS * SLOT_BYTES];
        match self.file.read_exact_at(&mut slots, 0) {
            // Nobody has begun to write.
            Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => return Ok(Vec::new()),
            read => read?,
        }
        let mut inside = Vec::new();
        for (slot, bytes) in slots.chunks_exact(SLOT_BYTES).enumerate() {
            let (name, call) = bytes.split_at(SLOT_BYTES / 2);
            let Some(name) = self.name(number(name))? else { continue };
            let (path, id) = match name.split_once('\t') {
                Some((path, id)) => (path.to_owned(), Some(id.to_owned())),
                None => (name, None),
            };
            inside.push(Inside { slot, call: number(call), path, id });
        }
        Ok(inside)
    }

    fn name(&self, wanted: u64) -> io::Result<Option<String>> {
        let mut at = NAMES_AT;
        for place in 1..=wanted {
            let mut length = [0; 4];
            self.file.read_exact_at(&mut length, at)?;
            let length = u32::from_le_bytes(length) as usize;
            if place == wanted {
                let mut name = vec![0; length.min(2 * CALLS_NAME_BYTES_MAX)];
                self.file.read_exact_at(&mut name, at + 4)?;
                return Ok(Some(String::from_utf8_lossy(&name).into_owned()));
            }
            at += 4 + length as u64;
        }
        Ok(None)
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_le_bytes)
}
