//! Which flow a packet belongs to (section 3), and in which of 256 shards that flow lives (section 6).

use std::net::IpAddr;

/// One end of a flow. For ICMP the port is the type, or the receiver's mate or code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    pub address: IpAddr,
    pub port: u16,
}

/// What stands before an IP packet and is in the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    Vlan(u16),
    /// Its name, and its id where both directions have the same.
    Tunnel(&'static str, Option<u32>),
}

/// Kinds of tunnels, in the order of their numbers.
const TUNNELS: [&str; 14] = [
    "mpls", "pppoe", "gre", "pptp", "erspan", "ipip", "6in4", "4in6", "6in6", "vxlan", "geneve",
    "gtp", "teredo", "l2tp",
];

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The smaller first.
    pub ends: [Endpoint; 2],
    pub protocol: u8,
    pub has_ports: bool,
    /// Outermost first, without priority tags.
    pub stack: Vec<Layer>,
}

impl Key {
    pub fn new(one: Endpoint, other: Endpoint, protocol: u8, has_ports: bool) -> Self {
        // Both are of one family, so the order of IpAddr is the order of the addresses as numbers.
        Self { ends: [one.min(other), one.max(other)], protocol, has_ports, stack: Vec::new() }
    }

    pub fn shard(&self) -> u8 {
        (weighted_sum(&self.words()) >> 56) as u8
    }

    pub fn words(&self) -> [u64; 6] {
        let [small, large] = self.ends;
        [
            (number(small.address) >> 64) as u64,
            number(small.address) as u64,
            (number(large.address) >> 64) as u64,
            number(large.address) as u64,
            u64::from(small.port) << 48
                | u64::from(large.port) << 32
                | u64::from(self.protocol) << 8
                | u64::from(self.has_ports) << 1
                | u64::from(small.address.is_ipv6()),
            stack_word(&self.stack),
        ]
    }
}

/// An IPv4 address stands in the lower half behind ffff.
pub fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => 0xffff_0000_0000 | u128::from(u32::from(address)),
        IpAddr::V6(address) => address.into(),
    }
}

fn stack_word(stack: &[Layer]) -> u64 {
    let numbers: Vec<u64> = stack.iter().map(layer_number).collect();
    let count = numbers.len() as u64;
    if count <= 4 && stack.iter().all(|layer| matches!(layer, Layer::Vlan(_))) {
        numbers.iter().fold(0, |ids, id| ids << 12 | id) | count << 48
    } else {
        let seeded: Vec<u64> = numbers.iter().map(|number| number + count).collect();
        1 << 63 | weighted_sum(&seeded) >> 1
    }
}

fn layer_number(layer: &Layer) -> u64 {
    match layer {
        Layer::Vlan(id) => (*id).into(),
        Layer::Tunnel(name, id) => {
            let place = TUNNELS.iter().position(|known| known == name).expect("a known tunnel");
            (place as u64 + 1) << 33 | u64::from(id.is_some()) << 32 | u64::from(id.unwrap_or(0))
        }
    }
}

pub fn weighted_sum(words: &[u64]) -> u64 {
    let mut weight: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut sum: u64 = 0;
    for word in words {
        sum = sum.wrapping_add(word.wrapping_mul(weight));
        weight = weight.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(0xc0f2) | 1;
    }
    sum
}
