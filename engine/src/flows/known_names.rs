//! Names that clients asked for, by the addresses that the answers gave (RFC 1035, 6762, 4795).
//!
//! A flow gets the name that its client had last been told for the server's address, before the
//! flow's first packet in the stream. Every worker hears of every answer, in stream order, so each
//! has the same table at the same packet, and nobody has to ask another.

mod saved;

use crate::decode::{NameAnswer, shard_of_words};
use crate::limits::{
    KNOWN_NAME_LIFE_MAX_NS, KNOWN_NAME_LIFE_MIN_NS, KNOWN_NAMES_PER_SHARD_MAX, SHARDS,
};
use crate::time::Timestamp;
pub use saved::OneOfEach;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

/// An address, and the client that was told its name; `None`: everyone on the link was.
type Told = (IpAddr, Option<IpAddr>);

type Map<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;

#[derive(Clone, Serialize, Deserialize)]
struct Known {
    name: Arc<str>,
    until: Timestamp,
    /// Counts the answers of the shard.
    turn: u64,
}

#[derive(Clone, Default)]
struct Shard {
    known: Map<Told, Known>,
    /// By turn; of an address that was told again only the last counts.
    order: VecDeque<(Told, u64)>,
    turns: u64,
}

/// The names known at a place in the stream.
pub struct KnownNames {
    shards: Vec<Shard>,
    names_per_shard_max: usize,
}

impl Default for KnownNames {
    fn default() -> Self {
        Self::with_bound(KNOWN_NAMES_PER_SHARD_MAX)
    }
}

impl KnownNames {
    fn with_bound(names_per_shard_max: usize) -> Self {
        Self { shards: vec![Shard::default(); SHARDS], names_per_shard_max }
    }

    /// Learns an answer. A full shard forgets what it was told first.
    pub fn learn(&mut self, answer: &NameAnswer) {
        let life_ns = (i64::from(answer.seconds) * 1_000_000_000)
            .clamp(KNOWN_NAME_LIFE_MIN_NS, KNOWN_NAME_LIFE_MAX_NS);
        let until = answer.time.plus(life_ns);
        let shard = &mut self.shards[shard_of(answer.address)];
        shard.learn((answer.address, answer.client), answer.name.clone(), until);
        shard.forget_beyond(self.names_per_shard_max);
    }

    /// The name that `client` had been told for `server`, for a flow that begins at `time`.
    pub fn of(&self, client: IpAddr, server: IpAddr, time: Timestamp) -> Option<&Arc<str>> {
        let shard = &self.shards[shard_of(server)];
        if shard.known.is_empty() {
            return None;
        }
        let told = [(server, Some(client)), (server, None)];
        let mut known = told.iter().filter_map(|told| shard.known.get(told));
        known.find(|known| time <= known.until).map(|known| &known.name)
    }
}

impl Shard {
    fn learn(&mut self, told: Told, name: Arc<str>, until: Timestamp) {
        self.turns += 1;
        self.known.insert(told, Known { name, until, turn: self.turns });
        self.order.push_back((told, self.turns));
    }

    fn forget_beyond(&mut self, names_max: usize) {
        let is_last = |known: &Map<Told, Known>, (told, turn): &(Told, u64)| {
            known.get(told).is_some_and(|known| known.turn == *turn)
        };
        while self.known.len() > names_max
            && let Some(oldest) = self.order.pop_front()
        {
            if is_last(&self.known, &oldest) {
                self.known.remove(&oldest.0);
            }
        }
        if self.order.len() > 2 * names_max {
            let known = &self.known;
            self.order.retain(|told| is_last(known, told));
        }
    }
}

fn shard_of(address: IpAddr) -> usize {
    let bits = match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    };
    shard_of_words([(bits >> 64) as u64, bits as u64, u64::from(address.is_ipv6()), 0, 0, 0]).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saved::{Reader, Writer};

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::MIN.plus(seconds * 1_000_000_000)
    }

    fn answer(name: &str, client: Option<u8>, server: u8, seconds: i64) -> NameAnswer {
        NameAnswer {
            index: 0,
            time: at(seconds),
            client: client.map(address),
            name: name.into(),
            address: address(server),
            seconds: 600,
        }
    }

    fn name(names: &KnownNames, client: u8, server: u8, seconds: i64) -> Option<&str> {
        names.of(address(client), address(server), at(seconds)).map(|name| &**name)
    }

    #[test]
    fn a_client_knows_what_it_was_told_and_what_all_were_told() {
        let mut names = KnownNames::default();
        names.learn(&answer("a.example", Some(1), 9, 0));
        assert_eq!(name(&names, 1, 9, 600), Some("a.example"));
        assert_eq!(name(&names, 1, 9, 601), None, "it is not known for ever");
        assert_eq!(name(&names, 2, 9, 0), None);
        assert_eq!(name(&names, 9, 1, 0), None);
        names.learn(&answer("printer.local", None, 9, 0));
        assert_eq!(name(&names, 2, 9, 0), Some("printer.local"));
        assert_eq!(name(&names, 1, 9, 0), Some("a.example"));
        names.learn(&answer("b.example", Some(1), 9, 0));
        assert_eq!(name(&names, 1, 9, 0), Some("b.example"), "the last answer counts");
    }

    #[test]
    fn a_full_shard_forgets_the_names_that_came_first() {
        let mut names = KnownNames::with_bound(2);
        for client in 1..=3 {
            names.learn(&answer("a.example", Some(client), 9, 0));
        }
        let known =
            |names: &KnownNames| [1, 2, 3].map(|client| name(names, client, 9, 0).is_some());
        assert_eq!(known(&names), [false, true, true]);
        for _ in 0..100 {
            names.learn(&answer("a.example", Some(2), 9, 0));
        }
        assert!(names.shards.iter().all(|shard| shard.order.len() <= 4));
        names.learn(&answer("a.example", Some(1), 9, 0));
        assert_eq!(known(&names), [true, true, false], "told again is told last");
    }

    #[test]
    fn what_a_full_shard_forgets_next_is_saved() {
        let mut names = KnownNames::with_bound(3);
        for client in [1, 2, 3, 1, 1] {
            names.learn(&answer("a.example", Some(client), 9, 0));
        }
        let mut saved = Vec::new();
        let mut writer = Writer::new(&mut saved);
        names.save(&mut writer);
        writer.finish();
        let mut restored = KnownNames::with_bound(3);
        let mut reader = Reader::new(&saved).unwrap();
        restored.restore(&mut reader, Some(&mut OneOfEach::default())).unwrap();
        reader.finish().unwrap();
        let known = |names: &KnownNames| {
            (1..=9).map(|client| name(names, client, 9, 0).is_some()).collect::<Vec<_>>()
        };
        for client in 4..=9 {
            assert_eq!(known(&restored), known(&names), "before client {client}");
            names.learn(&answer("b.example", Some(client), 9, 0));
            restored.learn(&answer("b.example", Some(client), 9, 0));
        }
    }
}
