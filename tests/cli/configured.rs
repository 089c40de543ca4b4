//! `tractor config`: the values of all flags, and where each comes from.

use super::comforts::with_file;
use super::run::{Finished, program, start_command, tractor};
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::Duration;
use tempfile::tempdir;

const FILE: &str = "# of a sensor
profile = 'iscx'
jobs = 3
flow-timeout = 30

[flows]
profile = 'cic'
plugin = ['a.so', 'b.so']
with-id = true

[serve]
captures = \"/var/captures\"

[plugins.\"org.example.ports\"]
ssh = 2222
";

fn settings(finished: &Finished) -> Vec<Value> {
    assert_eq!((finished.code, finished.messages.as_str()), (Some(0), ""), "{finished:?}");
    let whole: Value = serde_json::from_str(&finished.output).unwrap();
    whole["settings"].as_array().unwrap().clone()
}

fn find(settings: &[Value], command: &str, flag: &str) -> Value {
    let mut found = settings.iter().filter(|one| one["command"] == command && one["flag"] == flag);
    let one = found.next().unwrap_or_else(|| panic!("{command} has no {flag}"));
    json!([one["value"], one["source"], one["line"]])
}

#[test]
fn every_flag_has_its_value_and_the_place_that_it_comes_from() {
    let folder = tempdir().unwrap();
    let settings = settings(&with_file(folder.path(), FILE, &["config", "--json"]));
    for (command, flag, expected) in [
        ("flows", "profile", json!(["cic", "file", 7])),
        ("stats", "profile", json!(["iscx", "file", 2])),
        ("serve", "profile", json!(["iscx", "file", 2])),
        ("serve", "jobs", json!(["3", "file", 3])),
        ("serve", "captures", json!(["/var/captures", "file", 12])),
        ("serve", "data", json!([null, "default", null])),
        ("serve", "listen", json!(["127.0.0.1:8080", "default", null])),
        ("flows", "active-timeout", json!(["30", "file", 4])),
        ("flows", "plugin", json!([["a.so", "b.so"], "file", 8])),
        ("stats", "plugin", json!([[], "default", null])),
        ("flows", "with-id", json!([true, "file", 9])),
        ("flows", "merge", json!([false, "default", null])),
        ("flows", "workers", json!([null, "default", null])),
        ("info", "json", json!([false, "default", null])),
        ("jobs", "server", json!(["http://127.0.0.1:8080", "default", null])),
        ("process", "profile", json!(["iscx", "file", 2])),
    ] {
        assert_eq!(find(&settings, command, flag), expected, "{command} {flag}");
    }
    let option = json!({
        "command": "stats", "flag": "plugin-option", "value": "org.example.ports.ssh=2222",
        "source": "file", "line": 15,
    });
    assert!(settings.contains(&option), "{settings:?}");
    let flags: Vec<&str> = settings.iter().map(|one| one["flag"].as_str().unwrap()).collect();
    for hidden in ["config", "quiet", "chunk-bytes", "help"] {
        assert!(!flags.contains(&hidden), "{hidden}");
    }
    assert!(!settings.iter().any(|one| one["command"] == "worker"));
}

#[test]
fn one_command_is_shown_as_text_with_lines_of_the_file() {
    let folder = tempdir().unwrap();
    let shown = |arguments: &[&str]| {
        let finished = with_file(folder.path(), FILE, &[&["config"], arguments].concat());
        assert_eq!((finished.code, finished.messages.as_str()), (Some(0), ""), "{finished:?}");
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        finished.output.lines().map(words).collect::<Vec<String>>()
    };
    assert_eq!(
        shown(&["jobs"]),
        [
            "# tractor.toml",
            "",
            "[jobs]",
            "server http://127.0.0.1:8080 default",
            "token-file - default",
            "json false default",
        ]
    );
    let flows = shown(&["flows"]);
    for line in [
        "profile cic tractor.toml:7",
        "plugin a.so, b.so tractor.toml:8",
        "plugin-option org.example.ports.ssh=2222 tractor.toml:15",
        "idle-timeout - default",
    ] {
        assert!(flows.iter().any(|one| one == line), "{line}: {flows:?}");
    }
    assert_eq!(shown(&["jobs", "--no-config"])[0], "# no file");
    let profile = "profile native default".to_owned();
    assert!(shown(&["flows", "--no-config"]).contains(&profile));
    let all = shown(&[]);
    let commands: Vec<&String> = all.iter().filter(|line| line.starts_with('[')).collect();
    assert!(commands.len() > 8 && commands[0] == "[flows]", "{commands:?}");
    std::fs::write(folder.path().join("other.toml"), "\nworkers = 2").unwrap();
    let other = shown(&["stats", "--config", "other.toml"]);
    assert!(other.contains(&"workers 2 other.toml:2".to_owned()), "{other:?}");
}

#[test]
fn the_environment_wins_over_the_file() {
    let folder = tempdir().unwrap();
    std::fs::write(folder.path().join("tractor.toml"), "server = 'a:1'").unwrap();
    let run = |variable: Option<&str>| {
        let mut command = program(folder.path(), &["config", "status", "--json"]);
        command.envs(variable.map(|value| ("TRACTOR_SERVER", value)));
        settings(&start_command(&mut command, Stdio::null()).finish(Duration::from_secs(60)))
    };
    assert_eq!(find(&run(None), "status", "server"), json!(["a:1", "file", 1]));
    let of_environment = run(Some("b:2"));
    assert_eq!(find(&of_environment, "status", "server"), json!(["b:2", "environment", null]));
    let variable = of_environment.iter().find(|one| one["flag"] == "server");
    assert_eq!(variable.unwrap()["variable"], "TRACTOR_SERVER");
}

#[test]
fn names_of_commands_are_names_of_flags_too() {
    let folder = tempdir().unwrap();
    let text = "process = 'all'\n[jobs]\nserver = 'a:1'\n[serve]\njobs = 2";
    let settings = settings(&with_file(folder.path(), text, &["config", "--json"]));
    assert_eq!(find(&settings, "serve", "process"), json!(["all", "file", 1]));
    assert_eq!(find(&settings, "serve", "jobs"), json!(["2", "file", 5]));
    assert_eq!(find(&settings, "jobs", "server"), json!(["a:1", "file", 3]));
    assert_eq!(
        find(&settings, "status", "server"),
        json!(["http://127.0.0.1:8080", "default", null])
    );
}

#[test]
fn a_command_that_is_not_there_and_a_wrong_file_are_wrong_usage() {
    let folder = tempdir().unwrap();
    for name in ["flaws", "worker", "man"] {
        let wrong = tractor(folder.path(), &["config", name]);
        let said =
            format!("error: no command {name} has flags; there are flows, sessions, info, stats, ");
        assert_eq!(wrong.code, Some(2), "{wrong:?}");
        assert!(wrong.messages.starts_with(&said), "{wrong:?}");
    }
    let wrong = with_file(folder.path(), "workers = 0", &["config"]);
    assert_eq!((wrong.code, wrong.output.as_str()), (Some(2), ""), "{wrong:?}");
    assert!(wrong.messages.starts_with("error: tractor.toml, line 1: workers: "), "{wrong:?}");
}
