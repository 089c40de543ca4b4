//! Two hosts that talk well-behaved TCP or UDP with each other: what the sample is told in.

use std::net::SocketAddr;

use crate::support::capture::{ETHERNET, RawPacket};
use crate::support::frames::{ACK, FIN, Ip, PSH, RST, SYN, TCP, Tcp, UDP, udp};
use crate::support::link_frames::{Tag, frame};

/// The shortest Ethernet frame without its check sequence.
const ETHERNET_BYTES_MIN: usize = 60;
const SEGMENT_BYTES_MAX: usize = 1_400;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Client,
    Server,
}

#[derive(Clone)]
pub struct Talk {
    pub ends: [SocketAddr; 2],
    pub tags: Vec<Tag>,
    /// Of the next packet.
    pub time_us: i64,
    pub round_trip_us: i64,
    /// Next sequence number of each side.
    sequence: [u32; 2],
    pub packets: Vec<RawPacket>,
}

impl Talk {
    pub fn new(client: SocketAddr, server: SocketAddr, time_us: i64, round_trip_us: i64) -> Self {
        let sequence = [0x1000_0000 ^ time_us as u32, 0x9000_0000 ^ (time_us as u32) << 3];
        let ends = [client, server];
        Self { ends, tags: Vec::new(), time_us, round_trip_us, sequence, packets: Vec::new() }
    }

    pub fn wait(&mut self, time_us: i64) {
        self.time_us += time_us;
    }

    pub fn ip(&self, side: Side, protocol: u8, transport: &[u8]) -> RawPacket {
        let (from, to) = (self.ends[side as usize], self.ends[1 - side as usize]);
        let mut ip = Ip::new(from.ip(), to.ip(), protocol);
        ip.time_to_live = if side == Side::Client { 64 } else { 57 };
        ip.identification = self.packets.len() as u32;
        let mut data = frame(ETHERNET, &self.tags, &ip.packet(transport));
        data.resize(data.len().max(ETHERNET_BYTES_MIN), 0);
        RawPacket::whole(self.time_us * 1_000, ETHERNET, data)
    }

    pub fn send(&mut self, side: Side, protocol: u8, transport: &[u8]) {
        let packet = self.ip(side, protocol, transport);
        self.packets.push(packet);
    }

    pub fn udp(&mut self, side: Side, payload: &[u8]) {
        let (from, to) = (self.ends[side as usize], self.ends[1 - side as usize]);
        self.send(side, UDP, &udp(from.port(), to.port(), payload));
        self.wait(self.round_trip_us / 2);
    }

    fn tcp(&mut self, side: Side, flags: u8, payload: &[u8]) {
        let (from, to) = (self.ends[side as usize], self.ends[1 - side as usize]);
        // Behind the handshake windows are in units of 128 bytes, as its options say.
        let window = match (side, flags & SYN != 0) {
            (Side::Client, true) => 64_240,
            (Side::Server, true) => 65_160,
            (Side::Client, false) => 502,
            (Side::Server, false) => 509,
        };
        let header = Tcp {
            source_port: from.port(),
            destination_port: to.port(),
            sequence: self.sequence[side as usize],
            acknowledgement: if flags & ACK != 0 { self.sequence[1 - side as usize] } else { 0 },
            flags,
            window,
            // Maximum segment size, no operation, window scale.
            options: if flags & SYN != 0 { vec![2, 4, 5, 180, 1, 3, 3, 7] } else { Vec::new() },
        };
        self.send(side, TCP, &header.segment(payload));
        let length = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        self.sequence[side as usize] = self.sequence[side as usize].wrapping_add(length);
    }

    pub fn handshake(&mut self) {
        self.tcp(Side::Client, SYN, &[]);
        self.wait(self.round_trip_us);
        self.tcp(Side::Server, SYN | ACK, &[]);
        self.wait(90);
        self.tcp(Side::Client, ACK, &[]);
        self.wait(210);
    }

    /// Data in segments, each second one acknowledged.
    pub fn data(&mut self, side: Side, payload: &[u8]) {
        let other = if side == Side::Client { Side::Server } else { Side::Client };
        let count = payload.len().div_ceil(SEGMENT_BYTES_MAX);
        for (index, segment) in payload.chunks(SEGMENT_BYTES_MAX).enumerate() {
            let last = index + 1 == count;
            self.tcp(side, if last { PSH | ACK } else { ACK }, segment);
            self.wait(120);
            if last || index % 2 == 1 {
                self.wait(self.round_trip_us / 2);
                self.tcp(other, ACK, &[]);
                self.wait(60);
            }
        }
        self.wait(self.round_trip_us / 2);
    }

    /// The last packet once more, after the time-out of a sender that got no answer.
    pub fn retransmit(&mut self, time_out_us: i64) {
        self.wait(time_out_us);
        if let Some(mut again) = self.packets.last().cloned() {
            again.time_ns = self.time_us * 1_000;
            self.packets.push(again);
        }
        self.wait(self.round_trip_us);
    }

    /// A request that is lost behind the capture, and its retransmission.
    pub fn lost_request(&mut self, payload: &[u8]) {
        self.tcp(Side::Client, PSH | ACK, payload);
        self.retransmit(312_000);
        self.tcp(Side::Server, ACK, &[]);
        self.wait(700);
    }

    /// The whole teardown, the client first.
    pub fn close(&mut self) {
        self.tcp(Side::Client, FIN | ACK, &[]);
        self.wait(self.round_trip_us);
        self.tcp(Side::Server, FIN | ACK, &[]);
        self.wait(80);
        self.tcp(Side::Client, ACK, &[]);
    }

    pub fn syn(&mut self) {
        self.tcp(Side::Client, SYN, &[]);
    }

    pub fn reset(&mut self, side: Side) {
        self.tcp(side, RST | ACK, &[]);
    }
}
