//! The bundled forest, with models that learned from the program's own rows.

use std::path::Path;

use serde_json::Value;
use tempfile::{TempDir, tempdir};
use tractor_learning::file::FlowLife;
use tractor_learning::forest::ForestParameters;
use tractor_learning::table::{Profile, TableBuilder, iscx};
use tractor_learning::{ModelFile, Options, Parameters, train};

use super::comforts::with_file;
use super::run::{Finished, Table, flows, tractor};
use super::traffic::{SECOND_NS, START_NS, plain, segment, write};
use crate::support::capture::RawPacket;

const MILLISECOND_NS: i64 = 1_000_000;
const OPTION: &str = "org.tractor.forest.model";

/// Packets of one port: a call every 20 ms, or mail after 300 ms and more.
fn talk(is_call: bool, port: u16, seconds: i64) -> Vec<RawPacket> {
    let gap_ns = if is_call { 20 } else { 300 + i64::from(port % 50) } * MILLISECOND_NS;
    let uneven_ns = i64::from(port) * 1_000;
    let times = (0..).map(|number| number * gap_ns + number % 3 * uneven_ns);
    times
        .take_while(|time| *time <= seconds * SECOND_NS)
        .map(|time| segment(time, port, b"x"))
        .collect()
}

fn capture(flows: impl IntoIterator<Item = Vec<RawPacket>>) -> Vec<u8> {
    let mut packets: Vec<RawPacket> = flows.into_iter().flatten().collect();
    packets.sort_by_key(|packet| packet.time_ns);
    plain(&packets)
}

/// A model of the columns of `iscx-a2` for flows of 3 s.
fn model(folder: &Path, life: Option<FlowLife>) -> ModelFile {
    let profile = Profile { name: "iscx-a2".to_owned(), version: 1 };
    let names = iscx::PUBLISHED.map(str::to_owned).to_vec();
    let mut table = TableBuilder::new(profile, names).unwrap();
    for (class, is_call) in [("VOIP", true), ("MAIL", false)] {
        write(folder, "train.pcap", &capture((1..60).map(|port| talk(is_call, port, 3))));
        let rows = Table::of(&flows(folder, &["train.pcap", "--profile", "iscx-a2"]));
        let columns = iscx::PUBLISHED.map(|name| rows.column(name));
        for row in 0..columns[0].len() {
            let values = columns.each_ref().map(|column| column[row].parse().unwrap());
            table.push(&values, class, None).unwrap();
        }
    }
    let forest = ForestParameters { trees: 20, ..Default::default() };
    let parameters = Parameters::Forest(forest);
    let options = Options { parameters, folds: 0, flow_life: life, ..Options::default() };
    train(&table.finish().unwrap(), &options).unwrap().file
}

/// A folder with `a.pcap`, which has calls on even ports and mail on odd ones, and `a.tractor`.
fn folder() -> TempDir {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.tractor", &model(folder.path(), None).to_bytes().unwrap());
    let talks = (100..140).map(|port| talk(port % 2 == 0, port, 3));
    write(folder.path(), "a.pcap", &capture(talks));
    folder
}

fn option(model: &str) -> [String; 2] {
    ["--plugin-option".to_owned(), format!("{OPTION}={model}")]
}

fn run(folder: &Path, arguments: &[&str], model: &str) -> Finished {
    let option = option(model);
    tractor(folder, &[arguments, &option.each_ref().map(String::as_str)].concat())
}

/// But for the counts of a run that went well.
fn assert_nothing_is_said(run: &Finished) {
    let said = run.messages.as_str();
    assert_eq!((run.code, said.lines().count()), (Some(0), 1), "{said}");
    assert!(said.starts_with("1 file, "), "{said}");
}

#[test]
fn a_model_fills_the_class_of_traffic_and_no_other_label() {
    let folder = folder();
    let finished = run(folder.path(), &["flows", "a.pcap", "--format", "jsonl"], "a.tractor");
    assert_nothing_is_said(&finished);
    let rows: Vec<Value> =
        finished.output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 40);
    for row in &rows {
        let is_call = row["client_port"].as_u64().unwrap() % 2 == 0;
        assert_eq!(row["traffic_class"], if is_call { "VOIP" } else { "MAIL" }, "{row}");
        assert!(row["traffic_class_confidence"].as_f64().unwrap() > 0.8, "{row}");
        assert_ne!(row["label_by"], "org.tractor.forest");
    }
    let whole = run(folder.path(), &["flows", "a.pcap"], "a.tractor").output;
    for more in [&["--workers", "1"][..], &["--workers", "3", "--chunk-bytes", "500"]] {
        let other = run(folder.path(), &[&["flows", "a.pcap"], more].concat(), "a.tractor");
        assert_eq!(other.output, whole, "{more:?}");
    }
    let file = "[plugins.\"org.tractor.forest\"]\nmodel = \"a.tractor\"";
    assert_eq!(with_file(folder.path(), file, &["flows", "a.pcap"]).output, whole);
}

#[test]
fn without_a_model_nothing_changes_and_nothing_is_said() {
    let folder = folder();
    let plain = tractor(folder.path(), &["flows", "a.pcap"]);
    assert_nothing_is_said(&plain);
    let without = ["flows", "a.pcap", "--without-plugin", "org.tractor.forest"];
    assert_eq!(tractor(folder.path(), &without).output, plain.output);
    let listed = tractor(folder.path(), &["plugins"]);
    assert!(listed.output.contains("org.tractor.forest"), "{listed:?}");
    assert!(listed.output.contains("not configured"), "{listed:?}");
    assert_eq!(listed.messages, "");
}

#[test]
fn a_model_that_cannot_be_used_ends_the_run_with_a_sentence() {
    let folder = folder();
    let mut other = model(folder.path(), None);
    other.header.profile.version = 9;
    write(folder.path(), "version.tractor", &other.to_bytes().unwrap());
    other.header.profile.version = 1;
    other.header.features[3] = "least".to_owned();
    write(folder.path(), "feature.tractor", &other.to_bytes().unwrap());
    let whole = std::fs::read(folder.path().join("a.tractor")).unwrap();
    write(folder.path(), "cut.tractor", &whole[..whole.len() / 2]);
    let cases = [
        ("no.tractor", "no.tractor: cannot be read: No such file or directory"),
        ("a.pcap", "a.pcap: the model is damaged at byte 0: it is no model of TrActor"),
        ("cut.tractor", "bytes follow, and it says other"),
        ("version.tractor", "is wrong: the columns of iscx-a2 are of version 1, not 9"),
        ("feature.tractor", "its feature 4, \"least\", is no column of iscx-a2/1"),
    ];
    for (file, sentence) in cases {
        let finished = run(folder.path(), &["flows", "a.pcap"], file);
        assert_eq!((finished.code, finished.output.as_str()), (Some(2), ""), "{finished:?}");
        assert_eq!(finished.messages.lines().count(), 1, "{finished:?}");
        for part in ["error: plugin org.tractor.forest of ", file, sentence] {
            assert!(finished.messages.contains(part), "{part}: {finished:?}");
        }
    }
}

#[test]
fn a_model_of_flows_that_were_cut_is_asked_about_windows_too() {
    let folder = folder();
    let seconds = |seconds: u64| Some(seconds * 1_000_000);
    let life = FlowLife { idle_timeout_us: None, active_timeout_us: seconds(3), window_us: None };
    let of_windows = model(folder.path(), Some(life)).to_bytes().unwrap();
    write(folder.path(), "windows.tractor", &of_windows);
    let listed = run(folder.path(), &["plugins"], "windows.tractor").output;
    for line in ["sees flows by window, closed: features", "columns of iscx-a2/1", "MAIL, VOIP"] {
        assert!(listed.contains(line), "{line}: {listed}");
    }
    let listed = run(folder.path(), &["plugins"], "a.tractor").output;
    assert!(listed.contains("sees flows closed: features"), "{listed}");
    // Longer than all that it learned from: its windows say what it is.
    write(folder.path(), "long.pcap", &capture([talk(true, 2, 40), talk(false, 3, 40)]));
    let arguments = ["flows", "long.pcap", "--format", "jsonl"];
    let rows = run(folder.path(), &arguments, "windows.tractor").output;
    assert_eq!(rows.lines().count(), 2, "{rows}");
    for row in rows.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let expected = if row["client_port"] == 2 { "VOIP" } else { "MAIL" };
        assert_eq!(row["traffic_class"], expected, "{row}");
    }
}

/// A call whose last packets are as those of mail are: by themselves they would be taken for it.
#[test]
fn how_a_long_flow_ends_does_not_decide_what_it_was() {
    let folder = folder();
    let life =
        FlowLife { idle_timeout_us: None, active_timeout_us: Some(3_000_000), window_us: None };
    let of_windows = model(folder.path(), Some(life)).to_bytes().unwrap();
    write(folder.path(), "windows.tractor", &of_windows);
    // Windows begin at multiples of their length since 1970.
    let window_ns = 3 * SECOND_NS;
    let begin_ns = window_ns - START_NS.rem_euclid(window_ns) + 13 * window_ns;
    let end = |milliseconds: &[i64]| {
        let times = milliseconds.iter().map(|ms| begin_ns + ms * MILLISECOND_NS);
        let last = times.map(|time| segment(time, 2, b"x"));
        let mut flow = talk(true, 2, 60);
        flow.retain(|packet| packet.time_ns < START_NS + begin_ns);
        flow.extend(last);
        write(folder.path(), "long.pcap", &capture([flow]));
        let row =
            run(folder.path(), &["flows", "long.pcap", "--format", "jsonl"], "windows.tractor");
        let row: Value = serde_json::from_str(&row.output).unwrap();
        row["traffic_class"].clone()
    };
    assert_eq!(end(&[10, 320, 660, 1_000]), "VOIP");
    assert_eq!(end(&[10, 320, 660, 1_000, 1_330, 1_670]), "MAIL", "half a window says something");
}

#[test]
fn the_forest_keeps_the_contract_of_plugins() {
    let folder = folder();
    let listed = run(folder.path(), &["plugins", "--json"], "a.tractor").output;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let loaded = listed["loaded"].as_array().unwrap();
    let forest = loaded.iter().find(|one| one["id"] == "org.tractor.forest").unwrap();
    assert_eq!(forest["bundled"], true);
    let path = forest["path"].as_str().unwrap();
    let checked = run(folder.path(), &["plugins", "check", path], "a.tractor");
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let unconfigured = tractor(folder.path(), &["plugins", "check", path]);
    assert_eq!(unconfigured.code, Some(2), "{unconfigured:?}");
}
