//! Later fragments find the ports of their first one.

use super::ip::Part;
use super::{
    Counts, Endpoint, Key, Kind, Placement, Reading, ReadingRules, Segment, ip, marks,
    shard_of_words,
};
use crate::limits::{FRAGMENT_LIFE_NS, FRAGMENTS_PER_SHARD_MAX, SHARDS};
use crate::saved::{Reader, SavedError, Share, Writer};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// A packet that is part of a fragmented datagram.
#[derive(Clone, Copy, Debug)]
pub struct Fragment {
    pub segment: Segment,
    part: Part,
}

/// What all fragments of one datagram share (RFC 791, RFC 8200).
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct DatagramId {
    source: u128,
    destination: u128,
    identification: u32,
    protocol: u8,
    is_ipv6: bool,
    /// Datagrams of two tunnels are two, whatever their numbers.
    stack: u64,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct First {
    id: DatagramId,
    clock: Timestamp,
    ports: (u16, u16),
    has_ports: bool,
    protocol: u8,
}

impl Fragment {
    pub(super) fn new(segment: Segment, part: Part) -> Self {
        Self { segment, part }
    }

    fn id(&self) -> DatagramId {
        let key = &self.segment.key;
        let side = self.segment.side();
        DatagramId {
            source: key.endpoint(side).address,
            destination: key.endpoint(1 - side).address,
            identification: self.part.identification,
            protocol: self.part.protocol,
            is_ipv6: key.is_ipv6(),
            stack: key.stack_word(),
        }
    }

    /// The shard whose memory the fragment needs; fixed, since a full shard forgets.
    pub fn shard(&self) -> usize {
        let id = self.id();
        let words = [
            (id.source >> 64) as u64,
            id.source as u64,
            (id.destination >> 64) as u64,
            id.destination as u64,
            u64::from(id.identification) << 8 | u64::from(id.protocol),
            u64::from(id.is_ipv6),
        ];
        shard_of_words(words).into()
    }
}

/// First fragments, remembered for a while. Fed in stream order.
pub struct FragmentTable {
    shards: Vec<VecDeque<First>>,
    placement: Placement,
    reading: Reading,
    pub counts: Counts,
}

impl FragmentTable {
    pub fn new(reading: Reading, placement: Placement) -> Self {
        let shards = std::iter::repeat_with(VecDeque::new).take(SHARDS).collect();
        Self { shards, placement, reading, counts: Counts::default() }
    }

    /// The segment of a fragment, with the ports of its datagram when they are known. `None` when
    /// the profile does not read its transport.
    pub fn resolve(&mut self, fragment: &Fragment, clock: Timestamp) -> Option<Segment> {
        let id = fragment.id();
        let shard = &mut self.shards[fragment.shard()];
        let known = shard.iter().rposition(|first| first.id == id);
        let mut segment = fragment.segment;
        if fragment.part.is_first {
            known.and_then(|place| shard.remove(place));
            if shard.len() == FRAGMENTS_PER_SHARD_MAX {
                shard.pop_front();
            }
            shard.push_back(First::of(&segment, id, clock));
        } else {
            let first = known
                .and_then(|place| shard.get(place))
                .filter(|first| clock.since(first.clock) <= FRAGMENT_LIFE_NS);
            match first {
                Some(first) => segment = first.lend_ports(segment, &self.placement),
                None => self.count_orphan(id.protocol),
            }
        }
        self.is_read(&segment).then_some(segment)
    }

    /// Writes down what is remembered and counted, behind what `to` has.
    pub fn save(&self, to: &mut Vec<u8>) {
        let used = || self.shards.iter().enumerate().filter(|(_, shard)| !shard.is_empty());
        let mut writer = Writer::new(to);
        writer.put(&self.counts);
        writer.put(&used().count());
        for (place, shard) in used() {
            writer.put_of_shard(place, |writer| writer.put(shard));
        }
        writer.finish();
    }

    /// Remembers from now on its share of what all tables of a run have saved, in `parts`, however
    /// many they were. The first worker takes what they have counted.
    ///
    /// # Errors
    /// When the state is damaged or of another layout; then the table is as before.
    pub fn restore(&mut self, parts: &[&[u8]], share: Share) -> Result<(), SavedError> {
        let mut restored = Self::new(self.reading, self.placement.clone());
        for part in parts {
            let mut reader = Reader::new(part)?;
            let counts = reader.get()?;
            if share.is_first() {
                restored.counts.merge(&counts);
            }
            let used: usize = reader.get()?;
            for _ in 0..used {
                let (place, mut part) = reader.of_shard()?;
                if share.has(place) {
                    restored.shards[place] = part.get()?;
                    part.finish()?;
                }
            }
            reader.finish()?;
        }
        let is_too_long = |shard: &VecDeque<First>| shard.len() > FRAGMENTS_PER_SHARD_MAX;
        if restored.shards.iter().any(is_too_long) {
            return Err(SavedError::Damaged);
        }
        *self = restored;
        Ok(())
    }

    fn count_orphan(&mut self, protocol: u8) {
        if matches!(protocol, ip::TCP | ip::UDP | ip::SCTP | ip::ICMP | ip::ICMPV6) {
            self.counts.add(Kind::FragmentWithoutFirst);
        }
    }

    fn is_read(&mut self, segment: &Segment) -> bool {
        let key = &segment.key;
        let read = self.reading.rules != ReadingRules::BareTransport
            || key.has_ports() && matches!(key.protocol(), ip::TCP | ip::UDP);
        if !read {
            self.counts.add(Kind::OtherTransport);
        }
        read
    }
}

impl First {
    fn of(segment: &Segment, id: DatagramId, clock: Timestamp) -> Self {
        let (key, side) = (&segment.key, segment.side());
        let ports = (key.endpoint(side).port, key.endpoint(1 - side).port);
        Self { id, clock, ports, has_ports: key.has_ports(), protocol: key.protocol() }
    }

    fn lend_ports(&self, mut segment: Segment, placement: &Placement) -> Segment {
        let (key, from_larger) = Key::new(
            Endpoint { address: self.id.source, port: self.ports.0 },
            Endpoint { address: self.id.destination, port: self.ports.1 },
            self.protocol,
            self.has_ports,
            self.id.is_ipv6,
            segment.key.stack_word(),
        );
        segment.key = key;
        segment.hash = placement.hash(&key);
        segment.marks =
            (segment.marks & (marks::DSCP | marks::HEADER_BYTES)) | u16::from(from_larger);
        segment
    }
}
