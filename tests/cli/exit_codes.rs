//! What the programs say when they cannot do all they were asked for, and how they end then.

use tempfile::tempdir;

use super::run::{Finished, flows, tractor};
use super::traffic::{office, plain, write};
use crate::support::traffic::sample;

fn assert_fails_in_one_line(finished: &Finished, beginning: &str) {
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert_eq!(finished.output, "", "{finished:?}");
    assert_eq!(finished.messages.lines().count(), 1, "{finished:?}");
    assert!(finished.messages.starts_with(beginning), "{finished:?}");
}

#[test]
fn a_wrong_path_is_one_line_and_exit_1() {
    let folder = tempdir().unwrap();
    for command in ["flows", "info", "stats"] {
        let finished = tractor(folder.path(), &[command, "nosuch.pcap"]);
        assert_eq!(finished.messages, "error: nosuch.pcap: No such file or directory\n");
        assert_eq!((finished.code, finished.output.as_str()), (Some(1), ""), "{command}");
    }
}

#[test]
fn what_is_no_capture_is_one_line_and_exit_1() {
    let folder = tempdir().unwrap();
    write(folder.path(), "notes.txt", b"remember the milk, and then some more of it\n");
    write(folder.path(), "empty.pcap", b"");
    std::fs::create_dir(folder.path().join("nothing")).unwrap();
    for command in ["flows", "info", "stats"] {
        for name in ["notes.txt", "empty.pcap"] {
            let finished = tractor(folder.path(), &[command, name]);
            assert_fails_in_one_line(&finished, &format!("error: {name}: "));
        }
        let finished = tractor(folder.path(), &[command, "nothing"]);
        assert_fails_in_one_line(&finished, "error: ");
        let finished = tractor(folder.path(), &[command, "*.nosuch"]);
        assert_fails_in_one_line(&finished, "error: *.nosuch: ");
    }
}

#[test]
fn wrong_usage_is_exit_2() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    let wrong: [&[&str]; 12] = [
        &[],
        &["flows"],
        &["info"],
        &["stats"],
        &["nosuch"],
        &["flows", "a.pcap", "--nosuch"],
        &["flows", "a.pcap", "--profile", "nosuch"],
        &["stats", "a.pcap", "--profile", "nosuch"],
        &["profiles", "nosuch"],
        &["flows", "a.pcap", "--workers", "0"],
        &["flows", "a.pcap", "--idle-timeout", "0s"],
        &["flows", "a.pcap", "--format", "nosuch"],
    ];
    for arguments in wrong {
        let finished = tractor(folder.path(), arguments);
        assert_eq!(finished.code, Some(2), "{arguments:?}: {finished:?}");
        assert_eq!(finished.output, "", "{arguments:?}");
        assert!(!finished.messages.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_folder_with_a_damaged_capture_gives_all_that_can_be_read_and_exit_3() {
    let folder = tempdir().unwrap();
    let packets = sample();
    let whole = plain(&packets[150..250]);
    let read = plain(&packets[150..249]).len();
    std::fs::create_dir(folder.path().join("in")).unwrap();
    write(folder.path(), "in/good.pcap", &plain(&packets[..150]));
    write(folder.path(), "in/hurt.pcap", &whole[..whole.len() - 5]);
    write(folder.path(), "in/readme.txt", b"nothing to complain about");
    write(folder.path(), "same.pcap", &plain(&packets[..249]));

    let finished = tractor(folder.path(), &["flows", "in"]);
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert_eq!(finished.output, flows(folder.path(), &["same.pcap"]));
    let warnings: Vec<&str> =
        finished.messages.lines().filter(|line| line.starts_with("warning: ")).collect();
    assert_eq!(warnings.len(), 1, "{finished:?}");
    let expected = format!("warning: in/hurt.pcap: truncated at byte {read}: ");
    assert!(warnings[0].starts_with(&expected), "{expected} in {warnings:?}");

    for command in ["stats", "info"] {
        let finished = tractor(folder.path(), &[command, "in"]);
        assert_eq!(finished.code, Some(3), "{command}: {finished:?}");
        assert!(finished.messages.contains(&expected), "{command}: {finished:?}");
    }
}

#[test]
fn a_missing_file_among_good_ones_is_exit_3() {
    let folder = tempdir().unwrap();
    write(folder.path(), "good.pcap", &office());
    let rows = flows(folder.path(), &["good.pcap"]);
    for inputs in [["good.pcap", "nosuch.pcap"], ["nosuch.pcap", "good.pcap"]] {
        let finished = tractor(folder.path(), &[&["flows"], &inputs[..]].concat());
        assert_eq!(finished.code, Some(3), "{finished:?}");
        assert_eq!(finished.output, rows);
        let complaint = "error: nosuch.pcap: No such file or directory\n";
        assert!(finished.messages.contains(complaint), "{finished:?}");
        for command in ["info", "stats"] {
            let finished = tractor(folder.path(), &[&[command], &inputs[..]].concat());
            assert_eq!(finished.code, Some(3), "{command}: {finished:?}");
            assert!(finished.messages.contains(complaint), "{command}: {finished:?}");
        }
    }
}
