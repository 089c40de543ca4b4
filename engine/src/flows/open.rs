//! A flow that is still open, and what a packet of its key means for it.

use super::connection::Connection;
use super::life::{Life, LifeRule};
use super::{ChunkHead, EndReason};
use crate::decode::{Key, Segment, flags, shard_of};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::mem::offset_of;

/// State of an open flow; pairs are by side of the key. What every packet touches stands in the
/// first two cache lines: a miss costs as much as all the arithmetic of a packet.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[repr(C)]
pub struct OpenFlow {
    pub key: Key,
    /// Time of the last packet; never before `first` where the life clamps.
    pub last: Timestamp,
    /// Stream clock at the last packet.
    pub clock: Timestamp,
    pub packets: [u64; 2],
    pub ip_bytes: [u64; 2],
    pub payload_bytes: [u64; 2],
    pub last_position: u64,
    pub connection: Connection,
    pub first: Timestamp,
    pub id: u64,
    /// Of this process: it is worked out anew from the key.
    #[serde(skip)]
    pub hash: u32,
    pub file: u32,
    /// Counts the flows that have lived at this index, so that old wheel entries are known.
    #[serde(skip)]
    pub generation: u32,
    #[serde(skip)]
    pub is_open: bool,
    /// What is still to be kept of its packets for classifiers.
    pub wants: u8,
    /// It counts in live statistics, with this side as its client.
    pub counted_side: Option<u8>,
}

const _: () = assert!(offset_of!(OpenFlow, connection) + 8 == OpenFlow::HOT_BYTES);
const _: () = assert!(size_of::<OpenFlow>() == 3 * 64);

/// What becomes of a packet that found an open flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Joins,
    /// It counts nowhere.
    Discarded,
    /// It joins and is the flow's last packet.
    JoinsAndCloses(EndReason),
    /// The flow ended before it, at this stream clock; the packet opens the next.
    EndedBefore(EndReason, Timestamp),
}

impl OpenFlow {
    /// Bytes from the begin that nearly every packet touches.
    pub const HOT_BYTES: usize = 2 * 64;

    #[inline]
    pub fn shard(&self) -> usize {
        shard_of(self.hash)
    }

    /// A flow without packets yet, for its first.
    pub fn open(segment: &Segment, head: &ChunkHead, life: &Life, generation: u32) -> Self {
        let clock = head.clock(segment);
        let time = life.time(segment.time, segment.time, clock);
        Self {
            key: segment.key,
            last: time,
            clock,
            connection: Connection::open(segment),
            first: time,
            id: head.position(segment),
            hash: segment.hash,
            file: head.file_of(segment),
            generation,
            is_open: true,
            ..Self::default()
        }
    }

    /// The stream clock after which the flow is closed without waiting for a packet.
    #[inline]
    pub fn deadline(&self, life: &Life) -> Timestamp {
        let silent = self.clock.plus(life.idle_ns);
        match self.connection.ended() {
            Some(ended) => silent.min(ended.clock.plus(life.linger_ns)),
            None => silent,
        }
    }

    /// The reason a flow closes with when `reason` closes it: its own end came first.
    pub fn reason(&self, reason: EndReason) -> EndReason {
        self.connection.ended().map_or(reason, |ended| ended.reason)
    }

    /// Decides about a packet of the flow's key, at stream clock `clock`.
    #[inline]
    pub fn decide(&self, segment: &Segment, clock: Timestamp, life: &Life) -> Verdict {
        let deadline = self.deadline(life);
        if clock > deadline {
            return Verdict::EndedBefore(self.reason(EndReason::Idle), deadline);
        }
        let reason = match life.rule {
            LifeRule::Connection => self.ended_by_connection(segment, life),
            LifeRule::Iscx if segment.time.since(self.last) > life.idle_ns => Some(EndReason::Idle),
            LifeRule::Iscx if segment.flags & flags::FIN != 0 => {
                return Verdict::JoinsAndCloses(EndReason::Fin);
            }
            LifeRule::Iscx => self.too_old(segment.time, life),
            LifeRule::Cic => match self.too_old(segment.time, life) {
                None => return self.decide_as_cic(segment),
                reason => reason,
            },
            LifeRule::Nfstream => self.too_old(clock, life),
        };
        match reason {
            Some(reason) => Verdict::EndedBefore(self.reason(reason), clock),
            None => Verdict::Joins,
        }
    }

    #[inline]
    fn ended_by_connection(&self, segment: &Segment, life: &Life) -> Option<EndReason> {
        if let Some(ended) = self.connection.ended() {
            let lingered = segment.time.since(ended.time) > life.linger_ns;
            if lingered || segment.is_plain_syn() {
                return Some(ended.reason);
            }
        }
        if segment.time.since(self.last) > life.idle_ns {
            return Some(EndReason::Idle);
        }
        self.too_old(segment.time, life).or_else(|| {
            let reused = segment.is_plain_syn() && !self.connection.takes_syn(segment);
            reused.then_some(EndReason::Reused)
        })
    }

    /// The first FIN of the flow's source joins, its others count nowhere; one from the other side
    /// closes, and so does an RST.
    fn decide_as_cic(&self, segment: &Segment) -> Verdict {
        let forward = self.forward_side();
        if segment.flags & flags::FIN != 0 {
            return match segment.side() == forward {
                true if self.connection.has_fin(forward) => Verdict::Discarded,
                true => Verdict::Joins,
                false => Verdict::JoinsAndCloses(EndReason::Fin),
            };
        }
        match segment.flags & flags::RST {
            0 => Verdict::Joins,
            _ => Verdict::JoinsAndCloses(EndReason::Rst),
        }
    }

    /// Where `cic` counts packets of the flow's source: by address alone, so with equal addresses
    /// all stand on one side.
    pub fn forward_side(&self) -> usize {
        match self.key.endpoint(0).address == self.key.endpoint(1).address {
            true => 0,
            false => self.connection.client_side(),
        }
    }

    #[inline]
    fn too_old(&self, time: Timestamp, life: &Life) -> Option<EndReason> {
        let active_ns = life.active_ns?;
        (time.since(self.first) > active_ns).then_some(EndReason::Active)
    }
}
