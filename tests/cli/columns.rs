//! Profiles and what a user may add to their columns.

use tempfile::tempdir;

use super::run::{Table, flows, tractor};
use super::traffic::{datagram, office, plain, write};

const PROFILES: [&str; 4] = ["native", "iscx", "iscx-a2", "iscx-fixed"];
const ID: [&str; 7] =
    ["flow_id", "client_ip", "client_port", "server_ip", "server_port", "protocol", "start"];

/// The name that a profile gives its last column.
fn class_column(profile: &str) -> &'static str {
    match profile {
        "native" => "class",
        "iscx-a2" => "class1",
        _ => "label",
    }
}

#[test]
fn every_profile_is_listed_with_its_columns() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    let listed = tractor(folder.path(), &["profiles"]);
    assert_eq!(listed.code, Some(0), "{listed:?}");
    for profile in PROFILES {
        let header = Table::of(&flows(folder.path(), &["a.pcap", "--profile", profile]));
        let finished = tractor(folder.path(), &["profiles", profile]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        // `  1  name  unit  meaning`
        let is_column = |line: &&str| line.trim_start().starts_with(|c: char| c.is_ascii_digit());
        let columns: Vec<&str> = finished
            .output
            .lines()
            .filter(is_column)
            .map(|line| line.split_whitespace().nth(1).unwrap_or_default())
            .collect();
        assert_eq!(columns, header.header(), "{profile}");
        let count = format!("{} columns", columns.len());
        let is_named = |line: &str| line.split_whitespace().next() == Some(profile);
        let summary = listed.output.lines().find(|line| is_named(line));
        assert!(summary.is_some_and(|line| line.contains(&count)), "{profile} in {listed:?}");
    }
}

#[test]
fn a_label_is_the_class_of_all_flows() {
    let folder = tempdir().unwrap();
    write(folder.path(), "app_24-11-2026-03-57.pcap", &office());
    for profile in PROFILES {
        let arguments = [".", "--profile", profile, "--label", "chat"];
        let table = Table::of(&flows(folder.path(), &arguments));
        assert_eq!(table.header().last().map(String::as_str), Some(class_column(profile)));
        let classes = table.column(class_column(profile));
        assert!(classes.len() > 3 && classes.iter().all(|class| *class == "chat"), "{classes:?}");
    }
}

#[test]
fn a_label_with_a_comma_is_quoted() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &plain(&[datagram(0, 1, b"")]));
    let rows = flows(folder.path(), &["a.pcap", "--label", "a \"b\", c"]);
    assert!(rows.ends_with(",\"a \"\"b\"\", c\"\n"), "{rows}");
}

#[test]
fn a_file_name_gives_the_class_of_flows_that_begin_in_it() {
    let folder = tempdir().unwrap();
    write(folder.path(), "app_24-11-2026-03-57.pcap", &plain(&[datagram(0, 1, b"")]));
    let second = plain(&[datagram(5, 1, b""), datagram(6, 2, b"")]);
    write(folder.path(), "my_game_24-11-2026-03-58.pcap", &second);
    write(folder.path(), "other.pcap", &plain(&[datagram(9, 3, b"")]));
    for profile in PROFILES {
        for workers in ["1", "2", "4"] {
            let arguments = [".", "--with-id", "--profile", profile, "--workers", workers];
            let table = Table::of(&flows(folder.path(), &arguments));
            let ports = table.column("client_port").into_iter();
            let mut classes: Vec<_> = ports.zip(table.column(class_column(profile))).collect();
            classes.sort_unstable();
            assert_eq!(classes, [("1", "app"), ("2", "my_game"), ("3", "")], "{profile}");
        }
    }
}

#[test]
fn without_label_or_telling_name_there_is_no_class() {
    let folder = tempdir().unwrap();
    write(folder.path(), "app.pcap", &office());
    let table = Table::of(&flows(folder.path(), &["app.pcap"]));
    assert!(table.column("class").iter().all(|class| class.is_empty()));
}

#[test]
fn id_columns_come_first_and_change_no_other() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    for profile in PROFILES {
        let plain = flows(folder.path(), &["a.pcap", "--profile", profile]);
        let with_id = flows(folder.path(), &["a.pcap", "--profile", profile, "--with-id"]);
        if profile == "native" {
            assert_eq!(with_id, plain, "it has them already");
            continue;
        }
        assert_eq!(Table::of(&with_id).header()[..ID.len()], ID, "{profile}");
        let rest = |line: &str| line.splitn(ID.len() + 1, ',').last().map(str::to_owned);
        let rests: Vec<_> = with_id.lines().filter_map(rest).collect();
        assert_eq!(rests, plain.lines().collect::<Vec<_>>(), "{profile}");
    }
    let native = Table::of(&flows(folder.path(), &["a.pcap"]));
    let fixed = ["a.pcap", "--profile", "iscx-fixed", "--with-id"];
    let fixed = Table::of(&flows(folder.path(), &fixed));
    for name in ID {
        assert_eq!(fixed.column(name), native.column(name), "{name}");
    }
}
