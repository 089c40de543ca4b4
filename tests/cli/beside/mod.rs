//! What a classifier sees of a flow, and so what it says, is the same for any number of workers, any size of chunks,
//! and whatever other classifiers are loaded beside it: exactly what it asked for, as the second mind has it.
//! `TRACTOR_CASES` looks for more.

mod decided;
mod talk;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tempfile::tempdir;

use super::run::in_place;
use super::traffic::datagram;
use crate::binary::cases;
use crate::oracle::shown::{Calls, Wish, calls};
use crate::oracle::table::fields;
use crate::oracle::{Options, Profile};
use crate::support::capture::RawPacket;
use crate::support::files::{self, Form};
use crate::support::plugins::compile;
use crate::support::random::Random;
use crate::support::traffic::{Mood, adversarial, sample};
use talk::talks;

const WATCHER: &str = include_str!("watcher.c");
const SIGNATURES: &str = "org.tractor.signatures";
const WORKERS: [&str; 3] = ["1", "2", "4"];
const CHUNKS: [&str; 4] = ["64", "1000", "65536", "1000000"];

const MILLISECOND_NS: i128 = 1_000_000;
const PAYLOAD: &str = "TRACTOR_NEEDS_PAYLOAD";
const PACKETS: &str = "TRACTOR_NEEDS_PACKETS";
const BOTH: &str = "TRACTOR_NEEDS_PAYLOAD | TRACTOR_NEEDS_PACKETS";
const NAMES: &str = "TRACTOR_NEEDS_PAYLOAD | TRACTOR_NEEDS_PACKETS | TRACTOR_NEEDS_NAMES";

/// A watcher, compiled.
struct Watcher {
    name: &'static str,
    library: PathBuf,
    wish: Wish,
}

/// Compiles a watcher with that id; `None` where there is no compiler.
fn watcher(folder: &Path, name: &'static str, needs: &str, wish: Wish) -> Option<Watcher> {
    let when = [
        (wish.early, "TRACTOR_WHEN_EARLY"),
        (wish.window > 0, "TRACTOR_WHEN_WINDOW"),
        (wish.closed, "TRACTOR_WHEN_CLOSED"),
    ];
    let when: Vec<&str> = when.iter().filter(|(is_so, _)| *is_so).map(|(_, when)| *when).collect();
    let macros = [
        ("ID", format!("\"{name}\"")),
        ("NEEDS", needs.to_owned()),
        ("WHEN", when.join(" | ")),
        ("PAYLOAD_BYTES", wish.payload_bytes.to_string()),
        ("PACKETS", wish.packets.to_string()),
        ("EARLY_AFTER_US", (wish.early_after / 1_000).to_string()),
        ("WINDOW_US", (wish.window / 1_000).to_string()),
    ];
    let defined = macros.iter().map(|(name, value)| format!("#define {name} {value}\n"));
    let source = defined.collect::<String>() + WATCHER;
    let library = compile(folder, &format!("{name}.so"), &source)?;
    let wish = Wish {
        // The host's bounds.
        payload_bytes: wish.payload_bytes.min(4_096),
        packets: wish.packets.min(255),
        needs_payload: needs.contains(PAYLOAD),
        needs_packets: needs.contains(PACKETS),
        ..wish
    };
    Some(Watcher { name, library, wish })
}

/// Those that are watched with: each asks for something else, and is asked at other times.
fn watchers(folder: &Path) -> Option<Vec<Watcher>> {
    let early = Wish { early: true, closed: true, ..Wish::default() };
    let second = 1_000 * MILLISECOND_NS;
    Some(vec![
        watcher(folder, "w.bytes", PAYLOAD, Wish { payload_bytes: 40, ..early })?,
        watcher(folder, "w.packets", PACKETS, Wish { packets: 7, ..early })?,
        watcher(
            folder,
            "w.all",
            BOTH,
            Wish {
                payload_bytes: 500,
                packets: 40,
                early_after: 300 * MILLISECOND_NS,
                window: second,
                ..early
            },
        )?,
        watcher(
            folder,
            "w.time",
            "0",
            Wish { closed: false, early_after: second, window: 100 * MILLISECOND_NS, ..early },
        )?,
        watcher(folder, "w.most", BOTH, Wish { payload_bytes: 9_999, packets: 999, ..early })?,
    ])
}

/// Those that stand beside: what they ask for is of no matter to others.
struct Beside {
    greedy: PathBuf,
    modest: PathBuf,
    columns: PathBuf,
}

impl Beside {
    fn new(folder: &Path) -> Option<Self> {
        let closed = Wish { closed: true, ..Wish::default() };
        let early = Wish { early: true, ..closed };
        let greedy = Wish { payload_bytes: 4_096, packets: 255, early_after: 1_000, ..early };
        let modest = Wish { payload_bytes: 1, packets: 1, ..early };
        let columns = "#define ID \"b.columns\"\n#define COLUMNS \"iscx-fixed/1\"\n\
                       #define NEEDS TRACTOR_NEEDS_FEATURES\n#define WINDOW_US 10000\n\
                       #define WHEN TRACTOR_WHEN_WINDOW | TRACTOR_WHEN_EARLY\n";
        Some(Self {
            greedy: watcher(folder, "b.greedy", NAMES, greedy)?.library,
            modest: watcher(folder, "b.modest", PAYLOAD, modest)?.library,
            columns: compile(folder, "b.columns.so", &(columns.to_owned() + WATCHER))?,
        })
    }

    /// Some of them; the bundled one is another.
    fn some(&self, random: &mut Random) -> (Vec<&Path>, bool) {
        let all = [&self.greedy, &self.modest, &self.columns];
        let chosen = random.below(8);
        let some = all.iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 1);
        (some.map(|(_, library)| library.as_path()).collect(), random.chance(40))
    }
}

/// How a capture is looked at.
#[derive(Debug)]
struct Way<'a> {
    workers: &'a str,
    chunk_bytes: &'a str,
    beside: Vec<&'a Path>,
    bundled: bool,
}

impl<'a> Way<'a> {
    fn any(random: &mut Random, beside: &'a Beside) -> Self {
        let (workers, chunk_bytes) = (random.pick(&WORKERS), random.pick(&CHUNKS));
        let (beside, bundled) = beside.some(random);
        Self { workers, chunk_bytes, beside, bundled }
    }

    fn plain() -> Self {
        Self { workers: "1", chunk_bytes: "1000000", beside: Vec::new(), bundled: false }
    }
}

/// What a watcher wrote, sorted, and the rows of the run.
fn watched(
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
    if !way.bundled {
        command.args(["--without-plugin", SIGNATURES]);
    }
    let done = command.output().unwrap();
    // 3: of damaged captures.
    assert!(matches!(done.status.code(), Some(0 | 3)), "{command:?}: {done:?}");
    let seen = std::fs::read_to_string(seen).unwrap_or_default();
    let mut lines: Vec<String> = seen.lines().map(str::to_owned).collect();
    lines.sort();
    (lines, String::from_utf8(done.stdout).unwrap())
}

/// FNV-1a, 64 bits: what the watcher has as evidence.
fn hash(line: &str) -> String {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    format!("{:016x}", line.bytes().fold(0xcbf2_9ce4_8422_2325, step))
}

/// The label and the evidence of each flow by its id, where the watcher labelled it.
fn verdicts(csv: &str, watcher: &Watcher) -> BTreeMap<u64, String> {
    let mut lines = csv.lines().map(fields);
    let header = lines.next().unwrap();
    let place = |name: &str| header.iter().position(|column| column == name).unwrap();
    let (id, by, evidence) = (place("flow_id"), place("label_by"), place("evidence"));
    let own = lines.filter(|row| row[by] == watcher.name);
    own.map(|row| (row[id].parse().unwrap(), row[evidence].clone())).collect()
}

/// Nothing, or how what was seen is not what is to be seen.
fn difference(
    packets: &[RawPacket],
    profile: Profile,
    watcher: &Watcher,
    way: &Way,
    seed: u64,
) -> Option<String> {
    let folder = tempdir().unwrap();
    let mut random = Random::seeded(seed);
    let inputs = files::write(folder.path(), packets, Form::Several, &mut random);
    let expected: Vec<Calls> = calls(packets, &Options::of(profile), &watcher.wish);
    let (seen, rows) = watched(&inputs, profile.name(), watcher, way);
    let mut lines: Vec<&String> = expected.iter().flat_map(|calls| &calls.lines).collect();
    lines.sort();
    if !lines.iter().copied().eq(&seen) {
        let lacks = lines.iter().find(|line| !seen.contains(line));
        let too_much = seen.iter().find(|line| !lines.contains(line));
        return Some(format!(
            "of {} and {} lines\nlacks {lacks:?}\n  has {too_much:?}",
            lines.len(),
            seen.len()
        ));
    }
    if profile != Profile::Native {
        return None;
    }
    // The latest call counts.
    let last = |calls: &Calls| Some((calls.flow, hash(calls.lines.last()?)));
    let last: BTreeMap<u64, String> = expected.iter().filter_map(last).collect();
    let verdicts = verdicts(&rows, watcher);
    (last != verdicts).then(|| format!("verdicts are {verdicts:?}, not {last:?}"))
}

fn check(
    name: &str,
    packets: &[RawPacket],
    profile: Profile,
    watcher: &Watcher,
    way: &Way,
    seed: u64,
) {
    let found = difference(packets, profile, watcher, way, seed);
    assert_eq!(found, None, "{name}: {} in {profile:?}, {way:?}", watcher.name);
}

#[test]
fn a_classifier_sees_what_it_asked_for_whatever_stands_beside_it() {
    let folder = tempdir().unwrap();
    let (Some(watchers), Some(beside)) = (watchers(folder.path()), Beside::new(folder.path()))
    else {
        return;
    };
    let profiles = [Profile::Native, Profile::Native, Profile::Iscx, Profile::CicFixed];
    for seed in 0..cases(12) {
        let mut random = Random::seeded(6_000_000 + seed);
        let packets = match seed % 3 {
            0 => {
                let mood = Mood::of(&mut random);
                adversarial(&mut random, &mood, 300)
            }
            _ => talks(&mut random, 25),
        };
        for watcher in &watchers {
            let profile = random.pick(&profiles);
            let name = format!("seed 6000000 + {seed}");
            for way in [Way::plain(), Way::any(&mut random, &beside)] {
                check(&name, &packets, profile, watcher, &way, seed);
            }
        }
    }
}

/// The quiet office, and a name behind the packets in which names are looked for.
fn named() -> Vec<RawPacket> {
    let mut packets = sample();
    let last_ns = packets.iter().map(|packet| packet.time_ns).max().unwrap();
    for number in 0..60 {
        let text: &[u8] = match number {
            50 => b"GET / HTTP/1.1\r\nHost: late.example.org\r\n\r\n",
            _ => b"nothing",
        };
        let mut packet = datagram(0, 4_000, text);
        packet.time_ns = last_ns + 1_000 * number;
        packets.push(packet);
    }
    packets
}

#[test]
fn a_classifier_sees_the_same_names_whatever_stands_beside_it() {
    let folder = tempdir().unwrap();
    let wish =
        Wish { early: true, closed: true, packets: 5, payload_bytes: 600, ..Wish::default() };
    let (Some(watcher), Some(beside)) =
        (watcher(folder.path(), "w.names", NAMES, wish), Beside::new(folder.path()))
    else {
        return;
    };
    let mut random = Random::seeded(1);
    let inputs = files::write(folder.path(), &named(), Form::One, &mut random);
    for profile in ["native", "iscx-fixed"] {
        let expected = watched(&inputs, profile, &watcher, &Way::plain()).0;
        assert!(expected.len() > 20, "{expected:?}");
        for _ in 0..cases(12) {
            let way = Way::any(&mut random, &beside);
            let seen = watched(&inputs, profile, &watcher, &way).0;
            let other = seen.iter().find(|line| !expected.contains(line));
            assert!(seen == expected, "{way:?}: {other:?}");
        }
    }
}
