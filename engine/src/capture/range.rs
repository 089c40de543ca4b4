//! Reading one uncompressed classic pcap file in ranges, by several workers.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;

use super::ahead::Ahead;
use super::damage::Damage;
use super::header::FILE_HEADER_BYTES;
use super::problem::{Place, Problem, sentence};
use super::record::Records;
use super::resync;
use super::step::{Limit, Stop, walk};
use super::window::{KeptBytes, Windows};
use super::{ChunkEnd, GUESS_TAIL_BYTES, Packet, RANGE_TAIL_BYTES, READ_BYTES};

/// Where a chunk begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the first thing in the range that looks like a chain of records; to be verified.
    Guess,
    /// At this offset, known from the end of the chunk before.
    At(u64),
}

/// Reads any chunk of a file, in any order. Chunk k is the records whose first byte lies in
/// `[k * chunk_bytes, (k + 1) * chunk_bytes)`, and of them those behind the file header.
///
/// Packets appended after the file was joined are not read.
pub struct RangeReader {
    name: String,
    file: File,
    /// Bytes of the file when it was joined.
    length: u64,
    /// Where the file really ends: less than `length` when it was cut meanwhile.
    file_end: u64,
    records: Records,
    chunk_bytes: u64,
    /// The bytes of the file from `window_start` on; the first `filled` of them are valid.
    windows: Windows,
    window_start: u64,
    filled: usize,
    /// With the chunks from one that is read to the next.
    ahead: Option<(Ahead, u64)>,
}

impl RangeReader {
    /// For a regular file of `length` bytes.
    ///
    /// # Errors
    /// When it cannot be read or is no classic pcap file (any more).
    pub(super) fn new(
        name: &str,
        file: File,
        length: u64,
        chunk_bytes: usize,
    ) -> Result<Self, Problem> {
        let mut header = [0; FILE_HEADER_BYTES];
        file.read_exact_at(&mut header, 0)
            .map_err(|error| Problem::error(name, sentence(&error)))?;
        let records = Records::behind(&header).map_err(|cause| Problem::error(name, cause))?;
        Ok(Self {
            name: name.to_owned(),
            file,
            length,
            file_end: length,
            records,
            chunk_bytes: chunk_bytes.max(1) as u64,
            windows: Windows::default(),
            window_start: 0,
            filled: 0,
            ahead: None,
        })
    }

    /// From now on reads every `stride`th chunk ahead, on a thread of its own.
    pub fn read_ahead(&mut self, stride: usize) {
        let stride = stride as u64;
        if stride.saturating_mul(self.chunk_bytes) < self.length {
            self.ahead = Ahead::new(&self.file).ok().map(|ahead| (ahead, stride));
        }
    }

    /// From now on the bytes of a chunk's packets are kept for [`take_kept`](Self::take_kept).
    pub fn keep_bytes(&mut self) {
        self.windows.keep();
    }

    /// The bytes that the packets of the chunk just read are in.
    pub fn take_kept(&mut self) -> KeptBytes {
        self.windows.take_kept()
    }

    /// Reads chunk `chunk` and hands its packets to `visit`.
    ///
    /// After [`Start::Guess`] nothing is certain until the `next` of the chunk before is known to
    /// equal this `start`; if it does not, read again with [`Start::At`]. An offset behind the
    /// chunk is fine there: a record longer than a chunk leaves chunks without packets. When no
    /// record can be guessed, `start` is `u64::MAX`, which equals nothing.
    pub fn read(
        &mut self,
        chunk: u64,
        start: Start,
        visit: &mut impl FnMut(&Packet<'_>),
    ) -> ChunkEnd {
        let begin = chunk.saturating_mul(self.chunk_bytes);
        let end = begin.saturating_add(self.chunk_bytes);
        let header_bytes = FILE_HEADER_BYTES as u64;
        self.windows.begin_chunk();
        if start == Start::Guess {
            self.take_ahead(begin);
        }
        let start = match start {
            Start::At(offset) => Some(offset),
            Start::Guess if begin <= header_bytes => Some(header_bytes),
            Start::Guess => self.guess(begin, end),
        };
        let Some(start) = start else { return ChunkEnd { start: u64::MAX, ..ended_at(begin) } };
        let mut chunk_end = self.read_from(start, end, visit);
        chunk_end.bytes_read = chunk_end.next - start;
        if begin == 0 {
            chunk_end.bytes_read += header_bytes;
        }
        chunk_end
    }

    /// Takes the chunk that was read ahead, and asks for the next.
    fn take_ahead(&mut self, begin: u64) {
        let Some((ahead, stride)) = &mut self.ahead else { return };
        if let Some(piece) = ahead.take(begin) {
            ahead.give(self.windows.put(piece.buffer));
            (self.window_start, self.filled) = (piece.offset, piece.filled);
        }
        let next = begin.saturating_add(stride.saturating_mul(self.chunk_bytes));
        // Never beyond the file as it was joined: what is appended meanwhile is not read.
        let left_bytes = self.file_end.saturating_sub(next);
        let wanted_bytes = left_bytes.min(self.chunk_bytes + GUESS_TAIL_BYTES as u64);
        if wanted_bytes > 0 && !ahead.ask(next, wanted_bytes as usize) {
            self.ahead = None;
        }
    }

    /// Looks into a piece of the chunk first, and into all of it only when nothing is there.
    fn guess(&mut self, begin: u64, end: u64) -> Option<u64> {
        let whole_bytes = (end - begin).saturating_add(GUESS_TAIL_BYTES as u64);
        [whole_bytes.min(READ_BYTES as u64), whole_bytes].into_iter().find_map(|wanted_bytes| {
            self.load(begin, wanted_bytes, wanted_bytes, 0).ok()?;
            let window = self.window_from(begin);
            let to_end = begin + window.len() as u64 >= self.file_end;
            let candidates = usize::try_from(end - begin).unwrap_or(usize::MAX);
            let offset = resync::guess(&self.records, window, candidates, to_end)?;
            Some(begin + offset as u64)
        })
    }

    #[inline]
    fn read_from(&mut self, start: u64, end: u64, visit: &mut impl FnMut(&Packet<'_>)) -> ChunkEnd {
        let mut done = ended_at(start);
        let mut needed_bytes = 1;
        while done.next < end && !done.end_of_file {
            let rest_bytes = (end - done.next).saturating_add(RANGE_TAIL_BYTES as u64);
            let wanted_bytes = rest_bytes.min(READ_BYTES as u64).max(needed_bytes);
            if let Err(error) = self.load(done.next, wanted_bytes, needed_bytes, done.packets) {
                done.problem = Some(Problem::failure(&self.name, place(done.next), &error));
                break;
            }
            let slice = self.window_from(done.next);
            let available_bytes = slice.len();
            let limit = Limit { bytes: end - done.next, packets: u64::MAX };
            let walked = walk(slice, limit, |slice| self.records.step(slice), visit);
            done.next += walked.bytes as u64;
            done.packets += walked.packets;
            let left = available_bytes - walked.bytes;
            match walked.stop {
                Stop::Limit => {}
                Stop::Incomplete(missing) if done.next + (left as u64) < self.file_end => {
                    needed_bytes = missing.needed_bytes as u64;
                }
                stop => {
                    let damage = self.damage_at_end(stop, done.next, left);
                    done.problem =
                        damage.map(|damage| Problem::damage(&self.name, place(done.next), damage));
                    done.end_of_file = true;
                }
            }
        }
        done.end_of_file |= done.problem.is_some() || done.next >= self.length;
        done
    }

    /// What is wrong where a walk stopped at `offset`, with `left` bytes of the file behind it.
    fn damage_at_end(&self, stop: Stop, offset: u64, left: usize) -> Option<Damage> {
        match stop {
            Stop::Damaged(damage) => Some(damage),
            Stop::Incomplete(missing) if left > 0 => Some(missing.damage(left)),
            Stop::Incomplete(_) if offset < self.length => Some(Damage::Shrunk),
            _ => None,
        }
    }

    /// Makes the window hold the bytes from `offset` on: at least `needed_bytes` of them, or it
    /// fails; `wanted_bytes` when it has to read anyway. Fewer only where the file ends.
    /// `packets` of the chunk have been visited.
    fn load(
        &mut self,
        offset: u64,
        wanted_bytes: u64,
        needed_bytes: u64,
        packets: u64,
    ) -> std::io::Result<()> {
        let remaining_bytes = self.file_end.saturating_sub(offset);
        let needed_bytes = needed_bytes.min(remaining_bytes);
        let wanted_bytes = wanted_bytes.min(remaining_bytes);
        let window_end = self.window_start + self.filled as u64;
        if offset >= self.window_start && offset + needed_bytes <= window_end {
            return Ok(());
        }
        let wanted_bytes = usize::try_from(wanted_bytes).unwrap_or(usize::MAX);
        let window = self.windows.next(wanted_bytes, packets);
        self.window_start = offset;
        self.filled = 0;
        while let Some(room @ [_, ..]) = window.get_mut(self.filled..wanted_bytes) {
            let read_from = offset + self.filled as u64;
            match self.file.read_at(room, read_from) {
                Ok(0) => self.file_end = read_from,
                Ok(read_bytes) => self.filled += read_bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) if self.filled as u64 >= needed_bytes => break,
                Err(error) => return Err(error),
            }
            if read_from == self.file_end {
                break;
            }
        }
        Ok(())
    }

    fn window_from(&self, offset: u64) -> &[u8] {
        let window = self.windows.current().get(..self.filled).unwrap_or_default();
        let skipped = offset.checked_sub(self.window_start).and_then(|skip| skip.try_into().ok());
        skipped.and_then(|skip: usize| window.get(skip..)).unwrap_or_default()
    }
}

fn place(offset_bytes: u64) -> Place {
    Place { offset_bytes, compressed: false }
}

/// A chunk that ends where it begins.
fn ended_at(offset: u64) -> ChunkEnd {
    ChunkEnd {
        start: offset,
        next: offset,
        packets: 0,
        bytes_read: 0,
        problem: None,
        end_of_file: false,
    }
}
