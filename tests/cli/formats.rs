//! Every format holds what CSV holds, byte for byte the same however it is run.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::tempdir;

use super::profiles::{
    PROFILES, finite_only, is_numeric, kinds, numeric_and_class, version, with_flows_in_no_time,
    without_labels,
};
use super::run::{TRACTOR, flows, in_folder, names, start_command, tractor};
use super::tables::{Cell, Cells, arff, csv, json_lines};
use super::traffic::{datagram, office, plain, write};

pub const FORMATS: [&str; 4] = ["csv", "jsonl", "parquet", "arff"];
/// Everything that some format must quote, but what ends a line.
pub const AWKWARD: &str = r#"a "b", {c}; 100% it's \ größe?"#;

/// `a.pcap` of these arguments in a format, and as CSV.
fn in_format(folder: &Path, format: &str, arguments: &[&str]) -> (String, String) {
    let plain = ["a.pcap", "--no-plugins", "--format"];
    let of = |format| flows(folder, &[&plain[..], &[format], arguments].concat());
    (of(format), of("csv"))
}

fn csv_cells(text: &str, kinds: &[(String, String)]) -> Cells {
    let cells =
        csv(text, |name| kinds.iter().any(|(column, kind)| column == name && is_numeric(kind)));
    let names: Vec<&String> = kinds.iter().map(|(name, _)| name).collect();
    assert_eq!(cells.names.iter().collect::<Vec<_>>(), names);
    assert!(cells.rows.len() > 20);
    cells
}

#[test]
fn json_lines_hold_what_csv_holds() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &with_flows_in_no_time());
    let awkward = format!("{AWKWARD}\n\t\u{1}");
    for profile in PROFILES {
        let cases: [&[&str]; 3] = [&[], &["--with-id"], &["--label", &awkward]];
        for more in cases {
            let arguments = [&["--profile", profile], more].concat();
            let (json, plain) = in_format(folder.path(), "jsonl", &arguments);
            let kinds = kinds(profile, more.contains(&"--with-id"));
            let expected = csv_cells(&plain, &kinds);
            assert_eq!(plain.contains("Infinity") && plain.contains("NaN"), profile == "cic");
            assert_eq!(json_lines(&json), finite_only(expected), "{arguments:?}");
        }
    }
}

#[test]
fn arff_holds_the_numeric_columns_and_the_class() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &with_flows_in_no_time());
    let awkward = format!("{AWKWARD}\n\t");
    for profile in PROFILES {
        for more in [vec![], vec!["--with-id"], vec!["--label", &awkward]] {
            let arguments = [&["--profile", profile], &more[..]].concat();
            let (text, plain) = in_format(folder.path(), "arff", &arguments);
            let kinds = kinds(profile, more.contains(&"--with-id"));
            let cells = finite_only(csv_cells(&plain, &kinds));
            let table = arff(&text);
            assert_eq!(table.relation, format!("{profile}/{}", version(profile)));
            let kinds = without_labels(kinds);
            let numeric = kinds.iter().filter(|(_, kind)| is_numeric(kind));
            let mut attributes: Vec<_> =
                numeric.map(|(name, _)| (name.clone(), "numeric".to_owned())).collect();
            let class_type = match more.contains(&"--label") {
                true => r#"{'a \"b\", {c}; 100\% it\'s \\ größe?\n\t'}"#,
                false => "string",
            };
            attributes.push(("class1".to_owned(), class_type.to_owned()));
            assert_eq!(table.attributes, attributes, "{arguments:?}");
            let class = more.contains(&"--label").then_some(&*awkward);
            assert_eq!(table.rows, numeric_and_class(&cells, &kinds, class), "{arguments:?}");
        }
    }
}

#[test]
fn arff_names_every_class_of_the_run() {
    let folder = tempdir().unwrap();
    for (name, port) in [("web", 1), ("chat", 2), ("web", 3)] {
        let name = format!("{name}_24-11-2026-03-5{port}.pcap");
        write(folder.path(), &name, &plain(&[datagram(port.into(), port, b"")]));
    }
    write(folder.path(), "other.pcap", &plain(&[datagram(9, 9, b"")]));
    let table = arff(&flows(folder.path(), &[".", "--no-plugins", "--format", "arff"]));
    let class = table.attributes.last().map(|(name, kind)| (name.as_str(), kind.as_str()));
    assert_eq!(class, Some(("class1", "{chat,web}")));
    let classes: Vec<_> = table.rows.iter().filter_map(|row| row.last().cloned()).collect();
    let text = |text: &str| Cell::Text(text.to_owned());
    assert_eq!(classes, [text("web"), text("chat"), text("web"), Cell::Missing]);
    // Where no class is given the label stands, so every label may.
    let labelled = arff(&flows(folder.path(), &[".", "--format", "arff"]));
    let class_type = labelled.attributes.last().map(|(_, kind)| kind.clone()).unwrap();
    assert!(class_type.contains("chat,") && class_type.contains(",dns,"), "{class_type}");
    let last = labelled.rows.last().and_then(|row| row.last().cloned());
    assert_eq!(last, Some(text("dns")), "a datagram to port 53");
}

#[test]
fn every_format_has_the_same_bytes_for_any_workers_and_chunks() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    for format in FORMATS {
        for profile in ["native", "iscx", "cic", "cic-fixed", "nfstream"] {
            let bytes = |workers, chunk_bytes| {
                let arguments = [
                    &["flows", "a.pcap", "-o", "flows", "--format", format][..],
                    &["--profile", profile, "--workers", workers, "--chunk-bytes", chunk_bytes],
                ];
                let finished = tractor(folder.path(), &arguments.concat());
                assert_eq!(finished.code, Some(0), "{finished:?}");
                assert_eq!(names(folder.path()), ["a.pcap", "flows"]);
                std::fs::read(folder.path().join("flows")).unwrap()
            };
            let one = bytes("1", "1000000");
            for (workers, chunk_bytes) in [("1", "777"), ("2", "3000"), ("4", "1000000")] {
                assert!(
                    bytes(workers, chunk_bytes) == one,
                    "{format} {profile}: {workers} workers"
                );
            }
        }
    }
}

#[test]
fn parquet_tells_profile_and_versions() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    let arguments = ["flows", "a.pcap", "-o", "a.parquet", "--format", "parquet"];
    assert_eq!(tractor(folder.path(), &arguments).code, Some(0));
    let bytes = std::fs::read(folder.path().join("a.parquet")).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    let version = env!("CARGO_PKG_VERSION");
    // Strings in the footer stand behind their lengths.
    let pairs = [("profile", "native"), ("profile_version", "5"), ("version", version)].map(
        |(key, value)| {
            let key = format!("tractor.{key}");
            format!("{}{key}\u{18}{}{value}", key.len() as u8 as char, value.len() as u8 as char)
        },
    );
    for pair in pairs {
        let is_there = bytes.windows(pair.len()).any(|window| window == pair.as_bytes());
        assert!(is_there, "{pair:?}");
    }
}

#[test]
fn a_full_disk_fails_in_every_format() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    for format in FORMATS {
        let arguments = ["flows", "a.pcap", "-o", "/dev/full", "--format", format];
        let finished = tractor(folder.path(), &arguments);
        assert_eq!(finished.code, Some(1), "{format}: {finished:?}");
        assert!(finished.messages.contains("No space left"), "{finished:?}");
    }
}

#[test]
fn parquet_is_not_written_to_a_terminal() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    let on_terminal = |format: &str| {
        let command = format!("{TRACTOR} flows a.pcap --format {format}");
        let mut script = in_folder(folder.path(), "script");
        script.args(["-qec", &command, "/dev/null"]);
        start_command(&mut script, Stdio::null()).finish(Duration::from_secs(60))
    };
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("skipped: there is no `script` to give a program a terminal");
        return;
    }
    assert_eq!(on_terminal("csv").code, Some(0));
    let refused = on_terminal("parquet");
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.output.contains("-o") && !refused.output.contains("PAR1"), "{refused:?}");
}
