//! Runs that end before their input does: Ctrl-C, a reader that has seen enough, a defect.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::tempdir;

use super::run::{names, program, start_command, tractor, until};
use super::traffic::{many_flows, office, plain, write};
use crate::support::pcapng::{PcapngStyle, pcapng};

fn send(signal: &str, process: u32) {
    let status = Command::new("kill").args([signal, &process.to_string()]).status().unwrap();
    assert!(status.success(), "kill {signal} {process}");
}

fn assert_signal_ends(signal: &str, workers: &str) {
    let folder = tempdir().unwrap();
    let arguments = ["flows", "-", "-o", "flows.csv", "--workers", workers];
    let mut running = start_command(&mut program(folder.path(), &arguments), Stdio::piped());
    // The input stays open, so that the run cannot be over.
    let mut input = running.child.stdin.take().unwrap();
    input.write_all(&office()).unwrap();
    // Not a moment later: the handler has to be there before the file.
    until("a temporary appears", || !names(folder.path()).is_empty());
    let sent = Instant::now();
    send(signal, running.child.id());
    let finished = running.finish(Duration::from_secs(20));
    let took = sent.elapsed();
    drop(input);
    assert_eq!(finished.code, Some(130), "{signal}, {workers} workers: {finished:?}");
    assert!(took < Duration::from_secs(3), "{signal}, {workers} workers: {took:?}");
    assert!(!finished.messages.contains("panicked"), "{finished:?}");
    let left = names(folder.path());
    assert!(left.is_empty(), "{signal}, {workers} workers: left {left:?}");
}

#[test]
fn ctrl_c_ends_a_run_that_waits_for_input_and_leaves_no_file() {
    for workers in ["1", "2", "4"] {
        assert_signal_ends("-INT", workers);
    }
}

#[test]
fn a_termination_ends_a_run_as_ctrl_c_does() {
    assert_signal_ends("-TERM", "2");
}

#[test]
fn ctrl_c_before_the_first_packet_ends_a_run_as_later_does() {
    for command in [&["flows", "-", "-o", "flows.csv"][..], &["stats", "-"]] {
        let folder = tempdir().unwrap();
        let mut running = start_command(&mut program(folder.path(), command), Stdio::piped());
        let mut input = running.child.stdin.take().unwrap();
        // More than a pipe holds of a header without a packet: the program has begun to read.
        input.write_all(&blocks_without_packets()).unwrap();
        assert!(names(folder.path()).is_empty(), "there is nothing to write yet");
        send("-INT", running.child.id());
        let finished = running.finish(Duration::from_secs(20));
        drop(input);
        assert_eq!(finished.code, Some(130), "{command:?}: {finished:?}");
        assert!(names(folder.path()).is_empty(), "{command:?}");
    }
}

/// A section and many blocks that nobody knows.
fn blocks_without_packets() -> Vec<u8> {
    let mut file = pcapng(&[], PcapngStyle::default());
    for _ in 0..20_000 {
        for word in [0x0bad_u32, 16, 0, 16] {
            file.extend(word.to_le_bytes());
        }
    }
    file
}

#[test]
fn ctrl_c_ends_a_run_whose_input_never_pauses() {
    let folder = tempdir().unwrap();
    let arguments = ["flows", "-", "-o", "flows.csv", "--workers", "2"];
    let mut running = start_command(&mut program(folder.path(), &arguments), Stdio::piped());
    let mut input = running.child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        let capture = office();
        let mut result = input.write_all(&capture);
        while result.is_ok() {
            result = input.write_all(&capture[24..]);
        }
    });
    until("a temporary appears", || !names(folder.path()).is_empty());
    std::thread::sleep(Duration::from_millis(300));
    let sent = Instant::now();
    send("-INT", running.child.id());
    let finished = running.finish(Duration::from_secs(20));
    assert_eq!(finished.code, Some(130), "{finished:?}");
    assert!(sent.elapsed() < Duration::from_secs(3), "{:?}", sent.elapsed());
    assert!(names(folder.path()).is_empty());
    writer.join().unwrap();
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let folder = tempdir().unwrap();
    write(folder.path(), "many.pcap", &plain(&many_flows(20_000)));
    write(folder.path(), "few.pcap", &office());
    for arguments in [
        &["flows", "many.pcap", "--workers", "1"][..],
        &["flows", "many.pcap", "--workers", "2"],
        &["flows", "many.pcap", "--workers", "4", "--chunk-bytes", "1000"],
        &["stats", "many.pcap", "--json"],
    ] {
        let mut child = program(folder.path(), arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        drop(output);
        let mut messages = String::new();
        child.stderr.take().unwrap().read_to_string(&mut messages).unwrap();
        let code = child.wait().unwrap().code();
        assert!(!line.is_empty());
        assert_eq!(code, Some(0), "{arguments:?}: {messages}");
        for word in ["panicked", "error", "Broken pipe"] {
            assert!(!messages.contains(word), "{arguments:?}: {messages}");
        }
    }
}

#[test]
fn a_defect_ends_the_run_with_a_message_and_no_file() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &plain(&many_flows(5_000)));
    for workers in ["1", "2", "4"] {
        for chunk_bytes in ["1000", "524288"] {
            let how = ["--workers", workers, "--chunk-bytes", chunk_bytes];
            let panics = ["flows", "a.pcap", "-o", "flows.csv", "--panic-at-step", "1"];
            let finished = tractor(folder.path(), &[&panics[..], &how].concat());
            assert_eq!(finished.code, Some(1), "{how:?}: {finished:?}");
            assert!(finished.took < Duration::from_secs(5), "{how:?}: {finished:?}");
            assert!(finished.messages.contains("internal error"), "{how:?}: {finished:?}");
            assert_eq!(names(folder.path()), ["a.pcap"], "{how:?}");
        }
    }
}
