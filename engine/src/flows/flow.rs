//! A closed flow, as columns read it.

use super::{Call, ClientBy, EarlyPacket, Group, Grouped, Labelled, Seen, Window};
use crate::decode::{Key, Layers};
use crate::features::Trackers;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::sync::Arc;

/// Why a flow ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EndReason {
    /// Both sides sent FIN and the last one was acknowledged.
    Fin,
    Rst,
    Idle,
    Active,
    /// A SYN with another initial sequence number: the ports were used again.
    Reused,
    EndOfCapture,
    /// The table was full.
    Evicted,
}

impl EndReason {
    pub const ALL: [Self; 7] = [
        Self::Fin,
        Self::Rst,
        Self::Idle,
        Self::Active,
        Self::Reused,
        Self::EndOfCapture,
        Self::Evicted,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Fin => "fin",
            Self::Rst => "rst",
            Self::Idle => "idle",
            Self::Active => "active",
            Self::Reused => "reused",
            Self::EndOfCapture => "end_of_capture",
            Self::Evicted => "evicted",
        }
    }
}

/// A flow (technological connection) that has ended. Pairs are by side of the key: use
/// [`Flow::forward`] and [`Flow::backward`] to read them by direction.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Flow {
    /// Position of the first packet in the stream, counted from 1.
    pub id: u64,
    pub key: Key,
    /// Spelled out only when the key's word cannot.
    pub deep_stack: Option<Arc<Layers>>,
    #[serde(deserialize_with = "crate::saved::side")]
    pub client_side: usize,
    /// Where pairs have what came from the client: not its side where directions are told by
    /// address alone and both are equal.
    #[serde(deserialize_with = "crate::saved::side")]
    pub forward_side: usize,
    pub client_by: ClientBy,
    /// It was counted while it was open, with this side as its client.
    pub counted_side: Option<u8>,
    pub start: Timestamp,
    pub end: Timestamp,
    pub end_reason: EndReason,
    /// Stream clock at closing; rows are ordered by it, then by id.
    pub closed_at: Timestamp,
    /// Which file of the run held the first packet.
    pub file: u32,
    pub packets: [u64; 2],
    pub ip_bytes: [u64; 2],
    pub payload_bytes: [u64; 2],
    pub trackers: Trackers,
    /// The first packets, as many as were asked for.
    pub early_packets: Vec<EarlyPacket>,
    /// Where flows are cut into windows: everything but id, key and client is of this one.
    pub window: Option<Window>,
    /// What classifiers see of it, where there are any. It is gone before a flow waits for its turn as
    /// a row, so that it is not saved.
    #[serde(skip)]
    pub seen: Option<Box<Seen>>,
    /// What they made of it.
    pub labelled: Option<Box<Labelled>>,
    /// The session it belongs to, where flows are grouped.
    pub grouped: Option<Grouped>,
    /// This is no flow but a session: all else is of its flows together, id, key and client of the
    /// first.
    pub group: Option<Box<Group>>,
}

impl Flow {
    /// Whether this is a window of a flow that has a row of its own, too.
    pub fn is_window_beside(&self) -> bool {
        self.window.is_some_and(|window| window.is_beside)
    }

    /// Whether this is of a flow that has ended: a row of it, or of its last window.
    pub fn has_ended(&self) -> bool {
        self.window.is_none_or(|window| window.is_last && !window.is_beside)
    }

    /// Whether this is a row of its own beside those of flows.
    pub fn is_beside(&self) -> bool {
        self.is_window_beside() || self.group.is_some()
    }

    /// Where pairs have what went from client to server.
    #[inline]
    pub fn forward(&self) -> usize {
        self.forward_side
    }

    /// Where pairs have what went from server to client.
    #[inline]
    pub fn backward(&self) -> usize {
        1 - self.forward_side
    }

    /// It is only shown to classifiers; its row comes when it has ended.
    pub fn is_shown_early(&self) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.call != Call::Closed)
    }

    pub fn client(&self) -> (IpAddr, Option<u16>) {
        (self.key.address(self.client_side), self.key.port(self.client_side))
    }

    pub fn server(&self) -> (IpAddr, Option<u16>) {
        (self.key.address(1 - self.client_side), self.key.port(1 - self.client_side))
    }

    pub fn protocol(&self) -> u8 {
        self.key.protocol()
    }

    /// Nanoseconds from the first to the last packet; negative only where a profile takes file
    /// order as it is.
    #[inline]
    pub fn duration_ns(&self) -> i64 {
        self.end.since(self.start)
    }

    pub fn packet_count(&self) -> u64 {
        self.packets[0] + self.packets[1]
    }

    /// VLANs and tunnels, outermost first, if there are any.
    pub fn layers(&self) -> Option<Layers> {
        let word = self.key.stack_word();
        if word == 0 {
            return None;
        }
        let spelled = Layers::from_word(word);
        let layers = spelled.or_else(|| self.deep_stack.as_deref().copied())?;
        (!layers.is_empty()).then_some(layers)
    }
}
