//! Tests of the readers together, on small files: whole, cut, damaged and hostile.

mod compressed;
mod formats;
mod inputs;
mod invariance;
mod span;
mod writers;

use std::path::Path;

use super::{CaptureFile, Input, Joined, Packet, Problem, Start, join};
use crate::time::Timestamp;

/// A packet that outlives its chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    time: Timestamp,
    original_bytes: u32,
    link_type: u16,
    data: Vec<u8>,
}

fn keep(packet: &Packet<'_>) -> Kept {
    let Packet { time, original_bytes, link_type, data, .. } = *packet;
    Kept { time, original_bytes, link_type, data: data.to_vec() }
}

/// All packets of a file, and why it ends.
type Content = (Vec<Kept>, Option<Problem>);

fn read_in_order(file: &CaptureFile, chunk_bytes: usize) -> Content {
    let mut packets = Vec::new();
    let mut reader = file.open().unwrap();
    let mut next = None;
    let mut problem = None;
    loop {
        let before = packets.len();
        let end = reader.read_chunk(chunk_bytes, &mut |packet| packets.push(keep(packet)));
        assert_eq!(end.packets, (packets.len() - before) as u64);
        assert!(next.is_none_or(|next| next == end.start));
        next = Some(end.next);
        problem = problem.or(end.problem);
        if end.end_of_file {
            return (packets, problem);
        }
    }
}

/// Reads ranges as workers do: every guess is verified, and read again when it was wrong. Also
/// returns how often that was. Reading ahead makes no difference.
fn read_in_ranges(file: &CaptureFile, chunk_bytes: usize) -> (Content, usize) {
    let content = read_all_ranges(file, file.open_ranges(chunk_bytes).unwrap(), chunk_bytes);
    // Every piece has a tail of 64 KiB: with tiny chunks that takes long.
    if file.ranges(chunk_bytes).unwrap() <= 16 {
        let mut ahead = file.open_ranges(chunk_bytes).unwrap();
        ahead.read_ahead(1);
        assert_eq!(content, read_all_ranges(file, ahead, chunk_bytes));
    }
    content
}

fn read_all_ranges(
    file: &CaptureFile,
    mut reader: super::RangeReader,
    chunk_bytes: usize,
) -> (Content, usize) {
    let mut packets = Vec::new();
    let mut wrong_guesses = 0;
    let mut expected = 24;
    for chunk in 0..file.ranges(chunk_bytes).unwrap() {
        let before = packets.len();
        let mut end = reader.read(chunk, Start::Guess, &mut |packet| packets.push(keep(packet)));
        if end.start != expected {
            wrong_guesses += 1;
            packets.truncate(before);
            let start = Start::At(expected);
            end = reader.read(chunk, start, &mut |packet| packets.push(keep(packet)));
            assert_eq!(end.start, expected);
        }
        assert_eq!(end.packets, (packets.len() - before) as u64);
        expected = end.next;
        if end.end_of_file {
            return ((packets, end.problem), wrong_guesses);
        }
        assert_eq!(end.problem, None);
    }
    panic!("no chunk was the last");
}

fn join_path(path: &Path) -> Joined {
    join(&[Input::Path(path.to_owned())])
}

/// A folder with one capture file in it.
struct OneFile {
    _folder: tempfile::TempDir,
    path: std::path::PathBuf,
}

impl OneFile {
    fn new(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.pcap");
        std::fs::write(&path, bytes).unwrap();
        Self { _folder: folder, path }
    }

    /// The file, when it can be opened, or what the user is told.
    fn open(&self) -> Result<CaptureFile, Problem> {
        let mut joined = join_path(&self.path);
        joined.files.pop().ok_or_else(|| joined.problems.pop().unwrap())
    }
}

/// The packets of a file with these bytes, and its problem without the folder's name in it.
fn content(bytes: &[u8]) -> (Vec<Kept>, Option<String>) {
    match OneFile::new(bytes).open() {
        Err(problem) => (Vec::new(), Some(problem.cause)),
        Ok(file) => {
            let (packets, problem) = read_in_order(&file, 1000);
            assert_eq!(packets.first().map(|packet| packet.time), file.first_time());
            (packets, problem.map(|problem| problem.cause))
        }
    }
}
