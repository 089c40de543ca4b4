//! What the person at the terminal meets who follows a folder.

use super::writer::{Sensor, replay};
use super::{ended, follow, interrupt, rows_of, traffic};
use crate::cli::run::{Finished, tractor, until};
use crate::cli::traffic::{datagram, many_flows, plain, write};
use crate::support::random::Random;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const SECOND_NS: i64 = 1_000_000_000;

fn folders() -> (TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let captures = root.path().join("captures");
    std::fs::create_dir(&captures).unwrap();
    (root, captures)
}

fn text(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap_or_default()
}

#[test]
fn rows_come_as_flows_close_and_ctrl_c_brings_the_rest() {
    let (folder, captures) = folders();
    let packets = [datagram(0, 1, b"first"), datagram(200 * SECOND_NS, 2, b"second")];
    write(&captures, "a.pcap", &plain(&packets));
    let running = follow(folder.path(), &["-o", "rows.csv", "--quiet-after", "never"]);
    until("the first flow has closed", || text(folder.path(), "rows.csv").lines().count() == 2);
    interrupt(&running);
    let finished = ended(running);
    assert_eq!(finished.code, Some(0), "{}", finished.messages);
    assert!(finished.messages.contains("1 file, 2 packets, 2 flows"), "{}", finished.messages);
    write(folder.path(), "whole.pcap", &plain(&packets));
    let whole = crate::cli::run::flows(folder.path(), &["whole.pcap"]);
    assert_eq!(text(folder.path(), "rows.csv"), whole);
}

#[test]
fn flows_of_a_quiet_link_end() {
    let (folder, captures) = folders();
    write(&captures, "a.pcap", &plain(&[datagram(0, 1, b"alone")]));
    let quickly = ["--quiet-after", "200ms", "--idle-timeout", "1s", "-o", "rows.csv"];
    let running = follow(folder.path(), &quickly);
    until("its flow has closed", || text(folder.path(), "rows.csv").lines().count() == 2);
    assert!(text(folder.path(), "rows.csv").contains(",idle,"));
    interrupt(&running);
    assert_eq!(ended(running).code, Some(0));
}

#[test]
fn a_file_that_becomes_shorter_is_named_and_the_others_go_on() {
    let (folder, captures) = folders();
    let capture = traffic(1, 300);
    write(&captures, "a.pcap", &capture.bytes);
    let running = follow(folder.path(), &["--format", "none", "--quiet-after", "never"]);
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    write(&captures, "a.pcap", &capture.bytes[..capture.bytes.len() / 2]);
    write(&captures, "b.pcap", &plain(&many_flows(5)));
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    interrupt(&running);
    let Finished { code, messages, .. } = ended(running);
    assert_eq!(code, Some(3), "{messages}");
    assert!(messages.contains("warning: a.pcap: truncated at byte"), "{messages}");
    assert!(messages.contains("the file became shorter while it was read"), "{messages}");
}

/// Each in a sentence of its own, once, and the others are read.
#[test]
fn what_cannot_be_read_of_a_folder_is_named_once() {
    let (folder, captures) = folders();
    let mut damaged = plain(&many_flows(5));
    damaged[24 + 8..24 + 12].copy_from_slice(&[0xff; 4]);
    write(&captures, "a.pcap", &damaged);
    std::fs::create_dir(captures.join("b.pcap")).unwrap();
    std::os::unix::fs::symlink("nothing", captures.join("c.pcap")).unwrap();
    write(&captures, "d.pcap", &plain(&many_flows(5)));
    let arguments = ["--quiet-after", "never", "--end-after", "3s", "-o", "rows.csv"];
    let Finished { code, messages, .. } = ended(follow(folder.path(), &arguments));
    assert_eq!(code, Some(3), "{messages}");
    for sentence in [
        "warning: a.pcap: damaged at byte 24: a packet of 4294967295 bytes is announced",
        "error: b.pcap: it is a folder, and what is in it is not followed",
        "error: c.pcap: it is a link that leads nowhere",
    ] {
        assert_eq!(messages.matches(sentence).count(), 1, "{sentence}: {messages}");
    }
    assert_eq!(text(folder.path(), "rows.csv").lines().count(), 6, "{messages}");
}

#[test]
fn what_cannot_be_followed_is_refused_with_a_sentence() {
    let (folder, captures) = folders();
    write(&captures, "a.pcap", &plain(&many_flows(5)));
    write(folder.path(), "full.csv", b"precious");
    for (arguments, code, sentence) in [
        (&["captures/a.pcap"][..], 2, "captures/a.pcap is no folder: only folders are followed"),
        (&["captures", "captures"], 2, "one folder is followed, not several inputs"),
        (&["captures", "--format", "parquet", "-o", "x"], 2, "parquet is written as a whole"),
        (&["captures", "--merge"], 2, "not interleaved (--merge)"),
        (&["captures", "--checkpoint", "place"], 2, "name a file with -o\n"),
        (&["captures", "-o", "full.csv"], 1, "it has content already, which would be lost"),
        (&["missing"], 2, "missing is no folder"),
    ] {
        let finished = tractor(folder.path(), &[&["flows", "--follow"], arguments].concat());
        assert_eq!(finished.code, Some(code), "{arguments:?}: {}", finished.messages);
        assert!(finished.messages.contains(sentence), "{arguments:?}: {}", finished.messages);
    }
    assert_eq!(text(folder.path(), "full.csv"), "precious");
    let without = tractor(folder.path(), &["flows", "captures", "--checkpoint", "place"]);
    assert_eq!(without.code, Some(2), "{}", without.messages);
}

#[test]
fn a_checkpoint_has_one_run_at_a_time() {
    let (folder, captures) = folders();
    write(&captures, "a.pcap", &plain(&[datagram(0, 1, b"a"), datagram(200 * SECOND_NS, 2, b"b")]));
    let arguments = ["-o", "rows.csv", "--checkpoint", "place", "--quiet-after", "never"];
    let first = follow(folder.path(), &arguments);
    until("the first flow has closed", || text(folder.path(), "rows.csv").lines().count() == 2);
    let second = ended(follow(folder.path(), &arguments));
    assert_eq!(second.code, Some(2), "{}", second.messages);
    assert!(second.messages.contains("error: another run uses place\n"), "{}", second.messages);
    // One that is killed leaves no lock, whoever begins again at once.
    let mut killed = first;
    killed.child.kill().unwrap();
    let again = [&arguments[..], &["--end-after", "1s"]].concat();
    let last = ended(follow(folder.path(), &again));
    killed.child.wait().unwrap();
    assert_eq!(last.code, Some(0), "{}", last.messages);
    assert_eq!(text(folder.path(), "rows.csv").lines().count(), 3);
}

#[test]
fn rows_that_are_not_those_of_the_checkpoint_are_left_alone() {
    let (folder, captures) = folders();
    write(&captures, "a.pcap", &plain(&many_flows(50)));
    let run = |rows: &str| {
        let arguments = ["--checkpoint", "place", "--quiet-after", "never", "--end-after", "1s"];
        ended(follow(folder.path(), &[&arguments[..], &["-o", rows]].concat()))
    };
    assert_eq!(run("rows.csv").code, Some(0));
    let rows = text(folder.path(), "rows.csv");
    let other = "x".repeat(2 * rows.len());
    write(folder.path(), "short.csv", b"flow_id\n");
    write(folder.path(), "other.csv", other.as_bytes());
    for (name, sentence) in [
        ("missing.csv", "missing.csv: it is not there, and had"),
        ("short.csv", "short.csv: it has 8 bytes, and had"),
        ("other.csv", "other.csv: it is another file than at the checkpoint"),
    ] {
        let finished = run(name);
        assert_eq!(finished.code, Some(1), "{}", finished.messages);
        assert!(finished.messages.contains(sentence), "{}", finished.messages);
    }
    assert!(!folder.path().join("missing.csv").exists());
    assert_eq!(text(folder.path(), "short.csv"), "flow_id\n");
    assert!(text(folder.path(), "other.csv") == other);
    assert_eq!(run("rows.csv").code, Some(0));
    assert!(text(folder.path(), "rows.csv") == rows);
}

/// Of a version that is not known, or damaged: all is read again from the begin, with the same rows.
#[test]
fn a_checkpoint_that_cannot_be_read_is_refused_and_all_is_read_again() {
    let (folder, captures) = folders();
    let capture = traffic(3, 2_000);
    replay(&capture, &captures, Sensor::default(), &mut Random::seeded(3));
    let arguments = ["-o", "rows.csv", "--checkpoint", "place", "--quiet-after", "never"];
    let run = |more: &[&str]| {
        let arguments = [&arguments[..], &["--end-after", "1s"], more].concat();
        ended(follow(folder.path(), &arguments))
    };
    let finished = run(&[]);
    assert_eq!(finished.code, Some(0), "{}", finished.messages);
    let rows = rows_of(&capture, &[]);
    assert!(text(folder.path(), "rows.csv") == rows);

    let other = run(&["--profile", "iscx"]);
    assert_eq!(other.code, Some(2), "{}", other.messages);
    assert!(
        other.messages.contains("of a run with other options or plugins"),
        "{}",
        other.messages
    );
    assert!(text(folder.path(), "rows.csv") == rows, "nothing is lost");

    let place = folder.path().join("place");
    let whole = std::fs::read(&place).unwrap();
    let mut newer = whole.clone();
    newer[8] = 99;
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    for (bytes, sentence) in [
        (newer, "place: the checkpoint has version 99, and this program reads 4"),
        (damaged, "place: the checkpoint is damaged"),
        (b"something else".to_vec(), "place: it is no checkpoint"),
    ] {
        std::fs::write(&place, bytes).unwrap();
        let _ = std::fs::remove_file(folder.path().join("place.before"));
        let finished = run(&[]);
        assert_eq!(finished.code, Some(0), "{}", finished.messages);
        assert!(finished.messages.contains(sentence), "{}", finished.messages);
        assert!(finished.messages.contains("read from the begin"), "{}", finished.messages);
        assert!(text(folder.path(), "rows.csv") == rows, "{sentence}");
    }
}
