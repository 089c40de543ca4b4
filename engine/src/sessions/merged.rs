//! The packets of all flows as one stream: they wait until every flow that began before them has its
//! session.

use super::session::Session;
use super::{Map, Member, SessionOptions};
use crate::flows::{Flow, NotedPacket};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Packets {
    /// By position.
    waiting: VecDeque<NotedPacket>,
}

impl Packets {
    /// Takes the packets of a step from each table.
    pub fn add(&mut self, mut of_tables: Vec<Vec<NotedPacket>>) {
        of_tables.retain(|packets| !packets.is_empty());
        match of_tables.as_slice() {
            [] => {}
            [packets] => self.waiting.extend(packets),
            all => {
                let begin = self.waiting.len();
                all.iter().for_each(|packets| self.waiting.extend(packets));
                // Runs that are sorted: merging them is what the sort does.
                self.waiting.make_contiguous()[begin..].sort_by_key(|packet| packet.position);
            }
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
        sessions: &mut Map<u64, Session>,
        to: &mut dyn FnMut(Flow),
    ) {
        let ready = self.waiting.partition_point(|packet| packet.position < before);
        for packet in self.waiting.drain(..ready) {
            let Some(member) = members.get(&packet.flow) else { continue };
            let Some(session) = sessions.get_mut(&member.grouped.session) else { continue };
            session.add(&packet, member.forward_side, options).into_iter().for_each(&mut *to);
        }
    }
}
