//! The adversary's conversations: two of few ends and what passes between them, as IP packets.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::adversary::Mood;
use super::connections::Connection;
use crate::support::frames::{GRE, ICMP, ICMPV6, Ip, SCTP, TCP, UDP, icmp, sctp, udp};
use crate::support::random::Random;

const DESTINATION_OPTIONS: u8 = 60;

/// Hop-by-hop, routing, destination options, mobility, HIP, shim6, authentication, and fragment: where no part of the
/// packet is meant, offset 0 and no more, else one fragment header behind another.
const EXTENSIONS: [u8; 8] = [0, 43, DESTINATION_OPTIONS, 135, 139, 140, 51, 44];

/// Types with a mate, types without, and types whose number is another's code.
const ICMP_KINDS: [(u8, u8); 12] = [
    (8, 0),
    (8, 0),
    (0, 0),
    (0, 0),
    (13, 0),
    (14, 0),
    (10, 0),
    (9, 0),
    (17, 0),
    (3, 3),
    (11, 0),
    (0, 8),
];
const ICMPV6_KINDS: [(u8, u8); 9] =
    [(128, 0), (129, 0), (128, 0), (135, 0), (136, 0), (130, 0), (131, 0), (1, 4), (144, 1)];

pub struct Conversation {
    ends: [(IpAddr, u16); 2],
    protocol: u8,
    connection: Connection,
}

impl Conversation {
    pub fn new(random: &mut Random, ports: &[u16]) -> Self {
        let is_ipv6 = random.chance(30);
        let mut ends = [0, 1].map(|_| (address(random, is_ipv6), random.pick(ports)));
        if random.chance(6) {
            ends[1] = ends[0];
        }
        let protocol = match random.below(20) {
            0..=11 => TCP,
            12..=14 => UDP,
            15 | 16 if is_ipv6 => ICMPV6,
            15 | 16 => ICMP,
            17 => SCTP,
            18 => GRE,
            _ => random.pick(&[50, 89, 103, 2, 59, ICMP, ICMPV6]),
        };
        Self { ends, protocol, connection: Connection::new(random) }
    }

    /// What is said next: one packet, or the fragments of one in their order.
    pub fn next(&mut self, random: &mut Random, mood: &Mood) -> Vec<Vec<u8>> {
        let long = random.chance(mood.fragment_percent);
        let (side, transport) =
            self.transport(random, mood.strange_percent, if long { 90 } else { 0 });
        let (from, to) = (self.ends[side], self.ends[1 - side]);
        let mut ip = Ip::new(from.0, to.0, self.protocol);
        ip.time_to_live = random.pick(&[64, 64, 63, 1, 255]);
        ip.traffic_class = random.pick(&[0, 0, 0xb8, 0x2b]);
        ip.identification = random.below(3) as u32;
        let is_ipv6 = from.0.is_ipv6();
        dress(random, &mut ip, is_ipv6);
        if long {
            let mut transport = transport;
            if is_ipv6 && random.chance(20) {
                // An extension header in the part that is cut: the fragment header names it, not the transport.
                transport = [&[ip.protocol, 0, 1, 4, 0, 0, 0, 0][..], &transport].concat();
                ip.protocol = DESTINATION_OPTIONS;
            }
            ip.fragments(&transport, random.pick(&[8, 16, 24, 32, 48]))
        } else {
            // Offset 0 and nothing more to come is no fragment at all.
            ip.fragment = (is_ipv6 && random.chance(5)).then_some((0, false));
            vec![ip.packet(&transport)]
        }
    }

    fn transport(
        &mut self,
        random: &mut Random,
        strange_percent: u64,
        more_bytes: usize,
    ) -> (usize, Vec<u8>) {
        let side = random.below(2) as usize;
        let payload_bytes = more_bytes + random.below(24) as usize;
        let payload = random.bytes(payload_bytes);
        let (from, to) = (self.ends[side].1, self.ends[1 - side].1);
        let transport = match self.protocol {
            TCP => {
                let mut sent = self.connection.next(random, strange_percent);
                sent.header.source_port = self.ends[sent.side].1;
                sent.header.destination_port = self.ends[1 - sent.side].1;
                sent.payload.resize(sent.payload.len() + more_bytes, 7);
                return (sent.side, sent.header.segment(&sent.payload));
            }
            UDP => udp(from, to, &payload),
            SCTP => sctp(from, to, &payload),
            ICMP | ICMPV6 => {
                let known = if self.protocol == ICMP { &ICMP_KINDS[..] } else { &ICMPV6_KINDS };
                let (kind, code) = random.pick(known);
                icmp(kind, code, 7, &payload)
            }
            _ => payload,
        };
        (side, transport)
    }
}

fn address(random: &mut Random, is_ipv6: bool) -> IpAddr {
    let host = random.pick(&[1, 1, 2, 3]);
    if !is_ipv6 {
        return Ipv4Addr::new(10, 0, 0, host).into();
    }
    // The second is an IPv4 address in IPv6 clothes: another flow than the same address in its own.
    random
        .pick(&[
            Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, host.into()),
            Ipv4Addr::new(10, 0, 0, host).to_ipv6_mapped(),
        ])
        .into()
}

fn dress(random: &mut Random, ip: &mut Ip, is_ipv6: bool) {
    if is_ipv6 && random.chance(20) {
        // 16 may be stepped over, the 17th is too deep.
        let count = random.pick(&[1, 1, 2, 3, 15, 16, 17]);
        ip.extensions = (0..count).map(|_| random.pick(&EXTENSIONS)).collect();
    } else if !is_ipv6 && random.chance(10) {
        ip.options = vec![1; random.pick(&[4, 8, 40])];
    } else if !is_ipv6 && random.chance(4) {
        ip.extensions = vec![51];
    }
}
