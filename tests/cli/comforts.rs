//! Completions, manual pages, defaults from a file, and how much is said.

use super::run::{Finished, Table, program, start_command, tractor};
use super::traffic::{office, write};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::tempdir;

const PATIENCE: Duration = Duration::from_secs(60);

fn with_file(folder: &Path, text: &str, arguments: &[&str]) -> Finished {
    fs::write(folder.join("tractor.toml"), text).unwrap();
    tractor(folder, arguments)
}

#[test]
fn completions_are_scripts_that_name_every_command_and_no_hidden_option() {
    let folder = tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let finished = tractor(folder.path(), &["completions", shell]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        for word in ["flows", "info", "stats", "profiles", "active-timeout"] {
            assert!(finished.output.contains(word), "{shell}: {word}");
        }
        assert!(!finished.output.contains("chunk-bytes"), "{shell}");
    }
    let script = tractor(folder.path(), &["completions", "bash"]).output;
    fs::write(folder.path().join("script"), script).unwrap();
    // Where there is no bash, nobody needs the script.
    let bash = Command::new("bash").arg("-n").arg(folder.path().join("script")).status();
    assert!(bash.map_or(true, |status| status.success()));
}

#[test]
fn manual_pages_are_there_for_every_command() {
    let folder = tempdir().unwrap();
    let printed = tractor(folder.path(), &["man"]);
    assert!(printed.output.contains(".TH tractor 1"), "{printed:?}");
    let written = tractor(folder.path(), &["man", "pages"]);
    assert_eq!(written.code, Some(0), "{written:?}");
    for name in ["tractor", "tractor-flows", "tractor-info", "tractor-stats", "tractor-profiles"] {
        let page = fs::read_to_string(folder.path().join(format!("pages/{name}.1"))).unwrap();
        assert!(page.contains(".SH NAME"), "{name}");
        assert!(!page.contains("chunk"), "{name} shows a hidden option");
    }
    fs::write(folder.path().join("file"), "").unwrap();
    assert_eq!(tractor(folder.path(), &["man", "file"]).code, Some(1));
}

#[test]
fn the_command_line_wins_over_the_commands_table_and_that_over_the_top() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    let columns = |text: &str, arguments: &[&str]| {
        let finished = with_file(folder.path(), text, &[&["flows", "a.pcap"], arguments].concat());
        assert_eq!(finished.code, Some(0), "{text}: {finished:?}");
        Table::of(&finished.output).header().len()
    };
    let top = "profile = 'iscx'\n[plugins.\"a.b\"]\nany = [1]\n";
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
fn a_wrong_file_is_wrong_usage_and_names_its_line() {
    let folder = tempdir().unwrap();
    let cases = [
        ("\nworkrs = 1", "line 2: no command has a flag workrs"),
        ("\n[flows]\nworker = 1", "line 3: flows has no flag worker; it has output, "),
        ("[profiles]\nx = 1", "line 2: profiles has no flag x; it has none"),
        ("workers = 'x'", "line 1: workers: invalid value 'x'"),
        ("workers = true", "line 1: workers: give a text in quotes or a number"),
        ("workers = 0", "line 1: workers: invalid value '0'"),
        ("with-id = 1", "line 1: with-id: give true or false"),
        ("activity-gap = 'soon'", "line 1: activity-gap: invalid value 'soon'"),
        ("[flows]\nformat = 'no'", "line 2: format: invalid value 'no' for"),
        ("flows = 1", "line 1: flows is a command: write [flows]"),
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

#[test]
fn quiet_says_only_errors_and_verbose_says_what_is_used() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    let quiet = tractor(folder.path(), &["-q", "flows", "a.pcap"]);
    assert_eq!((quiet.code, quiet.messages.as_str()), (Some(0), ""));
    let absent = tractor(folder.path(), &["flows", "absent.pcap", "a.pcap", "--quiet"]);
    assert_eq!(absent.code, Some(3), "{absent:?}");
    assert!(absent.messages.lines().all(|line| line.starts_with("error: ")), "{absent:?}");
    let verbose = with_file(folder.path(), "workers = 1", &["flows", "a.pcap", "-v"]);
    for said in ["defaults from tractor.toml", "reads a.pcap", "profile native", "wall clock"] {
        assert!(verbose.messages.contains(said), "{said}: {verbose:?}");
    }
    assert_eq!(verbose.output, quiet.output);
    assert_eq!(tractor(folder.path(), &["-q", "-v", "profiles"]).code, Some(2));
}

#[test]
fn messages_have_colour_only_where_it_is_wanted() {
    let folder = tempdir().unwrap();
    let colourful = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = program(folder.path(), arguments);
        command.env_remove("NO_COLOR").envs(variables.iter().copied());
        start_command(&mut command, Stdio::null()).finish(PATIENCE).messages.contains('\u{1b}')
    };
    for arguments in [&["flows", "absent.pcap"][..], &["flows"], &["flaws"]] {
        assert!(!colourful(&[], arguments), "{arguments:?}: standard error is no terminal");
        assert!(colourful(&[("CLICOLOR_FORCE", "1")], arguments), "{arguments:?}");
        assert!(!colourful(&[("NO_COLOR", "1")], arguments), "{arguments:?}");
    }
}
