//! What a classifier sees of a flow, and so what it says, is the same for any number of workers, any size of chunks,
//! and whatever other classifiers are loaded beside it: exactly what it asked for, as the second mind has it.
//! `TRACTOR_CASES` looks for more.

mod checked;
mod columns;
mod crowd;
mod decided;
mod talk;
mod watchers;
mod ways;

use std::collections::{BTreeMap, HashMap};

use tempfile::tempdir;

use super::traffic::datagram;
use crate::binary::cases;
use crate::oracle::shown::{Calls, Wish, calls};
use crate::oracle::table::fields;
use crate::oracle::{Options, Profile};
use crate::support::capture::RawPacket;
use crate::support::files::{self, Form};
use crate::support::random::Random;
use crate::support::traffic::{Mood, adversarial, sample};
use talk::talks;
use watchers::{Beside, NAMES, Watcher, hash, watcher, watchers};
use ways::{Way, watched};

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
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, line) in seen.iter().enumerate() {
        places.entry(line).or_default().push(place);
    }
    let mut left = places.clone();
    for line in expected.iter().flat_map(|calls| &calls.lines) {
        if left.get_mut(line.as_str()).and_then(Vec::pop).is_none() {
            return Some(format!("lacks {line}"));
        }
    }
    if let Some((line, _)) = left.iter().find(|(_, places)| !places.is_empty()) {
        return Some(format!("has too much: {line}"));
    }
    // Two flows may look the same; those that do not have their calls in order.
    let order = expected.iter().flat_map(|calls| calls.lines.windows(2));
    let is_wrong = |pair: &&[String]| {
        let [one, next] = [0, 1].map(|at| &places[pair[at].as_str()]);
        one.iter().min() > next.iter().max()
    };
    if let Some([one, next]) = order.into_iter().find(is_wrong) {
        return Some(format!("{next}\ncomes before {one}"));
    }
    if profile != Profile::Native || way.window.is_some() {
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
        let seen = |way: &Way| {
            let mut lines = watched(&inputs, profile, &watcher, way).0;
            lines.sort();
            lines
        };
        let expected = seen(&Way::plain());
        assert!(expected.len() > 20, "{expected:?}");
        for _ in 0..cases(12) {
            let way = Way::any(&mut random, &beside);
            let seen = seen(&way);
            let other = seen.iter().find(|line| !expected.contains(line));
            assert!(seen == expected, "{way:?}: {other:?}");
        }
    }
}
