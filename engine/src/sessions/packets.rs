//! The packets of all flows as one stream: they wait until every flow that began before them has its
//! session.

use super::session::{Handle, Kept};
use super::{Map, Member, SessionOptions};
use crate::flows::{Flow, NotedPacket};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Flows whose packets are likely to come next, by some bits of their ids: a power of two.
const NEAR: usize = 1 << 12;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Packets {
    /// By position.
    waiting: VecDeque<NotedPacket>,
    /// The sessions of flows, found again sooner than by a table.
    #[serde(skip)]
    near: Vec<Option<Near>>,
}

#[derive(Clone, Copy, Debug)]
struct Near {
    flow: u64,
    session: Handle,
    forward_side: u8,
}

impl Packets {
    /// Takes the packets of a step from each table.
    pub fn add(&mut self, mut of_tables: Vec<Vec<NotedPacket>>) {
        of_tables.retain(|packets| !packets.is_empty());
        let begin = self.waiting.len();
        of_tables.iter().for_each(|packets| self.waiting.extend(packets));
        if of_tables.len() > 1 {
            // Runs that are sorted: merging them is what the sort does.
            self.waiting.make_contiguous()[begin..].sort_by_key(|packet| packet.position);
        }
    }

    /// The last position that has come.
    pub fn last(&self) -> Option<u64> {
        self.waiting.back().map(|packet| packet.position)
    }

    /// Merges the packets before a position.
    pub fn merge(
        &mut self,
        before: u64,
        options: &SessionOptions,
        members: &Map<u64, Member>,
        sessions: &mut Kept,
        to: &mut dyn FnMut(Flow),
    ) {
        let Self { waiting, near } = self;
        near.resize(NEAR, None);
        let ready = waiting.partition_point(|packet| packet.position < before);
        for packet in waiting.drain(..ready) {
            // Fibonacci hashing (Knuth, volume 3, 6.4).
            let bits = packet.flow.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - NEAR.ilog2());
            let place = &mut near[bits as usize];
            let near = match place {
                Some(near) if near.flow == packet.flow => near,
                _ => {
                    let Some(member) = members.get(&packet.flow) else { continue };
                    let &Member { session, forward_side, .. } = member;
                    place.insert(Near { flow: packet.flow, session, forward_side })
                }
            };
            // It may have ended.
            let session = sessions.get_mut(&near.session);
            let Some(described) = session.and_then(|session| session.described.as_mut()) else {
                continue;
            };
            described.add(&packet, near.forward_side, options).into_iter().for_each(&mut *to);
        }
    }
}
