//! Profiles and what a user may add to their columns.

use tempfile::tempdir;

use super::profiles::{PROFILES, class_column, id_columns, kinds, labels_behind, no_class};
use super::run::{Table, flows, tractor};
use super::traffic::{datagram, office, plain, write};

#[test]
fn every_profile_is_listed_with_its_columns() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    let listed = tractor(folder.path(), &["profiles"]);
    assert_eq!(listed.code, Some(0), "{listed:?}");
    let begins = |line: &&str| !line.starts_with(' ');
    let names = listed.output.lines().filter(begins).filter_map(|line| line.split(' ').next());
    assert_eq!(names.collect::<Vec<_>>(), PROFILES);
    for profile in PROFILES {
        let header = Table::of(&flows(folder.path(), &["a.pcap", "--profile", profile]));
        let columns: Vec<String> =
            kinds(profile, false).into_iter().map(|(name, _)| name).collect();
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
        let Some(class) = class_column(profile) else {
            assert!(!table.header().iter().any(|name| name.to_lowercase().contains("label")));
            continue;
        };
        let place = table.header().len() - 1 - labels_behind(profile);
        assert_eq!(table.header()[place], class);
        let classes = table.column(class);
        assert!(classes.len() > 3 && classes.iter().all(|class| *class == "chat"), "{classes:?}");
    }
}

#[test]
fn a_label_with_a_comma_is_quoted() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &plain(&[datagram(0, 1, b"")]));
    let rows = flows(folder.path(), &["a.pcap", "--no-plugins", "--label", "a \"b\", c"]);
    // Its session is itself, and no rule joined it to one.
    let behind = ",".repeat(labels_behind("native") - 1);
    assert!(rows.ends_with(&format!(",\"a \"\"b\"\", c\"{behind}1,\n")), "{rows}");
}

#[test]
fn a_file_name_gives_the_class_of_flows_that_begin_in_it() {
    let folder = tempdir().unwrap();
    // Of a flow of one packet cic has no row.
    let twice = |after_ns, port| [datagram(after_ns, port, b""), datagram(after_ns, port, b"")];
    write(folder.path(), "app_24-11-2026-03-57.pcap", &plain(&twice(0, 1)));
    let second = [twice(5, 1), twice(6, 2)].concat();
    write(folder.path(), "my_game_24-11-2026-03-58.pcap", &plain(&second));
    write(folder.path(), "other.pcap", &plain(&twice(9, 3)));
    for profile in PROFILES {
        let Some(class) = class_column(profile) else { continue };
        let client_port = if profile.starts_with("cic") { "Src Port" } else { "client_port" };
        for workers in ["1", "2", "4"] {
            let arguments =
                [".", "--no-plugins", "--with-id", "--profile", profile, "--workers", workers];
            let table = Table::of(&flows(folder.path(), &arguments));
            let ports = table.column(client_port).into_iter();
            let mut classes: Vec<_> = ports.zip(table.column(class)).collect();
            classes.sort_unstable();
            let expected = [("1", "app"), ("2", "my_game"), ("3", no_class(profile))];
            assert_eq!(classes, expected, "{profile}");
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
        let id = id_columns(profile);
        assert_eq!(Table::of(&with_id).header()[..id.len()], *id, "{profile}");
        let rest = |line: &str| line.splitn(id.len() + 1, ',').last().map(str::to_owned);
        let rests: Vec<_> = with_id.lines().filter_map(rest).collect();
        assert_eq!(rests, plain.lines().collect::<Vec<_>>(), "{profile}");
    }
    let native = Table::of(&flows(folder.path(), &["a.pcap"]));
    // The flows of both are those of native.
    for profile in ["iscx-fixed", "cic-fixed"] {
        let arguments = ["a.pcap", "--profile", profile, "--with-id"];
        let fixed = Table::of(&flows(folder.path(), &arguments));
        for name in id_columns(profile) {
            assert_eq!(fixed.column(name), native.column(name), "{profile} {name}");
        }
    }
}
