//! Defaults from `tractor.toml`.

use std::fs;

use tempfile::tempdir;

use super::comforts::with_file;
use super::run::{Table, tractor};
use super::traffic::{datagram, office, plain, write};

#[test]
fn the_command_line_wins_over_the_commands_table_and_that_over_the_top() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    let columns = |text: &str, arguments: &[&str]| {
        let finished = with_file(folder.path(), text, &[&["flows", "a.pcap"], arguments].concat());
        assert_eq!(finished.code, Some(0), "{text}: {finished:?}");
        Table::of(&finished.output).header().len()
    };
    let top = "profile = 'iscx'\n[plugins.\"a.b\"]\nany = 1\n";
    let both = "profile = 'native'\n[flows]\nprofile = 'iscx'\n";
    let native = columns("", &[]);
    let iscx = columns(top, &[]);
    assert_ne!(native, iscx);
    assert_eq!(columns(both, &[]), iscx);
    assert_eq!(columns("profile = 'native'\n[stats]\nprofile = 'iscx'\n", &[]), native);
    assert_eq!(columns(both, &["--profile", "native"]), native);
    assert_eq!(columns(top, &["--no-config"]), native);
    assert!(columns("profile = 'iscx'\nwith-id = true\nworkers = 2\n", &[]) > iscx);
    fs::write(folder.path().join("other.toml"), "profile = 'native'").unwrap();
    assert_eq!(columns(top, &["--config", "other.toml"]), native);
}

#[test]
fn other_names_of_flags_are_keys_too() {
    let folder = tempdir().unwrap();
    let gap = datagram(5_000_000_000, 7, b"");
    write(folder.path(), "a.pcap", &plain(&[datagram(0, 7, b""), gap]));
    let flows = |text: &str, arguments: &[&str]| {
        let finished = with_file(folder.path(), text, &[&["flows", "a.pcap"], arguments].concat());
        assert_eq!(finished.code, Some(0), "{text}: {finished:?}");
        finished.output.lines().count() - 1
    };
    assert_eq!(flows("", &[]), 1);
    assert_eq!(flows("flow-timeout = '1s'", &[]), 2);
    assert_eq!(flows("[flows]\nflow-timeout = 1", &[]), 2);
    assert_eq!(flows("flow-timeout = '1s'\n[flows]\nactive-timeout = '1h'", &[]), 1);
    assert_eq!(flows("active-timeout = '1s'\n[flows]\nflow-timeout = '1h'", &[]), 1);
    assert_eq!(flows("flow-timeout = '1s'", &["--active-timeout", "1h"]), 1);
    assert_eq!(flows("active-timeout = '1s'", &["--flow-timeout", "1h"]), 1);
}

#[test]
fn a_file_that_is_too_long_or_no_text_is_wrong_usage() {
    let folder = tempdir().unwrap();
    let bound = 1 << 20;
    let mut text = "workers = 1\n".to_owned();
    text.extend(std::iter::repeat_n('#', bound - text.len()));
    assert_eq!(with_file(folder.path(), &text, &["profiles"]).code, Some(0));
    text.push('#');
    let too_long = with_file(folder.path(), &text, &["profiles"]);
    let said = "error: cannot read tractor.toml: it is longer than 1048576 bytes\n";
    assert_eq!((too_long.code, too_long.messages.as_str()), (Some(2), said));
    assert_eq!(tractor(folder.path(), &["profiles", "--no-config"]).code, Some(0));
    let endless = tractor(folder.path(), &["profiles", "--config", "/dev/zero"]);
    let said = "error: cannot read /dev/zero: it is longer than 1048576 bytes\n";
    assert_eq!((endless.code, endless.messages.as_str()), (Some(2), said));
    write(folder.path(), "tractor.toml", b"label = '\xff'");
    let no_text = tractor(folder.path(), &["profiles"]);
    let said = "error: cannot read tractor.toml: it is not UTF-8\n";
    assert_eq!((no_text.code, no_text.messages.as_str()), (Some(2), said));
}

#[test]
fn what_is_typed_wins_over_what_the_file_has_and_does_not_go_with_it() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    let run = |text: &str, arguments: &[&str]| {
        with_file(folder.path(), text, &[&["flows", "a.pcap"], arguments].concat())
    };
    // The file, what is typed, and the same without the file.
    let cases: [(&str, &[&str], &[&str]); 9] = [
        ("with-id = true", &["--window", "1s"], &["--window", "1s"]),
        ("splt = 3", &["--window", "1s"], &["--window", "1s"]),
        ("[flows]\nsplt = 3\nwith-id = true", &["--window", "1s"], &["--window", "1s"]),
        ("window = '1s'", &["--splt", "3"], &["--splt", "3"]),
        ("window = '1s'\nprofile = 'iscx'", &["--with-id"], &["--with-id", "--profile", "iscx"]),
        ("window = '1s'", &["--profile", "nfstream"], &["--profile", "nfstream"]),
        ("outer = true", &["--profile", "cic"], &["--profile", "cic"]),
        ("splt = 3", &["--format", "zeek"], &["--format", "zeek"]),
        ("window = '1s'", &["--format", "zeek"], &["--format", "zeek"]),
    ];
    for (text, typed, same) in cases {
        let (found, expected) = (run(text, typed), run("", same));
        assert_eq!(found.code, Some(0), "{text} {typed:?}: {found:?}");
        assert!(!found.messages.contains("warning"), "{text} {typed:?}: {found:?}");
        assert_eq!(found.output, expected.output, "{text} {typed:?}");
    }
    // Values are judged at their place in the file.
    let no_profile = run("workers = 1\nprofile = 'nope'", &[]);
    assert_eq!(no_profile.code, Some(2));
    assert!(no_profile.messages.contains("tractor.toml, line 2"), "{}", no_profile.messages);
    // A switch that is off is in nobody's way.
    assert_eq!(run("with-id = false\nwindow = '1s'", &[]).code, Some(0));
    let wrong: [(&str, &[&str], &str); 6] = [
        ("splt = 3\n[flows]\nwindow = '1s'", &[], "(the configuration file sets window and splt)"),
        ("with-id = true\nwindow = '1s'", &[], "(the configuration file sets window and with-id)"),
        ("splt = 3\nformat = 'zeek'", &[], "(the configuration file sets format and splt)"),
        // A profile or a format cannot be left out, but another can be typed.
        ("profile = 'cic'", &["--outer"], "(the configuration file sets profile)"),
        ("format = 'zeek'", &["--splt", "3"], "(the configuration file sets format)"),
        ("", &["--window", "1s", "--splt", "3"], "cannot be used with '--splt <N>'"),
    ];
    for (text, typed, said) in wrong {
        let found = run(text, typed);
        assert_eq!((found.code, found.output.as_str()), (Some(2), ""), "{text} {typed:?}");
        assert!(found.messages.contains(said), "{text} {typed:?}: {found:?}");
    }
}

#[test]
fn a_wrong_file_is_wrong_usage_and_names_its_line() {
    let folder = tempdir().unwrap();
    let cases = [
        ("\nworkrs = 1", "line 2: no command has a flag workrs; did you mean workers?"),
        ("flow-timeouts = 1", "line 1: no command has a flag flow-timeouts; did you mean flow-"),
        ("idle_timeout = 1", "no command has a flag idle_timeout; did you mean idle-timeout?"),
        ("zzz = 1", "no command has a flag zzz; there are active-timeout, activity-gap, "),
        ("'' = 1", "no command has a flag ; there are active-timeout, activity-gap, "),
        ("quiet = true", "line 1: quiet is for the command line only"),
        ("[flaws]\nx = 1", "line 1: there is no command flaws; there are flows, sessions, info, "),
        ("\n[flows]\nworker = 1", "line 3: flows has no flag worker; did you mean workers?"),
        ("\n[flows]\ntop = 1", "line 3: flows has no flag top; top is a flag of stats"),
        ("[flows]\nzzz = 1", "line 2: flows has no flag zzz; it has output, format, "),
        ("[profiles]\nx = 1", "line 2: profiles has no flag x; it has none"),
        ("workers = 'x'", "line 1: workers: invalid value 'x'"),
        ("workers = true", "line 1: workers: give a text in quotes or a number"),
        ("workers = 0", "line 1: workers: invalid value '0'"),
        ("with-id = 1", "line 1: with-id: give true or false"),
        ("activity-gap = 'soon'", "line 1: activity-gap: invalid value 'soon'"),
        ("[flows]\nformat = 'no'", "line 2: format: invalid value 'no' for"),
        ("[flows]\nwindow = 'x'", "line 2: window: invalid value 'x'"),
        ("flow-timeout = 'x'", "line 1: flow-timeout: invalid value 'x'"),
        ("active-timeout = 1\nflow-timeout = 2", "line 2: flow-timeout is another name of active"),
        ("flows = 1", "line 1: flows is a command: write [flows]"),
        ("status = 1", "line 1: status is a command: write [status]"),
        ("jobs = 'x'", "line 1: jobs: invalid value 'x'"),
        ("[process]\nwait = 1", "line 2: wait: give true or false"),
        ("\n\nprofile = [", "line 3: "),
    ];
    for (text, said) in cases {
        let finished = with_file(folder.path(), text, &["profiles"]);
        assert_eq!(finished.code, Some(2), "{text}: {finished:?}");
        assert!(finished.messages.contains(said), "{text}: {finished:?}");
        assert!(finished.messages.starts_with("error: tractor.toml, line "), "{finished:?}");
        assert_eq!(finished.messages.lines().count(), 1, "{finished:?}");
        assert_eq!(tractor(folder.path(), &["profiles", "--no-config"]).code, Some(0));
    }
    // What needs no defaults is not kept from anybody.
    for arguments in [&["--help"][..], &["man"], &["completions", "bash"], &["--version"]] {
        let finished = with_file(folder.path(), "workers = 'x'", arguments);
        assert_eq!(finished.code, Some(0), "{arguments:?}: {finished:?}");
    }
    let hidden = with_file(folder.path(), "chunk-bytes = 64", &["profiles"]);
    assert_eq!(hidden.code, Some(2), "{hidden:?}");
    std::fs::remove_file(folder.path().join("tractor.toml")).unwrap();
    let absent = tractor(folder.path(), &["profiles", "--config", "absent.toml"]);
    assert_eq!(absent.code, Some(2), "{absent:?}");
    assert!(absent.messages.contains("cannot read absent.toml"), "{absent:?}");
}
