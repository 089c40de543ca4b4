//! From an IP packet to a packet record: the link layer around it, and what goes wrong with some.

use super::adversary::Mood;
use crate::support::capture::{ETHERNET, IPV4, IPV6, RawPacket};
use crate::support::carriers::{CARRIERS, carried, shims};
use crate::support::link_frames::{ETHERTYPE_ARP, Tag, ethernet, ethernet_snap, frame, has_tags};
use crate::support::random::Random;
use crate::support::tunnels::tunnelled;

/// A link type without a decoder (BACnet).
const UNSUPPORTED: u16 = 165;
/// Tunnels in one another: 16 are read, the 17th is too deep.
const DEPTHS: [usize; 12] = [1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 16, 17];

/// The record of a packet that the capture took whole or in part.
pub fn record(random: &mut Random, mood: &Mood, time_ns: i64, mut packet: Vec<u8>) -> RawPacket {
    let damaged = random.chance(mood.damage_percent);
    if damaged && random.chance(50) {
        wrong_header(random, &mut packet);
    }
    if random.chance(mood.tunnel_percent) {
        for _ in 0..random.pick(&DEPTHS) {
            packet = tunnelled(random, &packet);
        }
        if damaged && random.chance(30) {
            wrong_header(random, &mut packet);
        }
    }
    let is_ipv6 = packet.first().is_some_and(|byte| byte >> 4 == 6);
    let mut link_type = random.pick(&mood.link_types);
    if link_type == IPV4 || link_type == IPV6 {
        link_type = if is_ipv6 { IPV6 } else { IPV4 };
    }
    let tags = if has_tags(link_type) { some_tags(random, mood) } else { Vec::new() };
    let data = if CARRIERS.contains(&link_type) {
        carried(random, link_type, &packet)
    } else if link_type == ETHERNET && random.chance(20) {
        let (ethertype, behind) = shims(random, &packet);
        match random.chance(20) {
            true => ethernet_snap(&tags, ethertype, &behind),
            false => ethernet(&tags, ethertype, &behind),
        }
    } else {
        frame(link_type, &tags, &packet)
    };
    let mut record = RawPacket::whole(time_ns, link_type, data);
    if damaged {
        wrong_record(random, &mut record);
    }
    record
}

/// Something that is no IP packet, or not one that can be read.
pub fn stranger(random: &mut Random, mood: &Mood, time_ns: i64) -> RawPacket {
    let link_type = random.pick(&mood.link_types);
    let byte_count = random.below(70) as usize;
    let noise = random.bytes(byte_count);
    let data = match random.below(6) {
        0 => Vec::new(),
        1 | 2 if link_type == ETHERNET => {
            let kind = random.pick(&[ETHERTYPE_ARP, 0x88cc, 0x26, 1501]);
            ethernet(&some_tags(random, mood), kind, &noise)
        }
        3 if mood.link_types.len() > 1 => {
            return RawPacket::whole(time_ns, UNSUPPORTED, noise);
        }
        _ => noise,
    };
    RawPacket::whole(time_ns, link_type, data)
}

fn some_tags(random: &mut Random, mood: &Mood) -> Vec<Tag> {
    if !random.chance(mood.tagged_percent) {
        return Vec::new();
    }
    // 16 are read, the 17th is too deep.
    let count = random.pick(&[1, 1, 1, 2, 3, 4, 5, 16, 17]);
    let tag = |random: &mut Random| Tag {
        kind: random.pick(&[0x8100, 0x8100, 0x88a8, 0x9100]),
        // Few ids, 0 among them, some with priority bits.
        control: random.pick(&[0, 1, 1, 4_095]) | random.pick(&[0, 0xe000]),
    };
    (0..count).map(|_| tag(random)).collect()
}

/// Header fields that lie.
fn wrong_header(random: &mut Random, packet: &mut [u8]) {
    let is_ipv6 = packet[0] >> 4 == 6;
    let header_bytes = if is_ipv6 { 40 } else { usize::from(packet[0] & 15) * 4 };
    match random.below(9) {
        0..=2 => {
            let length_at = if is_ipv6 { 4 } else { 2 };
            let true_length = u16::from_be_bytes([packet[length_at], packet[length_at + 1]]);
            let lie = match random.below(7) {
                0 => 0,
                1 => true_length.wrapping_sub(1),
                2 => true_length + 1,
                3 => true_length.wrapping_add(1_000),
                4 => 19,
                5 => header_bytes as u16,
                _ => header_bytes as u16 + random.below(24) as u16,
            };
            packet[length_at..length_at + 2].copy_from_slice(&lie.to_be_bytes());
        }
        3 => packet[0] = packet[0] & 15 | random.pick(&[0x40, 0x50, 0x60, 0]),
        4 if !is_ipv6 => packet[0] = 0x40 | random.pick(&[0, 4, 6, 15]),
        // The data offset of TCP, the length of UDP: whatever stands there in other transports.
        5 => overwrite(packet, header_bytes + 12, &[random.pick(&[0x00, 0x40, 0x60, 0xf0])]),
        6 | 7 => {
            let length: u16 = random.pick(&[0, 7, 8, 9, 12, 2_000]);
            overwrite(packet, header_bytes + 4, &length.to_be_bytes());
        }
        _ => {
            let at = random.below(packet.len() as u64) as usize;
            overwrite(packet, at, &[random.bits() as u8]);
        }
    }
}

fn overwrite(packet: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = packet.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

/// A capture that was cut, a frame that was padded, a record that lies about its packet.
fn wrong_record(random: &mut Random, record: &mut RawPacket) {
    match random.below(4) {
        0 | 1 => {
            let kept = random.below(record.data.len() as u64 + 1) as usize;
            record.data.truncate(kept);
        }
        2 => {
            let padded = record.data.len() + random.below(30) as usize;
            record.data.resize(padded, 0xee);
            record.original_bytes = padded as u32;
        }
        _ => record.original_bytes = random.pick(&[0, 20, 60, 100_000]),
    }
}
