//! Any bytes as a capture file: no panic, and the same packets and the same problem whichever way
//! the file is read.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use tractor_engine::capture::{CaptureFile, Input, Packet, Problem, Start, join};
use tractor_engine::limits::CHUNK_BYTES;

/// Uncompressed bytes looked at: a small compressed file can hold terabytes.
const BYTES_MAX: u64 = 16 << 20;

/// What a file gave.
#[derive(Clone, Default)]
struct Content {
    digest: DefaultHasher,
    packets: u64,
    problem: Option<Problem>,
}

impl Content {
    fn take(&mut self, packet: &Packet<'_>) {
        let Packet { time, original_bytes, snaplen_bytes, link_type, data } = packet;
        (time, original_bytes, snaplen_bytes, link_type, data).hash(&mut self.digest);
        self.packets += 1;
    }

    /// All that can be compared.
    fn compared(self) -> (u64, u64, Option<Problem>) {
        (self.packets, self.digest.finish(), self.problem)
    }
}

/// Reads `bytes` as a file in every way there is.
pub fn check(bytes: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("room for a temporary file");
    let joined = join(&[Input::Path(file.path().to_owned())]);
    let Some(capture) = joined.files.first() else {
        assert_eq!(joined.problems.len(), 1, "an unreadable file is told of, once");
        return;
    };
    let Some(whole) = in_order(capture, CHUNK_BYTES) else { return };
    let whole = whole.compared();
    if let Some(small) = in_order(capture, 97) {
        assert_eq!(small.compared(), whole, "chunks of 97 bytes");
    }
    for chunk_bytes in [(bytes.len() / 16).max(64), CHUNK_BYTES] {
        if let Some(ranges) = capture.ranges(chunk_bytes) {
            let content = in_ranges(capture, chunk_bytes, ranges);
            assert_eq!(content.compared(), whole, "ranges of {chunk_bytes} bytes");
        }
    }
}

/// From start to end; `None` when there is too much of it.
fn in_order(capture: &CaptureFile, chunk_bytes: usize) -> Option<Content> {
    let mut content = Content::default();
    let mut reader = capture.open().expect("a file that could be opened before");
    let mut next = None;
    loop {
        let before = content.packets;
        let end = reader.read_chunk(chunk_bytes, &mut |packet| content.take(packet));
        assert_eq!(end.packets, content.packets - before);
        assert!(next.is_none_or(|next| next == end.start), "a chunk begins where one ended");
        next = Some(end.next);
        content.problem = content.problem.take().or(end.problem);
        if end.end_of_file {
            return Some(content);
        }
        if end.next > BYTES_MAX {
            return None;
        }
    }
}

/// As several workers do: a guess that proves wrong is read again from the right place.
fn in_ranges(capture: &CaptureFile, chunk_bytes: usize, ranges: u64) -> Content {
    let mut content = Content::default();
    let mut reader = capture.open_ranges(chunk_bytes).expect("a file that has ranges");
    let mut expected = None;
    for chunk in 0..ranges {
        let before = content.clone();
        let mut end = reader.read(chunk, Start::Guess, &mut |packet| content.take(packet));
        if let Some(start) = expected.filter(|&start| start != end.start) {
            content = before.clone();
            end = reader.read(chunk, Start::At(start), &mut |packet| content.take(packet));
            assert_eq!(end.start, start);
        }
        assert_eq!(end.packets, content.packets - before.packets);
        expected = Some(end.next);
        content.problem = content.problem.take().or(end.problem);
        if end.end_of_file {
            return content;
        }
    }
    panic!("no range was the last");
}
