//! TCP as far as a flow's life and direction need it (RFC 9293).

use super::EndReason;
use crate::decode::{Segment, flags};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// By which rule the client is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClientBy {
    /// It sent a SYN without ACK.
    Syn,
    /// It received a SYN with ACK.
    SynAck,
    /// It sent the flow's first packet.
    #[default]
    FirstPacket,
}

impl ClientBy {
    pub fn name(self) -> &'static str {
        match self {
            Self::Syn => "syn",
            Self::SynAck => "syn_ack",
            Self::FirstPacket => "first_packet",
        }
    }
}

/// How and when a connection ended, while late packets may still join its flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub reason: EndReason,
    pub time: Timestamp,
    pub clock: Timestamp,
}

/// State of one connection. The first eight bytes are all that most packets look at.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[repr(C)]
pub struct Connection {
    pub client_by: ClientBy,
    #[serde(deserialize_with = "crate::saved::side")]
    client_side: u8,
    /// No packet but plain SYNs so far.
    only_syns: bool,
    /// Nobody can tell the two ends apart.
    ends_are_equal: bool,
    /// Which side sent a FIN, and which was the first to.
    has_fin: [bool; 2],
    #[serde(deserialize_with = "crate::saved::side")]
    first_fin_side: u8,
    ended_by: Option<EndReason>,
    /// The sequence number after each side's first FIN.
    fin_end: [u32; 2],
    client_initial_sequence: u32,
    ended_time: Timestamp,
    ended_clock: Timestamp,
}

impl Connection {
    /// The state before a flow's first packet, which `segment` is.
    pub fn open(segment: &Segment) -> Self {
        Self {
            client_side: segment.sender_side() as u8,
            only_syns: true,
            ends_are_equal: segment.key.ends_are_equal(),
            ..Self::default()
        }
    }

    /// Lets the flow begin with this side as its client, whoever sends its first packet.
    pub fn set_client_side(&mut self, side: usize) {
        self.client_side = side as u8;
    }

    /// True when the side has sent a FIN.
    pub fn has_fin(&self, side: usize) -> bool {
        self.has_fin[side]
    }

    /// Notes that the side has sent a FIN.
    pub fn note_fin(&mut self, side: usize) {
        self.has_fin[side] = true;
    }

    pub fn client_side(&self) -> usize {
        self.client_side.into()
    }

    /// The same once the flow's first packet, which `segment` is, has told what it can.
    pub fn client_side_by_first(&self, segment: &Segment) -> usize {
        let mut told = self.clone();
        told.find_client(segment);
        told.client_side()
    }

    /// The connection's end, once it has come.
    #[inline]
    pub fn ended(&self) -> Option<Ended> {
        let reason = self.ended_by?;
        Some(Ended { reason, time: self.ended_time, clock: self.ended_clock })
    }

    /// True when a plain SYN is a repetition or the other half of a simultaneous open, not the
    /// start of another connection.
    pub fn takes_syn(&self, segment: &Segment) -> bool {
        if self.client_by == ClientBy::FirstPacket {
            return false;
        }
        match segment.side() == self.client_side() {
            true => segment.sequence == self.client_initial_sequence,
            false => self.only_syns,
        }
    }

    /// Notes a packet of the flow, the first included. True when it ended the connection.
    #[inline]
    pub fn observe(&mut self, segment: &Segment, time: Timestamp, clock: Timestamp) -> bool {
        const REMARKABLE: u8 = flags::SYN | flags::FIN | flags::RST;
        let remarkable = segment.flags & REMARKABLE != 0;
        if !remarkable && !self.only_syns && self.has_fin == [false; 2] {
            return false;
        }
        self.find_client(segment);
        self.only_syns &= segment.is_plain_syn();
        if self.ended_by.is_some() {
            return false;
        }
        self.ended_by = self.end_reason(segment);
        (self.ended_time, self.ended_clock) = (time, clock);
        self.ended_by.is_some()
    }

    fn find_client(&mut self, segment: &Segment) {
        let side = segment.side() as u8;
        if segment.is_plain_syn() && self.client_by != ClientBy::Syn {
            self.client_by = ClientBy::Syn;
            self.client_side = side;
            self.client_initial_sequence = segment.sequence;
        } else if segment.is_syn_ack() && self.client_by == ClientBy::FirstPacket {
            self.client_by = ClientBy::SynAck;
            self.client_side = if self.ends_are_equal { side } else { 1 - side };
            self.client_initial_sequence = segment.acknowledgement.wrapping_sub(1);
        }
    }

    fn end_reason(&mut self, segment: &Segment) -> Option<EndReason> {
        if segment.flags & flags::RST != 0 {
            return Some(EndReason::Rst);
        }
        let side = segment.side();
        if self.ends_are_equal || !segment.has_tcp_header() {
            return None;
        }
        if self.has_fin == [true; 2] && side == usize::from(self.first_fin_side) {
            let awaited = self.fin_end[1 - side];
            let acknowledged = segment.acknowledgement.wrapping_sub(awaited) as i32 >= 0;
            if segment.flags & flags::ACK != 0 && acknowledged {
                return Some(EndReason::Fin);
            }
        }
        if segment.flags & flags::FIN != 0 && !self.has_fin[side] {
            if !self.has_fin[1 - side] {
                self.first_fin_side = side as u8;
            }
            let syn = u32::from(segment.flags & flags::SYN != 0);
            let behind = segment.sequence.wrapping_add(segment.payload_bytes);
            (self.has_fin[side], self.fin_end[side]) = (true, behind.wrapping_add(1 + syn));
        }
        None
    }
}
