//! Traffic for the profiles that copy a program: whatever their ways of reading and their limits could trip over.

use std::net::IpAddr;

use super::timeline::{TimeMood, Timeline};
use super::wrappings::{LINK_TYPES, host, linked, tunnelled};
use crate::support::capture::RawPacket;
use crate::support::frames::{ACK, FIN, ICMP, ICMPV6, Ip, PSH, RST, SYN, TCP, Tcp, UDP, icmp, udp};
use crate::support::random::Random;

const URG: u8 = 0x20;
const ECE: u8 = 0x40;
const CWR: u8 = 0x80;

/// What a capture of it is like.
#[derive(Clone, Debug)]
pub struct ForeignMood {
    link_type: u16,
    time: TimeMood,
    /// Of the pcap file; packets may hold more.
    snaplen: Option<u32>,
    /// Of 100 packets.
    cut_percent: u64,
    tunnel_percent: u64,
    lie_percent: u64,
    /// TCP segments with FIN or RST.
    end_percent: u64,
    ports: u16,
    are_ipv6: bool,
}

impl ForeignMood {
    pub fn of(random: &mut Random) -> Self {
        Self {
            link_type: random.pick(&LINK_TYPES),
            time: random.pick(&[TimeMood::Forward, TimeMood::Jitter, TimeMood::Wild]),
            snaplen: random.pick(&[None, None, None, Some(0), Some(96), Some(60)]),
            cut_percent: random.pick(&[0, 0, 10, 40]),
            tunnel_percent: random.pick(&[0, 10, 60]),
            lie_percent: random.pick(&[0, 10, 30]),
            end_percent: random.pick(&[0, 5, 40]),
            ports: random.pick(&[1, 2, 200]),
            are_ipv6: random.chance(25),
        }
    }
}

/// The same for the same seed, mood and count.
pub fn foreign(random: &mut Random, mood: &ForeignMood, count: usize) -> Vec<RawPacket> {
    let start_ns = random.pick(&[1_700_000_000_123_456_789, 1_700_000_000_000_000_000, 0]);
    let mut timeline = Timeline::new(mood.time, start_ns);
    let mut packets = Vec::new();
    while packets.len() < count {
        let (time_ns, who) = timeline.next(random, mood.ports.into());
        for mut packet in talk(random, mood, who as u16) {
            if random.chance(mood.lie_percent) {
                lie(random, &mut packet);
            }
            if random.chance(mood.tunnel_percent) {
                packet = tunnelled(random, packet);
                if random.chance(20) {
                    packet = tunnelled(random, packet);
                }
            }
            packets.push(record(random, mood, time_ns, &packet));
        }
    }
    packets
}

/// One packet, or the fragments of one.
fn talk(random: &mut Random, mood: &ForeignMood, who: u16) -> Vec<Vec<u8>> {
    let mut ends = [host(random), host(random)].map(IpAddr::from);
    if mood.are_ipv6 && random.chance(50) {
        let last = ["2001:db8::1", "::ffff:10.0.0.1", "::10.0.0.1", "fd00:0:0:1::2"];
        ends = [(); 2].map(|()| random.pick(&last).parse().expect("an address"));
    }
    let is_ipv6 = ends[0].is_ipv6();
    let mut ports = [40_000 + who, 80];
    if random.chance(50) {
        ends.reverse();
        ports.reverse();
    }
    let [source_port, destination_port] = ports;
    let payload_bytes = random.pick(&[0, 0, 1, 9, 30, 200]);
    let payload = random.bytes(payload_bytes);
    let (protocol, transport) = match random.below(12) {
        0..=7 => {
            let mut flags = random.pick(&[ACK, ACK, PSH | ACK, SYN, URG | ACK, ECE | CWR, 0]);
            if random.chance(mood.end_percent) {
                flags |= random.pick(&[FIN, FIN, RST, FIN | RST]);
            }
            let window = random.below(65_536) as u16;
            let options = vec![random.pick(&[0, 1, 1, 2, 4]); random.pick(&[0, 0, 4, 12])];
            let header =
                Tcp { source_port, destination_port, flags, window, options, ..Tcp::default() };
            (TCP, header.segment(&payload))
        }
        8 | 9 => (UDP, udp(source_port, destination_port, &payload)),
        10 => (if is_ipv6 { ICMPV6 } else { ICMP }, icmp(8, 0, 1, &payload)),
        _ => (random.pick(&[2, 47, 50, 132]), payload),
    };
    let mut ip = Ip::new(ends[0], ends[1], protocol);
    ip.identification = random.below(3) as u32;
    if is_ipv6 && random.chance(40) {
        let count = random.pick(&[1, 2]);
        ip.extensions = (0..count).map(|_| random.pick(&[0, 43, 60, 135, 44, 51, 59])).collect();
    } else if !is_ipv6 && random.chance(15) {
        let kind = random.pick(&[0, 1, 1, 7, 68, 130, 148]);
        let length = random.pick(&[4, 0, 3, 200]);
        ip.options = [kind, length, 4, 0].repeat(random.pick(&[1, 2, 10]));
    }
    if random.chance(8) && transport.len() > 16 {
        return ip.fragments(&transport, 16);
    }
    vec![ip.packet(&transport)]
}

/// Header fields that say something else.
fn lie(random: &mut Random, packet: &mut [u8]) {
    let is_ipv6 = packet[0] >> 4 == 6;
    let header_bytes = if is_ipv6 { 40 } else { usize::from(packet[0] & 15) * 4 };
    let length_at = if is_ipv6 { 4 } else { 2 };
    match random.below(6) {
        0 => packet[0] = packet[0] & 0xf0 | random.pick(&[0, 1, 4, 5, 6, 15]),
        1 => packet[0] = packet[0] & 15 | random.pick(&[0x40, 0x50, 0x60]),
        2 | 3 => {
            let length: u16 = random.pick(&[0, 1, 19, 20, 28, 39, 41, 60, 1_000, 65_535]);
            packet[length_at..length_at + 2].copy_from_slice(&length.to_be_bytes());
        }
        // Data offset of TCP.
        4 => {
            if let Some(byte) = packet.get_mut(header_bytes + 12) {
                *byte = random.pick(&[0, 0x10, 0x30, 0x40, 0x60, 0xf0]);
            }
        }
        _ if !is_ipv6 => packet[6] ^= random.pick(&[0x20, 0x40]),
        _ => (),
    }
}

fn record(random: &mut Random, mood: &ForeignMood, time_ns: i64, packet: &[u8]) -> RawPacket {
    let frame = linked(random, mood.link_type, packet);
    let mut record = RawPacket::whole(time_ns, mood.link_type, frame);
    record.snaplen = mood.snaplen;
    if random.chance(mood.cut_percent) {
        let bytes = random.below(record.data.len() as u64 + 1).min(random.pick(&[1_500, 64, 40]));
        record.data.truncate(bytes as usize);
    } else if random.chance(mood.cut_percent / 4) {
        record.original_bytes = random.pick(&[0, 60, 70_000]);
    }
    record
}
