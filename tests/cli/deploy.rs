//! The examples of a service and a container say nothing that the program does not know.

use super::run::{TRACTOR, tractor};
use std::process::Command;
use tempfile::tempdir;

fn example(name: &str) -> String {
    let path = format!("{}/examples/deploy/{name}", env!("CARGO_MANIFEST_DIR"));
    // A line goes on behind a backslash.
    std::fs::read_to_string(path).unwrap().replace("\\\n", "")
}

/// What follows a word, on its line.
fn behind<'a>(text: &'a str, word: &str) -> &'a str {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix(word));
    line.unwrap_or_else(|| panic!("there is no {word}"))
}

/// Arguments are judged up to the one that asks for help.
fn assert_known(arguments: &[String]) {
    let folder = tempdir().unwrap();
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    arguments.push("--help");
    let finished = tractor(folder.path(), &arguments);
    assert_eq!(finished.code, Some(0), "{arguments:?}: {finished:?}");
}

#[test]
fn the_service_starts_the_program_with_flags_that_it_knows() {
    let unit = example("tractor.service");
    let mut words = behind(&unit, "ExecStart=").split_whitespace().map(str::to_owned);
    assert_eq!(words.next().as_deref(), Some("/usr/local/bin/tractor"));
    let words: Vec<String> = words.collect();
    assert!(words.len() > 8, "{words:?}");
    assert_known(&words);
    let folder = tempdir().unwrap();
    let path = folder.path().join("tractor.service");
    std::fs::write(&path, unit.replace("/usr/local/bin/tractor", TRACTOR)).unwrap();
    match Command::new("systemd-analyze").arg("verify").arg(&path).output() {
        Err(cause) => eprintln!("skipped: systemd-analyze: {cause}"),
        Ok(judged) => {
            let said = String::from_utf8_lossy(&judged.stderr);
            assert!(judged.status.success() && !said.contains("tractor.service"), "{said}");
        }
    }
}

#[test]
fn the_container_starts_the_program_with_flags_that_it_knows() {
    let file = example("Dockerfile");
    let words = |of: &str| -> Vec<String> { serde_json::from_str(behind(&file, of)).unwrap() };
    let (entry, more) = (words("ENTRYPOINT "), words("CMD "));
    assert_eq!(entry[0], "tractor");
    assert_known(&[&entry[1..], &more].concat());
    let check = behind(&file, "HEALTHCHECK ").split_once("CMD ").unwrap().1;
    let check: Vec<String> = serde_json::from_str(check).unwrap();
    assert_eq!(check[0], "tractor");
    assert_known(&check[1..]);
}
