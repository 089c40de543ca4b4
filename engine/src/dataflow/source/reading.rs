//! Reads and decodes one chunk, whatever the captures are read with.

use super::{DecodedChunk, Source};
use crate::capture::{
    ChunkEnd, Fed, FileRuns, Follower, KeptBytes, MergedReader, Packet, Problem, RangeReader,
    SequentialReader, Start,
};
use crate::dataflow::plan::Place;
use crate::decode::{Counts, Decoded, DeepStacks, Moment, Payloads, Segment};
use crate::time::Timestamp;
use std::time::Instant;

/// What a unit is read with.
pub(super) enum Reader {
    Ranges(RangeReader),
    Sequential(SequentialReader),
    Merged(MergedReader),
    Followed(Box<Follower>),
    /// The file could not be opened again.
    Closed(Problem),
}

impl Source {
    pub(super) fn empty(&self) -> DecodedChunk {
        DecodedChunk {
            segments: self.segments_expected.iter().map(|&count| self.room_for(count)).collect(),
            fragments: vec![Vec::new(); self.peers],
            deep_stacks: DeepStacks::new(),
            link_addresses: Vec::new(),
            file_runs: FileRuns::new(),
            payloads: Payloads::default(),
            answers: Vec::new(),
            counts: Counts::default(),
            clock: None,
            first_time: None,
        }
    }

    fn room_for(&self, segments: usize) -> Vec<Segment> {
        let mut room = self.shared.segments_of(self.worker).take();
        room.reserve_exact(segments);
        room
    }

    pub(super) fn read(&mut self, place: Place, start: Option<Start>) -> (ChunkEnd, DecodedChunk) {
        let began = Instant::now();
        let mut chunk = self.empty();
        let mut reader = self.reader_of(place.unit);
        let mut index = 0u16;
        let mut clock = Timestamp::MIN;
        let (decoder, homes, peers) = (&mut self.decoder, &self.homes, self.peers);
        // Only ranges can leave the bytes where they are.
        let mut fed = None;
        let mut copies = match (&reader, &decoder.payloads) {
            (Reader::Ranges(_), _) | (_, None) => None,
            _ => Some(Vec::new()),
        };
        let mut visit = |packet: &Packet<'_>| {
            let time = decoder.time(packet);
            if index == 0 && chunk.first_time.is_none() {
                chunk.first_time = Some(time);
            }
            let moment = Moment { time, clock: clock.max(time), index };
            index = index.wrapping_add(1);
            if decoder.is_copied() {
                let decoded = decoder.decode_copied(packet, moment);
                let is_taken = matches!(decoded, Decoded::Segment(_));
                if is_taken || !decoder.clock_is_of_taken_packets() {
                    clock = moment.clock;
                }
                chunk.keep(decoded, homes, peers);
            } else {
                clock = moment.clock;
                chunk.keep(decoder.decode(packet, moment), homes, peers);
                if let Some(copies) = &mut copies {
                    decoder.copy_payload(packet, copies);
                }
            }
        };
        let plan = &self.shared.plan;
        let mut file_runs = FileRuns::new();
        let mut kept = KeptBytes::default();
        let mut end = match &mut reader {
            Reader::Ranges(ranges) => {
                let end = ranges.read(place.chunk, start.unwrap_or(Start::Guess), &mut visit);
                kept = ranges.take_kept();
                end
            }
            Reader::Sequential(file) => file.read_chunk(plan.chunk_bytes, &mut visit),
            Reader::Merged(merged) => {
                let (end, runs) = merged.read_chunk(&plan.files, plan.chunk_bytes, &mut visit);
                file_runs = runs;
                end
            }
            Reader::Followed(follower) => match follower.read(plan.chunk_bytes, &mut visit) {
                Fed::Chunk(end) => end,
                other => {
                    fed = Some(other);
                    no_chunk(None)
                }
            },
            Reader::Closed(problem) => no_chunk(Some(problem.clone())),
        };
        chunk.file_runs = file_runs;
        chunk.clock = (end.packets > 0).then_some(clock);
        if let Reader::Followed(follower) = &mut reader {
            self.is_dry = matches!(fed, Some(Fed::Nothing));
            end.end_of_file = matches!(fed, Some(Fed::End));
            if let Some(Fed::Advance(clock)) = fed {
                chunk.clock = Some(clock);
            }
            self.shared.hear(follower, &mut end, chunk.clock, self.is_dry);
        }
        chunk.counts = std::mem::take(&mut self.decoder.counts);
        chunk.deep_stacks = std::mem::take(&mut self.decoder.deep_stacks);
        chunk.link_addresses = std::mem::take(&mut self.decoder.link_addresses);
        chunk.answers = std::mem::take(&mut self.decoder.answers);
        if let Some(places) = &mut self.decoder.payloads {
            let bytes = copies.map_or(kept, KeptBytes::copied);
            chunk.payloads = Payloads::new(self.places_before.lend(places), bytes);
        }
        for (expected, segments) in self.segments_expected.iter_mut().zip(&chunk.segments) {
            *expected = segments.len().next_power_of_two();
        }
        self.reader = Some((place.unit, reader));
        self.busy_ns += began.elapsed().as_nanos() as u64;
        (end, chunk)
    }

    /// The reader of a unit, opened if need be. A worker has one unit open.
    pub(super) fn reader_of(&mut self, unit: usize) -> Reader {
        if let Some((open, reader)) = self.reader.take()
            && open == unit
        {
            return reader;
        }
        let plan = &self.shared.plan;
        if let Some(follower) = self.shared.feed.as_ref().and_then(|feed| feed.take_follower()) {
            return Reader::Followed(follower);
        }
        if plan.is_merged {
            return Reader::Merged(MergedReader::default());
        }
        let Some(capture) = plan.files.get(unit) else {
            unreachable!("the plan has a place for every file only")
        };
        let opened = match plan.is_ranged(unit) {
            true => capture.open_ranges(plan.chunk_bytes).map(|mut ranges| {
                if self.decoder.payloads.is_some() {
                    ranges.keep_bytes();
                }
                if self.shared.reads_ahead {
                    ranges.read_ahead(self.peers);
                }
                Reader::Ranges(ranges)
            }),
            false => capture.open().map(Reader::Sequential),
        };
        opened.unwrap_or_else(Reader::Closed)
    }
}

/// A chunk without packets that ends its file.
pub(super) fn no_chunk(problem: Option<Problem>) -> ChunkEnd {
    ChunkEnd { start: 0, next: 0, packets: 0, bytes_read: 0, problem, end_of_file: true }
}
