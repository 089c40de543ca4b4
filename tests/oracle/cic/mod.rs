//! Flows of the profile `cic` (FLOWS-cic.md, sections 2 and 3); the rest in the files beside.

pub mod fixed;
pub mod fork;
mod reading;
pub mod row;

use std::collections::BTreeMap;

use super::cuts::{Early, insert_early};
use super::key::{Endpoint, Key};
use super::life::whole_microseconds;
use super::table::Table;
use super::{Options, SHARDS};
use crate::support::capture::RawPacket;
use reading::{Seen, Transport, read};

const FIN: u8 = 0x01;
const RST: u8 = 0x04;
/// In each shard.
const REMEMBERED_MAX: usize = 16_384;

/// Times are nanoseconds, and whole microseconds.
pub struct Packet {
    position: u64,
    time: i128,
    clock: i128,
    is_forward: bool,
    transport: Transport,
}

/// Whom a flow takes for its source and destination.
#[derive(Clone, Copy)]
struct Orientation {
    source: Endpoint,
    destination: Endpoint,
}

pub struct Flow {
    orientation: Orientation,
    /// The opening packet first.
    packets: Vec<Packet>,
    source_has_finished: bool,
}

impl Flow {
    fn last(&self) -> &Packet {
        &self.packets[self.packets.len() - 1]
    }
}

struct Closed {
    flow: Flow,
    clock: i128,
}

struct Remembered {
    key: Key,
    orientation: Orientation,
}

pub fn table(records: &[RawPacket], options: &Options) -> Table {
    let mut stream = Stream {
        options,
        clock: i128::MIN,
        open: BTreeMap::new(),
        remembered: BTreeMap::new(),
        closed: Vec::new(),
    };
    for (index, record) in records.iter().enumerate() {
        let time = whole_microseconds(record);
        if time > stream.clock {
            stream.clock = time;
            stream.set_silent_aside();
        }
        if let Some(seen) = read(record) {
            stream.take(index as u64 + 1, time, &seen);
        }
    }
    for key in stream.open.keys().cloned().collect::<Vec<_>>() {
        stream.close(&key, stream.clock);
    }
    let mut closed = stream.closed;
    closed.retain(|closed| closed.flow.packets.len() > 1);
    closed.sort_by_key(|closed| (closed.clock, closed.flow.packets[0].position));
    let rows = closed.iter().map(|closed| row::row(&closed.flow, options)).collect();
    let mut table = Table { columns: row::columns(), rows };
    let early = |packet: &Packet| Early {
        is_forward: packet.is_forward,
        payload_bytes: packet.transport.payload_bytes,
        time: packet.time,
    };
    let early = closed.iter().map(|closed| closed.flow.packets.iter().map(early).collect());
    let place = table.columns.len() - 1;
    insert_early(&mut table, place, early, options);
    table
}

struct Stream<'a> {
    options: &'a Options,
    clock: i128,
    open: BTreeMap<Key, Flow>,
    /// By shard, then by the position of the last packet.
    remembered: BTreeMap<u8, BTreeMap<u64, Remembered>>,
    closed: Vec<Closed>,
}

impl Stream<'_> {
    fn take(&mut self, position: u64, time: i128, seen: &Seen) {
        let transport = seen.transport;
        let source = Endpoint { address: seen.source, port: transport.ports.0 };
        let destination = Endpoint { address: seen.destination, port: transport.ports.1 };
        let has_ports = transport.protocol != 0;
        let key = Key::new(source, destination, transport.protocol, has_ports);
        let mut packet = Packet { position, time, clock: self.clock, is_forward: true, transport };
        let Some(flow) = self.open.get_mut(&key) else {
            let own = Orientation { source, destination };
            let orientation = self.recall(&key).unwrap_or(own);
            self.make_room(&key);
            self.open_with(key, orientation, packet);
            return;
        };
        let age = time - flow.packets[0].time;
        if self.options.active.is_some_and(|active| age > active) {
            let orientation = flow.orientation;
            self.close(&key, self.clock);
            self.open_with(key, orientation, packet);
            return;
        }
        packet.is_forward = seen.source == flow.orientation.source.address;
        let (has_fin, has_rst) = (transport.flags & FIN != 0, transport.flags & RST != 0);
        if has_fin && packet.is_forward {
            if !flow.source_has_finished {
                flow.source_has_finished = true;
                flow.packets.push(packet);
            }
            return;
        }
        flow.packets.push(packet);
        if has_fin || has_rst {
            self.close(&key, self.clock);
        }
    }

    fn open_with(&mut self, key: Key, orientation: Orientation, packet: Packet) {
        let flow = Flow { orientation, packets: vec![packet], source_has_finished: false };
        self.open.insert(key, flow);
    }

    fn close(&mut self, key: &Key, clock: i128) {
        self.closed.extend(self.open.remove(key).map(|flow| Closed { flow, clock }));
    }

    fn set_silent_aside(&mut self) {
        let deadline = |flow: &Flow| flow.last().clock + self.options.idle;
        let silent = self.open.iter().filter(|(_, flow)| deadline(flow) < self.clock);
        let mut silent: Vec<(u64, Key, i128)> =
            silent.map(|(key, flow)| (flow.last().position, key.clone(), deadline(flow))).collect();
        silent.sort();
        for (_, key, deadline) in silent {
            self.set_aside(&key, deadline);
        }
    }

    fn set_aside(&mut self, key: &Key, clock: i128) {
        let flow = &self.open[key];
        let shard = self.remembered.entry(key.shard()).or_default();
        let remembered = Remembered { key: key.clone(), orientation: flow.orientation };
        shard.insert(flow.last().position, remembered);
        if shard.len() > REMEMBERED_MAX {
            shard.pop_first();
        }
        self.close(key, clock);
    }

    fn recall(&mut self, key: &Key) -> Option<Orientation> {
        let shard = self.remembered.get_mut(&key.shard())?;
        let position = shard.iter().find(|(_, one)| one.key == *key).map(|(position, _)| *position);
        Some(shard.remove(&position?)?.orientation)
    }

    /// As in FLOWS.md, section 4; what is evicted is set aside.
    fn make_room(&mut self, key: &Key) {
        let room = (self.options.flows_max / SHARDS).max(1);
        if self.open.len() < room {
            return;
        }
        let of_shard = self.open.iter().filter(|(other, _)| other.shard() == key.shard());
        let mut flows: Vec<(u64, Key)> =
            of_shard.map(|(key, flow)| (flow.last().position, key.clone())).collect();
        if flows.len() < room {
            return;
        }
        flows.sort();
        for (_, key) in &flows[..(flows.len() / 16).max(1)] {
            self.set_aside(key, self.clock);
        }
    }
}
