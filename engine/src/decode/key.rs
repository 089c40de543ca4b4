//! The key that finds a flow, and where its flow lives.

use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};
use std::hash::{BuildHasher, Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One end of a flow. IPv4 addresses are kept as `::ffff:a.b.c.d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    pub address: u128,
    pub port: u16,
}

/// Both ends without order, transport protocol, and VLANs and tunnels: six words (FLOWS.md, section 6).
#[derive(Clone, Copy, Debug, Default, Eq, Serialize, Deserialize)]
pub struct Key {
    words: [u64; 6],
}

/// Without a branch a word: keys that are compared are nearly always equal.
impl PartialEq for Key {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        let pairs = self.words.iter().zip(&other.words);
        pairs.fold(0, |difference, (one, other)| difference | (one ^ other)) == 0
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.words.hash(state);
    }
}

const IS_IPV6: u64 = 1;
const HAS_PORTS: u64 = 2;
const MAPPED: u64 = 0xffff_0000_0000;

impl Key {
    /// The key, and whether the sender is its larger endpoint.
    #[inline]
    pub fn new(
        sender: Endpoint,
        receiver: Endpoint,
        protocol: u8,
        has_ports: bool,
        is_ipv6: bool,
        stack: u64,
    ) -> (Self, bool) {
        // Without branches: nobody can predict which end sends next.
        let from_larger = (sender.address > receiver.address)
            | ((sender.address == receiver.address) & (sender.port > receiver.port));
        let swap = u64::from(from_larger).wrapping_neg();
        let ordered = |one: u64, other: u64| {
            let difference = (one ^ other) & swap;
            (one ^ difference, other ^ difference)
        };
        let high = ordered((sender.address >> 64) as u64, (receiver.address >> 64) as u64);
        let low = ordered(sender.address as u64, receiver.address as u64);
        let ports = ordered(sender.port.into(), receiver.port.into());
        let about = (ports.0 << 48)
            | (ports.1 << 32)
            | (u64::from(protocol) << 8)
            | (u64::from(has_ports) * HAS_PORTS)
            | (u64::from(is_ipv6) * IS_IPV6);
        (Self { words: [high.0, low.0, high.1, low.1, about, stack] }, from_larger)
    }

    /// An IPv4 address as the key keeps it.
    #[inline]
    pub fn address_v4(octets: u32) -> u128 {
        u128::from(MAPPED | u64::from(octets))
    }

    /// The smaller (side 0) or larger (side 1) end.
    #[inline]
    pub fn endpoint(&self, side: usize) -> Endpoint {
        let [a, b, c, d, about, _] = self.words;
        let (high, low, port) = if side == 0 { (a, b, about >> 48) } else { (c, d, about >> 32) };
        Endpoint { address: u128::from(high) << 64 | u128::from(low), port: port as u16 }
    }

    /// The address of a side, as it was on the wire.
    pub fn address(&self, side: usize) -> IpAddr {
        let address = self.endpoint(side).address;
        match self.is_ipv6() {
            true => IpAddr::V6(Ipv6Addr::from(address)),
            false => IpAddr::V4(Ipv4Addr::from(address as u32)),
        }
    }

    /// The port of a side (ICMP: type, mate or code); `None` for protocols without.
    pub fn port(&self, side: usize) -> Option<u16> {
        self.has_ports().then(|| self.endpoint(side).port)
    }

    #[inline]
    pub fn protocol(&self) -> u8 {
        (self.words[4] >> 8) as u8
    }

    #[inline]
    pub fn has_ports(&self) -> bool {
        self.words[4] & HAS_PORTS != 0
    }

    #[inline]
    pub fn is_ipv6(&self) -> bool {
        self.words[4] & IS_IPV6 != 0
    }

    /// The word of the VLANs and tunnels.
    #[inline]
    pub fn stack_word(&self) -> u64 {
        self.words[5]
    }

    /// Both ends are the same (address, port): nobody can tell the directions apart.
    #[inline]
    pub fn ends_are_equal(&self) -> bool {
        self.words[0] == self.words[2]
            && self.words[1] == self.words[3]
            && self.words[4] >> 48 == self.words[4] >> 32 & 0xffff
    }

    pub fn words(&self) -> &[u64; 6] {
        &self.words
    }
}

/// Where keys live: a fixed shard, which is part of the results, and a hash inside the shard's
/// table, seeded per run so that nobody can craft packets that collide.
#[derive(Clone, Default)]
pub struct Placement {
    seeded: RandomState,
}

impl Placement {
    /// The shard in the upper eight bits, the seeded hash in the lower 24.
    #[inline]
    pub fn hash(&self, key: &Key) -> u32 {
        let mut hasher = self.seeded.build_hasher();
        key.words.iter().for_each(|&word| hasher.write_u64(word));
        let seeded = hasher.finish() as u32;
        (shard_of_words(key.words) as u32) << 24 | seeded >> 8
    }
}

const FIRST_FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

const fn next_factor(factor: u64) -> u64 {
    factor.wrapping_mul(0xD134_2543_DE82_EF95).wrapping_add(0xC0F2) | 1
}

const FACTORS: [u64; 6] = {
    let mut factors = [FIRST_FACTOR; 6];
    let mut i = 1;
    while i < factors.len() {
        factors[i] = next_factor(factors[i - 1]);
        i += 1;
    }
    factors
};

/// The fixed shard of six words: the top byte of a multilinear hash.
#[inline]
pub fn shard_of_words(words: [u64; 6]) -> u8 {
    let products = words.iter().zip(FACTORS).map(|(word, factor)| word.wrapping_mul(factor));
    (products.fold(0, u64::wrapping_add) >> 56) as u8
}

/// The same sum over any number of words.
pub(super) fn sum_of_words(words: impl Iterator<Item = u64>) -> u64 {
    let factors = std::iter::successors(Some(FIRST_FACTOR), |&factor| Some(next_factor(factor)));
    words.zip(factors).fold(0, |sum, (word, factor)| sum.wrapping_add(word.wrapping_mul(factor)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(address: u128, port: u16) -> Endpoint {
        Endpoint { address, port }
    }

    #[test]
    fn both_directions_have_one_key() {
        let (a, b) =
            (end(Key::address_v4(0x0102_0304), 1122), end(Key::address_v4(0x0506_0708), 80));
        let (there, from_larger) = Key::new(a, b, 6, true, false, 0);
        let (back, back_from_larger) = Key::new(b, a, 6, true, false, 0);
        assert_eq!(there, back);
        assert!(!from_larger && back_from_larger);
        assert_eq!(there.address(0).to_string(), "1.2.3.4");
        assert_eq!((there.port(0), there.port(1)), (Some(1122), Some(80)));
        assert!(!there.ends_are_equal());
    }

    #[test]
    fn the_protocol_ports_and_stack_tell_keys_apart() {
        let (a, b) = (end(1, 2), end(3, 4));
        let key = |protocol, ports, six, stack| Key::new(a, b, protocol, ports, six, stack).0;
        let all = [
            key(6, true, true, 0),
            key(17, true, true, 0),
            key(6, false, true, 0),
            key(6, true, false, 0),
            key(6, true, true, 1),
        ];
        for (i, one) in all.iter().enumerate() {
            assert_eq!(all.iter().filter(|other| *other == one).count(), 1, "key {i}");
        }
    }

    #[test]
    fn equal_ends_are_seen() {
        assert!(Key::new(end(7, 9), end(7, 9), 17, true, true, 0).0.ends_are_equal());
        assert!(!Key::new(end(7, 9), end(7, 8), 17, true, true, 0).0.ends_are_equal());
    }
}
