//! Runs with a watcher, on different means and with others beside.

use std::path::{Path, PathBuf};

use tempfile::tempdir;

use super::super::run::in_place;
use super::watchers::{Beside, Watcher};
use crate::support::random::Random;

const SIGNATURES: &str = "org.tractor.signatures";
const WORKERS: [&str; 3] = ["1", "2", "4"];
const CHUNKS: [&str; 4] = ["64", "1000", "65536", "1000000"];

/// How a capture is looked at.
#[derive(Debug)]
pub struct Way<'a> {
    pub workers: &'a str,
    pub chunk_bytes: &'a str,
    pub beside: Vec<&'a Path>,
    pub bundled: bool,
    /// Rows are cut into windows.
    pub window: Option<&'a str>,
}

impl<'a> Way<'a> {
    pub fn any(random: &mut Random, beside: &'a Beside) -> Self {
        let (workers, chunk_bytes) = (random.pick(&WORKERS), random.pick(&CHUNKS));
        let (beside, bundled) = beside.some(random);
        let window = random.chance(20).then_some("700ms");
        Self { workers, chunk_bytes, beside, bundled, window }
    }

    pub fn plain() -> Self {
        Self {
            workers: "1",
            chunk_bytes: "1000000",
            beside: Vec::new(),
            bundled: false,
            window: None,
        }
    }
}

/// What a watcher wrote, line by line, and the rows of the run.
pub fn watched(
    inputs: &[PathBuf],
    profile: &str,
    watcher: &Watcher,
    way: &Way,
) -> (Vec<String>, String) {
    let folder = tempdir().unwrap();
    let seen = folder.path().join("seen");
    let mut command = in_place();
    command.arg("flows").args(inputs).args(["--profile", profile, "--plugin"]);
    command.arg(&watcher.library).args(["--workers", way.workers]);
    command.args(["--chunk-bytes", way.chunk_bytes]);
    let option = format!("{}.file={}", watcher.name, seen.display());
    command.args(["--plugin-option", &option, "--strict-plugins"]);
    for beside in &way.beside {
        command.arg("--plugin").arg(beside);
    }
    if let Some(window) = way.window {
        command.args(["--window", window]);
    }
    if !way.bundled {
        command.args(["--without-plugin", SIGNATURES]);
    }
    let done = command.output().unwrap();
    // 3: of damaged captures.
    assert!(matches!(done.status.code(), Some(0 | 3)), "{command:?}: {done:?}");
    let seen = std::fs::read_to_string(seen).unwrap_or_default();
    (seen.lines().map(str::to_owned).collect(), String::from_utf8(done.stdout).unwrap())
}
