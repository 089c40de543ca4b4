//! Completions, manual pages, and how much is said.

use super::run::{Finished, in_folder, names, program, start_command, tractor};
use super::traffic::{office, plain, write};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::tempdir;

const PATIENCE: Duration = Duration::from_secs(60);

/// Runs with that `tractor.toml`, which stays in the folder.
pub fn with_file(folder: &Path, text: &str, arguments: &[&str]) -> Finished {
    fs::write(folder.join("tractor.toml"), text).unwrap();
    tractor(folder, arguments)
}

#[test]
fn completions_are_scripts_that_name_every_command_and_no_hidden_option() {
    let folder = tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let finished = tractor(folder.path(), &["completions", shell]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        for word in ["flows", "info", "stats", "profiles", "plugins", "active-timeout", "cic-fixed"]
        {
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
        assert!(!page.contains("EXTRA"), "{name}");
    }
    fs::write(folder.path().join("file"), "").unwrap();
    assert_eq!(tractor(folder.path(), &["man", "file"]).code, Some(1));
}

#[test]
fn manual_pages_are_without_a_warning_of_groff() {
    let folder = tempdir().unwrap();
    assert_eq!(tractor(folder.path(), &["man", "pages"]).code, Some(0));
    write(folder.path(), "pages/printed.1", tractor(folder.path(), &["man"]).output.as_bytes());
    let pages = names(&folder.path().join("pages"));
    assert!(pages.len() > 5, "{pages:?}");
    if let Err(cause) = Command::new("groff").arg("--version").output() {
        eprintln!("skipped: groff, which shows manual pages: {cause}");
        return;
    }
    for page in pages {
        let mut groff = in_folder(folder.path(), "groff");
        groff.args(["-man", "-Tutf8", "-Kutf8", "-ww", &format!("pages/{page}")]);
        let shown = start_command(&mut groff, Stdio::null()).finish(PATIENCE);
        assert_eq!((shown.code, shown.messages.as_str()), (Some(0), ""), "{page}");
        assert!(shown.output.contains("tractor"), "{page}: {shown:?}");
    }
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
    write(folder.path(), "empty.pcap", &plain(&[]));
    let verbose = with_file(folder.path(), "workers = 1", &["flows", "a.pcap", "empty.pcap", "-v"]);
    let bytes = office().len();
    for said in [
        "defaults from tractor.toml",
        &format!("reads a.pcap, {bytes} bytes, first packet {}", first_time(folder.path())),
        "reads empty.pcap, 24 bytes, no packet",
        "profile native",
        "wall clock",
    ] {
        assert!(verbose.messages.contains(said), "{said}: {verbose:?}");
    }
    assert_eq!(verbose.output, quiet.output);
    assert_eq!(tractor(folder.path(), &["-q", "-v", "profiles"]).code, Some(2));
}

/// As `tractor info` has it.
fn first_time(folder: &Path) -> String {
    let about = tractor(folder, &["info", "a.pcap", "--json"]).output;
    let about: serde_json::Value = serde_json::from_str(&about).unwrap();
    about[0]["first_time"].as_str().unwrap().to_owned()
}

#[test]
fn timings_that_were_asked_for_are_said_even_when_quiet() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    for command in ["flows", "stats"] {
        let typed = tractor(folder.path(), &[command, "a.pcap", "-q", "--timings"]);
        assert_eq!(typed.code, Some(0), "{typed:?}");
        assert!(typed.messages.starts_with("read and decode "), "{typed:?}");
        assert!(!typed.messages.contains("1 file"), "{typed:?}");
        // Nobody asked for those of a file just now, but for quiet.
        let of_file = with_file(folder.path(), "timings = true", &[command, "a.pcap", "-q"]);
        assert_eq!((of_file.code, of_file.messages.as_str()), (Some(0), ""));
        let of_file = with_file(folder.path(), "timings = true", &[command, "a.pcap"]);
        assert!(of_file.messages.contains("\nread and decode "), "{of_file:?}");
        std::fs::remove_file(folder.path().join("tractor.toml")).unwrap();
    }
}

#[test]
fn names_of_files_cannot_do_anything_to_a_terminal() {
    let folder = tempdir().unwrap();
    let name = "a\u{1b}[31m\nb.pcap";
    write(folder.path(), name, &office()[..1_000]);
    for arguments in [&["flows", name, "--format", "none", "-v"][..], &["info", name]] {
        let finished = tractor(folder.path(), arguments);
        assert_eq!(finished.code, Some(3), "{finished:?}");
        let said = finished.messages + &finished.output;
        assert!(said.contains(r"a\u{1b}[31m\nb.pcap"), "{said}");
        assert!(!said.contains('\u{1b}') && !said.contains("\nb.pcap"), "{said}");
    }
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
