//! What checkpoints cost a run that follows a folder: `TRACTOR_LONG=1 TRACTOR_BENCH_CAPTURE=file cargo test
//! --release follow::cost -- --nocapture`.

use super::{ended, follow};
use std::path::Path;

/// One pair of runs may differ by a tenth either way; the middle of so many by a hundredth or so.
const ROUNDS: usize = 24;

/// Seconds that a run takes.
fn seconds(folder: &Path, checkpoint: bool) -> f64 {
    for name in ["rows.csv", "place", "place.before", "place.journal"] {
        let _ = std::fs::remove_file(folder.join(name));
    }
    let mut arguments = vec!["--quiet-after", "never", "--end-after", "1ms", "-o", "rows.csv"];
    if checkpoint {
        arguments.extend(["--checkpoint", "place", "--checkpoint-pause", "500ms"]);
    }
    let finished = ended(follow(folder, &arguments));
    assert_eq!(finished.code, Some(0), "{}", finished.messages);
    finished.took.as_secs_f64()
}

#[test]
fn checkpoints_cost_little() {
    let Ok(capture) = std::env::var("TRACTOR_BENCH_CAPTURE") else {
        println!("skipped: TRACTOR_BENCH_CAPTURE is not set");
        return;
    };
    if std::env::var("TRACTOR_LONG").is_err() {
        println!("skipped: TRACTOR_LONG is not set");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("captures")).unwrap();
    std::fs::copy(capture, folder.path().join("captures/a.pcap")).unwrap();
    let (mut without, mut with, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // By turns, and each as often the first: the machine's speed drifts.
        let [first, second] = [round % 2 == 0, round % 2 != 0].map(|checkpoint| {
            let seconds = seconds(folder.path(), checkpoint);
            if checkpoint { &mut with } else { &mut without }.push(seconds);
            seconds
        });
        shares.push(if round % 2 == 0 { second / first } else { first / second });
    }
    let share = middle(&mut shares);
    println!(
        "without {without:.2?} s, with {with:.2?} s: {:.1} % of the throughput, pair by pair",
        100.0 * share
    );
    assert!(share >= 0.97, "{share}");
}

fn middle(all: &mut [f64]) -> f64 {
    all.sort_unstable_by(f64::total_cmp);
    all[all.len() / 2]
}
