//! A classifier that asks for the columns of a profile is shown those of the row that is printed: of a flow when it
//! ends, of a window when that does.

use tempfile::tempdir;

use super::talk::talks;
use super::watchers::{FEATURES, Watcher, watcher_of};
use super::ways::{Way, watched};
use crate::oracle::shown::Wish;
use crate::oracle::table::fields;
use crate::support::capture::RawPacket;
use crate::support::files::{self, Form};
use crate::support::random::Random;
use crate::support::traffic::{Mood, adversarial};

/// All profiles whose columns can be had, with their versions: they go up with this list.
const COLUMNS: [&str; 5] = ["native/5", "iscx/1", "iscx-a2/1", "iscx-fixed/1", "cic-fixed/1"];
const SECOND_NS: i128 = 1_000_000_000;

/// Rows of numbers with their names; missing ones are not a number.
struct Numbers {
    names: Vec<String>,
    rows: Vec<Vec<f64>>,
}

impl Numbers {
    /// What the watcher was shown in a state.
    fn shown(lines: &[String], state: &str) -> Self {
        let names = lines.iter().find_map(|line| line.strip_prefix("names\t")).expect("names");
        let names: Vec<String> = names.split('\t').map(str::to_owned).collect();
        let of_state = lines.iter().filter(|line| line.starts_with(state));
        let row = |line: &String| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let numbers = words[words.len() - names.len()..].iter();
            numbers.map(|word| word.parse().expect("a number")).collect()
        };
        Self { rows: of_state.map(row).collect(), names }
    }

    /// What was printed.
    fn printed(csv: &str) -> Self {
        let mut lines = csv.lines().map(fields);
        let names = lines.next().expect("a header");
        let number = |cell: String| cell.parse().unwrap_or(f64::NAN);
        Self { names, rows: lines.map(|row| row.into_iter().map(number).collect()).collect() }
    }

    /// Columns of these names, row by row in an order of their own; of a name that is there twice, both.
    fn sorted(&self, names: &[String]) -> Vec<Vec<u64>> {
        let places: Vec<usize> =
            (0..self.names.len()).filter(|at| names.contains(&self.names[*at])).collect();
        let bits = |value: f64| match value {
            value if value.is_nan() => u64::MAX,
            value => (value + 0.0).to_bits(),
        };
        let row = |row: &Vec<f64>| places.iter().map(|at| bits(row[*at])).collect();
        let mut rows: Vec<Vec<u64>> = self.rows.iter().map(row).collect();
        rows.sort_unstable();
        rows
    }
}

fn assert_same(shown: &Numbers, printed: &Numbers, names: &[String], columns: &str) {
    let (shown, printed) = (shown.sorted(names), printed.sorted(names));
    assert_eq!(shown.len(), printed.len(), "{columns}: rows");
    assert!(shown.len() > 20, "{columns}: rows enough");
    for (one, other) in shown.iter().zip(&printed) {
        let differs = one.iter().zip(other).position(|(one, other)| one != other);
        let place = differs.map(|at| (&names[at], one[at], other[at]));
        assert_eq!(place, None, "{columns}: shown and printed, as bits");
    }
}

fn traffic(random: &mut Random) -> Vec<RawPacket> {
    let mood = Mood::of(random);
    let mut packets = adversarial(random, &mood, 300);
    // One link type, so that any file format can hold them.
    packets.retain(|packet| packet.link_type == 1);
    packets.extend(talks(random, 30));
    packets
}

#[test]
fn columns_are_those_of_the_row_that_is_printed() {
    let folder = tempdir().unwrap();
    let wish = Wish { early: true, closed: true, window: SECOND_NS, ..Wish::default() };
    for (seed, columns) in COLUMNS.iter().enumerate() {
        let profile = columns.split('/').next().unwrap();
        let made = watcher_of(columns, folder.path(), "w.columns", FEATURES, wish.clone());
        let Some(watcher) = made else { return };
        let mut random = Random::seeded(7_000_000 + seed as u64);
        let packets = traffic(&mut random);
        let inputs = files::write(folder.path(), &packets, Form::One, &mut random);
        for (workers, chunk_bytes) in [("1", "1000000"), ("4", "1000")] {
            let way = Way { workers, chunk_bytes, ..Way::plain() };
            let (lines, rows) = watched(&inputs, profile, &watcher, &way);
            let (shown, printed) = (Numbers::shown(&lines, "3 "), Numbers::printed(&rows));
            let unknown = shown.names.iter().find(|name| !printed.names.contains(name));
            assert_eq!(unknown, None, "{columns}");
            assert_same(&shown, &printed, &shown.names, columns);
            let way = Way { window: Some("1s"), ..way };
            windows_too(&watcher, &inputs, profile, &way);
        }
    }
}

/// Rows of windows have some of the columns.
fn windows_too(watcher: &Watcher, inputs: &[std::path::PathBuf], profile: &str, way: &Way) {
    let (lines, rows) = watched(inputs, profile, watcher, way);
    let (shown, printed) = (Numbers::shown(&lines, "2 "), Numbers::printed(&rows));
    let is_of_rows = |name: &&String| *name != "flow_id" && printed.names.contains(name);
    let both: Vec<String> = shown.names.iter().filter(is_of_rows).cloned().collect();
    assert!(both.len() > 10, "{profile}: {both:?}");
    assert_same(&shown, &printed, &both, profile);
}
