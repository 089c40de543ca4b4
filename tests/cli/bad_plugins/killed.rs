//! A supervisor that is killed takes its child with it, and leaves no file.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::super::run::{names, program, start_command, until};
use super::folder;
use super::plugins::{Bad, LOADABLE, can_be_made, good, make};
use crate::binary::cases;
use crate::support::random::Random;

fn send(signal: &str, process: u32) {
    // It may be over already.
    let _ =
        Command::new("kill").args([signal, &process.to_string()]).stderr(Stdio::null()).status();
}

/// Processes that work in a folder.
fn processes_in(folder: &Path) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let is_there = |process: &u32| {
        let place = std::fs::read_link(format!("/proc/{process}/cwd"));
        place.is_ok_and(|place| place == folder)
    };
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_there).collect()
}

fn assert_nothing_is_left(bad: Option<&Bad>, signal: &str, after: Duration) {
    let folder = folder();
    let place = folder.path().canonicalize().unwrap();
    good(folder.path(), "good");
    let mut arguments = vec!["flows", "a.pcap", "-o", "flows.csv", "--plugin", "./libgood.so"];
    let library = bad.map(|bad| make(folder.path(), bad));
    if let Some(library) = &library {
        arguments.extend(["--plugin", library.to_str().unwrap()]);
    }
    let running = start_command(&mut program(folder.path(), &arguments), Stdio::null());
    let began = Instant::now();
    std::thread::sleep(after);
    send(signal, running.child.id());
    let finished = running.finish(Duration::from_secs(20));
    until("no process is left", || processes_in(&place).is_empty());
    let what = format!("{signal} after {after:?}: {finished:?}");
    assert!(began.elapsed() < after + Duration::from_secs(8), "{what}");
    let is_left = |name: &String| name.ends_with(".unfinished");
    assert!(!names(folder.path()).iter().any(is_left), "{what}");
    match finished.code {
        // Killed, interrupted, or done before; the signal may come before there is a handler.
        None | Some(130) => {}
        Some(0) => assert!(names(folder.path()).contains(&"flows.csv".to_owned()), "{what}"),
        _ => panic!("{what}"),
    }
}

#[test]
fn a_killed_supervisor_leaves_neither_child_nor_file() {
    if !can_be_made() {
        return;
    }
    let hangs = LOADABLE.iter().find(|bad| bad.name == "loops");
    for case in 0..cases(8) {
        let mut random = Random::seeded(case);
        let bad = hangs.filter(|_| random.chance(50));
        let signal = random.pick(&["-KILL", "-TERM", "-INT", "-HUP"]);
        let after = Duration::from_micros(random.below(random_bound(bad)));
        assert_nothing_is_left(bad, signal, after);
    }
}

/// Microseconds within which something is going on.
fn random_bound(bad: Option<&Bad>) -> u64 {
    if bad.is_some() { 1_000_000 } else { 150_000 }
}
