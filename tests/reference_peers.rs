//! The profiles that copy a program give that program's own rows.
//!
//! Its captures and what the programs wrote for them lie in the folder TRACTOR_REFERENCE, or else beside the workspace,
//! and are no part of the repository.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::binary::{self, Means};
use crate::oracle::table::{Cell, fields};
use crate::oracle::{Options, Profile, table};
use crate::support::capture::RawPacket;
use crate::support::capture_reader::read;

/// Rows that `cic` does not copy, by capture: addresses out of frames without IPv4 (FLOWS-cic.md).
const NOT_COPIED: [(&str, usize); 5] =
    [("gnutella", 1), ("iphone", 1), ("reddit", 94), ("skinny", 1), ("skype", 2)];

/// How much floats may differ, relatively.
const TOLERANCE: f64 = 1e-9;

/// A program's answers, and how to read them.
#[derive(Clone, Copy)]
struct Peer {
    profile: Profile,
    /// Of `expected/CAPTURE.TOOL.csv`.
    tool: &'static str,
    /// Columns that are ours to choose.
    ours: &'static [&'static str],
}

const PEERS: [Peer; 2] = [
    Peer { profile: Profile::Nfstream, tool: "nfstream", ours: &["id"] },
    Peer { profile: Profile::Cic, tool: "cicflowmeter-java", ours: &[] },
];

pub struct Rows {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Rows {
    pub fn of_csv(text: &str) -> Self {
        let mut lines = text.lines().map(fields);
        Self { columns: lines.next().unwrap_or_default(), rows: lines.collect() }
    }

    fn of_oracle(packets: &[RawPacket], profile: Profile) -> Self {
        let table = table(packets, &Options::of(profile));
        let text = |row: Vec<Cell>| row.iter().map(Cell::to_string).collect();
        Self { columns: table.columns, rows: table.rows.into_iter().map(text).collect() }
    }

    pub fn place(&self, column: &str) -> usize {
        self.columns.iter().position(|name| name == column).expect("a column")
    }
}

pub struct Capture {
    pub name: String,
    pub path: PathBuf,
    pub packets: Vec<RawPacket>,
}

pub fn folder() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference");
    std::env::var_os("TRACTOR_REFERENCE").map_or_else(beside, PathBuf::from)
}

/// None, with a word about it, when there is no folder of them.
pub fn captures() -> Vec<Capture> {
    let folder = folder().join("captures");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: no {} (TRACTOR_REFERENCE names another)", folder.display());
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let capture = |path: PathBuf| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).expect("a capture that can be opened");
        Capture { name, path, packets: read(&bytes).expect("a clean capture") }
    };
    paths.into_iter().map(capture).collect()
}

/// Compares what `rows` makes of every capture with what the peer wrote.
fn assert_equals(peer: Peer, rows: impl Fn(&Capture) -> Rows) {
    let mut differences = Vec::new();
    let (mut compared, mut not_copied) = (0, 0);
    for capture in captures() {
        let path = folder().join(format!("expected/{}.{}.csv", capture.name, peer.tool));
        let mut expected = Rows::of_csv(&std::fs::read_to_string(path).expect("expected rows"));
        let all = expected.rows.len();
        if peer.profile == Profile::Cic {
            leave_out_what_is_not_copied(&capture, &mut expected);
        }
        compared += expected.rows.len();
        not_copied += all - expected.rows.len();
        differences.extend(
            difference(&rows(&capture), &expected, peer)
                .map(|difference| format!("{}: {difference}", capture.name)),
        );
    }
    eprintln!("{compared} rows of {} compared, {not_copied} are not copied", peer.tool);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

fn leave_out_what_is_not_copied(capture: &Capture, expected: &mut Rows) {
    let known = address_pairs(&capture.packets);
    let [source, destination] = ["Src IP", "Dst IP"].map(|name| expected.place(name));
    let all = expected.rows.len();
    expected.rows.retain(|row| {
        let pair = [&row[source], &row[destination]];
        let pair = pair.map(|text| text.parse().expect("an address"));
        known.contains(&pair) || known.contains(&[pair[1], pair[0]])
    });
    let listed = NOT_COPIED.iter().find(|(name, _)| *name == capture.name);
    let left_out = all - expected.rows.len();
    assert_eq!(left_out, listed.map_or(0, |(_, count)| *count), "{}", capture.name);
}

/// Of all that may be an IPv4 header behind an Ethernet header, wherever it begins.
pub fn address_pairs(packets: &[RawPacket]) -> BTreeSet<[std::net::Ipv4Addr; 2]> {
    let behind_ethernet = packets.iter().filter_map(|packet| packet.data.get(14..));
    let places = behind_ethernet.flat_map(|bytes| bytes.windows(20));
    let headers = places.filter(|header| header[0] >> 4 == 4 && header[0] & 15 >= 5);
    headers
        .map(|header| {
            [12, 16].map(|at| <[u8; 4]>::try_from(&header[at..at + 4]).expect("four bytes").into())
        })
        .collect()
}

/// Rows may come in any order, each as often as the peer has it.
fn difference(found: &Rows, expected: &Rows, peer: Peer) -> Option<String> {
    if found.columns != expected.columns {
        return Some(format!("columns {:?}, not {:?}", found.columns, expected.columns));
    }
    let ours: Vec<usize> = peer.ours.iter().map(|name| found.place(name)).collect();
    let is_equal = |row: &[String], other: &[String]| {
        row.len() == other.len()
            && (0..row.len()).all(|at| ours.contains(&at) || cell_equals(&row[at], &other[at]))
    };
    let mut left: Vec<&Vec<String>> = expected.rows.iter().collect();
    let mut too_many = Vec::new();
    for row in &found.rows {
        match left.iter().position(|other| is_equal(row, other)) {
            Some(place) => drop(left.remove(place)),
            None => too_many.push(row.join(",")),
        }
    }
    (!left.is_empty() || !too_many.is_empty()).then(|| {
        let missing: Vec<String> = left.iter().map(|row| row.join(",")).collect();
        format!(
            "{} rows missing, {} too many\n  peer {}\n  ours {}",
            missing.len(),
            too_many.len(),
            missing.first().map_or("", String::as_str),
            too_many.first().map_or("", String::as_str)
        )
    })
}

/// Integers and text must be equal; floats (the peers print all their digits) nearly.
pub fn cell_equals(found: &str, expected: &str) -> bool {
    if found == expected {
        return true;
    }
    match (found.parse::<f64>(), expected.parse::<f64>()) {
        (Ok(found), Ok(other)) if expected.contains(['.', 'E']) => {
            (found - other).abs() <= TOLERANCE * found.abs().max(other.abs())
        }
        // What is a float here may be an integer there where it is 0.
        (Ok(found), Ok(other)) => found == other,
        _ => false,
    }
}

#[test]
fn the_oracle_gives_the_rows_of_the_copied_programs() {
    for peer in PEERS {
        assert_equals(peer, |capture| Rows::of_oracle(&capture.packets, peer.profile));
    }
}

#[test]
fn the_program_gives_the_rows_of_the_copied_programs() {
    for peer in PEERS {
        if !binary::profiles().contains(&peer.profile) {
            eprintln!("skipped: the program has no profile {}", peer.profile.name());
            continue;
        }
        assert_equals(peer, |capture| {
            let means = Means { workers: 2, chunk_bytes: None };
            let options = Options::of(peer.profile);
            let printed = binary::flows(std::slice::from_ref(&capture.path), &options, means);
            assert!(printed.success, "{}\n{}", printed.command, printed.messages);
            Rows::of_csv(&printed.output)
        });
    }
}

#[test]
fn a_wrong_row_is_seen() {
    let expected = Rows::of_csv("a,b\n1,2.5\n1,2.5\n3,0");
    for (text, is_right) in [
        ("a,b\n3,0\n1,2.5\n1,2.5000000001", true),
        ("a,b\n1,2.5\n3,0\n3,0", false),
        ("a,b\n1,2.5\n1,2.5", false),
        ("a,b\n1,2.5\n1,2.5\n3,0\n3,0", false),
        ("a,b\n1,2.5\n1,2.50001\n3,0", false),
        ("a,b\n1,2.5\n2,2.5\n3,0", false),
        ("b,a\n1,2.5\n1,2.5\n3,0", false),
    ] {
        let found = difference(&Rows::of_csv(text), &expected, Peer { ours: &[], ..PEERS[0] });
        assert_eq!(found.is_none(), is_right, "{text:?}: {found:?}");
    }
}
