//! The program and the oracle agree on captures that other projects have made.
//!
//! They lie in the folder TRACTOR_CORPUS, or else beside the workspace, and are not part of the repository.
//! `TRACTOR_LONG=1` takes every file; otherwise a few hundred are taken, the same each time.

use std::path::{Path, PathBuf};

use crate::binary::{self, Means};
use crate::oracle::{Options, Profile, table};
use crate::support::capture_reader::read;
use crate::support::random::Random;

/// Taken of 100 files when not all are.
const SAMPLE_PERCENT: u64 = 8;
/// The oracle looks at every open flow at every packet: longer captures are for the long run.
const PACKETS_MAX: usize = 5_000;

#[test]
fn native_and_iscx_agree_on_foreign_captures() {
    let long = std::env::var_os("TRACTOR_LONG").is_some();
    let folder = folder();
    let mut files = Vec::new();
    collect(&folder, &mut files);
    if files.is_empty() {
        eprintln!("skipped: no captures in {} (TRACTOR_CORPUS names another)", folder.display());
        return;
    }
    files.sort();
    let mut random = Random::seeded(8);
    files.retain(|_| long || random.chance(SAMPLE_PERCENT));
    let (mut compared, mut skipped) = (0, 0);
    let mut differences = Vec::new();
    for path in files {
        let bytes = std::fs::read(&path).expect("a capture that can be opened");
        let Ok(packets) = read(&bytes) else {
            skipped += 1;
            continue;
        };
        if !long && packets.len() > PACKETS_MAX {
            skipped += 1;
            continue;
        }
        compared += 1;
        for profile in [Profile::Native, Profile::Iscx] {
            let options = Options::of(profile);
            let means = Means { workers: random.pick(&[1, 2, 4]), chunk_bytes: None };
            // The exit code tells of the file's state, which is not looked at here.
            let printed = binary::flows(std::slice::from_ref(&path), &options, means);
            if let Some(difference) = table(&packets, &options).difference(&printed.output) {
                differences.push(format!("{}\n{difference}", printed.command));
            }
        }
    }
    eprintln!("{compared} captures compared, {skipped} not read by the tests' own reader");
    assert!(
        differences.is_empty(),
        "{} of {compared} captures differ:\n{}",
        differences.len(),
        differences.join("\n\n")
    );
}

fn folder() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    std::env::var_os("TRACTOR_CORPUS").map_or_else(beside, PathBuf::from)
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
