//! Flows of the profile `nfstream` (FLOWS-nfstream.md, sections 1 and 4).

mod link;
mod reading;
mod row;
mod tunnels;

use std::collections::BTreeMap;

use super::cuts::{Early, insert_early};
use super::key::{Endpoint, number, weighted_sum};
use super::table::Table;
use super::{Options, SHARDS};
use crate::support::capture::RawPacket;
use reading::{Seen, read};

const MILLISECOND: i128 = 1_000_000;

/// Times are milliseconds.
struct Packet {
    position: u64,
    time: i128,
    is_from_source: bool,
    seen: Seen,
}

struct Flow {
    packets: Vec<Packet>,
    expiration: i128,
}

impl Flow {
    fn first(&self) -> &Packet {
        &self.packets[0]
    }

    fn last(&self) -> &Packet {
        &self.packets[self.packets.len() - 1]
    }
}

/// Ends without order, protocol, VLAN, tunnel.
type Key = ([Endpoint; 2], u8, u16, u8);

struct Closed {
    flow: Flow,
    clock: i128,
}

pub fn table(records: &[RawPacket], options: &Options) -> Table {
    let mut stream =
        Stream { options, clock: i128::MIN, open: BTreeMap::new(), closed: Vec::new() };
    for (index, record) in records.iter().enumerate() {
        let floor = i128::from(record.time_ns).div_euclid(MILLISECOND);
        // Rounding down may not leave the range of times.
        let time = floor + i128::from(floor * MILLISECOND < i64::MIN.into());
        if let Some(seen) = read(record) {
            if time > stream.clock {
                stream.clock = time;
                stream.close_idle();
            }
            stream.take(index as u64 + 1, seen);
        }
    }
    for key in stream.open.keys().copied().collect::<Vec<_>>() {
        stream.close(&key, 0, stream.clock);
    }
    let mut closed = stream.closed;
    closed.sort_by_key(|closed| (closed.clock, closed.flow.first().position));
    let rows = closed.iter().map(|closed| row::row(&closed.flow)).collect();
    let mut table = Table { columns: row::columns(), rows };
    // It reads no payload.
    let early = |packet: &Packet| Early {
        is_forward: packet.is_from_source,
        payload_bytes: 0,
        time: packet.time * MILLISECOND,
    };
    let early = closed.iter().map(|closed| closed.flow.packets.iter().map(early).collect());
    let place = table.columns.len();
    insert_early(&mut table, place, early, options);
    table
}

struct Stream<'a> {
    options: &'a Options,
    clock: i128,
    open: BTreeMap<Key, Flow>,
    closed: Vec<Closed>,
}

impl Stream<'_> {
    fn take(&mut self, position: u64, seen: Seen) {
        let source = Endpoint { address: seen.source, port: seen.ports.0 };
        let destination = Endpoint { address: seen.destination, port: seen.ports.1 };
        let ends = [source.min(destination), source.max(destination)];
        let key = (ends, seen.protocol, seen.vlan, seen.tunnel);
        if let (Some(flow), Some(active)) = (self.open.get(&key), self.options.active)
            && (self.clock - flow.first().time) * MILLISECOND >= active
        {
            self.close(&key, 1, self.clock);
        }
        if !self.open.contains_key(&key) {
            self.make_room(&key);
        }
        let flow = self.open.entry(key).or_insert(Flow { packets: Vec::new(), expiration: 0 });
        let of_first = |first: &Packet| {
            let first = &first.seen;
            (first.source, first.destination, first.ports)
                == (seen.source, seen.destination, seen.ports)
        };
        let is_from_source = flow.packets.first().is_none_or(of_first);
        flow.packets.push(Packet { position, time: self.clock, is_from_source, seen });
    }

    fn close(&mut self, key: &Key, expiration: i128, clock: i128) {
        self.closed.extend(
            self.open.remove(key).map(|flow| Closed { flow: Flow { expiration, ..flow }, clock }),
        );
    }

    /// At the first clock that is far enough from a flow's last packet.
    fn close_idle(&mut self) {
        let idle = self.options.idle;
        let is_idle = |flow: &&Flow| (self.clock - flow.last().time) * MILLISECOND >= idle;
        let idle_ones = self.open.iter().filter(|(_, flow)| is_idle(flow));
        let idle_ones: Vec<(Key, i128)> =
            idle_ones.map(|(key, flow)| (*key, flow.last().time)).collect();
        for (key, last) in idle_ones {
            // The last whole millisecond before last + idle.
            let open_until = last + (idle - 1).div_euclid(MILLISECOND);
            self.close(&key, 0, open_until);
        }
    }

    /// As in FLOWS.md, section 4.
    fn make_room(&mut self, key: &Key) {
        let room = (self.options.flows_max / SHARDS).max(1);
        if self.open.len() < room {
            return;
        }
        let of_shard = self.open.iter().filter(|(other, _)| shard(other) == shard(key));
        let mut flows: Vec<(u64, Key)> =
            of_shard.map(|(key, flow)| (flow.last().position, *key)).collect();
        if flows.len() < room {
            return;
        }
        flows.sort();
        for (_, key) in &flows[..(flows.len() / 16).max(1)] {
            self.close(key, 0, self.clock);
        }
    }
}

fn shard((ends, protocol, vlan, tunnel): &Key) -> u8 {
    let [small, large] = *ends;
    let words = [
        (number(small.address) >> 64) as u64,
        number(small.address) as u64,
        (number(large.address) >> 64) as u64,
        number(large.address) as u64,
        u64::from(small.port) << 48
            | u64::from(large.port) << 32
            | u64::from(*protocol) << 8
            | u64::from(matches!(protocol, 6 | 17)) << 1
            | u64::from(small.address.is_ipv6()),
        u64::from(*tunnel) << 16 | u64::from(*vlan),
    ];
    (weighted_sum(&words) >> 56) as u8
}
