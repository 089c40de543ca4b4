//! How long a flow lives, and when it is closed (sections 4 and 5).

use std::collections::BTreeMap;

use super::decode::{self, Datagram, TCP, TcpHeader, UDP};
use super::fragments::{Memory, knows_ports};
use super::key::{Endpoint, Key};
use super::tcp::Connection;
use super::{Options, SECOND, SHARDS};
use crate::support::capture::RawPacket;

const LINGER: i128 = 5 * SECOND;

/// A packet of a flow. All times are nanoseconds, also where they are whole microseconds.
#[derive(Clone, Debug)]
pub struct Packet {
    pub position: u64,
    /// As it came, and as the flow takes it: `native` and `iscx-fixed` never go back.
    pub arrived: i128,
    pub time: i128,
    pub clock: i128,
    pub sender: Endpoint,
    pub receiver: Endpoint,
    pub ip_bytes: i128,
    pub payload_bytes: i128,
    /// What was captured of it.
    pub payload: Vec<u8>,
    /// None in a later fragment.
    pub header_bytes: Option<i128>,
    pub time_to_live: u8,
    pub dscp: u8,
    pub tcp: Option<TcpHeader>,
    pub has_bad_checksum: bool,
}

#[derive(Clone, Debug)]
pub struct Flow {
    pub key: Key,
    pub packets: Vec<Packet>,
    pub connection: Connection,
    /// Who sent the flow's first packet.
    pub opener: Endpoint,
    ended: Option<Ended>,
    shard: u8,
}

/// A TCP flow that has ended lingers for late packets.
#[derive(Clone, Copy, Debug)]
struct Ended {
    reason: &'static str,
    time: i128,
    clock: i128,
}

pub struct Closed {
    pub flow: Flow,
    pub reason: &'static str,
    /// The stream clock at closing.
    pub clock: i128,
    /// Of the packet that closed it; None where a deadline or the end of the capture did.
    pub position: Option<u64>,
}

impl Flow {
    /// Packets of several flows as if they were of one, between ends that tell directions and no more.
    pub fn of(packets: Vec<Packet>, client: Endpoint, server: Endpoint) -> Self {
        let key = Key::new(client, server, UDP, true);
        let connection = Connection::default();
        Self { key, packets, connection, opener: client, ended: None, shard: 0 }
    }

    pub fn id(&self) -> u64 {
        self.packets[0].position
    }

    fn last(&self) -> &Packet {
        &self.packets[self.packets.len() - 1]
    }

    /// An ended flow keeps its reason, whatever closes it.
    fn reason(&self, otherwise: &'static str) -> &'static str {
        self.ended.map_or(otherwise, |ended| ended.reason)
    }

    /// The deadline that the clock has passed, the earliest if there are two.
    fn deadline_passed(&self, clock: i128, options: &Options) -> Option<i128> {
        let idle = self.last().clock + options.idle;
        let linger = self.ended.map(|ended| ended.clock + LINGER);
        [Some(idle), linger].into_iter().flatten().filter(|deadline| clock > *deadline).min()
    }
}

/// All flows of the stream, in no order.
pub fn flows(records: &[RawPacket], options: &Options) -> Vec<Closed> {
    let mut stream = Stream { options, open: BTreeMap::new(), closed: Vec::new() };
    let mut memory = Memory::default();
    let mut clock = i128::MIN;
    for (index, record) in records.iter().enumerate() {
        let time = stream_time(record, options);
        if time > clock {
            clock = time;
            stream.close_due(clock);
        }
        let Some(mut datagram) = decode::decode(record, options.outer) else { continue };
        if options.profile.is_data_set() {
            datagram.stack.clear();
        }
        memory.complete(&mut datagram, clock);
        if let Some((key, packet)) = arrival(datagram, index as u64 + 1, time, clock, options) {
            stream.take(key, packet);
        }
    }
    let left = std::mem::take(&mut stream.open);
    stream.closed.extend(left.into_values().map(|flow| {
        let reason = flow.reason("end_of_capture");
        Closed { flow, reason, clock, position: None }
    }));
    stream.closed
}

/// The stream clock at each packet, decoded or not.
pub fn clocks(records: &[RawPacket], options: &Options) -> Vec<i128> {
    let mut clock = i128::MIN;
    let mut clocks = Vec::new();
    for record in records {
        clock = clock.max(stream_time(record, options));
        clocks.push(clock);
    }
    clocks
}

fn stream_time(record: &RawPacket, options: &Options) -> i128 {
    if options.profile.is_data_set() { whole_microseconds(record) } else { record.time_ns.into() }
}

/// Rounded down, which may not leave the range of times.
pub fn whole_microseconds(record: &RawPacket) -> i128 {
    let floor = i128::from(record.time_ns).div_euclid(1_000) * 1_000;
    if floor < i64::MIN.into() { floor + 1_000 } else { floor }
}

/// The flow that a packet is of, and what it tells it; None for packets that the profile leaves out.
fn arrival(
    datagram: Datagram,
    position: u64,
    time: i128,
    clock: i128,
    options: &Options,
) -> Option<(Key, Packet)> {
    let protocol = datagram.protocol;
    let (from, to) = datagram.ports.unwrap_or_default();
    let sender = Endpoint { address: datagram.source, port: from };
    let receiver = Endpoint { address: datagram.destination, port: to };
    let has_ports = datagram.ports.is_some();
    debug_assert!(has_ports <= knows_ports(protocol));
    let mut key = Key::new(sender, receiver, protocol, has_ports);
    let is_bare = options.profile.is_data_set();
    if is_bare && (!matches!(protocol, TCP | UDP) || !has_ports) {
        return None;
    }
    key.stack = datagram.stack;
    let packet = Packet {
        position,
        arrived: time,
        time,
        clock,
        sender,
        receiver,
        ip_bytes: datagram.ip_bytes,
        payload_bytes: datagram.payload_bytes,
        payload: datagram.payload,
        header_bytes: datagram.header_bytes,
        time_to_live: datagram.time_to_live,
        dscp: datagram.dscp,
        tcp: datagram.tcp,
        has_bad_checksum: options.checksums && datagram.has_bad_checksum,
    };
    Some((key, packet))
}

struct Stream<'a> {
    options: &'a Options,
    open: BTreeMap<Key, Flow>,
    closed: Vec<Closed>,
}

impl Stream<'_> {
    /// Closes without waiting what the clock part of the rules has ended.
    fn close_due(&mut self, clock: i128) {
        for (_, flow) in
            self.open.extract_if(.., |_, flow| flow.deadline_passed(clock, self.options).is_some())
        {
            let deadline = flow.deadline_passed(clock, self.options).unwrap_or(clock);
            let reason = flow.reason("idle");
            self.closed.push(Closed { flow, reason, clock: deadline, position: None });
        }
    }

    fn take(&mut self, key: Key, packet: Packet) {
        let data_set = self.options.profile.is_data_set();
        let ends_before = match self.open.get(&key) {
            Some(flow) if data_set => ends_data_set_flow_before(flow, &packet, self.options),
            Some(flow) => ends_before(flow, &packet, self.options),
            None => None,
        };
        if let Some(reason) = ends_before {
            self.close(&key, reason, &packet);
        }
        if !self.open.contains_key(&key) {
            self.make_room(key.shard(), &packet);
            self.open_with(key, packet);
        } else if data_set {
            self.join_data_set_flow(&key, packet);
        } else if let Some(flow) = self.open.get_mut(&key) {
            join(flow, packet);
        }
    }

    fn close(&mut self, key: &Key, reason: &'static str, by: &Packet) {
        if let Some(flow) = self.open.remove(key) {
            let reason = flow.reason(reason);
            let position = Some(by.position);
            self.closed.push(Closed { flow, reason, clock: by.clock, position });
        }
    }

    fn open_with(&mut self, key: Key, packet: Packet) {
        let shard = key.shard();
        let mut flow = Flow {
            key: key.clone(),
            packets: Vec::new(),
            connection: Connection::default(),
            opener: packet.sender,
            ended: None,
            shard,
        };
        if self.options.profile.is_data_set() {
            flow.packets.push(packet);
        } else {
            join(&mut flow, packet);
        }
        self.open.insert(key, flow);
    }

    /// A FIN joins however late it is, and closes at once; one that opens a flow does not close it.
    fn join_data_set_flow(&mut self, key: &Key, packet: Packet) {
        let closes = packet.tcp.is_some_and(|header| header.has_fin());
        if let Some(flow) = self.open.get_mut(key) {
            flow.packets.push(packet.clone());
        }
        if closes {
            self.close(key, "fin", &packet);
        }
    }

    /// Evicts the oldest sixteenth of a full shard; what is due by the clock has been closed already.
    fn make_room(&mut self, shard: u8, by: &Packet) {
        let room = (self.options.flows_max / SHARDS).max(1);
        let mut shard: Vec<&Flow> = self.open.values().filter(|flow| flow.shard == shard).collect();
        if shard.len() < room {
            return;
        }
        shard.sort_by_key(|flow| (flow.last().position, flow.id()));
        let count = (shard.len() / 16).max(1);
        let keys: Vec<Key> = shard[..count].iter().map(|flow| flow.key.clone()).collect();
        for key in keys {
            self.close(&key, "evicted", by);
        }
    }
}

/// The rules of `native` and `iscx-fixed`, their clock parts aside: those are done before any packet is looked at.
fn ends_before(flow: &Flow, packet: &Packet, options: &Options) -> Option<&'static str> {
    let syn = packet.tcp.filter(TcpHeader::is_plain_syn);
    if let Some(ended) = flow.ended
        && (syn.is_some() || packet.arrived - ended.time > LINGER)
    {
        return Some(ended.reason);
    }
    if packet.arrived - flow.last().time > options.idle {
        return Some("idle");
    }
    if options.active.is_some_and(|active| packet.arrived - flow.packets[0].time > active) {
        return Some("active");
    }
    match syn {
        Some(syn) if !flow.connection.owns_syn(packet.sender, &syn) => Some("reused"),
        _ => None,
    }
}

fn join(flow: &mut Flow, mut packet: Packet) {
    if let Some(last) = flow.packets.last() {
        packet.time = packet.time.max(last.time);
    }
    if flow.key.protocol == TCP {
        let reason = flow.connection.add(
            packet.sender,
            packet.receiver,
            packet.tcp.as_ref(),
            packet.payload_bytes,
        );
        // The first end counts.
        if let (None, Some(reason)) = (flow.ended, reason) {
            flow.ended = Some(Ended { reason, time: packet.time, clock: packet.clock });
        }
    }
    flow.packets.push(packet);
}

/// The rules of `iscx` and `iscx-a2`, the clock part aside.
fn ends_data_set_flow_before(
    flow: &Flow,
    packet: &Packet,
    options: &Options,
) -> Option<&'static str> {
    if packet.arrived - flow.last().arrived > options.idle {
        return Some("idle");
    }
    if packet.tcp.is_some_and(|header| header.has_fin()) {
        return None;
    }
    let age = packet.arrived - flow.packets[0].arrived;
    options.active.filter(|active| age > *active).map(|_| "active")
}
