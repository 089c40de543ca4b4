//! A run that is killed and begun again gives the bytes of one that was not: whatever was read when, and
//! whatever time passed without packets. `TRACTOR_CASES` is the number of kills.

use super::writer::{Rotation, Sensor, replay};
use super::{ended, follow, rows_of, traffic};
use crate::binary::cases;
use crate::support::random::Random;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Of one stream.
const KILLS: u64 = 5;

/// Streams at once.
const AT_ONCE: usize = 3;

const END_AFTER: &str = "5s";

/// How a run is told to follow.
fn arguments<'a>(quiet: &'a str, name: &'a str, workers: &'a str, rows: &'a str) -> Vec<&'a str> {
    let often = ["--checkpoint-pause", "30ms", "--quiet-after", quiet, "--checkpoint", name];
    [&often[..], &["-o", rows, "--workers", workers]].concat()
}

/// Follows `folder/captures` and kills whoever does; the last one ends by itself.
fn follow_and_kill(folder: &Path, random: &mut Random, quiet: &str, kills: u64) {
    for kill in 0..=kills {
        let workers = random.pick(&["1", "2", "4"]);
        let mut arguments = arguments(quiet, "place", workers, "rows.csv");
        arguments.extend(["--end-after", END_AFTER]);
        let mut running = follow(folder, &arguments);
        if kill < kills {
            std::thread::sleep(Duration::from_millis(60 + random.below(700)));
            running.child.kill().unwrap();
            running.child.wait().unwrap();
            continue;
        }
        let finished = ended(running);
        assert_eq!(finished.code, Some(0), "{}", finished.messages);
        assert!(!finished.messages.contains("warning"), "{}", finished.messages);
    }
}

fn assert_nothing_is_lost(seed: u64) {
    let mut random = Random::seeded(seed);
    let capture = traffic(seed, 12_000);
    // In half of the trials time passes without packets.
    let quiet = if seed.is_multiple_of(2) { "never" } else { "150ms" };
    let bytes = capture.bytes.len();
    let sensor = Sensor {
        rotation: random.pick(&[
            Rotation::Never,
            Rotation::Bytes(bytes / 20),
            Rotation::Bytes(bytes / 4),
            Rotation::Time(20_000_000_000),
        ]),
        write_bytes: 1 << (6 + random.below(10)),
        bytes_per_second: Some(bytes as u64 / 3),
        pauses: if quiet == "never" { 0 } else { 3 },
        ..Sensor::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let captures = folder.path().join("captures");
    std::fs::create_dir(&captures).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| replay(&capture, &captures, sensor, &mut Random::seeded(seed + 1_000)));
        follow_and_kill(folder.path(), &mut random, quiet, KILLS);
    });
    let rows = std::fs::read_to_string(folder.path().join("rows.csv")).unwrap();
    if quiet == "never" {
        assert!(rows == rows_of(&capture, &[]), "seed {seed}: not those of the whole capture");
    }
    let advances = std::fs::read_to_string(folder.path().join("place.journal")).unwrap();
    assert_eq!(advances.contains("advance"), quiet != "never", "seed {seed}");
    // Undisturbed, and from the begin: the same is read at the same time.
    std::fs::copy(folder.path().join("place.journal"), folder.path().join("again.journal"))
        .unwrap();
    let again = arguments("never", "again", "2", "again.csv");
    let finished = ended(follow(folder.path(), &[&again[..], &["--end-after", "1s"]].concat()));
    assert_eq!(finished.code, Some(0), "{}", finished.messages);
    let again = std::fs::read_to_string(folder.path().join("again.csv")).unwrap();
    assert!(rows == again, "seed {seed}: not those of an undisturbed run");
    // It has ended, and nothing new came.
    let finished = {
        let arguments = arguments(quiet, "place", "1", "rows.csv");
        ended(follow(folder.path(), &[&arguments[..], &["--end-after", "1s"]].concat()))
    };
    assert_eq!(finished.code, Some(0), "{}", finished.messages);
    assert!(
        std::fs::read_to_string(folder.path().join("rows.csv")).unwrap() == rows,
        "seed {seed}"
    );
}

#[test]
fn a_killed_run_goes_on_as_if_nothing_had_happened() {
    let streams = cases(4 * KILLS).div_ceil(KILLS);
    let next = AtomicU64::new(0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= streams {
                        break;
                    }
                    assert_nothing_is_lost(seed);
                }
            });
        }
    });
    println!("{streams} streams killed {KILLS} times each in {:?}", began.elapsed());
}
