//! A run that is killed and begun again gives the bytes of one that was not: whatever was read when, and
//! whatever time passed without packets. `TRACTOR_CASES` is the number of kills.

use super::writer::{Rotation, Sensor, replay};
use super::{assert_same, ended, follow, rows_of, traffic};
use crate::binary::cases;
use crate::support::at_once::check_each;
use crate::support::random::Random;
use std::path::Path;
use std::time::{Duration, Instant};

/// Of one stream.
const KILLS: u64 = 5;

/// Streams at once.
const AT_ONCE: usize = 3;

/// How a run is told to follow.
fn arguments<'a>(quiet: &'a str, name: &'a str, workers: &'a str, rows: &'a str) -> Vec<&'a str> {
    let often = ["--checkpoint-pause", "30ms", "--quiet-after", quiet, "--checkpoint", name];
    [&often[..], &["-o", rows, "--workers", workers]].concat()
}

/// Follows `folder/captures` until something has happened and for a while, and kills whoever does.
fn follow_and_kill(folder: &Path, random: &mut Random, quiet: &str, until: impl FnOnce()) {
    let workers = random.pick(&["1", "2", "4"]);
    let mut running = follow(folder, &arguments(quiet, "place", workers, "rows.csv"));
    until();
    std::thread::sleep(Duration::from_millis(60 + random.below(700)));
    assert!(running.child.try_wait().unwrap().is_none(), "it goes on");
    running.child.kill().unwrap();
    running.child.wait().unwrap();
}

/// Goes on, up to where nothing new has come for a second; there is no checkpoint that is called "again".
fn follow_to_the_end(folder: &Path, quiet: &str, name: &str, rows: &str) -> String {
    let arguments = arguments(quiet, name, "2", rows);
    let finished = ended(follow(folder, &[&arguments[..], &["--end-after", "1s"]].concat()));
    assert_eq!(finished.code, Some(0), "{}", finished.messages);
    let warns = finished.messages.contains("warning");
    assert_eq!(warns, name == "again", "{}", finished.messages);
    std::fs::read_to_string(folder.join(rows)).unwrap()
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
        let sensor =
            scope.spawn(|| replay(&capture, &captures, sensor, &mut Random::seeded(seed + 1_000)));
        (1..KILLS).for_each(|_| follow_and_kill(folder.path(), &mut random, quiet, || {}));
        // The last one lives for longer than the sensor.
        follow_and_kill(folder.path(), &mut random, quiet, || sensor.join().unwrap());
    });
    let rows = follow_to_the_end(folder.path(), quiet, "place", "rows.csv");
    if quiet == "never" {
        assert_same(&rows, &rows_of(&capture, &[]), &format!("seed {seed}: the whole capture"));
    }
    let advances = std::fs::read_to_string(folder.path().join("place.journal")).unwrap();
    assert_eq!(advances.contains("advance"), quiet != "never", "seed {seed}");
    // Undisturbed, and from the begin: the same is read at the same time.
    std::fs::copy(folder.path().join("place.journal"), folder.path().join("again.journal"))
        .unwrap();
    let again = follow_to_the_end(folder.path(), "never", "again", "again.csv");
    assert_same(&rows, &again, &format!("seed {seed}: an undisturbed run"));
    // It has ended, and nothing new came.
    let once_more = follow_to_the_end(folder.path(), quiet, "place", "rows.csv");
    assert_same(&once_more, &rows, &format!("seed {seed}: the run before"));
}

#[test]
fn a_killed_run_goes_on_as_if_nothing_had_happened() {
    let streams = cases(4 * KILLS).div_ceil(KILLS);
    let began = Instant::now();
    check_each(streams, AT_ONCE, assert_nothing_is_lost);
    println!("{streams} streams killed {KILLS} times each in {:?}", began.elapsed());
}
