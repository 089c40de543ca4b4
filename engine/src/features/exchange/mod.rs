//! What both ends of a connection said to each other, as Zeek's conn.log tells it: state, history,
//! retransmissions, missed bytes, the time of the handshake.
//!
//! The rules are section 7 of FLOWS.md; meanings after Zeek (`conn_state` and `history` of its
//! conn.log), numbers after RFC 9293. All is kept by side of the key. Each packet is judged by the
//! client that is known by then.

mod handshake;
mod history;
mod holes;
mod outcome;
mod side;
mod state;

use crate::decode::{Segment, flags, marks};
use crate::time::Timestamp;
use handshake::Handshake;
use history::{FLIPPED, History, is_told};
use holes::Islands;
use serde::{Deserialize, Serialize};
use side::{SentFlags, Side, once};
use state::State;

const TCP: u8 = 6;
const UDP: u8 = 17;

/// The exchange of one flow. An ordinary packet touches the first 64 bytes only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[repr(C)]
pub struct Exchange {
    sides: [Side; 2],
    control: [Control; 2],
    handshake: Handshake,
    client_side: u8,
    history: History,
    rare: Option<Box<[Rare; 2]>>,
}

const _: () = assert!(size_of::<[Side; 2]>() == 64 && size_of::<Exchange>() <= 152);

/// Places, modulo 2³², of a side's last packets with a flag: the same once more tells nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Control {
    syn: u32,
    fin: u32,
    rst: u32,
    /// Behind the last FIN, whatever else its packet was.
    fin_end: u32,
}

/// What most flows have nothing of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Rare {
    retransmitted: u32,
    zero_windows: u32,
    bad_checksums: u32,
    gaps: u32,
    missed_bytes: u64,
    islands: Islands,
}

impl Exchange {
    /// Of a flow whose first packet is `segment`.
    pub fn open(segment: &Segment) -> Self {
        Self { client_side: segment.side() as u8, ..Self::default() }
    }

    /// Adds a packet; `client_side` is who is the client by now.
    #[inline]
    pub fn add(&mut self, segment: &Segment, time: Timestamp, client_side: usize) {
        let side = segment.side();
        if client_side != usize::from(self.client_side) {
            self.flip(client_side);
        }
        if segment.marks & marks::BAD_CHECKSUM != 0 {
            self.count(side, b'C', |rare| &mut rare.bad_checksums);
        } else if segment.has_tcp_header() {
            self.add_tcp(segment, time, side);
        } else if segment.key.protocol() == UDP {
            self.tell_once(side, once::DATA, b'D');
        }
    }

    #[cold]
    fn flip(&mut self, client_side: usize) {
        self.client_side = client_side as u8;
        self.history.push(FLIPPED, 0);
    }

    #[inline]
    fn add_tcp(&mut self, segment: &Segment, time: Timestamp, side: usize) {
        const CONTROL: u8 = flags::SYN | flags::FIN | flags::RST;
        let (bits, has_payload) = (segment.flags, segment.payload_bytes > 0);
        let is_client = side == usize::from(self.client_side);
        self.begin_side(segment, side);
        let number = self.sides[side].number_sent(segment.sequence);
        match bits & CONTROL {
            0 if has_payload => self.tell_once(side, once::DATA, b'D'),
            0 if bits & flags::ACK != 0 => self.tell_once(side, once::ACK, b'A'),
            0 => {}
            _ => self.tell_control(segment, side),
        }
        if segment.window == 0 {
            self.note_zero_window(bits, side);
        }
        if self.handshake.awaits_ack() || bits & flags::SYN != 0 {
            self.handshake.note(segment, time, is_client);
        }
        let acknowledged = match bits & flags::ACK != 0 {
            true => self.acknowledge(segment, 1 - side),
            false => 0,
        };
        let behind = segment.sequence.wrapping_add(sequence_length(segment));
        let sent = SentFlags {
            syn_or_rst: bits & (flags::SYN | flags::RST) != 0,
            fin: bits & flags::FIN != 0,
        };
        if self.sides[side].send(behind, sent, has_payload) {
            self.count(side, b'T', |rare| &mut rare.retransmitted);
        }
        let [first, second] = &mut self.sides;
        let (sender, receiver) = if side == 0 { (first, second) } else { (second, first) };
        let (sender, receiver) = (&mut sender.standing, &mut receiver.standing);
        state::advance(sender, receiver, bits, has_payload, is_client);
        if acknowledged > self.sides[1 - side].complete {
            self.close_holes(acknowledged, 1 - side);
        }
        if has_payload && bits & flags::RST == 0 && number >= 0 {
            let from = number + i64::from(bits & flags::SYN != 0);
            self.add_payload(from, from + i64::from(segment.payload_bytes), side);
        }
    }

    /// Sets where the numbers of the sender begin, if it must.
    #[inline]
    fn begin_side(&mut self, segment: &Segment, side: usize) {
        let is_syn = segment.flags & flags::SYN != 0;
        let standing = self.sides[side].standing;
        if standing.now == State::Established && !is_syn {
            return;
        }
        let begins = match standing.now {
            // As if a SYN had been just before.
            State::Inactive if !is_syn => {
                return self.begin_at(side, segment.sequence.wrapping_sub(1), 1);
            }
            State::Inactive | State::Established | State::Partial => is_syn,
            State::SynSent | State::SynAckSent => {
                is_syn && self.sides[side].offset(segment.sequence) != 0
            }
            State::Reset => is_syn && standing.before == State::Inactive,
            State::Closed => false,
        };
        if begins {
            self.begin_at(side, segment.sequence, sequence_length(segment).into());
        }
    }

    fn begin_at(&mut self, side: usize, start: u32, highest: i64) {
        let is_new = self.sides[side].begin(start, highest);
        if let (true, Some(rare)) = (is_new, &mut self.rare) {
            rare[side].islands.clear();
        }
    }

    /// The number that a packet acknowledges of `side`.
    #[inline]
    fn acknowledge(&mut self, segment: &Segment, side: usize) -> i64 {
        if self.sides[side].standing.now == State::Inactive {
            self.begin_at(side, segment.acknowledgement.wrapping_sub(1), 0);
            return 1;
        }
        let is_rst = segment.flags & flags::RST != 0;
        let number = self.sides[side].acknowledge(segment.acknowledgement, is_rst);
        if self.sides[side].has_fin {
            // The FIN is no byte.
            let behind = (number as u32).wrapping_sub(self.control[side].fin_end) as i32;
            return if behind >= 0 { number - i64::from(behind) - 1 } else { number };
        }
        number
    }

    #[inline]
    fn tell_once(&mut self, side: usize, bit: u8, letter: u8) {
        if self.sides[side].seen & bit == 0 {
            self.sides[side].seen |= bit;
            self.history.push(letter, side);
        }
    }

    /// The letter of a packet with SYN, FIN or RST.
    fn tell_control(&mut self, segment: &Segment, side: usize) {
        let bits = segment.flags & (flags::SYN | flags::FIN | flags::RST);
        let place = self.sides[side].offset(segment.sequence);
        let control = &mut self.control[side];
        let behind_payload = place.wrapping_add(segment.payload_bytes);
        let fin_end = place.wrapping_add(sequence_length(segment));
        let (bit, letter, last, place) = match bits {
            flags::SYN => {
                let letter = if segment.flags & flags::ACK != 0 { b'H' } else { b'S' };
                (once::SYN, letter, &mut control.syn, place)
            }
            flags::FIN => (once::FIN, b'F', &mut control.fin, behind_payload),
            flags::RST => (once::RST, b'R', &mut control.rst, place),
            _ => {
                let is_fin_rst = bits & (flags::FIN | flags::RST) == flags::FIN | flags::RST;
                let (bit, letter) =
                    if is_fin_rst { (once::FIN_RST, b'I') } else { (once::MIXED, b'Q') };
                self.tell_once(side, bit, letter);
                return self.note_fin(bits, fin_end, side);
            }
        };
        let is_other = std::mem::replace(last, place) != place;
        if is_other || self.sides[side].seen & bit == 0 {
            self.sides[side].seen |= bit;
            self.history.push(letter, side);
        }
        self.note_fin(bits, fin_end, side);
    }

    fn note_fin(&mut self, bits: u8, fin_end: u32, side: usize) {
        if bits & flags::FIN != 0 {
            self.sides[side].has_fin = true;
            self.control[side].fin_end = fin_end;
        }
    }

    /// A window of 0 matters while the other end may send and this one is not gone.
    #[cold]
    fn note_zero_window(&mut self, bits: u8, side: usize) {
        let (sender, receiver) = (self.sides[side].standing, self.sides[1 - side].standing);
        let is_over = receiver.now == State::Closed || sender.now == State::Reset;
        if bits & flags::RST == 0 && !is_over {
            self.count(side, b'W', |rare| &mut rare.zero_windows);
        }
    }

    /// Counts an event that gives a letter at 1, 10, 100 and so on.
    #[cold]
    fn count(&mut self, side: usize, letter: u8, counter: impl Fn(&mut Rare) -> &mut u32) {
        let counter = counter(&mut self.rare.get_or_insert_default()[side]);
        let before = *counter;
        *counter = before.saturating_add(1);
        if before != *counter && is_told(*counter) {
            self.history.push(letter, side);
        }
    }

    #[inline]
    fn add_payload(&mut self, from: i64, to: i64, side: usize) {
        let complete = self.sides[side].complete;
        if to <= complete {
            return;
        }
        let has_islands = self.rare.as_ref().is_some_and(|rare| !rare[side].islands.is_empty());
        match from <= complete && !has_islands {
            true => self.sides[side].complete = to,
            false => self.add_island(from.max(complete), to, side),
        }
    }

    #[cold]
    fn add_island(&mut self, from: i64, to: i64, side: usize) {
        let islands = &mut self.rare.get_or_insert_default()[side].islands;
        islands.add(from, to);
        let complete = &mut self.sides[side].complete;
        *complete = islands.absorb(*complete);
        // Only now: what begins where all is complete has no hole before it.
        if islands.are_too_many()
            && let Some((from, _)) = islands.first_before(i64::MAX)
        {
            self.close_holes(from, side);
        }
    }

    /// All bytes before this number will not come any more: where they were not seen, they are missed.
    #[cold]
    fn close_holes(&mut self, number: i64, side: usize) {
        let counts = self.sides.iter().all(|side| side.standing.is_clean());
        let mut complete = self.sides[side].complete;
        while complete < number {
            let islands = self.rare.as_ref().map(|rare| &rare[side].islands);
            let island = islands.and_then(|islands| islands.first_before(number));
            let end = island.map_or(number, |(from, _)| from);
            if counts {
                self.count(side, b'G', |rare| &mut rare.gaps);
                if let Some(rare) = &mut self.rare {
                    rare[side].missed_bytes += (end - complete) as u64;
                }
            }
            complete = end;
            if let Some(rare) = &mut self.rare {
                complete = rare[side].islands.absorb(complete);
            }
        }
        self.sides[side].complete = complete;
    }

    /// The flow ends, and the client is known.
    pub fn close(&mut self, client_side: usize) {
        self.history.close(client_side);
    }
}

/// How much sequence space a packet takes: an RST's payload is none.
#[inline]
fn sequence_length(segment: &Segment) -> u32 {
    let has = |bit: u8| u32::from(segment.flags & bit != 0);
    let payload = if has(flags::RST) == 0 { segment.payload_bytes } else { 0 };
    payload.wrapping_add(has(flags::SYN) + has(flags::FIN))
}
