//! Link layers other than Ethernet's family, and what stands between an ether type and IP, in their variants.

use super::frames::Ip;
use super::link_frames::{ETHERTYPE_IPV4, ETHERTYPE_IPV6, Tag, ethernet};
use super::random::Random;

pub const PPP: u16 = 9;
pub const PPP_HDLC: u16 = 50;
pub const PPP_ETHER: u16 = 51;
pub const CISCO_HDLC: u16 = 104;
pub const IEEE802_11: u16 = 105;
pub const FRAME_RELAY: u16 = 107;
pub const PRISM: u16 = 119;
pub const RADIOTAP: u16 = 127;
pub const AVS: u16 = 163;
pub const PPI: u16 = 192;

/// Link types whose frames [`carried`] builds.
pub const CARRIERS: [u16; 10] =
    [PPP, PPP_HDLC, PPP_ETHER, CISCO_HDLC, IEEE802_11, FRAME_RELAY, PRISM, RADIOTAP, AVS, PPI];

pub fn ethertype_of(packet: &[u8]) -> u16 {
    let is_ipv6 = packet.first().is_some_and(|byte| byte >> 4 == 6);
    if is_ipv6 { ETHERTYPE_IPV6 } else { ETHERTYPE_IPV4 }
}

/// An IP packet as a frame of one of [`CARRIERS`].
pub fn carried(random: &mut Random, link_type: u16, packet: &[u8]) -> Vec<u8> {
    match link_type {
        PPP | PPP_HDLC if random.chance(20) => carried(random, CISCO_HDLC, packet),
        PPP | PPP_HDLC => ppp(random, packet),
        PPP_ETHER => pppoe(random, packet),
        CISCO_HDLC => {
            let (kind, packet) = shims(random, packet);
            let address = random.pick(&[0x0f, 0x8f]);
            [&[address, 0][..], &kind.to_be_bytes(), &packet].concat()
        }
        FRAME_RELAY => frame_relay(random, packet),
        IEEE802_11 => wireless(random, packet),
        RADIOTAP => {
            let length = random.pick(&[0, 8, 8, 12, 36]);
            let version = if random.chance(3) { 1 } else { 0 };
            let mut header = vec![version, 0, length, 0, 0, 0, 0, 0];
            header.resize(length.max(8).into(), 0x11);
            [header, wireless(random, packet)].concat()
        }
        PRISM => {
            let length = 144u32;
            let both = [length.to_be_bytes(), length.to_le_bytes()];
            let mut header = [[0, 0, 0, 0x44], random.pick(&both)].concat();
            header.resize(144, 0x22);
            [header, wireless(random, packet)].concat()
        }
        AVS => {
            let mut header = vec![0x80, 0x21, 0x10, random.pick(&[1, 1, 2]), 0, 0, 0, 64];
            header.resize(64, 0x33);
            [header, wireless(random, packet)].concat()
        }
        PPI => {
            let link_type = random.pick(&[1, 1, 105, 9, 101, 192, 77]);
            let mut header = vec![0, 0, 20, 0, link_type, 0, 0, 0];
            header.resize(20, 0x44);
            let within = match link_type {
                9 | 105 => carried(random, link_type.into(), packet),
                1 => ethernet(&[], ethertype_of(packet), packet),
                _ => packet.to_vec(),
            };
            [header, within].concat()
        }
        _ => panic!("link type {link_type} is not built here"),
    }
}

/// Headers that may stand behind an ether type, and the type that then stands first.
pub fn shims(random: &mut Random, packet: &[u8]) -> (u16, Vec<u8>) {
    match random.below(20) {
        0 => (0x8864, pppoe(random, packet)),
        1 => (random.pick(&[0x8847, 0x8848]), mpls(random, packet)),
        2 => {
            let inside = mpls(random, packet);
            let ppp = [&[0x02, 0x81][..], &inside].concat();
            (0x8864, pppoe_of(random, &ppp))
        }
        3 => (0x8909, metadata(random, packet)),
        _ => (ethertype_of(packet), packet.to_vec()),
    }
}

/// Cisco's, now and then with another version or another length.
pub fn metadata(random: &mut Random, packet: &[u8]) -> Vec<u8> {
    let begin = random.pick(&[[1, 1], [1, 1], [1, 1], [1, 2], [2, 1]]);
    let kind = ethertype_of(packet).to_be_bytes();
    [&begin[..], &[0, 1, 0, random.pick(&[2, 9])], &kind, packet].concat()
}

pub fn mpls(random: &mut Random, packet: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for left in (0..random.pick(&[1, 1, 2, 3, 15, 16, 17])).rev() {
        let bottom = u32::from(left == 0) << 8;
        bytes.extend(
            (random.below(1 << 20) << 12 | 64 | u64::from(bottom)).to_be_bytes().split_at(4).1,
        );
    }
    match random.below(6) {
        0 => {
            // A pseudowire with its control word, or without, which cannot be told.
            bytes.extend(random.pick(&[&[0, 0, 0, 7][..], &[0, 1, 0, 7], &[]]));
            bytes.extend(ethernet(&some_tag(random), ethertype_of(packet), packet));
        }
        _ => bytes.extend(packet),
    }
    bytes
}

fn some_tag(random: &mut Random) -> Vec<Tag> {
    if random.chance(30) { vec![Tag::of(7)] } else { Vec::new() }
}

fn pppoe(random: &mut Random, packet: &[u8]) -> Vec<u8> {
    let inside = ppp(random, packet);
    pppoe_of(random, &inside)
}

fn pppoe_of(random: &mut Random, inside: &[u8]) -> Vec<u8> {
    let code = if random.chance(3) { 0xa7 } else { 0 };
    let session = random.pick(&[1, 1, 2]);
    let length = (inside.len() as u16).to_be_bytes();
    [&[0x11, code, 0, session][..], &length, inside].concat()
}

pub fn ppp(random: &mut Random, packet: &[u8]) -> Vec<u8> {
    let protocol = if ethertype_of(packet) == ETHERTYPE_IPV6 { 0x57 } else { 0x21 };
    let address: &[u8] = random.pick(&[&[], &[0xff, 3]]);
    let protocol: &[u8] = match random.below(12) {
        0 => &[0xc0, 0x21],
        1 => return [address, &[0, 0x21, 0x83], packet].concat(),
        2 => return [address, &[0x02, 0x83], &mpls(random, packet)].concat(),
        3..=6 => &[protocol],
        _ => &[0, protocol],
    };
    [address, protocol, packet].concat()
}

fn frame_relay(random: &mut Random, packet: &[u8]) -> Vec<u8> {
    let address: &[u8] =
        random.pick(&[&[0x18, 0x41], &[0x18, 0x41], &[0x18, 0x40, 1], &[0, 0, 0, 1], &[0; 4]]);
    let kind = ethertype_of(packet);
    let pad: &[u8] = random.pick(&[&[3], &[3, 0]]);
    let nlpid: &[u8] = if kind == ETHERTYPE_IPV6 { &[0x8e] } else { &[0xcc] };
    let behind = match random.below(6) {
        0 => [&kind.to_be_bytes()[..], packet].concat(),
        1 => {
            let (kind, packet) = shims(random, packet);
            [pad, &[0x80, 0, 0, 0], &kind.to_be_bytes(), &packet].concat()
        }
        2 => {
            let frame = ethernet(&some_tag(random), kind, packet);
            [pad, &[0x80, 0, 0x80, 0xc2, 0, random.pick(&[1, 7, 2])], &frame].concat()
        }
        3 => [pad, &[0xcf], &ppp(random, packet)].concat(),
        _ => [pad, nlpid, packet].concat(),
    };
    [address, &behind].concat()
}

/// A data frame, now and then one that holds nothing readable.
fn wireless(random: &mut Random, packet: &[u8]) -> Vec<u8> {
    let has_quality = random.chance(50);
    let strange = random.below(16);
    let control = match strange {
        0 => random.pick(&[0x80, 0xd4, 0x48, 0x09, 0xc8]),
        _ if has_quality => 0x88,
        _ => 0x08,
    };
    let mut flags = random.pick(&[0, 1, 2, 3, 0x81, 0x80]);
    flags |= if strange == 1 { 0x40 } else { 0 };
    let mut frame = vec![control, flags, 0, 0];
    frame.extend([2; 18]);
    frame.extend([if strange == 2 { 1 } else { 0x10 }, 0]);
    frame.extend(if flags & 3 == 3 { &[4; 6][..] } else { &[] });
    if has_quality {
        frame.extend([if strange == 3 { 0x80 } else { 0 }, 0]);
        frame.extend(if flags & 0x80 != 0 { &[9; 4][..] } else { &[] });
    }
    let (kind, packet) = shims(random, packet);
    frame.extend([0xaa, 0xaa, 3, 0, 0, 0]);
    frame.extend(kind.to_be_bytes());
    frame.extend(packet);
    // With a check sequence, as the card gave it.
    frame.extend(if random.chance(30) { &[0xfc; 4][..] } else { &[] });
    frame
}

/// The packet in an outer one of this protocol.
pub fn behind_ip(random: &mut Random, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let hosts: [std::net::IpAddr; 2] = if random.chance(25) {
        [[0x2001, 0xdb8, 0, 0, 0, 0, 0, 0xa], [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0xb]].map(Into::into)
    } else {
        [[192, 0, 2, 1], [192, 0, 2, 2]].map(Into::into)
    };
    let [from, to] = if random.chance(50) { hosts } else { [hosts[1], hosts[0]] };
    let mut ip = Ip::new(from, to, protocol);
    ip.extensions = if random.chance(4) { vec![51] } else { Vec::new() };
    ip.fragment = random.chance(3).then(|| random.pick(&[(0, true), (0, false), (3, false)]));
    ip.packet(payload)
}
