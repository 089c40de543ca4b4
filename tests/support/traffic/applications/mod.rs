//! A few clients, each with several applications that use more than one flow for one piece of work, among quiet gaps
//! near the bounds of sessions.

mod files;
mod media;
pub mod messages;
mod private;
mod torrents;
mod web;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::talk::{Side, Talk};
use crate::support::capture::RawPacket;
use crate::support::random::Random;

/// 14 March 2024, 09:00 UTC.
pub const START_US: i64 = 1_710_406_800_000_000;
pub const MS: i64 = 1_000;

/// Between what a client begins and what it begins next, in ms.
const PAUSES: [i64; 14] =
    [0, 20, 300, 990, 1_010, 1_900, 2_100, 9_000, 30_000, 57_000, 61_000, 63_000, 70_000, 130_000];

/// Where the traffic is made, and what was used.
pub struct Network<'a> {
    pub random: &'a mut Random,
    pub packets: Vec<RawPacket>,
    pub time_us: i64,
    next_port: u16,
    next_host: u8,
    clients: u8,
}

/// Some minutes of applications, in the order of time.
pub fn applications(random: &mut Random, count: usize) -> Vec<RawPacket> {
    let clients = random.between(2, 4) as u8;
    let mut network = Network {
        random,
        packets: Vec::new(),
        time_us: START_US,
        next_port: 20_000,
        next_host: 1,
        clients,
    };
    for _ in 0..count {
        let pause = network.random.pick(&PAUSES) * MS + network.random.between(0, 999);
        network.time_us += pause;
        let begun = network.time_us;
        match network.random.below(16) {
            0..3 => files::transfer(&mut network),
            3 => files::trivial(&mut network),
            4..6 => media::call(&mut network),
            6 => media::stream(&mut network),
            7 => private::point_to_point(&mut network),
            8 => private::keys(&mut network),
            9..11 => torrents::client(&mut network),
            11..14 => web::pages(&mut network),
            14 => web::services(&mut network),
            _ => web::oddities(&mut network),
        }
        network.time_us = begun;
    }
    let mut packets = network.packets;
    packets.sort_by_key(|packet| packet.time_ns);
    packets
}

impl Network<'_> {
    pub fn port(&mut self) -> u16 {
        self.next_port += 1 + self.random.below(3) as u16;
        self.next_port
    }

    /// A port for media or data, which has an odd one behind it that nobody else gets.
    pub fn even_port(&mut self) -> u16 {
        self.next_port = (self.next_port + 2) / 2 * 2 + 8;
        self.next_port - 8
    }

    pub fn client(&mut self) -> IpAddr {
        Ipv4Addr::new(10, 0, 0, 1 + self.random.below(self.clients.into()) as u8).into()
    }

    pub fn server(&mut self) -> IpAddr {
        self.next_host = self.next_host.wrapping_add(1);
        Ipv4Addr::new(198, 51, 100, self.next_host).into()
    }

    pub fn stranger(&mut self) -> IpAddr {
        Ipv4Addr::new(203, 0, 113, 1 + self.random.below(200) as u8).into()
    }

    pub fn talk(&mut self, client: SocketAddr, server: SocketAddr) -> Talk {
        let round_trip_us = self.random.pick(&[400, 9_000, 40_000]);
        Talk::new(client, server, self.time_us, round_trip_us)
    }

    /// Takes in what was said; the time is then behind it.
    pub fn add(&mut self, talk: Talk) {
        self.time_us = self.time_us.max(talk.time_us);
        self.packets.extend(talk.packets);
    }

    pub fn wait_ms(&mut self, choices: &[i64]) {
        self.time_us += self.random.pick(choices) * MS + self.random.between(0, 999);
    }

    /// Bytes in one segment, or cut, lost, or sent again.
    pub fn say(&mut self, talk: &mut Talk, side: Side, bytes: &[u8]) {
        let cut = match self.random.chance(15) && bytes.len() > 1 {
            true => 1 + self.random.below(bytes.len() as u64 - 1) as usize,
            false => bytes.len(),
        };
        for piece in [&bytes[..cut], &bytes[cut..]] {
            if piece.is_empty() {
                continue;
            }
            let place = talk.packets.len();
            talk.data(side, piece);
            match self.random.below(30) {
                0 => drop(talk.packets.remove(place)),
                1 => {
                    let mut again = talk.packets[place].clone();
                    again.time_ns = talk.time_us * 1_000;
                    talk.packets.push(again);
                    talk.wait(500);
                }
                _ => (),
            }
        }
    }
}

pub fn mapped(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let [_, _, high, low] = address.octets();
            let network = u16::from(address.octets()[0]);
            let host = u16::from(high) << 8 | u16::from(low);
            Ipv6Addr::new(0x2001, 0xdb8, network, 0, 0, 0, 0, host).into()
        }
        address => address,
    }
}
