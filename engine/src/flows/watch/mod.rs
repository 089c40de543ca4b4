//! What classifiers see of a flow: its first packets, the first bytes of each side, and the name
//! that its client had asked for. Kept only where someone wants it.

mod columns;
mod first_bytes;
mod stream;
mod watches;

use super::{Earlier, Flow};
use crate::decode::names::Names;
use crate::decode::{Control, Segment, flags};
use crate::limits::{COUNTED_PAYLOAD_BYTES, SPARE_PAYLOAD_BYTES_MAX};
use crate::prefetch::prefetch;
pub use columns::ColumnWish;
pub use first_bytes::NamesOf;
use serde::{Deserialize, Serialize};
use std::mem::take;
use std::sync::Arc;
use stream::Stream;
pub use watches::Watches;

/// Packets with payload, of either side, that may show a protocol.
const CONTROL_PACKETS_MAX: u8 = 2;

/// Packets for which there is room at first, if so many are wanted: few flows have more.
const PACKETS_EXPECTED: usize = 8;

/// What is wanted of every flow of a run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct WatchOptions {
    /// Of the asking side, and of the other.
    pub payload_bytes: [usize; 2],
    pub packets: usize,
    /// When whoever asked for it wants to see a flow that is still open; at most `CLASSIFIERS_MAX`.
    pub early: Vec<EarlyWish>,
    pub columns: Vec<ColumnWish>,
    /// Someone groups flows: what control connections say is read, and, when the last of the early
    /// wishes is fulfilled, what the first bytes do.
    pub groups: bool,
}

impl WatchOptions {
    /// The early wish of whoever groups flows, as a bit.
    fn grouping(&self) -> u64 {
        if self.groups { 1 << (self.early.len() - 1) } else { 0 }
    }
}

/// A flow is shown early at the first packet that fulfils one of these; 0 stands for no wish.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EarlyWish {
    pub packets: u32,
    /// In both directions.
    pub payload_bytes: u32,
    /// Since the flow's first packet.
    pub after_ns: i64,
    /// Each side has sent payload, whether it was captured or not.
    pub both_have_sent: bool,
}

/// One of a flow's first packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstPacket {
    /// Since the flow's first packet.
    pub since_ns: i64,
    /// IP header and payload.
    pub ip_bytes: u32,
    pub payload_bytes: u32,
    /// Where its payload begins in that of its side; `u32::MAX`: it is not kept.
    pub payload_at: u32,
    #[serde(deserialize_with = "crate::saved::side")]
    pub side: u8,
    pub flags: u8,
}

/// Why a flow is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// It goes on; a bit for each of the wishes that are now fulfilled.
    Early(u64),
    /// A window has ended that this one of the columns' wishes asked for.
    Window(usize),
    Closed,
}

/// A flow as classifiers see it, beside what [`Flow`](super::Flow) tells. Pairs are by side.
#[derive(Clone, Debug)]
pub struct Seen {
    pub call: Call,
    pub packets: Vec<FirstPacket>,
    pub payload: [Vec<u8>; 2],
    /// The side that was taken for the client at the flow's first packet.
    pub asking_side: usize,
    /// The name that led to the server's address.
    pub known_name: Option<Arc<str>>,
    /// What the first bytes said when they were read last.
    pub names: Option<Box<(NamesOf, Names)>>,
    /// The flow, or its window, as trackers of a classifier's own have it, by the wish's place.
    pub columns: Vec<(usize, Flow)>,
    /// Where flows are cut into rows of windows.
    pub earlier: Option<Earlier>,
}

/// What is still to be kept of a flow.
pub mod wants {
    pub const PACKETS: u8 = 1;
    /// Payload of side 0; side 1 has the next bit.
    pub const PAYLOAD: u8 = 2;
    pub const TIME: u8 = 8;
    /// Columns read every packet.
    pub const EACH: u8 = 16;
    /// It may be, or is, a control connection.
    pub const CONTROL: u8 = 32;
    pub const EVERYTHING: u8 = 0xff;

    /// Whether a packet of `side` is wanted.
    #[inline]
    pub fn packet(wants: u8, side: usize, tells_bytes: bool) -> bool {
        wants & (PACKETS | TIME | EACH) != 0
            || tells_bytes && wants & (PAYLOAD << side | CONTROL) != 0
    }
}

/// What is kept of an open flow. A packet touches the line of its side and the last one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[repr(C, align(64))]
pub struct Watch {
    streams: [Stream; 2],
    packets: Vec<FirstPacket>,
    /// Bits of the early wishes that are not fulfilled.
    waiting: u64,
    /// Packets so far, while they are wanted.
    count: u32,
    /// Of it more is kept.
    #[serde(deserialize_with = "crate::saved::side")]
    asking_side: u8,
    /// Too much is kept of other flows: of this one there is no payload.
    has_no_payload: bool,
    /// Of which protocol it is, where that says which flows belong together.
    control: Option<Control>,
    /// Packets with payload that did not say it.
    looked_at: u8,
    known_name: Option<Arc<str>>,
    names: Option<Box<(NamesOf, Names)>>,
}

const _: () = assert!(size_of::<Watch>() == 3 * 64);

/// Vectors of a flow that has ended, used again.
#[derive(Default)]
pub struct Memory {
    packets: Vec<FirstPacket>,
    payload: [Vec<u8>; 2],
}

impl Memory {
    /// That of a flow whose verdicts are in; `None`: it is so much that it is better freed.
    pub fn of(seen: Seen) -> Option<Self> {
        let Seen { packets, payload, .. } = seen;
        let is_small = |bytes: &Vec<u8>| bytes.capacity() <= SPARE_PAYLOAD_BYTES_MAX;
        payload.iter().all(is_small).then_some(Self { packets, payload })
    }
}

impl Watch {
    fn open(memory: Memory, options: &WatchOptions) -> Self {
        let Memory { mut packets, payload } = memory;
        packets.clear();
        Self {
            packets,
            streams: payload.map(Stream::with_memory),
            waiting: u64::MAX.checked_shr(64 - options.early.len() as u32).unwrap_or(0),
            ..Self::default()
        }
    }

    /// Asks for the memory that a packet of `side` touches.
    #[inline]
    fn fetch(&self, side: usize) {
        const LINE: usize = 64;
        prefetch(&self.streams[side], LINE);
        prefetch(&self.packets, LINE);
    }

    /// Asks for the memory that what is kept of a packet of `side` goes to.
    #[inline]
    fn fetch_ends(&self, side: usize) {
        if let Some(end) = self.streams[side].bytes().last() {
            prefetch(end, 1);
        }
        if let Some(end) = self.packets.last() {
            prefetch(end, 2 * size_of::<FirstPacket>());
        }
    }

    /// Adds a packet, of which `payload` was captured, `since_ns` after the flow's first; the early
    /// wishes that it fulfils.
    fn add(
        &mut self,
        segment: &Segment,
        payload: &[u8],
        since_ns: i64,
        options: &WatchOptions,
    ) -> u64 {
        self.count = self.count.saturating_add(1);
        let bytes_max = self.of_side(segment.side(), options.payload_bytes);
        let at = self.keep_payload(segment, payload, bytes_max);
        if self.packets.len() < options.packets {
            if self.packets.capacity() == 0 {
                self.packets.reserve(options.packets.min(PACKETS_EXPECTED));
            }
            self.packets.push(FirstPacket {
                since_ns,
                ip_bytes: segment.ip_bytes,
                payload_bytes: segment.payload_bytes,
                payload_at: at.unwrap_or(u32::MAX),
                side: segment.side() as u8,
                flags: segment.flags,
            });
        }
        let fulfilled = self.fulfilled(since_ns, &options.early);
        self.waiting &= !fulfilled;
        fulfilled
    }

    /// What is `by_role`, of the asking side and of the other, for a side.
    fn of_side(&self, side: usize, by_role: [usize; 2]) -> usize {
        by_role[usize::from(side != usize::from(self.asking_side))]
    }

    fn keep_payload(&mut self, segment: &Segment, payload: &[u8], bytes_max: usize) -> Option<u32> {
        let stream = &mut self.streams[segment.side()];
        let is_syn = segment.flags & flags::SYN != 0;
        if segment.has_tcp_header() && is_syn {
            stream.begin(segment.sequence);
        }
        if payload.is_empty() || self.has_no_payload {
            return None;
        }
        if segment.has_tcp_header() {
            let sequence = segment.sequence.wrapping_add(u32::from(is_syn));
            return stream.insert(sequence, payload, bytes_max);
        }
        stream.append(payload, bytes_max)
    }

    fn fulfilled(&self, since_ns: i64, wishes: &[EarlyWish]) -> u64 {
        let mut fulfilled = 0;
        let mut waiting = self.waiting;
        while waiting != 0 {
            let place = waiting.trailing_zeros();
            waiting &= waiting - 1;
            let is_so = wishes.get(place as usize).is_some_and(|wish| {
                let bytes = wish.payload_bytes as usize;
                *wish == EarlyWish::default()
                    || wish.packets > 0 && self.count >= wish.packets
                    || bytes > 0 && self.streams.iter().all(|side| side.bytes().len() >= bytes)
                    || wish.after_ns > 0 && since_ns >= wish.after_ns
                    || wish.both_have_sent && self.both_have_sent()
            });
            fulfilled |= u64::from(is_so) << place;
        }
        fulfilled
    }

    /// As far as the first packets tell.
    fn both_have_sent(&self) -> bool {
        let with_payload = || self.packets.iter().filter(|packet| packet.payload_bytes > 0);
        [0, 1].iter().all(|side| with_payload().any(|packet| packet.side == *side))
    }

    /// Parts of [`wants`]: of the packets to come.
    fn wants(&self, options: &WatchOptions) -> u8 {
        let packets = (self.count as usize) < options.packets;
        let side = |side: usize| {
            !self.has_no_payload
                && !self.streams[side].is_full(self.of_side(side, options.payload_bytes))
        };
        let waits = |wish: &EarlyWish| wish.after_ns > 0;
        let time = self.waiting != 0 && options.early.iter().any(waits);
        let wanted = [
            (packets, wants::PACKETS),
            (side(0), wants::PAYLOAD),
            (side(1), wants::PAYLOAD << 1),
            (time, wants::TIME),
            (!options.columns.is_empty(), wants::EACH),
            (options.groups && self.may_be_control(), wants::CONTROL),
        ];
        wanted.iter().filter(|(is_so, _)| *is_so).fold(0, |all, (_, bit)| all | bit)
    }

    /// Whether packets to come may say what other flows belong to it.
    fn may_be_control(&self) -> bool {
        match self.control {
            Some(control) => control.is_text() || control.is_repeated(),
            None => self.looked_at < CONTROL_PACKETS_MAX,
        }
    }

    /// Bytes of payload that are kept, as far as they count.
    fn kept_bytes(&self) -> usize {
        let of_side =
            |side: usize| self.streams[side].kept_bytes(self.of_side(side, COUNTED_PAYLOAD_BYTES));
        of_side(0) + of_side(1)
    }

    /// The flow as it is now, in this memory.
    fn seen(&self, call: Call, columns: Vec<(usize, Flow)>, memory: Memory) -> Seen {
        let Memory { mut packets, mut payload } = memory;
        packets.clone_from(&self.packets);
        for (copy, stream) in payload.iter_mut().zip(&self.streams) {
            copy.clear();
            copy.extend_from_slice(stream.bytes());
        }
        Seen {
            call,
            columns,
            earlier: None,
            packets,
            payload,
            asking_side: self.asking_side.into(),
            known_name: self.known_name.clone(),
            names: self.names.clone(),
        }
    }

    /// The flow that has ended; nothing is kept of it any more.
    fn take_seen(&mut self, columns: Vec<(usize, Flow)>) -> Seen {
        Seen {
            call: Call::Closed,
            columns,
            earlier: None,
            packets: take(&mut self.packets),
            payload: self.streams.each_mut().map(Stream::take_bytes),
            asking_side: self.asking_side.into(),
            known_name: self.known_name.take(),
            names: self.names.take(),
        }
    }
}
