//! Flows that control connections have announced.

use super::Map;
use super::saved::sorted;
use crate::decode::{Expectation, Key, Place};
use crate::limits::{EXPECTATION_LIFE_NS, EXPECTATIONS_MAX, SESSION_WAIT_NS};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Where, and with whom, where that was said.
type Where = (Place, Option<u128>);

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Announced {
    /// The flow that said it.
    by: u64,
    until: Timestamp,
    /// Counts the announcements.
    turn: u64,
    /// The last that another flow made: none is about the flow that makes it, as one of IKE at port 4500 may be.
    before: Option<(u64, Timestamp, u64)>,
}

/// What is expected at a place in the stream. Of what is announced again the last counts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Expectations {
    #[serde(serialize_with = "sorted")]
    expected: Map<Where, Announced>,
    /// In the order of the announcements, which is that of their end.
    order: VecDeque<(Where, u64)>,
    turns: u64,
}

impl Expectations {
    pub fn add(&mut self, Expectation { place, peer }: Expectation, by: u64, clock: Timestamp) {
        self.turns += 1;
        let before = self.expected.get(&(place, peer)).and_then(|last| match last.by == by {
            true => last.before,
            false => Some((last.by, last.until, last.turn)),
        });
        let (until, turn) = (clock.plus(EXPECTATION_LIFE_NS), self.turns);
        let announced = Announced { by, until, turn, before };
        self.expected.insert((place, peer), announced);
        self.order.push_back(((place, peer), self.turns));
        while let Some((first, turn)) = self.order.front() {
            let announced = self.expected.get(first).filter(|one| one.turn == *turn);
            // A flow that began in time may still wait.
            let is_over = announced.is_none_or(|one| one.until.plus(SESSION_WAIT_NS) < clock);
            if !is_over && self.order.len() <= EXPECTATIONS_MAX {
                break;
            }
            if announced.is_some() {
                self.expected.remove(first);
            }
            self.order.pop_front();
        }
    }

    /// The flow that announced one with that key, which began at the stream clock `opened`; of several
    /// the one that said it last.
    pub fn of(&self, key: &Key, flow: u64, opened: Timestamp) -> Option<u64> {
        if self.expected.is_empty() {
            return None;
        }
        let protocol = key.protocol();
        let ends = [0, 1].map(|side| key.endpoint(side));
        let [one, other] = ends.map(|end| end.address);
        let at_end = |side: usize| {
            let (address, port) = (ends[side].address, ends[side].port);
            let place = Place::Endpoint { address, port, protocol };
            [(place, Some(ends[1 - side].address)), (place, None)]
        };
        let between = [(Place::between(one, other, protocol), None)];
        let places = at_end(0).into_iter().chain(at_end(1)).chain(between);
        let announced = places.filter_map(|place| self.expected.get(&place));
        let all = announced.flat_map(|one| [Some((one.by, one.until, one.turn)), one.before]);
        let valid = all.flatten().filter(|(by, until, _)| *by != flow && opened <= *until);
        valid.max_by_key(|(_, _, turn)| *turn).map(|(by, ..)| by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Endpoint;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000_000)
    }

    fn key(client_port: u16, server: u128, server_port: u16, protocol: u8) -> Key {
        let client = Endpoint { address: 1, port: client_port };
        Key::new(client, Endpoint { address: server, port: server_port }, protocol, true, true, 0).0
    }

    fn endpoint(address: u128, port: u16, peer: Option<u128>) -> Expectation {
        Expectation { place: Place::Endpoint { address, port, protocol: 6 }, peer }
    }

    #[test]
    fn a_flow_is_expected_at_one_of_its_ends_for_a_while() {
        let mut expected = Expectations::default();
        expected.add(endpoint(9, 5000, None), 7, at(0));
        assert_eq!(expected.of(&key(40, 9, 5000, 6), 8, at(180)), Some(7));
        assert_eq!(expected.of(&key(40, 9, 5000, 6), 8, at(181)), None, "too late");
        assert_eq!(expected.of(&key(40, 9, 5000, 6), 7, at(0)), None, "it is the one that said so");
        assert_eq!(expected.of(&key(40, 9, 5001, 6), 8, at(0)), None, "another port");
        assert_eq!(expected.of(&key(40, 9, 5000, 17), 8, at(0)), None, "another protocol");
        expected.add(endpoint(9, 5001, Some(2)), 7, at(0));
        assert_eq!(expected.of(&key(40, 9, 5001, 6), 8, at(0)), None, "with somebody else");
        expected.add(endpoint(1, 40, Some(9)), 6, at(0));
        assert_eq!(expected.of(&key(40, 9, 5000, 6), 8, at(0)), Some(6), "the last counts");
        expected.add(endpoint(9, 5000, None), 8, at(0));
        expected.add(endpoint(9, 5000, None), 8, at(0));
        assert_eq!(expected.of(&key(41, 9, 5000, 6), 8, at(0)), Some(7), "of another flow");
        assert_eq!(expected.of(&key(41, 9, 5000, 6), 9, at(0)), Some(8), "the last counts");
    }

    #[test]
    fn what_is_over_or_too_much_is_forgotten() {
        let mut expected = Expectations::default();
        for port in 0..=u16::MAX {
            expected.add(endpoint(9, port, None), 7, at(0));
            expected.add(endpoint(9, 5000, None), 7, at(0));
        }
        assert!(expected.order.len() <= EXPECTATIONS_MAX);
        assert_eq!(expected.of(&key(40, 9, 0, 6), 8, at(0)), None);
        assert_eq!(expected.of(&key(40, 9, u16::MAX, 6), 8, at(0)), Some(7));
        expected.add(endpoint(9, 1, None), 7, at(182));
        assert_eq!(expected.of(&key(40, 9, u16::MAX, 6), 8, at(180)), Some(7), "it still waits");
        expected.add(endpoint(9, 1, None), 7, at(183));
        assert_eq!(expected.of(&key(40, 9, u16::MAX, 6), 8, at(180)), None);
        assert_eq!(expected.expected.len(), 1);
    }
}
