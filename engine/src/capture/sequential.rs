//! Reading any capture from its start to its end.

use std::io::{self, Read};

use super::damage::Damage;
use super::header::{FILE_HEADER_BYTES, FileHeader};
use super::problem::{Place, Problem, sentence};
use super::record::Records;
use super::source::Source;
use super::step::{Limit, Step, Stop, Walked, walk};
use super::{ChunkEnd, Description, Packet, READ_BYTES, pcapng};
use crate::limits::CHUNK_PACKETS_MAX;
use crate::time::Timestamp;

/// Reads every format, from every kind of input, once.
pub struct SequentialReader {
    name: String,
    source: Source,
    /// Bytes that the input should have, where that is known of the uncompressed data.
    expected_bytes: Option<u64>,
    content: Content,
    /// `buffer[begin..end]` is read and not yet walked over; it is at `offset` of the data.
    buffer: Vec<u8>,
    begin: usize,
    end: usize,
    offset: u64,
    /// Nothing more comes, perhaps because of a failure.
    ended: bool,
    failure: Option<io::Error>,
    /// Bytes taken from the input when the last chunk ended.
    reported_bytes: u64,
}

enum Content {
    Pcap(Records),
    PcapNg(pcapng::Blocks),
}

/// Why an input cannot be opened.
pub(super) enum Unreadable {
    /// It is empty, or no capture by its first bytes: in a folder that is nothing to report.
    NoCapture(String),
    /// All else.
    Failed(String),
}

/// The same of an input that may grow.
pub(super) struct Unopened {
    pub(super) why: Unreadable,
    /// There was too little of it to be opened: more may come.
    pub(super) is_short: bool,
}

impl Unreadable {
    /// The sentence after the file's name.
    pub(super) fn cause(self) -> String {
        let (Self::NoCapture(cause) | Self::Failed(cause)) = self;
        cause
    }
}

impl SequentialReader {
    /// Reads the file's header.
    pub(super) fn new(
        name: &str,
        reader: impl Read + Send + 'static,
        regular_file_bytes: Option<u64>,
    ) -> Result<Self, Unreadable> {
        let failed = |error: io::Error| Unreadable::Failed(sentence(&error));
        let source = Source::new(reader).map_err(failed)?;
        let mut opened = Self::unopened(name, source, regular_file_bytes);
        opened.read_header()?;
        Ok(opened)
    }

    /// The same for an input that may grow.
    pub(super) fn of_growing(
        name: &str,
        reader: impl Read + Send + 'static,
    ) -> Result<Self, Unopened> {
        let failed = |error: io::Error| Unopened {
            why: Unreadable::Failed(sentence(&error)),
            is_short: false,
        };
        let source = Source::new(reader).map_err(failed)?;
        let mut opened = Self::unopened(name, source, None);
        match opened.read_header() {
            Ok(()) => Ok(opened),
            Err(why) => Err(Unopened { why, is_short: opened.ended_too_early() }),
        }
    }

    fn unopened(name: &str, source: Source, regular_file_bytes: Option<u64>) -> Self {
        let expected_bytes = regular_file_bytes.filter(|_| source.compression.is_none());
        Self {
            name: name.to_owned(),
            source,
            expected_bytes,
            content: Content::PcapNg(pcapng::Blocks::new()),
            buffer: vec![0; READ_BYTES],
            begin: 0,
            end: 0,
            offset: 0,
            ended: false,
            failure: None,
            reported_bytes: 0,
        }
    }

    /// Whether what comes next is not whole, and no failure of another kind is the reason.
    fn ended_too_early(&self) -> bool {
        let failed = self.failure.as_ref().map(io::Error::kind);
        self.ended && failed.is_none_or(|kind| kind == io::ErrorKind::UnexpectedEof)
    }

    fn read_header(&mut self) -> Result<(), Unreadable> {
        self.fill(FILE_HEADER_BYTES);
        let header = self.available();
        if FileHeader::recognises(header) {
            let failed = |cause| {
                // Where decompressing failed, that is the reason for a short header.
                Unreadable::Failed(self.failure.as_ref().map_or(cause, sentence))
            };
            let records = Records::behind(header).map_err(failed)?;
            self.content = Content::Pcap(records);
            self.consume(FILE_HEADER_BYTES);
        } else if pcapng::recognises(header) {
            match self.next_step() {
                Next::Other(block_bytes) => self.consume(block_bytes),
                Next::Stopped(stop) => {
                    let cause =
                        self.problem_at_end(stop).map_or_else(String::new, |problem| problem.cause);
                    return Err(Unreadable::Failed(cause));
                }
                Next::Packet(_) => {}
            }
        } else {
            return Err(self.no_capture());
        }
        Ok(())
    }

    fn no_capture(&self) -> Unreadable {
        let inside = |what: &str| match self.source.compression {
            Some(format) => format!("{what} inside the {format} data"),
            None => what.to_owned(),
        };
        let compressed = self.source.compression.is_some();
        match (self.available(), &self.failure) {
            ([], Some(error)) if compressed => Unreadable::NoCapture(sentence(error)),
            ([], Some(error)) => Unreadable::Failed(sentence(error)),
            ([], None) if !compressed => Unreadable::NoCapture("the file is empty".to_owned()),
            ([], None) => Unreadable::NoCapture(inside("nothing is")),
            (first, _) => {
                let first: Vec<String> =
                    first.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
                let begin = format!("(begins with {})", first.join(" "));
                Unreadable::NoCapture(format!("{} {begin}", inside("not a capture file")))
            }
        }
    }

    /// Reads whole records until they are `chunk_bytes` or more, or `CHUNK_PACKETS_MAX` packets, or
    /// the end, and hands their packets to `visit`. After the end it returns the end again, without
    /// the problem.
    pub fn read_chunk(
        &mut self,
        chunk_bytes: usize,
        visit: &mut impl FnMut(&Packet<'_>),
    ) -> ChunkEnd {
        let start = self.offset;
        let limit_bytes = start.saturating_add(chunk_bytes.max(1) as u64);
        let mut packets = 0;
        let mut end_of_file = false;
        let mut problem = None;
        loop {
            let limit = Limit {
                bytes: limit_bytes.saturating_sub(self.offset),
                packets: CHUNK_PACKETS_MAX as u64 - packets,
            };
            let walked = self.walk(limit, visit);
            self.consume(walked.bytes);
            packets += walked.packets;
            match walked.stop {
                Stop::Limit => break,
                Stop::Incomplete(missing) if self.fill(missing.needed_bytes) => {}
                stop => {
                    problem = self.problem_at_end(stop);
                    end_of_file = true;
                    self.close();
                    break;
                }
            }
        }
        let bytes_read = self.progress();
        ChunkEnd { start, next: self.offset, packets, bytes_read, problem, end_of_file }
    }

    /// For an input that may grow: reads what is whole now, up to a limit. An end inside of a record is
    /// none, and the next call looks whether there is more.
    pub(super) fn read_more(&mut self, limit: Limit, visit: &mut impl FnMut(&Packet<'_>)) -> More {
        let start = self.offset;
        let end = start.saturating_add(limit.bytes);
        let mut packets = 0;
        self.look_again();
        loop {
            let left =
                Limit { bytes: end.saturating_sub(self.offset), packets: limit.packets - packets };
            let walked = self.walk(left, visit);
            self.consume(walked.bytes);
            packets += walked.packets;
            let stopped = match walked.stop {
                Stop::Limit => Stopped::Limit,
                Stop::Incomplete(missing) if self.fill(missing.needed_bytes) => continue,
                Stop::Incomplete(_) if self.failure.is_none() => Stopped::Dry,
                stop => Stopped::Over(self.problem_at_end(stop)),
            };
            return More { packets, bytes: self.offset - start, stopped };
        }
    }

    /// The input may have more by now.
    pub(super) fn look_again(&mut self) {
        self.ended = self.failure.is_some();
    }

    /// A reader of the same plain pcap file that goes on at an offset, behind which `reader` is.
    pub(super) fn going_on_at(self, offset: u64, reader: impl Read + Send + 'static) -> Self {
        Self {
            source: Source::plain(reader),
            begin: 0,
            end: 0,
            offset,
            ended: false,
            reported_bytes: offset,
            ..self
        }
    }

    /// Offset of the next record in the uncompressed data.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn is_compressed(&self) -> bool {
        self.source.compression.is_some()
    }

    /// The first uncompressed bytes, before anything but them was read.
    pub(super) fn first_bytes(&self, bytes_max: usize) -> &[u8] {
        let read = if self.offset == self.begin as u64 { self.end } else { 0 };
        self.buffer.get(..read.min(bytes_max)).unwrap_or_default()
    }

    /// That compressed data ended too early, where it has: there may be more of it later.
    pub(super) fn cut(&self) -> Option<Problem> {
        let failure = self.failure.as_ref().filter(|_| self.is_compressed())?;
        let place = Place { offset_bytes: self.offset, compressed: true };
        let is_cut = failure.kind() == io::ErrorKind::UnexpectedEof;
        is_cut.then(|| Problem::failure(&self.name, place, failure))
    }

    /// Steps over what comes before the first packet and returns the packet's time. The packet is
    /// still read by the next chunk.
    pub(super) fn first_time(&mut self) -> Option<Timestamp> {
        self.next_time().ok()
    }

    /// Steps over what comes before the next packet and returns the packet's time.
    ///
    /// # Errors
    /// When there is none: with the problem, unless that is the file's proper end.
    pub(super) fn next_time(&mut self) -> Result<Timestamp, Option<Problem>> {
        loop {
            match self.next_step() {
                Next::Packet(time) => return Ok(time),
                Next::Other(block_bytes) => self.consume(block_bytes),
                Next::Stopped(stop) => return Err(self.problem_at_end(stop)),
            }
        }
    }

    /// The same for an input that may grow: an end inside of what comes before the packet is none.
    pub(super) fn next_time_so_far(&mut self) -> Result<Timestamp, Stopped> {
        loop {
            match self.next_step() {
                Next::Packet(time) => return Ok(time),
                Next::Other(block_bytes) => self.consume(block_bytes),
                Next::Stopped(Stop::Incomplete(_)) if self.failure.is_none() => {
                    return Err(Stopped::Dry);
                }
                Next::Stopped(stop) => return Err(Stopped::Over(self.problem_at_end(stop))),
            }
        }
    }

    /// Hands over the packet whose time [`next_time`](Self::next_time) has just returned, and
    /// returns the bytes of its record.
    pub(super) fn read_next(&mut self, visit: &mut impl FnMut(&Packet<'_>)) -> u64 {
        let limit = Limit { bytes: u64::MAX, packets: 1 };
        let walked = self.walk(limit, visit);
        self.consume(walked.bytes);
        walked.bytes as u64
    }

    /// Walks over what is in the buffer, and consumes nothing of it.
    #[inline]
    fn walk(&mut self, limit: Limit, visit: &mut impl FnMut(&Packet<'_>)) -> Walked {
        let slice = self.buffer.get(self.begin..self.end).unwrap_or_default();
        match &mut self.content {
            Content::Pcap(records) => walk(slice, limit, |slice| records.step(slice), visit),
            Content::PcapNg(blocks) => walk(slice, limit, |slice| blocks.step(slice), visit),
        }
    }

    fn next_step(&mut self) -> Next {
        loop {
            let slice = self.buffer.get(self.begin..self.end).unwrap_or_default();
            let step = match &mut self.content {
                Content::Pcap(records) => records.step(slice),
                Content::PcapNg(blocks) => blocks.step(slice),
            };
            let stop = match step {
                Step::Packet(packet, _) => return Next::Packet(packet.time),
                Step::Other(block_bytes) => return Next::Other(block_bytes),
                Step::Damaged(damage) => Stop::Damaged(damage),
                Step::Incomplete(missing) => Stop::Incomplete(missing),
            };
            if let Stop::Incomplete(missing) = stop
                && self.fill(missing.needed_bytes)
            {
                continue;
            }
            return Next::Stopped(stop);
        }
    }

    fn problem_at_end(&self, stop: Stop) -> Option<Problem> {
        let place =
            Place { offset_bytes: self.offset, compressed: self.source.compression.is_some() };
        let left = self.available().len();
        let damage = match (stop, &self.failure) {
            (Stop::Damaged(damage), _) => damage,
            (_, Some(error)) => return Some(Problem::failure(&self.name, place, error)),
            (Stop::Incomplete(missing), None) if left > 0 => missing.damage(left),
            (Stop::Incomplete(_), None) if self.is_shorter_than_expected() => Damage::Shrunk,
            _ => return None,
        };
        Some(Problem::damage(&self.name, place, damage))
    }

    fn is_shorter_than_expected(&self) -> bool {
        self.expected_bytes.is_some_and(|expected| self.offset < expected)
    }

    /// What the file says of itself: complete once its last chunk was read.
    pub fn describe(&self) -> Description {
        let compression = self.source.compression;
        match &self.content {
            Content::Pcap(records) => Description::of_pcap(&records.header, compression),
            Content::PcapNg(blocks) => Description::of_pcapng(blocks, compression),
        }
    }

    /// What the comments before the first packet call the traffic, once that was looked for.
    pub(super) fn label(&self) -> Option<&str> {
        match &self.content {
            Content::Pcap(_) => None,
            Content::PcapNg(blocks) => blocks.label.as_deref(),
        }
    }

    /// Whether this is an uncompressed classic pcap file.
    pub(super) fn is_plain_pcap(&self) -> bool {
        matches!(self.content, Content::Pcap(_)) && self.source.compression.is_none()
    }

    fn available(&self) -> &[u8] {
        self.buffer.get(self.begin..self.end).unwrap_or_default()
    }

    fn consume(&mut self, bytes: usize) {
        self.begin += bytes;
        self.offset += bytes as u64;
    }

    /// Reads until at least `needed_bytes` are available; `false` when the input ends before.
    fn fill(&mut self, needed_bytes: usize) -> bool {
        while self.end - self.begin < needed_bytes && !self.ended {
            if self.begin > 0 {
                self.buffer.copy_within(self.begin..self.end, 0);
                self.end -= self.begin;
                self.begin = 0;
            }
            if self.buffer.len() < needed_bytes {
                self.buffer.resize(needed_bytes, 0);
            }
            let room = self.buffer.get_mut(self.end..).unwrap_or_default();
            match self.source.read(room) {
                Ok(0) => self.ended = true,
                Ok(read_bytes) => self.end += read_bytes,
                Err(error) => {
                    self.ended = true;
                    self.failure = Some(error);
                }
            }
        }
        self.end - self.begin >= needed_bytes
    }

    /// Forgets what is left behind the last whole record, so that the end stays the end.
    fn close(&mut self) {
        self.begin = self.end;
        self.ended = true;
        self.failure = None;
        self.expected_bytes = None;
    }

    /// Bytes taken from the input since the last call. What is read ahead of an uncompressed input
    /// does not count yet.
    pub(super) fn progress(&mut self) -> u64 {
        let taken_bytes = match self.source.compression {
            Some(_) => self.source.taken_bytes(),
            None => self.offset,
        };
        let bytes = taken_bytes - self.reported_bytes;
        self.reported_bytes = taken_bytes;
        bytes
    }
}

/// What was read of an input that may grow.
pub(super) struct More {
    pub(super) packets: u64,
    pub(super) bytes: u64,
    pub(super) stopped: Stopped,
}

/// Why no more was read.
pub(super) enum Stopped {
    Limit,
    /// There is nothing whole any more, for now.
    Dry,
    /// There never will be.
    Over(Option<Problem>),
}

/// What comes next in the file.
enum Next {
    Packet(Timestamp),
    Other(usize),
    Stopped(Stop),
}
