//! `tractor dataset`: labelled captures become one table, which tells what it is.

use super::applications::{APPLICATIONS, FLOWS, capture, commented};
use super::comforts::with_file;
use super::run::{Finished, Table, names, program, start_command, tractor};
use super::traffic::write;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tempfile::{TempDir, tempdir};

/// A folder with three captures of each application, of three days.
pub fn recorded() -> TempDir {
    let folder = tempdir().unwrap();
    std::fs::create_dir(folder.path().join("captures")).unwrap();
    for (application, ..) in APPLICATIONS {
        for day in 0..3 {
            let name = format!("captures/{application}_0{}-11-2023-22-13.pcap", day + 1);
            write(folder.path(), &name, &capture(application, day));
        }
    }
    folder
}

pub fn build(folder: &Path, arguments: &[&str]) -> Finished {
    tractor(folder, &[&["dataset", "build"], arguments].concat())
}

const ISCX: [&str; 4] = ["--profile", "iscx-a2", "--active-timeout", "15s"];

/// The data set of [`recorded`], as that file.
pub fn built(folder: &Path, name: &str) {
    let finished = build(folder, &[&["captures", "-o", name], &ISCX[..]].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

fn described(folder: &Path, name: &str) -> Value {
    let finished = tractor(folder, &["dataset", "describe", name, "--json"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    serde_json::from_str(&finished.output).unwrap()
}

/// Class by capture of a data set in CSV.
fn classes(csv: &str) -> BTreeMap<String, String> {
    let table = Table::of(csv);
    let pairs = table.column("capture").into_iter().zip(table.column("class1"));
    pairs.map(|(capture, class)| (capture.to_owned(), class.to_owned())).collect()
}

#[test]
fn captures_become_a_table_with_a_manifest() {
    let folder = recorded();
    built(folder.path(), "data.parquet");
    let about = described(folder.path(), "data.parquet");
    let count = 3 * FLOWS;
    assert_eq!(about["rows"], 3 * count);
    assert_eq!(about["captures"], 9);
    assert_eq!(about["profile"]["name"], "iscx-a2");
    assert_eq!(about["flow_life"]["active_timeout_us"], 15_000_000);
    assert_eq!(about["flow_life"]["window_us"], Value::Null);
    for (number, name) in ["loader", "talker", "ticker"].iter().enumerate() {
        assert_eq!(about["classes"][number][0], *name);
        assert_eq!(about["classes"][number][1], count);
    }
    let inputs = about["inputs"].as_array().unwrap();
    assert_eq!(inputs.len(), 9);
    assert!(inputs.iter().all(|input| input["hash"].as_str().unwrap().starts_with("sha256:")));
    assert_eq!(about["random_leakage"]["rows"], 3 * count);
    let text = tractor(folder.path(), &["dataset", "describe", "data.parquet"]).output;
    assert!(
        text.contains("leakage: split at random, 9 captures, of 108 rows, are on both sides"),
        "{text}"
    );
    for word in ["\ncomponent 1: ", "\ncluster ", "\nfeature ", "active timeout 15 s"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

/// A data set has the numbers that `tractor flows` prints of each capture alone.
#[test]
fn rows_are_those_of_each_capture_alone() {
    let folder = recorded();
    built(folder.path(), "data.csv");
    let csv = std::fs::read_to_string(folder.path().join("data.csv")).unwrap();
    let data = Table::of(&csv);
    for (application, ..) in APPLICATIONS {
        let name = format!("{application}_02-11-2023-22-13.pcap");
        let file = format!("captures/{name}");
        let alone = tractor(folder.path(), &[&["flows", &file], &ISCX[..]].concat());
        let alone = Table::of(&alone.output);
        for column in ["duration", "mean_fiat", "flowBytesPerSecond", "std_idle"] {
            let of_capture = data.column("capture").into_iter().zip(data.column(column));
            let rows: Vec<f64> = of_capture
                .filter(|(capture, _)| *capture == name)
                .map(|(_, cell)| cell.parse().unwrap())
                .collect();
            let expected: Vec<f64> =
                alone.column(column).iter().map(|cell| cell.parse().unwrap()).collect();
            assert_eq!(rows, expected, "{application} {column}");
        }
    }
    built(folder.path(), "data.arff");
    let arff = described(folder.path(), "data.arff");
    let features = described(folder.path(), "data.csv")["features"].clone();
    assert_eq!(arff["features"], features);
}

#[test]
fn the_labels_win_over_comments_and_comments_over_names() {
    let folder = tempdir().unwrap();
    std::fs::create_dir(folder.path().join("in")).unwrap();
    let file = |name: &str, bytes: &[u8]| write(folder.path(), &format!("in/{name}"), bytes);
    file("name_01-11-2023-22-13.pcap", &capture("ticker", 0));
    file("other_01-11-2023-22-13.pcapng", &commented("ticker", 1, "label: comment"));
    file("third_01-11-2023-22-13.pcapng", &commented("ticker", 2, "label: comment"));
    file("plain.pcap", &capture("ticker", 3));
    file("given.pcap", &capture("ticker", 4));
    file("none.pcap", &capture("ticker", 5));
    let labels = [
        "file,label",
        "third_01-11-2023-22-13.pcapng,given",
        "in/given.pcap,given",
        "plain.pcap,given",
        "missing.pcap,x",
    ];
    let labels = labels.join("\n");
    write(folder.path(), "in/labels.csv", labels.as_bytes());
    let finished =
        build(folder.path(), &["in/*.pcap*", "--labels", "in/labels.csv", "-o", "a.csv"]);
    assert_eq!(finished.code, Some(3), "{finished:?}");
    for said in [
        "warning: in/none.pcap: it has no class, and is left out",
        "warning: in/labels.csv, line 5: missing.pcap is none of the captures",
    ] {
        assert!(finished.messages.contains(said), "{}", finished.messages);
    }
    let csv = std::fs::read_to_string(folder.path().join("a.csv")).unwrap();
    let expected = [
        ("given.pcap", "given"),
        ("name_01-11-2023-22-13.pcap", "name"),
        ("other_01-11-2023-22-13.pcapng", "comment"),
        ("plain.pcap", "given"),
        ("third_01-11-2023-22-13.pcapng", "given"),
    ];
    let expected = expected.map(|(name, class)| (name.to_owned(), class.to_owned()));
    assert_eq!(classes(&csv), BTreeMap::from(expected));
}

/// A line is of a file, however that file is named on the command line.
#[test]
fn names_of_labels_are_seen_from_their_folder_or_from_here() {
    let folder = tempdir().unwrap();
    std::fs::create_dir(folder.path().join("in")).unwrap();
    std::fs::create_dir(folder.path().join("labels")).unwrap();
    write(folder.path(), "in/here.pcap", &capture("ticker", 0));
    write(folder.path(), "labels/there.pcap", &capture("ticker", 1));
    // Here, too, there is one of that name.
    write(folder.path(), "there.pcap", &capture("ticker", 2));
    let lines = b"file,label\nin/here.pcap,here\nthere.pcap,there\n../there.pcap,other\n";
    write(folder.path(), "labels/labels.csv", lines);
    let absolute = folder.path().join("in/here.pcap").display().to_string();
    for named in ["in/here.pcap", "./in/here.pcap", "in", &absolute] {
        let labels = ["--labels", "labels/labels.csv", "-o", "a.csv"];
        let inputs = [named, "labels/there.pcap", "there.pcap"];
        let finished = build(folder.path(), &[&inputs[..], &labels].concat());
        assert_eq!(finished.code, Some(0), "{named}: {finished:?}");
        assert!(!finished.messages.contains("none of the captures"), "{named}: {finished:?}");
        let csv = std::fs::read_to_string(folder.path().join("a.csv")).unwrap();
        let classes: Vec<String> = classes(&csv).into_values().collect();
        assert_eq!(classes.len(), 3, "{named}: {classes:?}");
        for class in ["here", "there", "other"] {
            assert!(classes.contains(&class.to_owned()), "{named}: {classes:?}");
        }
    }
}

#[test]
fn a_capture_whose_name_is_no_text_is_taken_like_others() {
    let folder = tempdir().unwrap();
    std::fs::create_dir(folder.path().join("in")).unwrap();
    let odd = folder.path().join(OsStr::from_bytes(b"in/odd\xff.pcap"));
    std::fs::write(&odd, capture("ticker", 0)).unwrap();
    std::os::unix::fs::symlink(&odd, folder.path().join("link")).unwrap();
    write(folder.path(), "in/even.pcap", &capture("ticker", 0));
    write(folder.path(), "labels.csv", b"file,label\nlink,a\nin/even.pcap,b\n");
    let finished = build(folder.path(), &["in", "--labels", "labels.csv", "-o", "a.parquet"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let inputs = described(folder.path(), "a.parquet")["inputs"].take();
    assert_eq!(inputs[0]["name"], "even.pcap");
    assert_eq!(inputs[1]["name"], "odd\u{fffd}.pcap");
    assert_eq!(inputs[0]["hash"], inputs[1]["hash"]);
    let mut command = program(folder.path(), &["flows"]);
    command.arg(&odd).arg("-o").arg(&odd);
    let finished = start_command(&mut command, Stdio::null()).finish(Duration::from_secs(60));
    assert_eq!(finished.code, Some(2), "it is not overwritten: {finished:?}");
}

#[test]
fn evicted_flows_are_told_of() {
    let folder = recorded();
    for more in [&[][..], &["--verbose"]] {
        let arguments = ["captures", "--max-flows", "1", "--workers", "1", "-o", "a.csv"];
        let finished = build(folder.path(), &[&arguments[..], more].concat());
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let warning = "flows were evicted from a full table (see --max-flows)";
        assert!(finished.messages.contains(warning), "{finished:?}");
        let named = finished.messages.contains("warning: talker_01-11-2023-22-13.pcap: ");
        assert_eq!(named, more.is_empty(), "{finished:?}");
    }
}

/// As published sets are, which come as CSV and ARFF without a word of their flows.
#[test]
fn tables_become_one_table_with_a_manifest() {
    let folder = recorded();
    for profile in ["iscx", "iscx-a2", "native"] {
        let of = ["--profile", profile, "--active-timeout", "15s"];
        let made = |from: &str, to: &str| {
            let finished = build(folder.path(), &[&[from, "-o", to], &of[..]].concat());
            assert_eq!(finished.code, Some(0), "{finished:?}");
            described(folder.path(), to)
        };
        let mut whole = made("captures", "whole.parquet");
        made("captures", "data.csv");
        let mut again = made("data.csv", "data.parquet");
        let inputs = again["inputs"].take();
        assert_eq!(inputs[0]["name"], "data.csv");
        assert!(inputs[0]["hash"].as_str().unwrap().starts_with("sha256:"), "{inputs}");
        whole["inputs"].take();
        assert_eq!(again, whole, "{profile}");
        let twice = build(folder.path(), &["data.parquet", "data.parquet", "-o", "twice.parquet"]);
        assert!(twice.messages.contains("216 rows: "), "{twice:?}");
        let twice = described(folder.path(), "twice.parquet");
        assert_eq!(twice["flow_life"], whole["flow_life"]);
        assert_eq!(twice["warnings"]["duplicate_rows"], 108);
    }
}

/// The data say the rest.
#[test]
fn of_a_life_that_is_known_a_part_may_be_said_again() {
    let folder = recorded();
    let life = ["--profile", "iscx-a2", "--active-timeout", "15s", "--idle-timeout", "60s"];
    let built = build(folder.path(), &[&["captures", "-o", "a.parquet"], &life[..]].concat());
    assert_eq!(built.code, Some(0), "{built:?}");
    let training = ["train", "a.parquet", "--trees", "1", "--cv", "0", "-o", "model.tractor"];
    let building = ["dataset", "build", "a.parquet", "-o", "b.parquet"];
    for command in [&training[..], &building] {
        for said in [&["--active-timeout", "15s"][..], &["--idle-timeout", "60s"], &life[2..]] {
            let finished = tractor(folder.path(), &[command, said].concat());
            assert_eq!(finished.code, Some(0), "{command:?} {said:?}: {finished:?}");
        }
        let finished = tractor(folder.path(), &[command, &["--window", "10s"]].concat());
        let known = "idle timeout 60 s, active timeout 15 s, window";
        let why = format!("error: the flows of the data have {known} none, and not {known} 10 s");
        assert_eq!(finished.code, Some(2), "{command:?}: {finished:?}");
        assert!(finished.messages.contains(&why), "{command:?}: {finished:?}");
    }
    let about = described(folder.path(), "b.parquet");
    assert_eq!(about["flow_life"]["idle_timeout_us"], 60_000_000);
}

#[test]
fn a_damaged_capture_gives_what_stands_before_the_place() {
    let folder = recorded();
    let whole = capture("ticker", 7);
    write(folder.path(), "captures/ticker_09-11-2023-22-13.pcap", &whole[..whole.len() / 2]);
    write(folder.path(), "captures/bad_09-11-2023-22-13.pcap", b"no capture at all");
    let finished = build(folder.path(), &[&["captures", "-o", "data.csv"], &ISCX[..]].concat());
    assert_eq!(finished.code, Some(3), "{finished:?}");
    for said in ["bad_09-11-2023-22-13.pcap: not a capture file", "truncated at byte"] {
        assert!(finished.messages.contains(said), "{}", finished.messages);
    }
    let csv = std::fs::read_to_string(folder.path().join("data.csv")).unwrap();
    let captures = classes(&csv);
    assert_eq!(captures.len(), 10);
    assert_eq!(captures["ticker_09-11-2023-22-13.pcap"], "ticker");
}

#[test]
fn tables_do_not_depend_on_workers() {
    let folder = recorded();
    let table = |workers: &str, name: &str| {
        let arguments = [&["captures", "-o", name, "--workers", workers][..], &ISCX].concat();
        let finished = build(folder.path(), &arguments);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        std::fs::read(folder.path().join(name)).unwrap()
    };
    assert!(table("1", "one.parquet") == table("3", "three.parquet"));
}

#[test]
fn windows_have_rows_of_their_own() {
    let folder = recorded();
    let arguments = ["captures", "--profile", "iscx-a2", "--window", "1s", "-o", "data.parquet"];
    let finished = build(folder.path(), &arguments);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let about = described(folder.path(), "data.parquet");
    assert_eq!(about["flow_life"]["window_us"], 1_000_000);
    assert!(about["rows"].as_u64().unwrap() > 9 * FLOWS as u64);
}

#[test]
fn what_cannot_be_built_is_refused_with_a_sentence() {
    let folder = recorded();
    write(folder.path(), "unnamed.pcap", &capture("ticker", 0));
    write(folder.path(), "twice.csv", b"file,label\nunnamed.pcap,a\n./unnamed.pcap,b\n");
    write(folder.path(), "plain.csv", b"a,label\n1,x\n2,y\n");
    write(folder.path(), "bad.csv", b"name,label\n");
    write(folder.path(), "good.csv", b"file,label\nunnamed.pcap,a\n");
    let before = names(folder.path());
    for (arguments, code, why) in [
        (
            &["captures", "-o", "data.xlsx"][..],
            2,
            "data.xlsx names no format: let it end in .parquet, .csv or .arff",
        ),
        (&["captures", "-o", "-"], 2, "- names no format"),
        (
            &["-", "-o", "a.csv"],
            2,
            "standard input has no name and cannot be read twice: name a file",
        ),
        (
            &["captures", "--merge", "-o", "a.csv"],
            2,
            "captures of a data set are read each on its own, without --merge",
        ),
        (
            &["captures", "--profile", "cic", "--window", "1s", "-o", "a.csv"],
            2,
            "the profile cic has no rows of windows",
        ),
        (
            &["captures", "--profile", "cic", "--outer", "-o", "a.csv"],
            2,
            "the profile cic reads tunnels by its own rules",
        ),
        (
            &["unnamed.pcap", "-o", "a.csv"],
            1,
            "no capture has a class: name them APP_dd-mm-yyyy-HH-MM.pcap",
        ),
        (
            &["unnamed.pcap", "--labels", "twice.csv", "-o", "a.csv"],
            1,
            "twice.csv, line 3: ./unnamed.pcap is b, and in line 2 it is a",
        ),
        (
            &["unnamed.pcap", "--labels", "good.csv", "-o", "good.csv"],
            2,
            "good.csv is one of the inputs, and cannot be the output too",
        ),
        (
            &["unnamed.pcap", "--labels", "bad.csv", "-o", "a.csv"],
            1,
            "bad.csv: there is no column file",
        ),
        (
            &["unnamed.pcap", "--labels", "no.csv", "-o", "a.csv"],
            1,
            "cannot open no.csv: No such file or directory",
        ),
        (
            &["captures", "-o", "nowhere/a.csv"],
            1,
            "cannot write nowhere/a.csv: No such file or directory",
        ),
        (
            &["plain.csv", "-o", "a.csv"],
            2,
            "plain.csv does not say its profile: say it with --profile NAME, such as iscx-a2",
        ),
        (
            &["plain.csv", "--profile", "iscx-a2", "-o", "a.csv"],
            1,
            "the data have a column a, and iscx-a2/1 has none",
        ),
        (
            &["plain.csv", "captures", "-o", "a.csv"],
            2,
            "plain.csv is a table and captures is none: build one of them first",
        ),
        (
            &["plain.csv", "--labels", "good.csv", "-o", "a.csv"],
            2,
            "--labels is of captures, and plain.csv is a table",
        ),
        (
            &["plain.csv", "-o", "plain.csv"],
            2,
            "plain.csv is one of the inputs, and cannot be the output too",
        ),
        (&["nothing", "-o", "a.csv"], 1, "nothing: No such file or directory"),
    ] {
        let finished = build(folder.path(), arguments);
        assert_eq!(finished.code, Some(code), "{arguments:?}: {finished:?}");
        assert!(
            finished.messages.contains(&format!("error: {why}")),
            "{arguments:?}: {finished:?}"
        );
    }
    let missing = tractor(folder.path(), &["dataset", "describe", "no.parquet"]);
    assert_eq!(missing.code, Some(1), "{missing:?}");
    assert!(
        missing.messages.starts_with("error: cannot open no.parquet: No such file"),
        "{missing:?}"
    );
    let folders = tractor(folder.path(), &["dataset", "describe", "captures"]);
    let no_table = "error: captures is a folder and no table: tractor dataset build makes";
    assert_eq!(
        (folders.code, folders.messages.starts_with(no_table)),
        (Some(2), true),
        "{folders:?}"
    );
    assert_eq!(names(folder.path()), before, "nothing is left behind");
}

#[test]
fn the_configuration_has_one_table_for_data_sets() {
    let folder = recorded();
    let file = "profile = 'native'\nmerge = true\n[dataset]\nprofile = 'iscx-a2'\nidle-timeout = 60\njson = true\n";
    let built =
        with_file(folder.path(), file, &["dataset", "build", "captures", "-o", "a.parquet"]);
    assert_eq!(built.code, Some(0), "{built:?}");
    let described = tractor(folder.path(), &["dataset", "describe", "a.parquet"]);
    let about: Value = serde_json::from_str(&described.output).unwrap();
    assert_eq!(about["profile"]["name"], "iscx-a2");
    assert_eq!(about["flow_life"]["idle_timeout_us"], 60_000_000);
    let shown = tractor(folder.path(), &["config", "dataset"]).output;
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = shown.lines().map(words).collect();
    for line in ["profile iscx-a2 tractor.toml:4", "json true tractor.toml:6", "labels - default"] {
        assert!(lines.contains(&line.to_owned()), "{line}: {lines:?}");
    }
    let wrong = with_file(folder.path(), "[dataset]\ntrees = 3\n", &["config"]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    assert!(
        wrong.messages.contains("dataset has no flag trees; trees is a flag of train"),
        "{wrong:?}"
    );
}
