//! Captures of invented applications that differ in their timing alone.

use super::traffic::{SECOND_NS, START_NS, plain};
use crate::support::capture::{ETHERNET, RawPacket};
use crate::support::frames::{Ip, UDP, udp};
use crate::support::link_frames::frame;
use crate::support::pcapng::{PcapngStyle, pcapng};
use crate::support::random::Random;
use std::net::IpAddr;

const MILLISECOND_NS: i64 = 1_000_000;

/// Flows of a capture.
pub const FLOWS: usize = 12;

/// An application: its packets' gaps in milliseconds, least and most, and every how many the server answers.
pub const APPLICATIONS: [(&str, [i64; 2], usize); 3] =
    [("ticker", [9, 11], 4), ("talker", [40, 400], 2), ("loader", [1, 3], 8)];

/// Packets of one capture of an application, `day` days after the others' start; none alike.
pub fn packets(application: &str, day: u16) -> Vec<RawPacket> {
    let found = APPLICATIONS.iter().find(|(name, ..)| *name == application);
    let (_, [least, most], answers) = found.expect("an application");
    let mut random = Random::seeded(u64::from(day) * 1_000 + *least as u64);
    let mut packets = Vec::new();
    for flow in 0..FLOWS {
        let mut time = START_NS + i64::from(day) * 86_400 * SECOND_NS + flow as i64 * SECOND_NS;
        for number in 0..16 + random.below(8) as usize {
            let port = 20_000 + flow as u16;
            let is_answer = number % answers == answers - 1;
            packets.push(packet(time, port, is_answer, 40 + number));
            time += random.between(least * MILLISECOND_NS, most * MILLISECOND_NS);
        }
    }
    packets.sort_by_key(|packet| packet.time_ns);
    packets
}

fn packet(time_ns: i64, port: u16, is_answer: bool, bytes: usize) -> RawPacket {
    let ends = [([192, 0, 2, 1], port), ([203, 0, 113, 9], 9_999)];
    let [from, to] = if is_answer { [ends[1], ends[0]] } else { ends };
    let ip = Ip::new(IpAddr::from(from.0), IpAddr::from(to.0), UDP);
    let data = frame(ETHERNET, &[], &ip.packet(&udp(from.1, to.1, &vec![7; bytes])));
    RawPacket::whole(time_ns, ETHERNET, data)
}

pub fn capture(application: &str, day: u16) -> Vec<u8> {
    plain(&packets(application, day))
}

/// The same with a comment in its section header.
pub fn commented(application: &str, day: u16, comment: &str) -> Vec<u8> {
    const SECTION_HEADER_BYTES: usize = 28;
    let file = pcapng(&packets(application, day), PcapngStyle::default());
    let mut section = file[..24].to_vec();
    section.extend([1_u16.to_le_bytes(), (comment.len() as u16).to_le_bytes()].concat());
    section.extend(comment.as_bytes());
    section.resize(section.len().next_multiple_of(4), 0);
    section.extend([0; 4]);
    let bytes = section.len() as u32 + 4;
    section[4..8].copy_from_slice(&bytes.to_le_bytes());
    section.extend(bytes.to_le_bytes());
    section.extend(&file[SECTION_HEADER_BYTES..]);
    section
}
