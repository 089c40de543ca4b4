//! The program and the oracle give the same sessions for traffic of applications that is made to tell them apart, and
//! the program gives the same bytes however it is run.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use crate::binary;
use crate::oracle::sessions::{self, RULES};
use crate::oracle::table::fields;
use crate::oracle::{Options, Profile, SECOND};
use crate::oracle_agrees::Way;
use crate::support::at_once::{check_each, processors};
use crate::support::capture::RawPacket;
use crate::support::files;
use crate::support::pcapng::{PcapngStyle, pcapng};
use crate::support::random::Random;
use crate::support::shrink::shrink;
use crate::support::traffic::applications;

const WINDOWS: [i128; 4] = [SECOND / 2, SECOND, 10 * SECOND, 60 * SECOND];

/// How often each rule must have decided, at the least.
const TIMES_AT_LEAST: usize = 3;

#[test]
fn sessions_agree_on_the_traffic_of_applications() {
    let seeds = binary::cases(40);
    let fired = Mutex::new(BTreeMap::new());
    check_each(seeds, processors(), |seed| {
        let mut random = Random::seeded(8_000_000 + seed);
        let count = random.pick(&[2, 8, 20]);
        let packets = applications(&mut random, count);
        let profile = match seed % 4 {
            3 => random.pick(&[Profile::Iscx, Profile::IscxA2, Profile::IscxFixed]),
            _ => Profile::Native,
        };
        let mut options = Options::of(profile);
        let ways: Vec<Way> = (0..3).map(|_| Way::any(&mut random)).collect();
        for decided in &sessions::sessions(&packets, &options).decided {
            if let Some(rule) = decided.joined_by {
                *fired.lock().unwrap().entry(rule).or_insert(0) += 1;
            }
        }
        options.window = Some(random.pick(&WINDOWS));
        check(&format!("seed 8000000 + {seed}"), &packets, &options, &ways);
    });
    let fired = fired.into_inner().unwrap();
    for rule in RULES.iter().filter(|_| seeds >= 40) {
        let times = fired.get(rule).copied().unwrap_or(0);
        assert!(times >= TIMES_AT_LEAST, "{rule} decided {times} times: {fired:?}");
    }
}

#[test]
fn every_way_of_running_gives_the_same_sessions() {
    for seed in 0..binary::cases(4).div_ceil(4) {
        let mut random = Random::seeded(9_000_000 + seed);
        let packets = applications(&mut random, 20);
        let mut first: [Option<String>; 3] = Default::default();
        for way in Way::all(&mut random).into_iter().step_by(5) {
            let folder = tempfile::tempdir().expect("a folder for captures");
            let mut of_files = Random::seeded(way.files_seed);
            let paths = files::write(folder.path(), &packets, way.form, &mut of_files);
            let options = Options::of(Profile::Native);
            let windowed = Options { window: Some(SECOND), ..options.clone() };
            let printed = [
                binary::flows(&paths, &options, way.means),
                binary::sessions(&paths, &options, way.means),
                binary::sessions(&paths, &windowed, way.means),
            ];
            for (first, printed) in first.iter_mut().zip(printed) {
                assert!(printed.success, "{}\n{}", printed.command, printed.messages);
                let first = first.get_or_insert_with(|| printed.output.clone());
                assert_eq!(*first, printed.output, "seed 9000000 + {seed}, {}", printed.command);
            }
        }
    }
}

/// Panics with a small capture if the program and the oracle do not agree.
fn check(name: &str, packets: &[RawPacket], options: &Options, ways: &[Way]) {
    let Some(difference) = disagreement(packets, options, ways) else { return };
    let small = shrink(packets.to_vec(), |fewer| disagreement(fewer, options, ways).is_some());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("disagreement-sessions.pcapng");
    std::fs::write(&path, pcapng(&small, PcapngStyle::default())).expect("a capture written");
    let smaller = disagreement(&small, options, ways).unwrap_or_default();
    panic!(
        "{name}: {difference}\nstill so with {} packets, in {}:\n{smaller}",
        small.len(),
        path.display()
    );
}

/// Flows by the first way, sessions by the second, and their windows, where there are some, by the third.
pub fn disagreement(packets: &[RawPacket], options: &Options, ways: &[Way]) -> Option<String> {
    let window = options.window;
    let options = Options { window: None, ..options.clone() };
    let expected = sessions::sessions(packets, &options);
    let wanted = expected.decided.iter().map(|decided| {
        let rule = decided.joined_by.unwrap_or("");
        (decided.id.to_string(), decided.session.to_string(), rule.to_owned())
    });
    let mut wanted: Vec<_> = wanted.collect();
    wanted.sort();
    for (place, way) in ways.iter().enumerate() {
        let folder = tempfile::tempdir().expect("a folder for captures");
        let mut random = Random::seeded(way.files_seed);
        let paths = files::write(folder.path(), packets, way.form, &mut random);
        let windowed = Options { window, ..options.clone() };
        let (printed, difference) = match place % 3 {
            0 if options.profile == Profile::Native => {
                let printed = binary::flows(&paths, &options, way.means);
                let mut found = flows_of(&printed.output);
                found.sort();
                let differs = found.iter().zip(&wanted).find(|(found, wanted)| found != wanted);
                let difference = differs
                    .map(|(found, wanted)| format!("printed {found:?}, oracle {wanted:?}"))
                    .or_else(|| (found.len() != wanted.len()).then(|| "more flows".to_owned()));
                (printed, difference)
            }
            2 if let Some(window) = window => {
                let printed = binary::sessions(&paths, &windowed, way.means);
                let table = sessions::window_table(packets, &options, window);
                let difference = table.difference(&printed.output);
                (printed, difference)
            }
            _ => {
                let printed = binary::sessions(&paths, &options, way.means);
                let difference = sessions::table(packets, &options).difference(&printed.output);
                (printed, difference)
            }
        };
        if !printed.success {
            return Some(format!("{}\n{}\nthe program failed", printed.command, printed.messages));
        }
        if let Some(difference) = difference {
            return Some(format!("{}\n{}\n{difference}", printed.command, printed.messages));
        }
    }
    None
}

/// Flow, session, and the rule or nothing.
fn flows_of(printed: &str) -> Vec<(String, String, String)> {
    let mut lines = printed.lines().map(fields);
    let header = lines.next().unwrap_or_default();
    let column = |name: &str| header.iter().position(|column| column == name);
    let places = ["flow_id", "session_id", "joined_by"].map(column);
    let [Some(flow), Some(session), Some(rule)] = places else { return Vec::new() };
    lines.map(|row| (row[flow].clone(), row[session].clone(), row[rule].clone())).collect()
}
