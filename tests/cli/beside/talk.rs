//! Conversations whose bytes tell where they are from: segments are lost, come late, twice, with other bytes, cut
//! otherwise or cut short; many begin or end outside of the capture.

use std::net::IpAddr;

use crate::support::capture::{ETHERNET, RawPacket};
use crate::support::frames::{ACK, FIN, Ip, RST, SYN, TCP, Tcp, UDP, udp};
use crate::support::link_frames::frame;
use crate::support::random::Random;

/// Bytes of an Ethernet, IP and TCP header, and a few of the payload.
const CUT_BYTES: usize = 90;

struct Talk {
    ends: [(IpAddr, u16); 2],
    /// Of each side; TCP's first sequence number is that of its first byte less one.
    bytes: [Vec<u8>; 2],
    begins: [u32; 2],
    is_tcp: bool,
}

/// All packets of so many conversations, mixed.
pub fn talks(random: &mut Random, count: usize) -> Vec<RawPacket> {
    let mut all: Vec<(i64, RawPacket)> = Vec::new();
    for number in 0..count {
        let talk = Talk::new(random, number as u16);
        let mut packets = if talk.is_tcp { talk.segments(random) } else { talk.datagrams(random) };
        late(random, &mut packets);
        let mut time_ns = 1_700_000_000_000_000_000 + random.between(0, 3_000_000_000);
        for packet in packets {
            time_ns += random.pick(&[0, 1_000, 70_000_000, 70_000_000, 1_500_000_000]);
            all.push((time_ns, record(random, time_ns, packet)));
        }
    }
    all.sort_by_key(|(time_ns, _)| *time_ns);
    all.into_iter().map(|(_, packet)| packet).collect()
}

/// Some packets come behind those that were sent later.
fn late(random: &mut Random, packets: &mut [Vec<u8>]) {
    let reach = random.pick(&[1, 3, 30]);
    for at in 0..packets.len() {
        if random.chance(20) {
            let other = at + random.below(reach) as usize;
            packets.swap(at, other.min(packets.len() - 1));
        }
    }
}

fn record(random: &mut Random, time_ns: i64, packet: Vec<u8>) -> RawPacket {
    let mut record = RawPacket::whole(time_ns, ETHERNET, frame(ETHERNET, &[], &packet));
    if random.chance(8) {
        record.data.truncate(CUT_BYTES);
    }
    record
}

impl Talk {
    fn new(random: &mut Random, number: u16) -> Self {
        let address = |random: &mut Random, is_ipv6: bool| match is_ipv6 {
            true => IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, random.below(40) as u16]),
            false => IpAddr::from([10, 0, 0, random.below(40) as u8]),
        };
        let is_ipv6 = random.chance(30);
        let ends = [number, 7].map(|port| (address(random, is_ipv6), port));
        let bytes = [0, 1].map(|_| {
            let length = random.pick(&[0, 30, 700, 700, 6_000]);
            random.bytes(length)
        });
        // Near the wrap of the sequence numbers, too.
        let begins = [0, 1].map(|_| random.between(-900, 900) as u32);
        Self { ends, bytes, begins, is_tcp: random.chance(70) }
    }

    fn ip(&self, side: usize, protocol: u8) -> Ip {
        Ip::new(self.ends[side].0, self.ends[1 - side].0, protocol)
    }

    fn segment(&self, side: usize, flags: u8, place: i64, payload: &[u8]) -> Vec<u8> {
        let sequence = self.begins[side].wrapping_add(1).wrapping_add(place as u32);
        let header = Tcp {
            source_port: self.ends[side].1,
            destination_port: self.ends[1 - side].1,
            sequence: if flags & SYN != 0 { self.begins[side] } else { sequence },
            acknowledgement: self.begins[1 - side].wrapping_add(1),
            flags,
            window: 500,
            options: Vec::new(),
        };
        self.ip(side, TCP).packet(&header.segment(payload))
    }

    fn segments(&self, random: &mut Random) -> Vec<Vec<u8>> {
        let mut packets = Vec::new();
        for (side, flags) in [(0, SYN), (1, SYN | ACK)] {
            if random.chance(75) {
                let early = if random.chance(10) { self.bytes[side].len().min(9) } else { 0 };
                packets.push(self.segment(side, flags, 0, &self.bytes[side][..early]));
            }
        }
        let mut sent = [0; 2];
        let longest = random.pick(&[20, 200, 1_400]);
        let lost_percent = random.pick(&[0, 0, 5, 40]);
        while let Some(side) = (0..2)
            .filter(|side| sent[*side] < self.bytes[*side].len())
            .max_by_key(|_| random.bits())
        {
            let (begin, bytes) = (sent[side], &self.bytes[side]);
            let end = (begin + 1 + random.below(longest) as usize).min(bytes.len());
            sent[side] = end;
            if random.chance(lost_percent) {
                continue;
            }
            // Cut otherwise than before: what came already comes again, perhaps with other bytes.
            let begin = if random.chance(10) { begin.saturating_sub(15) } else { begin };
            packets.push(self.segment(side, ACK, begin as i64, &bytes[begin..end]));
            match random.below(25) {
                0 => packets.push(self.segment(side, ACK, begin as i64, &bytes[begin..end])),
                1 => {
                    let others = random.bytes(end - begin);
                    packets.push(self.segment(side, ACK, begin as i64, &others));
                }
                2 => packets.push(self.segment(1 - side, ACK, 0, &[])),
                3 => packets.push(self.segment(side, ACK, -1, &[0; 3])),
                4 if random.chance(20) => {
                    packets.push(self.segment(side, ACK, 1_100_000, &bytes[begin..end]));
                }
                _ => (),
            }
        }
        if random.chance(60) {
            let flags = random.pick(&[FIN | ACK, FIN | ACK, RST, SYN]);
            packets.push(self.segment(0, flags, sent[0] as i64, &[]));
            packets.push(self.segment(1, FIN | ACK, sent[1] as i64, &[]));
        }
        packets
    }

    fn datagrams(&self, random: &mut Random) -> Vec<Vec<u8>> {
        let mut packets = Vec::new();
        for (side, bytes) in self.bytes.iter().enumerate() {
            for piece in bytes.chunks(1 + random.below(700) as usize) {
                let identification = random.bits() as u32 & 0xffff;
                let ip = Ip { identification, ..self.ip(side, UDP) };
                let datagram = udp(self.ends[side].1, self.ends[1 - side].1, piece);
                match random.chance(15) {
                    true => packets.extend(ip.fragments(&datagram, 16)),
                    false => packets.push(ip.packet(&datagram)),
                }
            }
        }
        if random.chance(50) {
            random.shuffle(&mut packets);
        }
        packets
    }
}
