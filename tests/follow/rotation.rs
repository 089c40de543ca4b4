//! However a sensor rotates its files and whatever it writes at once, the rows are those of the whole
//! capture. `TRACTOR_CASES` is the number of seeds, `TRACTOR_BENCH_CAPTURE` a capture to take.

use super::writer::{Capture, Rotation, Sensor, replay};
use super::{assert_same, ended, follow, rows_of, traffic};
use crate::binary::cases;
use crate::support::at_once::check_each;
use crate::support::random::Random;

/// Cases at once: nearly all of one is waiting.
const AT_ONCE: usize = 4;

/// Far below, a machine that is slow for a moment would end a run.
const END_AFTER: &str = "15s";

const MEGABYTE: usize = 1_000_000;

fn capture(seed: u64) -> Capture {
    match std::env::var("TRACTOR_BENCH_CAPTURE") {
        Ok(path) => Capture::of(std::fs::read(path).expect("a capture to replay")),
        Err(_) => traffic(seed, 6_000),
    }
}

fn rotation(random: &mut Random, kind: u64, bytes: usize) -> Rotation {
    let part = |random: &mut Random| bytes / (2 + random.below(30) as usize);
    match kind % 4 {
        0 => Rotation::Bytes(part(random)),
        1 => Rotation::Time((1 + random.below(100) as i64) * 1_000_000_000),
        2 => Rotation::Ring(2 + random.below(4) as usize, part(random)),
        _ => Rotation::Replaced(1 + random.below(4) as usize, part(random)),
    }
}

fn assert_is_whole(seed: u64, kind: u64) {
    let mut random = Random::seeded(seed);
    let capture = capture(seed);
    let sensor = Sensor {
        rotation: rotation(&mut random, kind, capture.bytes.len()),
        write_bytes: 1 << (4 + random.below(16)),
        bytes_per_second: random.chance(50).then_some(20 * MEGABYTE as u64),
        ..Sensor::default()
    };
    let workers = random.pick(&["1", "2", "4"]);
    let folder = tempfile::tempdir().unwrap();
    let captures = folder.path().join("captures");
    std::fs::create_dir(&captures).unwrap();
    let options = ["--quiet-after", "never", "--end-after", END_AFTER, "--workers", workers];
    let running = follow(folder.path(), &[&options[..], &["-o", "rows.csv"]].concat());
    replay(&capture, &captures, sensor, &mut random);
    let finished = ended(running);
    let what = format!("seed {seed}, {sensor:?}, {workers} workers: {}", finished.messages);
    assert_eq!(finished.code, Some(0), "{what}");
    let rows = std::fs::read_to_string(folder.path().join("rows.csv")).unwrap();
    assert_same(&rows, &rows_of(&capture, &[]), &what);
}

#[test]
fn rotated_files_are_one_stream() {
    check_each(4 * cases(2), AT_ONCE, |case| assert_is_whole(case / 4, case));
}
