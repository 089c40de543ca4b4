//! What other programs read from our files: pandas, polars, DuckDB; scipy, liac-arff, Weka.
//!
//! `TRACTOR_PYTHON` names a Python that has them, else python3 is asked; a reader that is not
//! there is skipped. `.ci/run` installs them.

use std::path::Path;
use std::process::Command;

use tempfile::tempdir;

use super::formats::AWKWARD;
use super::profiles::{
    PROFILES, finite_only, is_numeric, kinds, numeric_and_class, version, with_flows_in_no_time,
    without_labels,
};
use super::run::{flows, tractor};
use super::tables::{Cell, Cells, csv};
use super::traffic::{datagram, plain, segment, write};

const OF_PARQUET: [&str; 3] = ["pandas", "polars", "duckdb"];
const OF_ARFF: [&str; 3] = ["scipy", "liac", "weka"];
const IS_NOT_THERE: i32 = 77;

/// What a reader printed, columns as (name, kind).
struct Read {
    columns: Vec<(String, String)>,
    rows: Vec<Vec<String>>,
    messages: String,
}

/// `None`, and the reason is printed, when the reader is not there.
fn read(reader: &str, file: &Path) -> Option<Read> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/readers/rows.py");
    let python = std::env::var("TRACTOR_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let output = match Command::new(&python).arg(script).arg(reader).arg(file).output() {
        Ok(output) => output,
        Err(cause) => {
            eprintln!("skipped {reader}: {python}: {cause}");
            return None;
        }
    };
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.code() == Some(IS_NOT_THERE) {
        eprintln!("skipped {reader}: {}", messages.trim());
        return None;
    }
    assert!(output.status.success(), "{reader} of {}: {messages}", file.display());
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let mut lines = text.lines().map(|line| line.split('\t').map(str::to_owned).collect());
    let header: Vec<String> = lines.next().expect("a header");
    let split = |column: &String| {
        let (name, kind) = column.rsplit_once(':').expect("a kind");
        (name.to_owned(), kind.to_owned())
    };
    Some(Read { columns: header.iter().map(split).collect(), rows: lines.collect(), messages })
}

fn assert_rows(read: &Read, expected: &[Vec<Cell>], what: &str) {
    assert_eq!(read.rows.len(), expected.len(), "{what}");
    for (number, (row, expected)) in read.rows.iter().zip(expected).enumerate() {
        assert_eq!(row.len(), expected.len(), "{what}: row {number}");
        for (place, (text, cell)) in row.iter().zip(expected).enumerate() {
            let is_equal = match cell {
                Cell::Missing => text.is_empty(),
                // Of some profiles, CSV shows times to the microsecond.
                Cell::Text(expected) if read.columns[place].1 == "time" => {
                    *text == with_nanoseconds(expected)
                }
                Cell::Text(expected) => text == expected,
                Cell::Number(number) => {
                    let expected: f64 = number.parse().expect("a number");
                    // pandas makes no difference between no number and none.
                    let is_none = text.is_empty() && what.starts_with("pandas");
                    text.parse() == Ok(expected) || expected.is_nan() && (is_none || text == "nan")
                }
            };
            let column = &read.columns[place].0;
            assert!(is_equal, "{what}: row {number}, {column}: {text:?}, not {cell:?}");
        }
    }
}

fn with_nanoseconds(time: &str) -> String {
    let (seconds, fraction) = time.trim_end_matches('Z').split_once('.').expect("a fraction");
    format!("{seconds}.{fraction:0<9}Z")
}

/// Writes `a.pcap` to a file of that format, and gives what CSV has.
fn written(folder: &Path, format: &str, arguments: &[&str], kinds: &[(String, String)]) -> Cells {
    let output = ["flows", "a.pcap", "-o", format, "--format", format];
    let finished = tractor(folder, &[&output, arguments].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let is_numeric =
        |name: &str| kinds.iter().any(|(column, kind)| column == name && is_numeric(kind));
    csv(&flows(folder, &[&["a.pcap"], arguments].concat()), is_numeric)
}

#[test]
fn parquet_is_read_as_csv_has_it() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &with_flows_in_no_time());
    for profile in PROFILES {
        for more in [vec!["--label", AWKWARD], vec!["--with-id"]] {
            let arguments = [&["--profile", profile], &more[..]].concat();
            let kinds = kinds(profile, more == ["--with-id"]);
            let expected = written(folder.path(), "parquet", &arguments, &kinds);
            for reader in OF_PARQUET {
                let Some(read) = read(reader, &folder.path().join("parquet")) else { continue };
                assert_eq!(read.columns, kinds, "{reader} {arguments:?}");
                assert_rows(&read, &expected.rows, &format!("{reader} {arguments:?}"));
                if reader == "pandas" {
                    let program = env!("CARGO_PKG_VERSION");
                    let about = format!(
                        "tractor.profile={profile}\ntractor.profile_version={}\n\
                         tractor.version={program}\n",
                        version(profile)
                    );
                    assert_eq!(read.messages, about);
                }
            }
        }
    }
}

#[test]
fn parquet_of_several_row_groups_and_of_none_is_read() {
    let folder = tempdir().unwrap();
    // One more than a group has.
    let later_ns = 1_000_000_000_000;
    let first = (0..65_000).map(|port| datagram(i64::from(port), port, b""));
    let second = (0..537).map(|port| datagram(later_ns + i64::from(port), port, b""));
    for (packets, rows) in [(first.chain(second).collect(), 65_537), (Vec::new(), 0)] {
        write(folder.path(), "a.pcap", &plain(&packets));
        let expected = written(folder.path(), "parquet", &["--profile", "iscx"], &[]);
        assert_eq!(expected.rows.len(), rows);
        for reader in OF_PARQUET {
            let Some(read) = read(reader, &folder.path().join("parquet")) else { continue };
            assert_eq!((read.rows.len(), read.columns.len()), (rows, 24), "{reader}");
        }
    }
}

/// Labels, and whether scipy reads files with them: it knows no strings, no more than ASCII, and
/// takes a question mark for missing even in quotes.
const LABELS: [(Option<&str>, bool); 6] = [
    (None, false),
    (Some(AWKWARD), false),
    (Some("chat"), true),
    (Some("two words"), true),
    (Some("?"), false),
    (Some(""), true),
];

#[test]
fn arff_is_read_as_csv_has_it() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &with_flows_in_no_time());
    for profile in PROFILES {
        let kinds = without_labels(kinds(profile, false));
        // What is awkward in a label is so in every profile.
        let is_one_of_many = !["native", "cic"].contains(&profile);
        for (label, is_for_scipy) in LABELS.into_iter().skip(if is_one_of_many { 4 } else { 0 }) {
            let mut arguments = vec!["--no-plugins", "--profile", profile];
            arguments.extend(label.into_iter().flat_map(|label| ["--label", label]));
            let held = finite_only(written(folder.path(), "arff", &arguments, &kinds));
            let rows = numeric_and_class(&held, &kinds, label);
            let numbers = kinds.iter().filter(|(_, kind)| is_numeric(kind));
            let mut columns: Vec<_> =
                numbers.map(|(name, _)| (name.clone(), "numeric".to_owned())).collect();
            let class_kind = if label.is_some() { "nominal" } else { "string" };
            columns.push(("class1".to_owned(), class_kind.to_owned()));
            for reader in OF_ARFF.into_iter().filter(|reader| is_for_scipy || *reader != "scipy") {
                let Some(read) = read(reader, &folder.path().join("arff")) else { continue };
                assert_eq!(read.columns, columns, "{reader} {arguments:?}");
                assert_rows(&read, &rows, &format!("{reader} {arguments:?}"));
            }
        }
    }
}

/// Where no class is given, it is the label, and one of all that the run's classifiers have.
#[test]
fn arff_with_labels_is_read() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &plain(&[datagram(0, 9, b""), segment(1, 9, b"")]));
    let held = written(folder.path(), "arff", &[], &kinds("native", false));
    let label = held.names.iter().position(|name| name == "label").expect("a column");
    let labels: Vec<_> = held.rows.iter().map(|row| row[label].clone()).collect();
    assert_eq!(labels, ["dns", "http"].map(|label| Cell::Text(label.to_owned())));
    for reader in OF_ARFF {
        let Some(read) = read(reader, &folder.path().join("arff")) else { continue };
        assert_eq!(read.columns.last(), Some(&("class1".to_owned(), "nominal".to_owned())));
        let classes: Vec<_> = read.rows.iter().filter_map(|row| row.last()).collect();
        assert_eq!(classes, ["dns", "http"], "{reader}");
    }
}
