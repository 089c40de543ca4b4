//! Captures that other projects have made: they agree with the oracle, hold what other programs count in them, and
//! none of them hurts.
//!
//! They lie in the folder TRACTOR_CORPUS, or else beside the workspace, and are not part of the repository.
//! `TRACTOR_LONG=1` takes every file; otherwise some tests take a few hundred, the same each time.

mod agrees;
mod bounds;
mod conn_states;
mod counts;
mod labels;
mod names;
mod readable;
mod sessions;
mod tunnels;

use std::path::{Path, PathBuf};

/// Whether time does not matter.
fn is_long() -> bool {
    std::env::var_os("TRACTOR_LONG").is_some()
}

fn folder() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    std::env::var_os("TRACTOR_CORPUS").map_or_else(beside, PathBuf::from)
}

/// All captures, sorted; none, with a word about it, when there is no folder of them.
fn captures() -> Vec<PathBuf> {
    let folder = folder();
    let mut files = Vec::new();
    collect(&folder, &mut files);
    if files.is_empty() {
        eprintln!("skipped: no captures in {} (TRACTOR_CORPUS names another)", folder.display());
    }
    files.sort();
    files
}

/// Captures by their names, in all folders below.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension != "csv" && extension != "md")
        {
            files.push(path);
        }
    }
}
