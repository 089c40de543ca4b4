//! The program and the oracle print the same rows for foreign captures.

use super::{captures, is_long};
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
    let long = is_long();
    let mut files = captures();
    if files.is_empty() {
        return;
    }
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
        for &profile in binary::profiles() {
            // They differ from others in their columns alone.
            if matches!(profile, Profile::IscxA2 | Profile::IscxFixed) {
                continue;
            }
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
