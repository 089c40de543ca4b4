//! The output file appears whole and under its name, or not at all.

use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::tempdir;

use super::run::{TRACTOR, flows, in_folder, names, program, start_command, tractor, until};
use super::traffic::{office, write};

fn is_unfinished(name: &str) -> bool {
    name.starts_with(".tractor-")
}

#[test]
fn it_holds_what_standard_output_would_and_nothing_else_is_left() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    let finished = tractor(folder.path(), &["flows", "a.pcap", "-o", "flows.csv"]);
    assert_eq!((finished.code, finished.output.as_str()), (Some(0), ""), "{finished:?}");
    let written = std::fs::read_to_string(folder.path().join("flows.csv")).unwrap();
    assert_eq!(written, flows(folder.path(), &["a.pcap"]));
    assert_eq!(names(folder.path()), ["a.pcap", "flows.csv"]);
}

#[test]
fn its_mode_is_that_of_any_new_file() {
    for (mask, mode) in [("022", 0o644), ("027", 0o640), ("077", 0o600), ("000", 0o666)] {
        let folder = tempdir().unwrap();
        write(folder.path(), "a.pcap", &office());
        let mut command = in_folder(folder.path(), "sh");
        command.args(["-c", &format!("umask {mask}; exec \"$0\" flows a.pcap -o flows.csv")]);
        command.arg(TRACTOR);
        let finished = start_command(&mut command, Stdio::null()).finish(Duration::from_secs(60));
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let about = std::fs::metadata(folder.path().join("flows.csv")).unwrap();
        assert_eq!(about.permissions().mode() & 0o777, mode, "with umask {mask}");
    }
}

#[test]
fn a_file_that_it_replaces_hands_on_its_mode() {
    for mode in [0o600, 0o640, 0o666] {
        let folder = tempdir().unwrap();
        write(folder.path(), "a.pcap", &office());
        write(folder.path(), "flows.csv", b"secret");
        let path = folder.path().join("flows.csv");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let finished = tractor(folder.path(), &["flows", "a.pcap", "-o", "flows.csv"]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let about = std::fs::metadata(&path).unwrap();
        assert_eq!(about.permissions().mode() & 0o777, mode);
        assert!(about.len() > 1_000);
    }
}

#[test]
fn an_input_is_never_the_output() {
    let folder = tempdir().unwrap();
    let capture = office();
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    write(&folder.path().join("folder"), "a.pcap", &capture);
    symlink("folder/a.pcap", folder.path().join("link")).unwrap();
    for (input, output) in [
        ("folder/a.pcap", "folder/a.pcap"),
        ("folder", "folder/../folder/a.pcap"),
        ("folder/a.pcap", "link"),
        ("link", "folder/a.pcap"),
    ] {
        let finished = tractor(folder.path(), &["flows", input, "-o", output]);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.messages.contains("is one of the inputs"), "{}", finished.messages);
        assert!(std::fs::read(folder.path().join("folder/a.pcap")).unwrap() == capture);
    }
    // Nothing is written.
    let arguments = ["flows", "link", "-o", "link", "--format", "none"];
    assert_eq!(tractor(folder.path(), &arguments).code, Some(0));
}

#[test]
fn an_existing_file_is_replaced_only_at_the_end() {
    let folder = tempdir().unwrap();
    write(folder.path(), "flows.csv", b"precious");
    let now = || std::fs::read_to_string(folder.path().join("flows.csv")).unwrap();
    let mut command = program(folder.path(), &["flows", "-", "-o", "flows.csv"]);
    let mut running = start_command(&mut command, Stdio::piped());
    let mut input = running.child.stdin.take().unwrap();
    let capture = office();
    input.write_all(&capture[..20_000]).unwrap();
    until("a temporary appears", || names(folder.path()).iter().any(|name| is_unfinished(name)));
    assert_eq!(now(), "precious");
    input.write_all(&capture[20_000..]).unwrap();
    assert_eq!(now(), "precious");
    drop(input);
    let finished = running.finish(Duration::from_secs(60));
    assert_eq!(finished.code, Some(0), "{finished:?}");
    write(folder.path(), "a.pcap", &capture);
    assert_eq!(now(), flows(folder.path(), &["a.pcap"]));
    assert_eq!(names(folder.path()), ["a.pcap", "flows.csv"]);
}

#[test]
fn a_link_stays_and_the_file_that_it_names_is_written() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write(folder.path(), "a.pcap", &office());
    let rows = flows(folder.path(), &["a.pcap"]);
    std::fs::create_dir(at("real")).unwrap();
    write(folder.path(), "real/old.csv", b"precious");
    symlink("real/old.csv", at("to-old.csv")).unwrap();
    symlink("to-old.csv", at("to-link.csv")).unwrap();
    symlink(at("real/new.csv"), at("to-nothing.csv")).unwrap();
    for (link, next, target) in [
        ("to-old.csv", "real/old.csv", "real/old.csv"),
        ("to-link.csv", "to-old.csv", "real/old.csv"),
        ("to-nothing.csv", at("real/new.csv").to_str().unwrap(), "real/new.csv"),
    ] {
        let finished = tractor(folder.path(), &["flows", "a.pcap", "-o", link]);
        assert_eq!(finished.code, Some(0), "{link}: {finished:?}");
        assert_eq!(at(link).read_link().unwrap(), Path::new(next), "{link}");
        assert_eq!(std::fs::read_to_string(at(target)).unwrap(), rows, "{link}");
        std::fs::remove_file(at(target)).unwrap();
    }
    assert!(names(&at("real")).is_empty());
    assert_eq!(
        names(folder.path()),
        ["a.pcap", "real", "to-link.csv", "to-nothing.csv", "to-old.csv"]
    );
}

#[test]
fn links_in_a_circle_are_exit_1() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    symlink("other.csv", folder.path().join("one.csv")).unwrap();
    symlink("one.csv", folder.path().join("other.csv")).unwrap();
    let finished = tractor(folder.path(), &["flows", "a.pcap", "-o", "one.csv"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.messages.starts_with("error: cannot write one.csv: "), "{finished:?}");
    assert_eq!(names(folder.path()), ["a.pcap", "one.csv", "other.csv"]);
}

#[test]
fn it_stays_as_it_was_when_there_is_nothing_to_read() {
    let folder = tempdir().unwrap();
    write(folder.path(), "flows.csv", b"precious");
    let finished = tractor(folder.path(), &["flows", "nosuch.pcap", "-o", "flows.csv"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert_eq!(std::fs::read(folder.path().join("flows.csv")).unwrap(), b"precious");
    assert_eq!(names(folder.path()), ["flows.csv"]);
}

#[test]
fn a_folder_that_takes_no_file_is_exit_1() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    let closed = folder.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, PermissionsExt::from_mode(0o555)).unwrap();
    let mut places = vec!["nosuch/flows.csv", "/proc/flows.csv", "a.pcap/flows.csv"];
    // The superuser may write everywhere.
    if !may_write(&closed) {
        places.push("closed/flows.csv");
    }
    for place in places {
        let finished = tractor(folder.path(), &["flows", "a.pcap", "-o", place]);
        assert_eq!((finished.code, finished.output.as_str()), (Some(1), ""), "{finished:?}");
        let beginning = format!("error: cannot write {place}: ");
        assert!(finished.messages.starts_with(&beginning), "{finished:?}");
        assert_eq!(finished.messages.lines().count(), 1, "{finished:?}");
        assert!(!finished.messages.contains("os error"), "{finished:?}");
    }
    assert_eq!(names(folder.path()), ["a.pcap", "closed"]);
}

fn may_write(folder: &Path) -> bool {
    tempfile::tempfile_in(folder).is_ok()
}

#[test]
fn a_full_device_is_exit_1() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    for workers in ["1", "2", "4"] {
        let arguments = ["flows", "a.pcap", "-o", "/dev/full", "--workers", workers];
        let finished = tractor(folder.path(), &arguments);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        let message = "error: cannot write /dev/full: No space left on device\n";
        assert_eq!(finished.messages, message, "{finished:?}");
    }
    assert!(Path::new("/dev/full").exists());
    for arguments in [&["flows", "a.pcap"][..], &["info", "a.pcap"], &["stats", "a.pcap"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = program(folder.path(), arguments).stdout(full).output().unwrap();
        let messages = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {messages}");
        let message = "error: cannot write standard output: No space left on device\n";
        assert!(messages.ends_with(message), "{arguments:?}: {messages}");
    }
}

#[test]
fn without_a_format_an_existing_file_stays_as_it_was() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    write(folder.path(), "flows.csv", b"precious");
    let finished =
        tractor(folder.path(), &["flows", "a.pcap", "--format", "none", "-o", "flows.csv"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(std::fs::read(folder.path().join("flows.csv")).unwrap(), b"precious");
}

#[test]
fn messages_that_cannot_be_written_change_nothing() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    for (arguments, code) in [
        (&["flows", "a.pcap", "-o", "flows.csv"][..], 0),
        (&["flows", "a.pcap", "--timings"], 0),
        (&["stats", "a.pcap"], 0),
        (&["flows", "a.pcap", "nosuch.pcap"], 3),
        (&["info", "nosuch.pcap"], 1),
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = program(folder.path(), arguments);
        let status = command.stdout(Stdio::null()).stderr(full).status().unwrap();
        assert_eq!(status.code(), Some(code), "{arguments:?}");
    }
}
