//! Folders, globs, pipes and things that are no captures.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::super::{Input, Joined, Severity, join};
use super::writers::{pcap, pcap_header, plain_record};
use super::{join_path, read_in_order};

fn capture_at(second: u32) -> Vec<u8> {
    [pcap_header(0xa1b2_c3d4, (2, 4)), plain_record(second, b"packet")].concat()
}

/// Names without the folder.
fn names(joined: &Joined, folder: &Path) -> Vec<String> {
    let prefix = format!("{}/", folder.display());
    joined.files.iter().map(|file| file.name.replace(&prefix, "")).collect()
}

fn make_pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn a_folder_is_searched_and_sorted_by_time() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("b/inner")).unwrap();
    fs::write(at("a.pcap"), capture_at(30)).unwrap();
    fs::write(at("b/inner/no-extension"), capture_at(10)).unwrap();
    fs::write(at("b/same-time"), capture_at(30)).unwrap();
    fs::write(at("a-empty.pcap"), pcap(0)).unwrap();
    fs::write(at("notes.txt"), b"Hello").unwrap();
    fs::write(at("nothing.pcap"), b"").unwrap();
    symlink(at("b"), at("linked-folder")).unwrap();
    symlink(at("a.pcap"), at("linked-file")).unwrap();
    make_pipe(&at("pipe.pcap"));
    let joined = join_path(folder.path());
    let expected = ["b/inner/no-extension", "a.pcap", "b/same-time", "linked-file", "a-empty.pcap"];
    assert_eq!(names(&joined, folder.path()), expected);
    let [problem] = &joined.problems[..] else { panic!("{:?}", joined.problems) };
    assert!(problem.to_string().ends_with("/nothing.pcap: the file is empty"));
    assert_eq!(problem.severity, Severity::Error);
}

#[test]
fn a_glob_is_one_only_when_no_file_has_that_name() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("b1.pcap"), capture_at(1)).unwrap();
    fs::write(at("b[1].pcap"), capture_at(2)).unwrap();
    fs::write(at("b.txt"), b"Hello").unwrap();
    let of = |name: &str| join_path(&at(name));
    assert_eq!(names(&of("b[1].pcap"), folder.path()), ["b[1].pcap"]);
    assert_eq!(names(&of("*1*.pcap"), folder.path()), ["b1.pcap", "b[1].pcap"]);
    let none = of("c*");
    assert!(
        none.files.is_empty() && none.problems[0].to_string().ends_with("/c*: no file matches")
    );
    let text = of("*.txt").problems.remove(0).to_string();
    assert!(text.ends_with("b.txt: not a capture file (begins with 48 65 6c 6c)"));
    let missing = of("missing.pcap").problems.remove(0).to_string();
    assert!(missing.ends_with("missing.pcap: No such file or directory"));
}

#[test]
fn a_named_pipe_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let (pipe, whole) = (folder.path().join("pipe"), pcap(2_000));
    make_pipe(&pipe);
    let writer = std::thread::spawn({
        let (pipe, whole) = (pipe.clone(), whole.clone());
        move || fs::write(pipe, whole)
    });
    let joined = join_path(&pipe);
    let [file] = &joined.files[..] else { panic!("{:?}", joined.problems) };
    assert_eq!((file.bytes(), file.ranges(1000)), (None, None));
    let (packets, problem) = read_in_order(file, 1000);
    assert_eq!((packets.len(), problem), (2_000, None));
    writer.join().unwrap().unwrap();
    let again = file.open().err().unwrap().to_string();
    assert!(again.ends_with("/pipe: a pipe can be read only once"));
}

#[test]
fn standard_input_is_there_once() {
    // The test's own standard input is no capture, so both are problems, but different ones.
    let joined = join(&[Input::Stdin, Input::Stdin]);
    let last = joined.problems.last().unwrap().to_string();
    assert_eq!(last, "standard input: it can be read only once");
}

#[test]
fn workers_can_share_files_and_take_readers_along() {
    fn shared<T: Send + Sync>() {}
    fn sent<T: Send>() {}
    shared::<super::super::CaptureFile>();
    sent::<super::super::RangeReader>();
    sent::<super::super::SequentialReader>();
}
