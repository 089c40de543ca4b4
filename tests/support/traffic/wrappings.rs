//! What IP packets come wrapped in: tunnels, errors that quote them, and link layers with all that may stand before IP.

use std::net::{IpAddr, Ipv4Addr};

use crate::support::capture::{ETHERNET, LINUX_SLL, NULL, RAW_IP};
use crate::support::frames::{ICMP, Ip, UDP, icmp, udp};
use crate::support::link_frames::{
    ETHERTYPE_IPV4, ETHERTYPE_IPV6, Tag, ethernet, ethernet_snap, linux_sll,
};
use crate::support::random::Random;

pub const PPP: u16 = 9;
pub const PPP_HDLC: u16 = 50;
pub const C_HDLC: u16 = 104;
pub const RADIOTAP: u16 = 127;
const L2TP: u8 = 115;
const GTP_PORT: u16 = 2152;
const TZSP_PORT: u16 = 37_008;
const CAPWAP_PORT: u16 = 5247;
const L2TP_PORT: u16 = 1701;

/// The packet inside another one, or as it was.
pub fn tunnelled(random: &mut Random, packet: Vec<u8>) -> Vec<u8> {
    let outer = |random: &mut Random, protocol: u8| {
        let host = |random: &mut Random| IpAddr::from([10, 9, 0, random.pick(&[1, 1, 2])]);
        Ip::new(host(random), host(random), protocol)
    };
    let is_ipv6 = packet[0] >> 4 == 6;
    let (port, payload) = match random.below(9) {
        0 => {
            let protocol = if is_ipv6 { 41 } else { 4 };
            if random.chance(30) {
                let [from, to] = ["fd00::9", "fd00::8"].map(|text| text.parse().expect("one"));
                return Ip::new(from, to, protocol).packet(&packet);
            }
            return outer(random, protocol).packet(&packet);
        }
        1 => {
            let kind = random.pick(&[3, 3, 12, 11, 5]);
            let quoted = random.pick(&[20, 28, 36, 40, 48, packet.len()]).min(packet.len());
            return outer(random, ICMP).packet(&icmp(kind, 3, 0, &packet[..quoted]));
        }
        2 => (L2TP_PORT, l2tp(random, &packet)),
        3 => return outer(random, L2TP).packet(&l2tp(random, &packet)),
        4 | 5 => (GTP_PORT, gtp(random, &packet)),
        6 => {
            let tag = random.pick(&[&[1][..], &[0], &[10, 3, 1], &[41, 1], &[9, 0], &[7, 200]]);
            let start = random.pick(&[[1, 0, 0, 1], [1, 0, 0, 1], [1, 0, 0, 18], [1, 1, 0, 1]]);
            let tags = some_tags(random);
            (TZSP_PORT, [&start[..], tag, &ethernet(&tags, ether_type(&packet), &packet)].concat())
        }
        7 => (CAPWAP_PORT, capwap(random, &packet)),
        _ => return packet,
    };
    let (mut from, mut to) = (random.pick(&[port, 5004]), port);
    if random.chance(30) {
        (from, to) = (port, random.pick(&[GTP_PORT, TZSP_PORT, CAPWAP_PORT, 5004, 5060, 77]));
    }
    outer(random, UDP).packet(&udp(from, to, &payload))
}

fn l2tp(random: &mut Random, packet: &[u8]) -> Vec<u8> {
    let bits: u8 = random.pick(&[0, 0x40, 0x48, 0x4a, 0x02, 0x80]);
    let more = [(0x40, 2), (0x08, 4), (0x02, 4)];
    let more: usize =
        more.iter().map(|(bit, bytes)| if bits & bit != 0 { *bytes } else { 0 }).sum();
    let kind: u16 = if packet[0] >> 4 == 6 { 0x57 } else { random.pick(&[0x21, 0x21, 0x23]) };
    [&[bits, 2][..], &vec![0; 4 + more], &[0xff, 3], &kind.to_be_bytes(), packet].concat()
}

fn gtp(random: &mut Random, packet: &[u8]) -> Vec<u8> {
    let flags: u8 = random.pick(&[0x30, 0x30, 0x32, 0x34, 0x36, 0x50]);
    let mut header = vec![flags, random.pick(&[0xff, 0xff, 0xff, 1]), 0, 0, 0, 0, 0, 1];
    if flags & 7 != 0 {
        header.extend([0, 7, 0, if flags & 4 != 0 { 0x85 } else { 0 }]);
    }
    if flags & 4 != 0 {
        let one = [&[1, 0, 0, 0][..], &[2, 1, 2, 3, 4, 5, 6, 0]];
        let two = [[2, 1, 2, 3, 4, 5, 6, 0x85].as_slice(), &[1, 3, 3, 0]];
        let broken = [&[0, 1, 2, 3][..], &[200, 1, 2, 9]];
        header.extend(random.pick(&[
            one[0].to_vec(),
            one[1].to_vec(),
            two.concat(),
            broken.concat(),
        ]));
    }
    [header, packet.to_vec()].concat()
}

fn capwap(random: &mut Random, packet: &[u8]) -> Vec<u8> {
    // The length of its header in words of four bytes stands in the upper five bits of byte 1.
    let words: u8 = random.pick(&[2, 4]);
    let mut header = vec![random.pick(&[0, 0, 0, 1]), words << 3];
    header.resize(usize::from(words) * 4, 0);
    let wireless =
        [&[0x08, 0x01][..], &[0; 8], &[2, 7, 7, 7, 7, 1, 2, 7, 7, 7, 7, 2, 0, 0]].concat();
    let kind = if random.chance(20) { 0x010e } else { ether_type(packet) };
    [header, wireless, snap(kind), packet.to_vec()].concat()
}

fn snap(kind: u16) -> Vec<u8> {
    [&[0xaa, 0xaa, 3, 0, 0, 0][..], &kind.to_be_bytes()].concat()
}

fn ether_type(packet: &[u8]) -> u16 {
    if packet[0] >> 4 == 6 { ETHERTYPE_IPV6 } else { ETHERTYPE_IPV4 }
}

fn some_tags(random: &mut Random) -> Vec<Tag> {
    let count = random.pick(&[0, 0, 0, 1, 1, 2, 3]);
    let tag = |random: &mut Random| Tag {
        kind: random.pick(&[0x8100, 0x8100, 0x8100, 0x88a8, 0x9100]),
        control: random.pick(&[0, 1, 1, 2, 4_095, 0xe001]),
    };
    (0..count).map(|_| tag(random)).collect()
}

/// A frame of the link type; Ethernet and Linux SLL in every way there is.
pub fn linked(random: &mut Random, link_type: u16, packet: &[u8]) -> Vec<u8> {
    let kind = ether_type(packet);
    match link_type {
        ETHERNET => {
            let tags = some_tags(random);
            let frame = match random.below(12) {
                0 => ethernet_snap(&tags, kind, packet),
                1 => logical_link(random, kind, packet),
                2 => ethernet(&tags, 0x8864, &point_to_point(packet)),
                3 => ethernet(&tags, random.pick(&[0x8847, 0x8848]), &labelled(random, packet)),
                4 => ethernet(&tags, random.pick(&[1501, 1535, 0, 0x0806]), packet),
                _ => ethernet(&tags, kind, packet),
            };
            padded(random, frame)
        }
        LINUX_SLL => linux_sll(&some_tags(random), kind, packet),
        NULL => {
            let family: u32 = if packet[0] >> 4 == 6 { 30 } else { 2 };
            let bytes = random.pick(&[family.to_le_bytes(), family.to_be_bytes()]);
            [&bytes[..], packet].concat()
        }
        PPP_HDLC => [&[0xff, 3], &kind.to_be_bytes()[..], packet].concat(),
        PPP | C_HDLC if random.chance(50) => {
            [&[random.pick(&[0x0f, 0x8f]), 0], &kind.to_be_bytes()[..], packet].concat()
        }
        PPP | C_HDLC => [&kind.to_be_bytes()[..], packet].concat(),
        RADIOTAP => radiotap(random, kind, packet),
        _ => packet.to_vec(),
    }
}

fn padded(random: &mut Random, mut frame: Vec<u8>) -> Vec<u8> {
    if random.chance(50) {
        frame.resize(frame.len().max(60), 0);
    } else if random.chance(10) {
        frame.extend([0xee; 9]);
    }
    frame
}

/// IEEE 802.3 with LLC: spanning tree, anything, and SNAP of another organisation.
fn logical_link(random: &mut Random, kind: u16, packet: &[u8]) -> Vec<u8> {
    let control = random.pick(&[
        vec![0x42, 0x42, 3],
        vec![0xe0, 0xe0, 3],
        vec![0xaa, 0xaa, 2, 0],
        vec![0xaa, 0xaa, 3],
        vec![1, 0xaa, 3],
    ]);
    let organisation = random.pick(&[[0, 0, 0], [0, 0, 0xf8], [0, 0, 12]]);
    let inner = [&control[..], &organisation, &kind.to_be_bytes(), packet].concat();
    let length = random.pick(&[inner.len(), inner.len(), 20, 1_500]).min(1_500) as u16;
    ethernet(&[], length, &inner)
}

fn point_to_point(packet: &[u8]) -> Vec<u8> {
    let kind: u16 = if packet[0] >> 4 == 6 { 0x57 } else { 0x21 };
    [&[0x11, 0, 0, 1, 0, 0][..], &kind.to_be_bytes(), packet].concat()
}

fn labelled(random: &mut Random, packet: &[u8]) -> Vec<u8> {
    let count = random.pick(&[1, 1, 2, 3]);
    let labels = (0..count).flat_map(|place| [0, 0x12, u8::from(place + 1 == count), 64]);
    labels.chain(packet.iter().copied()).collect()
}

fn radiotap(random: &mut Random, kind: u16, packet: &[u8]) -> Vec<u8> {
    let length: u8 = random.pick(&[18, 24]);
    let mut frame = vec![0, 0, length, 0];
    frame.resize(16, 0);
    frame.push(random.pick(&[0, 0x10, 0x10, 0x50]));
    frame.resize(length.into(), 0);
    let (control, ways) = random.pick(&[(0x08, 1), (0x88, 1), (0x88, 2), (0x88, 3), (0x80, 1)]);
    frame.extend([control, ways]);
    frame.extend([0; 8]);
    frame.extend([2, 8, 8, 8, 8, 1, 2, 8, 8, 8, 8, 2, 0, 0, 0, 0]);
    [frame, snap(kind), packet.to_vec()].concat()
}

/// Link types that these frames are built for.
pub const LINK_TYPES: [u16; 10] =
    [ETHERNET, ETHERNET, ETHERNET, RAW_IP, NULL, LINUX_SLL, PPP, PPP_HDLC, C_HDLC, RADIOTAP];

/// Hosts of few addresses, so that flows meet.
pub fn host(random: &mut Random) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, random.pick(&[1, 1, 2, 2, 3]))
}
