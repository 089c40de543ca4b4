//! What a table tells of its flows to whoever groups them (room `sessions`): in stream order, since what
//! becomes of it depends on what came first.

use super::ChunkHead;
use crate::decode::{Control, Expectation, Key, Segment};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Something that happened to a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub at: NotedAt,
    pub flow: u64,
    pub what: What,
}

/// When in the stream: notes are ordered by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NotedAt {
    pub clock: Timestamp,
    /// `u64::MAX`: when the clock has passed, behind all packets of that clock.
    pub position: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    Opened(Opened),
    /// It is of a protocol that says which flows belong together.
    Is(Control),
    /// A flow to come belongs to it.
    Announced(Expectation),
    /// It told its client where this name is.
    Told(Arc<str>),
    /// Its first bytes have been read; the server's name, if they say one.
    Read {
        client_side: u8,
        server_name: Option<Box<str>>,
    },
    Ended,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    pub key: Key,
    #[serde(deserialize_with = "crate::saved::side")]
    pub client_side: u8,
    /// Packet time of the first packet.
    pub time: Timestamp,
    /// Which file of the run held it.
    pub file: u32,
    /// The name that the client had been told for the server's address.
    pub known_name: Option<Arc<str>>,
}

/// A packet of a flow, for whoever follows all packets of several flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotedPacket {
    pub position: u64,
    pub flow: u64,
    pub time: Timestamp,
    /// The stream clock at it.
    pub clock: Timestamp,
    pub ip_bytes: u32,
    pub payload_bytes: u32,
    #[serde(deserialize_with = "crate::saved::side")]
    pub side: u8,
}

/// What was noted in a chunk.
#[derive(Clone, Debug, Default)]
pub struct Noted {
    pub notes: Vec<Note>,
    /// By position.
    pub packets: Vec<NotedPacket>,
}

/// What is noted.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct NoteOptions {
    /// Every packet, too.
    pub packets: bool,
}

/// The notes of a worker's table.
pub struct Notes {
    options: NoteOptions,
    noted: Noted,
    /// The packet that the table is at.
    at: NotedAt,
    /// The chunk's next answer for names, and the index of its packet.
    answer: usize,
    answer_index: u16,
}

impl Notes {
    pub fn new(options: NoteOptions) -> Self {
        let at = NotedAt { clock: Timestamp::MIN, position: 0 };
        Self { options, noted: Noted::default(), at, answer: 0, answer_index: 0 }
    }

    pub fn take(&mut self) -> Noted {
        let Noted { notes, packets } = &self.noted;
        // As much is noted in the next chunk, more or less.
        let (notes, packets) = (Vec::with_capacity(notes.len()), Vec::with_capacity(packets.len()));
        std::mem::replace(&mut self.noted, Noted { notes, packets })
    }

    /// What is noted from now on happens at that packet.
    #[inline]
    pub fn be_at(&mut self, segment: &Segment, head: &ChunkHead) {
        self.at = NotedAt { clock: head.clock(segment), position: head.position(segment) };
    }

    /// All packets are through, at that clock.
    pub fn be_behind(&mut self, clock: Timestamp) {
        self.at = NotedAt { clock, position: u64::MAX };
        (self.answer, self.answer_index) = (0, 0);
    }

    pub fn note(&mut self, flow: u64, what: What) {
        self.noted.notes.push(Note { at: self.at, flow, what });
    }

    /// Notes the end of a flow: at a packet, or because the clock had passed before.
    pub fn end(&mut self, flow: u64, closed_at: Timestamp) {
        let at = match closed_at < self.at.clock {
            true => NotedAt { clock: closed_at, position: u64::MAX },
            false => self.at,
        };
        self.noted.notes.push(Note { at, flow, what: What::Ended });
    }

    /// Notes a packet of a flow.
    #[inline]
    pub fn packet(&mut self, flow: u64, segment: &Segment, head: &ChunkHead) {
        if self.options.packets {
            self.noted.packets.push(NotedPacket {
                position: head.position(segment),
                flow,
                time: segment.time,
                clock: head.clock(segment),
                ip_bytes: segment.ip_bytes,
                payload_bytes: segment.payload_bytes,
                side: segment.side() as u8,
            });
        }
        if segment.index >= self.answer_index && !head.answers.is_empty() {
            self.note_answer(flow, segment, head);
        }
    }

    /// Notes the first name that a packet tells, if it tells one.
    #[cold]
    fn note_answer(&mut self, flow: u64, segment: &Segment, head: &ChunkHead) {
        let left = head.answers.get(self.answer..).unwrap_or_default();
        let before = left.iter().take_while(|answer| answer.index < segment.index).count();
        self.answer += before;
        let next = left.get(before);
        self.answer_index = next.map_or(u16::MAX, |answer| answer.index);
        if let Some(answer) = next.filter(|answer| answer.index == segment.index) {
            self.be_at(segment, head);
            self.note(flow, What::Told(Arc::clone(&answer.name)));
        }
    }
}
