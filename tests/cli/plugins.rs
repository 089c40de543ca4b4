//! Plugins on the command line: which are loaded, listed and refused, and what they are told.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tempfile::tempdir;

use super::comforts::with_file;
use super::run::{Finished, TRACTOR, in_folder, tractor};
use super::traffic::{office, plain, write};
use crate::support::plugins::{compile, plugin};

/// A plugin whose one option is `ssh`, which it tells the host.
const WITH_OPTION: &str = "for (uint32_t i = 0; i < option_count; i++) { \
     if (strcmp(options[i].key, \"ssh\")) { \
         host->fail(host, \"unknown key\"); return TRACTOR_BAD_OPTION; } \
     host->log(host, TRACTOR_LOG_WARNING, options[i].value); }";

/// `tractor plugins` without what comes with the program, as far as tests need that.
fn plugins(folder: &Path, arguments: &[&str]) -> Finished {
    tractor(folder, &[&["plugins"], arguments].concat())
}

fn listed(folder: &Path, arguments: &[&str]) -> Value {
    let finished = plugins(folder, &[&["--json"], arguments].concat());
    serde_json::from_str(&finished.output).unwrap_or_else(|_| panic!("no JSON: {finished:?}"))
}

/// Ids of what is loaded and does not come with the program.
fn foreign(listed: &Value) -> Vec<&str> {
    let loaded = listed["loaded"].as_array().unwrap().iter();
    loaded.filter(|one| one["bundled"] == false).map(|one| one["id"].as_str().unwrap()).collect()
}

#[test]
fn plugins_are_listed_with_what_they_see_and_their_labels() {
    let folder = tempdir().unwrap();
    let macros = [
        ("LABELS", "{\"social\", \"vk\"}, {\"other\", \"ssh\"}, {\"social\", \"ok\"}"),
        ("NEEDS", "TRACTOR_NEEDS_PAYLOAD | TRACTOR_NEEDS_FEATURES"),
        ("WHEN", "TRACTOR_WHEN_EARLY | TRACTOR_WHEN_CLOSED"),
        ("PAYLOAD_BYTES", "999999"),
        ("PACKETS", "7"),
        ("COLUMNS", "\"iscx-a2/1\""),
    ];
    let Some(_) = plugin(folder.path(), "a.so", &macros) else { return };
    let text = plugins(folder.path(), &["--plugin", "a.so"]);
    assert_eq!((text.code, text.messages.as_str()), (Some(0), ""), "{text:?}");
    let lines = [
        "org.example.test 1.2 (a.so)",
        "    Test: For tests.",
        "    sees flows early, closed: payload, features",
        "    columns of iscx-a2/1",
        "    social: vk, ok",
        "    other: ssh",
    ];
    assert!(text.output.contains(&lines.join("\n")), "{}", text.output);
    let listed = listed(folder.path(), &["--plugin", "a.so"]);
    let loaded = listed["loaded"].as_array().unwrap();
    let one = loaded.iter().find(|one| one["id"] == "org.example.test").unwrap();
    assert_eq!(one["path"], "a.so");
    assert_eq!(one["when"], serde_json::json!(["early", "closed"]));
    assert_eq!((&one["payload_bytes"], &one["packets"]), (&4_096.into(), &7.into()));
    assert_eq!(one["labels"][1]["group"], "other");
    let none = plugins(folder.path(), &["--no-plugins"]);
    assert_eq!((none.code, none.output.as_str()), (Some(0), "no plugin is loaded\n"));
}

#[test]
fn the_order_is_that_of_folders_and_files_and_each_id_is_there_once() {
    let folder = tempdir().unwrap();
    for inner in ["one", "two"] {
        fs::create_dir(folder.path().join(inner)).unwrap();
    }
    let of_id = |name: &str, id: &str| plugin(folder.path(), name, &[("ID", &format!("\"{id}\""))]);
    let Some(_) = of_id("file.so", "a.file") else { return };
    for (name, id) in [("two/b.so", "a.b"), ("two/a.so", "a.a"), ("one/z.so", "a.z")] {
        of_id(name, id).unwrap();
    }
    of_id("again.so", "a.z").unwrap();
    let arguments =
        ["--plugin", "file.so", "--plugin", "again.so", "--plugins", "two", "--plugins", "one"];
    let all = listed(folder.path(), &arguments);
    assert_eq!(foreign(&all), ["a.a", "a.b", "a.z", "a.file"]);
    assert_eq!(all["refused"][0]["why"], "one/z.so has the same id and was loaded first");
    let without =
        [&arguments[..], &["--without-plugin", "a.b", "--without-plugin", "a.c"]].concat();
    let some = listed(folder.path(), &without);
    assert_eq!(foreign(&some), ["a.a", "a.z", "a.file"]);
    let absent = some["absent"].as_array().unwrap().iter();
    // The bundled forest has no model.
    let absent: Vec<_> = absent.map(|one| [&one["id"], &one["why"]]).collect();
    let expected = [["org.tractor.forest", "not configured"], ["a.b", "left out"]];
    assert_eq!(absent, expected);
    let said = plugins(folder.path(), &without).messages;
    assert!(said.contains("warning: plugin a.c is to be left out, but is not there"), "{said}");
}

#[test]
fn each_refusal_is_one_sentence_that_names_the_file() {
    let folder = tempdir().unwrap();
    write(folder.path(), "text.so", b"no library");
    write(folder.path(), "a.pcap", &office());
    fs::create_dir(folder.path().join("folder.so")).unwrap();
    let named = |name: &str, macros: &[(&str, &str)]| plugin(folder.path(), name, macros);
    let Some(open) = named("open.so", &[]) else { return };
    fs::set_permissions(open, fs::Permissions::from_mode(0o777)).unwrap();
    compile(folder.path(), "empty.so", "int nothing;").unwrap();
    named("new.so", &[("MAJOR", "2")]).unwrap();
    named("later.so", &[("LEAST_MINOR", "9")]).unwrap();
    named("null.so", &[("NAME", "NULL")]).unwrap();
    named("label.so", &[("LABELS", "{\"web\", \"a b\"}")]).unwrap();
    let sentences = [
        ("text.so", "plugin text.so is not loaded: it cannot be opened as a shared library: "),
        ("folder.so", "plugin folder.so is not loaded: it is not a regular file"),
        ("absent.so", "plugin absent.so is not loaded: it cannot be read: No such file or "),
        ("open.so", "plugin open.so is not loaded: everybody may write to it"),
        ("empty.so", "plugin empty.so is not loaded: it has no symbol tractor_plugin, so it is "),
        ("new.so", "plugin new.so is not loaded: it is built for ABI 2, this host speaks 1"),
        ("later.so", "plugin later.so is not loaded: it needs ABI 1.9, this host has 1.0"),
        ("null.so", "plugin org.example.test of null.so is not loaded: its name is null"),
        ("label.so", "plugin org.example.test of label.so is not loaded: label 0 is wrong: web/a "),
    ];
    for (file, sentence) in sentences {
        let text = plugins(folder.path(), &["--plugin", file]);
        assert_eq!(text.code, Some(0), "{text:?}");
        assert!(text.output.lines().any(|line| line.starts_with(sentence)), "{text:?}");
        let why = listed(folder.path(), &["--plugin", file])["refused"][0]["why"].to_string();
        assert!(text.output.contains(why.trim_matches('"')), "{why}");
        let strict = plugins(folder.path(), &["--plugin", file, "--strict-plugins"]);
        assert_eq!(strict.code, Some(2), "{strict:?}");
        // A run does without it, and says so; but a slip of the person who typed ends it.
        let run = tractor(folder.path(), &["flows", "a.pcap", "--plugin", file]);
        let (code, level) = if file == "absent.so" { (2, "error") } else { (0, "warning") };
        assert_eq!(run.code, Some(code), "{run:?}");
        assert!(run.messages.contains(&format!("{level}: {sentence}")), "{run:?}");
        let strict =
            tractor(folder.path(), &["flows", "a.pcap", "--plugin", file, "--strict-plugins"]);
        assert_eq!((strict.code, strict.output.as_str()), (Some(2), ""), "{strict:?}");
        assert!(strict.messages.contains(&format!("error: {sentence}")), "{strict:?}");
    }
}

#[test]
fn options_come_from_the_file_and_from_the_command_line_which_wins() {
    let folder = tempdir().unwrap();
    let Some(_) = plugin(folder.path(), "a.so", &[("CREATE", WITH_OPTION)]) else { return };
    let said = |text: &str, arguments: &[&str]| {
        let arguments = [&["plugins", "--plugin", "a.so"], arguments].concat();
        let finished = with_file(folder.path(), text, &arguments);
        assert_eq!(finished.code, Some(0), "{text} {arguments:?}: {finished:?}");
        finished.messages
    };
    let warning = |value: &str| format!("warning: plugin org.example.test: {value}\n");
    let quoted = "[plugins.\"org.example.test\"]\nssh = 22";
    assert_eq!(said("", &[]), "");
    assert_eq!(said(quoted, &[]), warning("22"));
    assert_eq!(said("[plugins.org.example.test]\nssh = 'a b=c'", &[]), warning("a b=c"));
    let typed = ["--plugin-option", "org.example.test.ssh=2222"];
    assert_eq!(said("", &typed), warning("2222"));
    assert_eq!(said(quoted, &typed), warning("2222"));
    let as_flag = "plugin-option = ['org.example.test.ssh=1']";
    assert_eq!(said(as_flag, &[]), warning("1"));
    assert_eq!(said(as_flag, &typed), warning("2222"));
    let text = plugins(
        folder.path(),
        &["--no-config", "--plugin", "a.so", "--plugin-option", "org.example.test.x=y"],
    );
    let sentence = "of a.so is not loaded: it refuses its options (x=y): unknown key";
    assert!(text.output.contains(sentence), "{text:?}");
    // A folder in the file, and nothing at all on the command line.
    fs::create_dir(folder.path().join("more")).unwrap();
    plugin(folder.path(), "more/b.so", &[("ID", "\"a.more\"")]).unwrap();
    fs::write(folder.path().join("tractor.toml"), "plugins = 'more'").unwrap();
    assert_eq!(foreign(&listed(folder.path(), &[])), ["a.more"]);
    assert_eq!(foreign(&listed(folder.path(), &["--no-plugins"])), [""; 0]);
    fs::write(folder.path().join("tractor.toml"), "no-plugins = true").unwrap();
    assert_eq!(foreign(&listed(folder.path(), &["--plugins", "more"])), ["a.more"]);
}

#[test]
fn options_for_nobody_and_options_that_are_none_are_told() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &plain(&[]));
    let run = |text: &str, arguments: &[&str]| with_file(folder.path(), text, arguments);
    let sentence = "there is no plugin a.b, for which there are options\n";
    for command in [&["plugins"][..], &["flows", "a.pcap"], &["stats", "a.pcap"]] {
        let typed = run("", &[command, &["--plugin-option", "a.b.c=d"]].concat());
        assert_eq!(typed.code, Some(2), "{typed:?}");
        assert_eq!(typed.messages, format!("error: {sentence}"));
        let of_file = run("[plugins.'a.b']\nc = 1", command);
        assert_eq!(of_file.code, Some(0), "{of_file:?}");
        assert!(of_file.messages.contains(&format!("warning: {sentence}")), "{of_file:?}");
        let none = run("[plugins.'a.b']\nc = 1", &[command, &["--no-plugins"]].concat());
        assert!(!none.messages.contains("plugin a.b"), "{none:?}");
    }
    for wrong in ["a=b", "a.b", ".a=b", "a.=b"] {
        let finished = run("", &["plugins", "--plugin-option", wrong]);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.messages.contains("write ID.KEY=VALUE"), "{finished:?}");
    }
    let files = [
        ("\n[plugins.'a.b']\nc = [1]", "line 3: c: give a text in quotes, a number, true or false"),
        ("[plugins]\njson = true", "line 2: json is of no plugin: write [plugins.\"ID\"] above it"),
    ];
    for (text, sentence) in files {
        let finished = run(text, &["plugins"]);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert_eq!(finished.messages, format!("error: tractor.toml, {sentence}\n"));
    }
    let both = run("", &["plugins", "--no-plugins", "--plugin", "a.so"]);
    assert_eq!(both.code, Some(2), "{both:?}");
}

#[test]
fn slips_on_the_command_line_end_a_run_before_it_begins() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    write(folder.path(), "bad.rules", b"intranet\n");
    let run = |text: &str, more: &[&str]| {
        with_file(folder.path(), text, &[&["flows", "a.pcap", "-o", "rows.csv"], more].concat())
    };
    let slips = [
        ["--rules", "no.rules", "no.rules: cannot be read: No such file or directory\n"],
        ["--rules", "bad.rules", "bad.rules:1: a label needs a group behind it\n"],
        [
            "--plugin",
            "no.so",
            "no.so is not loaded: it cannot be read: No such file or directory\n",
        ],
        ["--plugins", "no", "no is not loaded: it cannot be listed: No such file or directory\n"],
    ];
    for [flag, name, sentence] in slips {
        let typed = run("", &[flag, name]);
        assert_eq!(typed.code, Some(2), "{typed:?}");
        assert!(typed.messages.starts_with("error: ") && typed.messages.ends_with(sentence));
        assert!(!folder.path().join("rows.csv").exists(), "{typed:?}");
        // What a file says may be meant for another machine.
        let key = flag.trim_start_matches("--");
        let of_file = run(&format!("{key} = '{name}'"), &[]);
        assert_eq!(of_file.code, Some(0), "{of_file:?}");
        assert!(of_file.messages.contains(sentence.trim_end()), "{of_file:?}");
        std::fs::remove_file(folder.path().join("rows.csv")).unwrap();
    }
}

/// `cargo build` leaves the library beside the program, `cargo test` and `cargo run` in `deps`.
#[test]
fn of_bundled_libraries_that_cargo_left_the_newest_is_loaded() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let program = folder.path().join("tractor");
    fs::hard_link(TRACTOR, &program).unwrap();
    fs::create_dir(folder.path().join("deps")).unwrap();
    let path = |inner: &str| folder.path().join(inner).join("libtractor_signatures.so");
    let write = |inner: &str, seconds: u64| {
        fs::write(path(inner), "no library").unwrap();
        let file = fs::File::options().append(true).open(path(inner)).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
    };
    let chosen = || {
        let mut command = in_folder(folder.path(), "./tractor");
        let output = command.args(["plugins", "--json"]).output().unwrap();
        let list: Value = serde_json::from_slice(&output.stdout).unwrap();
        list["refused"][0]["path"].as_str().map(PathBuf::from)
    };
    write("deps", 7);
    assert_eq!(chosen(), Some(path("deps")));
    write("", 7);
    assert_eq!(chosen(), Some(path("")));
    write("", 6);
    assert_eq!(chosen(), Some(path("deps")));
}
