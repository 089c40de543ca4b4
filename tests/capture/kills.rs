//! Captures that are killed at any moment, and several at once. `TRACTOR_CASES` is the number of kills.

use std::time::Duration;

use super::server::{PORT, serve};
use super::stage::{SERVER, Stage};
use crate::cli::run::{TRACTOR, until};
use crate::serve::stops::cases;
use crate::support::capture_reader::read;
use crate::support::random::Random;

#[test]
fn nothing_is_left_behind_by_captures_that_are_killed() {
    let Some(stage) = Stage::new() else { return };
    serve(&stage);
    let mut random = Random::seeded(7);
    let script = format!(
        "sleep 600 & setsid sleep 600 & curl -s http://{SERVER}:{PORT}/ > /dev/null; sleep 600"
    );
    for case in 0..cases(6) {
        let mut running = stage.start(&["--label", "killed", "--", "sh", "-c", &script]);
        std::thread::sleep(Duration::from_micros(random.below(300_000)));
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        until("its application is gone too", || stage.processes().is_empty());
        let finished = stage.run(&["--label", "next", "--", "true"]);
        assert_eq!(finished.code, Some(0), "kill {case}: {finished:?}");
        stage.assert_nothing_is_left();
    }
    for path in stage.captures() {
        read(&std::fs::read(&path).unwrap()).unwrap_or_else(|why| panic!("{path:?}: {why}"));
    }
}

#[test]
fn the_application_beside_a_recorded_interface_dies_with_the_capture_too() {
    let Some(stage) = Stage::new() else { return };
    let mut running = stage.start(&["--interface", "lo", "--", "sleep", "600"]);
    let runs = |line: &String| line.starts_with("sleep 600");
    until("the application runs", || stage.processes().iter().any(runs));
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    until("it is gone", || stage.processes().is_empty());
}

#[test]
fn what_a_capture_of_a_long_command_left_is_removed_too() {
    let Some(stage) = Stage::new() else { return };
    // Of the largest size that an argument has.
    let long = "x".repeat(100_000);
    let mut arguments = vec!["--label", "long", "--", "sh", "-c", "sleep 600"];
    arguments.extend([long.as_str(); 12]);
    let mut running = stage.start(&arguments);
    until("it is listed", || stage.tell(&["capture", "--list"]).output.contains("long"));
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    until("its application is gone too", || stage.processes().is_empty());
    let finished = stage.run(&["--label", "next", "--", "true"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    stage.assert_nothing_is_left();
}

#[test]
fn a_capture_that_was_killed_lives_for_nobody_whoever_else_looks() {
    let Some(stage) = Stage::new() else { return };
    let list = || stage.tell(&["capture", "--list"]);
    let mut running = stage.start(&["--label", "killed", "--", "sleep", "600"]);
    until("it is listed", || list().output.contains("killed"));
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    until("its application is gone too", || stage.processes().is_empty());
    let record = stage.prints("find /run/tractor -name *.json").trim().to_owned();
    let mut other = stage.command("flock");
    other.args(["--shared", "--no-fork", &record, "sleep", "600"]);
    let mut other = other.spawn().unwrap();
    let looks = |line: &String| line.starts_with("sleep");
    until("somebody else looks", || stage.processes().iter().any(looks));
    let finished = list();
    assert_eq!((finished.code, finished.output.as_str()), (Some(0), ""), "{finished:?}");
    other.kill().unwrap();
    other.wait().unwrap();
    let finished = stage.run(&["--label", "next", "--", "true"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    stage.assert_nothing_is_left();
}

#[test]
fn several_captures_run_at_once_in_networks_of_their_own() {
    let Some(stage) = Stage::new() else { return };
    serve(&stage);
    let wait = format!(
        "while [ ! -e {0}/over ]; do sleep 0.05; done; curl -s -o /dev/null http://{SERVER}:{PORT}/",
        stage.folder.path().display()
    );
    let start = |label, network| {
        stage.start(&["--label", label, "--network", network, "--", "sh", "-c", &wait])
    };
    let one = start("one", "10.0.0.0/24");
    until("the first is listed", || stage.tell(&["capture", "--list"]).output.contains("one"));
    let other = start("other", "10.0.1.0/24");
    until("both are listed", || stage.tell(&["capture", "--list"]).output.contains("other"));
    let listed = stage.tell(&["capture", "--list"]).output;
    assert!(listed.lines().any(|line| line.contains("\tone\t10.0.0.0/24\t")), "{listed}");
    let mut nobody = stage.command("setpriv");
    nobody.args([
        "--reuid",
        "65534",
        "--clear-groups",
        "--",
        TRACTOR,
        "--no-config",
        "capture",
        "--list",
    ]);
    assert_eq!(
        String::from_utf8(nobody.output().unwrap().stdout).unwrap(),
        listed,
        "everybody may ask"
    );
    for (network, by) in
        [("10.0.0.0/8", "has 10.0.0.0/24"), ("198.51.100.0/28", "has the address 198.51.100.1/24")]
    {
        let finished = stage.run(&["--network", network, "--", "true"]);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        let (begin, end) = (
            format!("error: {network} is in use: "),
            "choose another --network, such as 10.99.0.0/24\n",
        );
        let said = finished.messages;
        assert!(said.starts_with(&begin) && said.contains(by) && said.ends_with(end), "{said}");
    }
    assert_eq!(stage.prints("cat /proc/sys/net/ipv4/ip_forward"), "1\n");
    std::fs::write(stage.folder.path().join("over"), "").unwrap();
    for running in [one, other] {
        let finished = running.finish(Duration::from_secs(30));
        assert_eq!(finished.code, Some(0), "{finished:?}");
    }
    assert_eq!(stage.captures().len(), 2);
    stage.assert_nothing_is_left();
}
