//! No foreign capture makes the program panic, wait or grow.

use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::{captures, is_long};
use crate::cli::run::in_place;

/// Taken of all captures when time matters.
const EVERY: usize = 10;
const LONGEST: Duration = Duration::from_secs(5);
const MOST_MEMORY_KIB: u64 = 256 << 10;

/// Every profile, every format, and what cuts flows otherwise.
const WAYS: [&[&str]; 14] = [
    &["flows", "--format", "jsonl"],
    &["flows", "--format", "parquet"],
    &["flows", "--format", "arff"],
    &["flows", "--format", "zeek"],
    &["flows", "--profile", "iscx"],
    &["flows", "--profile", "iscx-a2", "--format", "parquet"],
    &["flows", "--profile", "iscx-fixed", "--format", "jsonl"],
    &["flows", "--profile", "cic", "--format", "parquet"],
    &["flows", "--profile", "cic-fixed", "--format", "arff"],
    &["flows", "--profile", "nfstream", "--format", "jsonl"],
    &["flows", "--splt", "255", "--format", "parquet"],
    &["flows", "--window", "1s"],
    &["flows", "--profile", "cic-fixed", "--window", "10s", "--format", "parquet"],
    &["flows", "--outer"],
];

/// A run that is over.
struct Measured {
    status: ExitStatus,
    took: Duration,
    /// The most memory that was resident at any time.
    memory_kib: u64,
}

#[test]
fn no_capture_makes_the_program_panic_or_wait_or_grow() {
    let every = if is_long() { 1 } else { EVERY };
    let (mut runs, mut slowest, mut largest_kib) = (0, Duration::ZERO, 0);
    let mut complaints = Vec::new();
    for (place, path) in captures().iter().step_by(every).enumerate() {
        // Each capture in one way, or in all.
        let ways = WAYS.iter().cycle().skip(if is_long() { 0 } else { place });
        let ways = ways.take(if is_long() { WAYS.len() } else { 1 });
        let always = [&["info", "--json"][..], &["flows", "--workers", "2"]];
        for arguments in always.iter().chain(ways) {
            let (measured, messages) = run(path, arguments);
            runs += 1;
            slowest = slowest.max(measured.took);
            largest_kib = largest_kib.max(measured.memory_kib);
            let is_quiet = !messages.contains("panicked") && !messages.contains("internal error");
            let ended_well = matches!(measured.status.code(), Some(0 | 1 | 3)) && is_quiet;
            let within = measured.took < LONGEST && measured.memory_kib < MOST_MEMORY_KIB;
            if !ended_well || !within {
                let Measured { status, took, memory_kib } = measured;
                let how = format!("{status}, {took:?}, {memory_kib} KiB");
                complaints.push(format!("{} {arguments:?}: {how}: {messages}", path.display()));
            }
        }
    }
    eprintln!(
        "{runs} runs over captures compared with the bounds, {slowest:?} and {largest_kib} KiB at most"
    );
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(runs == 0 || largest_kib > 0, "memory was measured");
}

fn run(path: &Path, arguments: &[&str]) -> (Measured, String) {
    let messages = tempfile::NamedTempFile::new().expect("a file for messages");
    let mut command = in_place();
    command.args(arguments).arg(path).stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(messages.reopen().expect("another handle"));
    let measured = measure(command.spawn().expect("the program starts"));
    let bytes = std::fs::read(messages.path()).expect("a file to read");
    (measured, String::from_utf8_lossy(&bytes).into_owned())
}

/// Waits for the end, and ends what does not. The system keeps the high-water mark of a process as long as it runs:
/// looked at each millisecond, only what is taken in the last one can be missed.
fn measure(mut child: Child) -> Measured {
    let began = Instant::now();
    let mut memory_kib = 0;
    loop {
        memory_kib = memory_kib.max(high_water_kib(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait().expect("a child to wait for") {
            return Measured { status, took: began.elapsed(), memory_kib };
        }
        if began.elapsed() > 2 * LONGEST {
            child.kill().expect("a child to end");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn high_water_kib(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
