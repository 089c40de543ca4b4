//! A flow that no packet made.
#![allow(unsafe_code)]

use std::net::{IpAddr, SocketAddr};

use crate::abi::{tractor_bytes, tractor_flow, tractor_packet, tractor_text};
use crate::border::flow::Flow;
use crate::{ClosedBy, Columns, Direction, NameFrom, Packet, State};

/// Builds a [`TestFlow`]; a closed one, if nothing else is said.
#[derive(Clone, Debug)]
pub struct FlowBuilder {
    transport: u8,
    client: SocketAddr,
    server: SocketAddr,
    state: State,
    closed_by: Option<ClosedBy>,
    start_us: i64,
    window_start_us: i64,
    packets: Vec<Packet>,
    payload: [Vec<u8>; 2],
    texts: Texts,
    name_from: Option<NameFrom>,
    features: Vec<(String, f64)>,
}

#[derive(Clone, Debug, Default)]
struct Texts {
    server_name: String,
    user_agent: String,
    alpn: String,
    ja3: String,
    ja4: String,
}

impl FlowBuilder {
    /// TCP from client to server, each an address and a port, such as `10.0.0.1:40000` or
    /// `[2001:db8::1]:443`.
    ///
    /// # Panics
    /// Where an address is none.
    pub fn tcp(client: &str, server: &str) -> Self {
        FlowBuilder::new(6, client, server)
    }

    /// UDP from client to server. Panics as [`tcp`](Self::tcp).
    pub fn udp(client: &str, server: &str) -> Self {
        FlowBuilder::new(17, client, server)
    }

    /// Any transport, by its IP protocol number; port 0 where it has none. Panics as
    /// [`tcp`](Self::tcp).
    pub fn new(transport: u8, client: &str, server: &str) -> Self {
        let address =
            |text: &str| text.parse().unwrap_or_else(|_| panic!("{text}: no address:port"));
        FlowBuilder {
            transport,
            client: address(client),
            server: address(server),
            state: State::Closed,
            closed_by: Some(ClosedBy::Idle),
            start_us: 1_500_000_000_000_000,
            window_start_us: 0,
            packets: Vec::new(),
            payload: [Vec::new(), Vec::new()],
            texts: Texts::default(),
            name_from: None,
            features: Vec::new(),
        }
    }

    pub fn state(mut self, state: State) -> Self {
        self.state = state;
        if state != State::Closed {
            self.closed_by = None;
        }
        self
    }

    pub fn closed_by(mut self, reason: ClosedBy) -> Self {
        self.closed_by = Some(reason);
        self
    }

    /// Unix time of the first packet, microseconds.
    pub fn start_us(mut self, time_us: i64) -> Self {
        self.start_us = time_us;
        self
    }

    /// Unix time at which the window began, microseconds; the state is then [`State::Window`].
    pub fn window_start_us(mut self, time_us: i64) -> Self {
        self.window_start_us = time_us;
        self.state(State::Window)
    }

    /// Adds a packet with payload, a millisecond after the last: a datagram, or the next segment of a
    /// stream.
    pub fn payload(self, direction: Direction, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        let payload_at = self.payload[direction as usize].len() as u32;
        let mut flow = self.packet(direction, bytes.len() as u32);
        flow.payload[direction as usize].extend_from_slice(bytes);
        if let Some(packet) = flow.packets.last_mut() {
            packet.payload_at = Some(payload_at);
        }
        flow
    }

    /// Adds a packet whose payload, of so many bytes, is not kept, a millisecond after the last.
    pub fn packet(mut self, direction: Direction, payload_bytes: u32) -> Self {
        let time_us = self.packets.last().map_or(0, |packet| packet.time_us + 1000);
        let ip_bytes = if self.client.is_ipv4() { 20 } else { 40 };
        let (transport_bytes, tcp_flags) = match self.transport {
            // ACK, and PSH with payload.
            6 => (20, if payload_bytes > 0 { 0x18 } else { 0x10 }),
            _ => (8, 0),
        };
        let wire_bytes = ip_bytes + transport_bytes + payload_bytes;
        let payload_at = None;
        let packet =
            Packet { time_us, wire_bytes, payload_bytes, direction, tcp_flags, payload_at };
        self.packets.push(packet);
        self
    }

    /// Adds a packet as it is.
    pub fn raw_packet(mut self, packet: Packet) -> Self {
        self.packets.push(packet);
        self
    }

    pub fn server_name(mut self, name: &str, from: NameFrom) -> Self {
        self.texts.server_name = name.to_owned();
        self.name_from = Some(from);
        self
    }

    pub fn user_agent(mut self, text: &str) -> Self {
        self.texts.user_agent = text.to_owned();
        self
    }

    /// What the client offered, joined by commas.
    pub fn alpn(mut self, text: &str) -> Self {
        self.texts.alpn = text.to_owned();
        self
    }

    pub fn ja3(mut self, text: &str) -> Self {
        self.texts.ja3 = text.to_owned();
        self
    }

    pub fn ja4(mut self, text: &str) -> Self {
        self.texts.ja4 = text.to_owned();
        self
    }

    /// Adds a column and its value; NaN: missing.
    pub fn feature(mut self, name: &str, value: f64) -> Self {
        self.features.push((name.to_owned(), value));
        self
    }

    pub fn build(self) -> TestFlow {
        TestFlow::new(self)
    }

    /// Packets and bytes of each direction.
    fn counts(&self) -> [[u64; 2]; 2] {
        let mut counts = [[0; 2]; 2];
        for packet in &self.packets {
            counts[0][packet.direction as usize] += 1;
            counts[1][packet.direction as usize] += u64::from(packet.wire_bytes);
        }
        counts
    }
}

/// A flow for tests.
#[derive(Debug)]
pub struct TestFlow {
    /// Points into the fields behind it: heaps of vectors and texts, which do not move with them.
    raw: tractor_flow,
    columns: Columns,
    _texts: Texts,
    _payload: [Vec<u8>; 2],
    _packets: Vec<tractor_packet>,
    _values: Vec<f64>,
}

impl TestFlow {
    fn new(flow: FlowBuilder) -> Self {
        let [packet_counts, byte_counts] = flow.counts();
        let packets: Vec<_> = flow.packets.iter().map(tractor_packet::from).collect();
        let values: Vec<_> = flow.features.iter().map(|(_, value)| *value).collect();
        let names = flow.features.into_iter().map(|(name, _)| name).collect();
        let last_us = packets.last().map_or(0, |packet| packet.time_us);
        let raw = tractor_flow {
            size: size_of::<tractor_flow>() as u32,
            state: flow.state.value(),
            transport: flow.transport,
            ip_version: if flow.client.is_ipv4() { 4 } else { 6 },
            closed_by: flow.closed_by.map_or(0, ClosedBy::value),
            client_ip: mapped(flow.client.ip()),
            server_ip: mapped(flow.server.ip()),
            client_port: flow.client.port(),
            server_port: flow.server.port(),
            reserved: 0,
            start_us: flow.start_us,
            end_us: flow.start_us.saturating_add_unsigned(last_us),
            packets: packet_counts,
            bytes: byte_counts,
            features: values.as_ptr(),
            packet: packets.as_ptr(),
            feature_count: values.len() as u32,
            packet_count: packets.len() as u32,
            payload: [bytes(&flow.payload[0]), bytes(&flow.payload[1])],
            server_name: text(&flow.texts.server_name),
            user_agent: text(&flow.texts.user_agent),
            alpn: text(&flow.texts.alpn),
            ja3: text(&flow.texts.ja3),
            ja4: text(&flow.texts.ja4),
            server_name_from: flow.name_from.map_or(0, NameFrom::value),
            reserved2: 0,
            window_start_us: flow.window_start_us,
        };
        TestFlow {
            raw,
            columns: Columns::new(names),
            _texts: flow.texts,
            _payload: flow.payload,
            _packets: packets,
            _values: values,
        }
    }

    /// As a host shows it whose flows have only so many bytes: an older one.
    pub fn of_size(mut self, size: u32) -> Self {
        self.raw.size = size.clamp(size_of::<u32>() as u32, size_of::<tractor_flow>() as u32);
        self
    }

    pub fn view(&self) -> Flow<'_> {
        // SAFETY: it was made as the header has it, and what it points to lives as long as it.
        unsafe { Flow::lent(&raw const self.raw, &self.columns) }
    }

    pub(crate) fn raw(&self) -> *const tractor_flow {
        &raw const self.raw
    }

    pub(crate) fn columns(&self) -> &Columns {
        &self.columns
    }
}

fn mapped(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

fn bytes(bytes: &[u8]) -> tractor_bytes {
    tractor_bytes { data: bytes.as_ptr(), length: bytes.len() }
}

fn text(text: &str) -> tractor_text {
    tractor_text { data: text.as_ptr().cast(), length: text.len() }
}
