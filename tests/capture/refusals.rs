//! What is not captured, and why.

use std::process::Stdio;
use std::time::Duration;

use super::stage::Stage;
use crate::cli::run::{names, program, start_command, tractor};

#[test]
fn each_wrong_capture_has_its_sentence() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, code, says) in [
        (&[][..], 2, "say with --label what the traffic is called"),
        (
            &["--label", "web"],
            2,
            "say behind -- which application to run, or with --interface what to record",
        ),
        (
            &["--label", "a.b", "--", "true"],
            2,
            "the label \"a.b\" is no label: it may have letters, digits and - _ +",
        ),
        (&["-o", "nosuch", "--", "true"], 2, "nosuch is no folder"),
        (
            &["--network", "10.0.0.1/24", "--", "true"],
            2,
            "10.0.0.1 is inside of a network; that one is 10.0.0.0/24",
        ),
        (&["--network", "10.0.0.0/31", "--", "true"], 2, "give an IPv4 network with 8 to 30 bits"),
        (
            &["--address", "10.0.1.1", "--", "true"],
            2,
            "--address 10.0.1.1 is no address of 10.0.0.0/24: it has 10.0.0.1 to 10.0.0.254",
        ),
        (&["--gateway", "10.0.0.1", "--", "true"], 2, "--address and --gateway are both 10.0.0.1"),
        (
            &["--interface", "lo", "--no-nat", "--label", "a"],
            2,
            "'--interface <NAME>' cannot be used with '--no-nat'",
        ),
        (&["--duration", "soon", "--", "true"], 2, "give a time above 0"),
    ] {
        let finished = tractor(folder.path(), &[&["capture"], arguments].concat());
        assert_eq!(finished.code, Some(code), "{arguments:?}: {finished:?}");
        assert!(finished.messages.starts_with("error: "), "{arguments:?}: {finished:?}");
        assert!(finished.messages.contains(says), "{arguments:?}: {finished:?}");
        assert!(names(folder.path()).is_empty(), "{arguments:?}");
    }
}

#[test]
fn without_the_rights_they_are_named() {
    let Some(stage) = Stage::new() else { return };
    let nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"];
    let folder = tempfile::tempdir().unwrap();
    for (arguments, says) in [
        (
            &["--", "true"][..],
            "a network of its own needs CAP_NET_RAW, CAP_NET_ADMIN, CAP_SYS_ADMIN, which",
        ),
        (&["--interface", "lo", "--label", "a"], "recording an interface needs CAP_NET_RAW, which"),
    ] {
        let plain = program(folder.path(), &[&["capture"], arguments].concat());
        let mut command = stage.command("setpriv");
        command.args(nobody).arg(plain.get_program()).args(plain.get_args());
        let finished = start_command(&mut command, Stdio::null()).finish(Duration::from_secs(10));
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert!(finished.messages.starts_with(&format!("error: {says}")), "{finished:?}");
    }
}

#[test]
fn what_cannot_be_recorded_is_said() {
    let Some(stage) = Stage::new() else { return };
    for (arguments, says) in [
        (&["--interface", "nosuch", "--label", "a"][..], "there is no interface nosuch"),
        (
            &["--filter", "port of call", "--", "true"],
            "the filter port of call is not understood: ",
        ),
    ] {
        let finished = stage.run(arguments);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.messages.starts_with(&format!("error: {says}")), "{finished:?}");
    }
    assert!(stage.captures().is_empty());
    stage.assert_nothing_is_left();
}

#[test]
fn without_nftables_only_closed_networks_are_made() {
    let Some(stage) = Stage::new() else { return };
    stage.prints("mount -t tmpfs none /usr/sbin");
    let finished = stage.run(&["--", "true"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let says = "error: nft, which translates addresses, is not installed (package nftables); --no-nat does without";
    assert!(finished.messages.starts_with(says), "{finished:?}");
    let finished = stage.run(&["--no-nat", "--", "true"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    stage.prints("umount /usr/sbin");
    stage.assert_nothing_is_left();
}

#[test]
fn an_nft_that_ends_without_a_word_is_told_of() {
    let Some(stage) = Stage::new() else { return };
    let own = stage.folder.path().join("nft");
    let script = format!("[ \"$1\" = -f ] && kill -s KILL $$\nexec {} \"$@\"", own.display());
    stage.replace_nft(&script);
    let finished = stage.run(&["--", "true"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let says =
        "error: nft, which translates addresses, ended without a word: signal: 9 (SIGKILL)\n";
    assert_eq!(finished.messages, says);
    stage.assert_nothing_is_left();
}

#[test]
fn a_file_that_cannot_be_begun_is_none() {
    let Some(stage) = Stage::new() else { return };
    stage.prints("mkdir /run/full");
    stage.prints("mount -t tmpfs -o size=4k none /run/full");
    stage.prints("dd if=/dev/zero of=/run/full/other bs=4k count=1");
    let finished = stage.run(&["-o", "/run/full", "--label", "full", "--", "true"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.messages.starts_with("error: cannot write /run/full/full_"), "{finished:?}");
    assert!(finished.messages.ends_with(": No space left on device\n"), "{finished:?}");
    assert_eq!(stage.prints("ls /run/full"), "other\n");
    stage.prints("umount /run/full");
    stage.assert_nothing_is_left();
}
