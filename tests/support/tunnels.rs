//! Tunnels over IP, with their options, and now and then with a header that lies.

use super::carriers::{IEEE802_11, behind_ip, carried, ethertype_of, metadata, mpls, ppp};
use super::frames::{GRE, UDP, udp};
use super::link_frames::{ETHERTYPE_ARP, ETHERTYPE_IPV6, Tag, ethernet};
use super::random::Random;

/// The packet in a tunnel of any kind.
pub fn tunnelled(random: &mut Random, packet: &[u8]) -> Vec<u8> {
    match random.below(10) {
        0 | 1 => {
            let protocol = if ethertype_of(packet) == ETHERTYPE_IPV6 { 41 } else { 4 };
            let protocol = if random.chance(3) { 45 - protocol } else { protocol };
            behind_ip(random, protocol, packet)
        }
        2..=4 => {
            let payload = gre(random, packet);
            behind_ip(random, GRE, &payload)
        }
        _ => {
            let (port, is_both_ways, payload) = over_udp(random, packet);
            let port = if random.chance(3) { port + 1 } else { port };
            let other = random.pick(&[40_000, 40_000, 2_152, 443]);
            let mut datagram = match is_both_ways && random.chance(40) {
                true => udp(port, other, &payload),
                false => udp(other, port, &payload),
            };
            if random.chance(6) {
                let length: u16 = random.pick(&[0, 7, 30, 60, 2_000]);
                datagram[4..6].copy_from_slice(&length.to_be_bytes());
            }
            behind_ip(random, UDP, &datagram)
        }
    }
}

/// A frame with the packet, or with none.
fn frame(random: &mut Random, packet: &[u8]) -> Vec<u8> {
    let tags = match random.below(10) {
        0 => vec![Tag::of(1)],
        1 => vec![Tag::of(0), Tag::of(9)],
        _ => Vec::new(),
    };
    let kind = if random.chance(8) { ETHERTYPE_ARP } else { ethertype_of(packet) };
    ethernet(&tags, kind, packet)
}

fn gre(random: &mut Random, packet: &[u8]) -> Vec<u8> {
    if random.chance(15) {
        return pptp(random, packet);
    }
    let mut flags: u8 = random.pick(&[0, 0x80, 0x20, 0x20, 0xa0, 0x30, 0x10, 0xb0]);
    let (kind, inside): (u16, Vec<u8>) = match random.below(10) {
        0 | 1 => (0x6558, frame(random, packet)),
        2 => (0x880b, ppp(random, packet)),
        3 => (0x8847, mpls(random, packet)),
        4 => (0x88be, erspan(random, packet, if flags & 0x10 != 0 { 8 } else { 0 })),
        5 => (0x22eb, erspan(random, packet, if flags & 0x80 != 0 { 20 } else { 12 })),
        6 => (random.pick(&[0x0806, 0, 0x0026]), packet.to_vec()),
        7 if random.chance(50) => {
            (random.pick(&[0x81ff, 0x8200, 0x8370, 0x8371]), carried(random, IEEE802_11, packet))
        }
        7 if random.chance(20) => (0x8909, metadata(random, packet)),
        _ => (ethertype_of(packet), packet.to_vec()),
    };
    flags |= if random.chance(3) { 0x40 } else { 0 };
    let mut bytes = vec![flags, if random.chance(3) { 2 } else { 0 }];
    bytes.extend(kind.to_be_bytes());
    bytes.extend(if flags & 0x80 != 0 { &[0x12, 0x34, 0, 0][..] } else { &[] });
    // Few keys, of both directions.
    let key = [0, 0, 1, random.pick(&[0, 1])];
    bytes.extend(if flags & 0x20 != 0 { &key[..] } else { &[] });
    bytes.extend(if flags & 0x10 != 0 { &[0, 0, 0, 9][..] } else { &[] });
    bytes.extend(inside);
    bytes
}

fn erspan(random: &mut Random, packet: &[u8], header_bytes: usize) -> Vec<u8> {
    let mut bytes = vec![0x10, 7, 0xfc, random.pick(&[5, 6]), 0, 0, 0, 0, 0, 0, 0, 0];
    bytes[11] = u8::from(header_bytes == 20);
    bytes.resize(20, 0);
    bytes.truncate(header_bytes);
    bytes.extend(frame(random, packet));
    bytes
}

fn pptp(random: &mut Random, packet: &[u8]) -> Vec<u8> {
    let (sequence, acknowledgement) = (random.chance(85), random.chance(50));
    let flags = 0x20 | if sequence { 0x10 } else { 0 };
    let mut bytes = vec![flags, if acknowledgement { 0x81 } else { 1 }, 0x88, 0x0b];
    let call = random.bits() as u8;
    bytes.extend([0, packet.len() as u8, 0, call]);
    bytes.extend(if sequence { &[0, 0, 0, 1][..] } else { &[] });
    bytes.extend(if acknowledgement { &[0, 0, 0, 1][..] } else { &[] });
    bytes.extend(ppp(random, packet));
    bytes
}

/// The port, whether either end may have it, and the UDP payload.
fn over_udp(random: &mut Random, packet: &[u8]) -> (u16, bool, Vec<u8>) {
    let id = random.pick(&[0, 1, 1, 255]);
    match random.below(5) {
        0 => {
            let flags = if random.chance(5) { 0 } else { 8 };
            let header = [flags, 0, 0, 0, 0, 0, id, 0];
            let port = random.pick(&[4_789, 4_789, 8_472]);
            (port, false, [&header[..], &frame(random, packet)].concat())
        }
        1 => (6_081, false, geneve(random, packet, id)),
        2 => (2_152, true, gtp(random, packet)),
        3 => (3_544, true, teredo(random, packet)),
        _ => (1_701, true, l2tp(random, packet)),
    }
}

fn geneve(random: &mut Random, packet: &[u8], id: u8) -> Vec<u8> {
    let (units, control) = (random.pick(&[0, 0, 2, 63]), random.chance(5));
    let (kind, inside) = match random.below(4) {
        0 => (ethertype_of(packet), packet.to_vec()),
        1 => (0x880b, ppp(random, packet)),
        _ => (0x6558, frame(random, packet)),
    };
    let version = if random.chance(3) { 0x40 } else { 0 };
    let mut bytes = vec![version | units, if control { 0x80 } else { 0x40 }];
    bytes.extend(u16::to_be_bytes(kind));
    bytes.extend([0, 0, id, 0]);
    bytes.resize(8 + usize::from(units) * 4, 0x55);
    bytes.extend(inside);
    bytes
}

fn gtp(random: &mut Random, packet: &[u8]) -> Vec<u8> {
    let flags = random.pick(&[0x30, 0x30, 0x32, 0x31, 0x34, 0x36, 0x38]);
    let mut behind = Vec::new();
    if flags & 7 != 0 {
        behind.extend([0, 1, 0]);
        let extensions = if flags & 4 != 0 { random.pick(&[0, 1, 2, 16, 17]) } else { 0 };
        for _ in 0..extensions {
            let units = random.pick(&[1, 1, 2]);
            behind.extend([0x85, units]);
            behind.resize(behind.len() + usize::from(units) * 4 - 2, 0x10);
        }
        behind.push(if flags & 4 != 0 { 0 } else { 0x85 });
    }
    behind.extend(packet);
    let lie = random.pick(&[0, 0, 0, 0, 1, -4]);
    let length = (behind.len() as i32 + lie).max(0) as u16;
    let kind = random.pick(&[0xff, 0xff, 0xff, 0xff, 0x1a]);
    let tunnel = random.bits() as u8;
    [&[flags, kind][..], &length.to_be_bytes(), &[0, 0, 0, tunnel], &behind].concat()
}

fn teredo(random: &mut Random, packet: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    if random.chance(30) {
        let (id_bytes, value_bytes) = random.pick(&[(0, 0), (3, 5)]);
        bytes.extend([0, 1, id_bytes, value_bytes]);
        bytes.resize(13 + usize::from(id_bytes) + usize::from(value_bytes), 0x66);
    }
    if random.chance(30) {
        bytes.extend([0, 0, 1, 2, 3, 4, 5, 6]);
    }
    bytes.extend(packet);
    bytes
}

fn l2tp(random: &mut Random, packet: &[u8]) -> Vec<u8> {
    let flags: u8 = random.pick(&[0, 0x40, 0x48, 0x42, 0x4a, 0x08, 0x02, 0x41, 0xc8, 0x44]);
    let mut behind = vec![0, 7, 0, random.bits() as u8];
    behind.extend(if flags & 0x08 != 0 { &[0, 1, 0, 1][..] } else { &[] });
    if flags & 0x02 != 0 {
        let padding = random.pick(&[0, 3]);
        behind.extend([0, padding]);
        behind.resize(behind.len() + usize::from(padding), 0x77);
    }
    behind.extend(ppp(random, packet));
    let mut bytes = vec![flags, random.pick(&[2, 2, 2, 2, 3])];
    if flags & 0x40 != 0 {
        let length = behind.len() as u16 + 4 + random.pick(&[0, 0, 0, 9]);
        bytes.extend(length.to_be_bytes());
    }
    bytes.extend(behind);
    bytes
}
