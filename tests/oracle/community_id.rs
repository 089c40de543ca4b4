//! Community ID version 1, seed 0 (<https://github.com/corelight/community-id-spec>), with its
//! own SHA-1 (RFC 3174) and base64 (RFC 4648).

use std::net::IpAddr;

use super::decode::{ICMP, ICMPV6, mate};
use super::key::{Endpoint, Key};

/// `source` is the sender of the flow's first packet where the order matters: with ICMP types that have no mate.
pub fn community_id(source: Endpoint, destination: Endpoint, key: &Key) -> String {
    let one_way =
        matches!(key.protocol, ICMP | ICMPV6) && mate(key.protocol, source.port as u8).is_none();
    let in_order = one_way || bytes_of(source) <= bytes_of(destination);
    let (first, second) = if in_order { (source, destination) } else { (destination, source) };
    let mut hashed = vec![0, 0];
    hashed.extend(address_bytes(first.address));
    hashed.extend(address_bytes(second.address));
    hashed.extend([key.protocol, 0]);
    if key.has_ports {
        hashed.extend(first.port.to_be_bytes());
        hashed.extend(second.port.to_be_bytes());
    }
    format!("1:{}", base64(&sha1(&hashed)))
}

fn bytes_of(end: Endpoint) -> Vec<u8> {
    [&address_bytes(end.address)[..], &end.port.to_be_bytes()].concat()
}

fn address_bytes(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

pub fn sha1(message: &[u8]) -> [u8; 20] {
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend((message.len() as u64 * 8).to_be_bytes());
    let mut state: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    for block in padded.chunks(64) {
        let mut words: Vec<u32> = block
            .chunks(4)
            .map(|word| word.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
            .collect();
        for at in 16..80 {
            let mixed = words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16];
            words.push(mixed.rotate_left(1));
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (round, word) in words.iter().enumerate() {
            let (mixed, constant) = match round {
                0..20 => ((b & c) | (!b & d), 0x5a82_7999),
                20..40 => (b ^ c ^ d, 0x6ed9_eba1),
                40..60 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6),
            };
            let next = a
                .rotate_left(5)
                .wrapping_add(mixed)
                .wrapping_add(e)
                .wrapping_add(constant)
                .wrapping_add(*word);
            (a, b, c, d, e) = (next, a, b.rotate_left(30), c, d);
        }
        let added = [a, b, c, d, e];
        state = std::array::from_fn(|at| state[at].wrapping_add(added[at]));
    }
    let mut digest = [0; 20];
    for (place, word) in digest.chunks_mut(4).zip(state) {
        place.copy_from_slice(&word.to_be_bytes());
    }
    digest
}

pub fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits =
            (0..3).fold(0, |bits, at| bits << 8 | usize::from(group.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            if at <= group.len() {
                text.push(LETTERS[bits >> (18 - 6 * at) & 63].into());
            } else {
                text.push('=');
            }
        }
    }
    text
}
