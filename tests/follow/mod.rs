//! Folders that keep filling up, as one stream: what a sensor writes, however it does, is what the whole
//! capture is.

mod comforts;
mod cost;
mod kills;
mod rotation;
pub mod writer;

use crate::cli::run::{Finished, Running, program, start_command};
use crate::cli::traffic::plain;
use crate::support::capture::ETHERNET;
use crate::support::random::Random;
use crate::support::traffic::{Mood, adversarial};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use writer::Capture;

/// Strange traffic in the order of its times: who reads files by their first times then has the order in
/// which they were written.
pub fn traffic(seed: u64, packets: usize) -> Capture {
    let mut random = Random::seeded(seed);
    let mood = Mood { link_types: vec![ETHERNET], ..Mood::of(&mut random) };
    let mut packets = adversarial(&mut random, &mood, packets);
    packets.retain(|packet| packet.link_type == ETHERNET && packet.time_ns >= 0);
    packets.sort_by_key(|packet| packet.time_ns);
    Capture::of(plain(&packets))
}

/// The rows of a whole capture.
pub fn rows_of(capture: &Capture, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("whole.pcap"), &capture.bytes).unwrap();
    crate::cli::run::flows(folder.path(), &[&["whole.pcap"], arguments].concat())
}

/// Follows the folder `captures` in a folder.
pub fn follow(folder: &Path, arguments: &[&str]) -> Running {
    let arguments = [&["flows", "--follow", "captures"], arguments].concat();
    start_command(&mut program(folder, &arguments), Stdio::null())
}

/// Ctrl-C.
pub fn interrupt(running: &Running) {
    let id = running.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
}

/// Whether rows are those of something else.
pub fn assert_same(rows: &str, expected: &str, what: &str) {
    if rows != expected {
        let first = rows.lines().zip(expected.lines()).position(|(one, other)| one != other);
        let (some, all) = (rows.lines().count(), expected.lines().count());
        panic!("{some} rows, not {all}, line {first:?} is the first that differs; {what}");
    }
}

/// Waits for a run that ends by itself, or was asked to.
pub fn ended(running: Running) -> Finished {
    let finished = running.finish(Duration::from_secs(300));
    assert!(!finished.messages.contains("panicked"), "{}", finished.messages);
    finished
}
