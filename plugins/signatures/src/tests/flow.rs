//! Flows for tests.

use crate::seen::{FROM_NOTHING, Seen, SeenPacket, TCP, UDP};
use crate::{Finding, Rules, classify};

/// A flow that is put together message by message; each is a segment or a datagram.
#[derive(Clone)]
pub struct Built {
    pub transport: u8,
    pub ports: (u16, u16),
    pub addresses: ([u8; 16], [u8; 16]),
    pub payload: [Vec<u8>; 2],
    pub packets: Vec<SeenPacket>,
    pub name: (&'static str, u8),
    pub agent: &'static str,
    pub alpn: &'static str,
}

impl Built {
    fn new(transport: u8, server_port: u16) -> Self {
        let address = |last| std::net::Ipv4Addr::new(192, 0, 2, last).to_ipv6_mapped().octets();
        Built {
            transport,
            ports: (50_000, server_port),
            addresses: (address(1), address(2)),
            payload: Default::default(),
            packets: Vec::new(),
            name: ("", FROM_NOTHING),
            agent: "",
            alpn: "",
        }
    }

    pub fn tcp(server_port: u16) -> Self {
        Built::new(TCP, server_port)
    }

    pub fn udp(server_port: u16) -> Self {
        Built::new(UDP, server_port)
    }

    pub fn client(self, bytes: impl AsRef<[u8]>) -> Self {
        self.says(0, bytes.as_ref())
    }

    pub fn server(self, bytes: impl AsRef<[u8]>) -> Self {
        self.says(1, bytes.as_ref())
    }

    fn says(mut self, direction: u8, bytes: &[u8]) -> Self {
        let payload = &mut self.payload[usize::from(direction)];
        self.packets.push(SeenPacket {
            direction,
            payload_bytes: bytes.len() as u32,
            payload_at: payload.len() as u32,
            ..SeenPacket::default()
        });
        payload.extend_from_slice(bytes);
        self
    }

    pub fn named(mut self, name: &'static str, from: u8) -> Self {
        self.name = (name, from);
        self
    }

    pub fn seen(&self) -> Seen<'_> {
        let packets = |direction| {
            self.packets.iter().filter(|packet| packet.direction == direction).count() as u64
        };
        Seen {
            transport: self.transport,
            client_ip: self.addresses.0,
            server_ip: self.addresses.1,
            client_port: self.ports.0,
            server_port: self.ports.1,
            packets: [packets(0), packets(1)],
            bytes: [self.payload[0].len() as u64, self.payload[1].len() as u64],
            payload: [&self.payload[0], &self.payload[1]],
            first_packets: &self.packets,
            server_name: self.name.0,
            user_agent: self.agent,
            alpn: self.alpn,
            server_name_from: self.name.1,
            is_closed: true,
        }
    }

    pub fn finding(&self, rules: &Rules) -> Option<Finding> {
        classify(rules, &self.seen())
    }
}
