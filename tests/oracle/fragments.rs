//! First fragments are remembered for those that follow them (section 2).

use std::net::IpAddr;

use super::SECOND;
use super::decode::{Datagram, ICMP, ICMPV6, SCTP, TCP, UDP};
use super::key::{Layer, number, weighted_sum};

const LIFE: i128 = 30 * SECOND;
const SHARD_MAX: usize = 256;

/// Source, destination, identification, protocol.
pub type Name = (IpAddr, IpAddr, u32, u8);

struct First {
    name: Name,
    stack: Vec<Layer>,
    clock: i128,
    protocol: u8,
    ports: Option<(u16, u16)>,
}

/// First fragments, the one remembered longest ago first.
#[derive(Default)]
pub struct Memory(Vec<First>);

impl Memory {
    /// Remembers a first fragment; gives a later one the ports of its first.
    pub fn complete(&mut self, datagram: &mut Datagram, clock: i128) {
        let Some(fragment) = datagram.fragment else { return };
        let name =
            (datagram.source, datagram.destination, fragment.identification, fragment.protocol);
        if fragment.is_first {
            let (protocol, ports) = (datagram.protocol, datagram.ports);
            self.0.retain(|first| first.name != name || first.stack != datagram.stack);
            let of_its_shard = |first: &First| shard(&first.name) == shard(&name);
            if self.0.iter().filter(|first| of_its_shard(first)).count() == SHARD_MAX {
                let oldest = self.0.iter().position(of_its_shard).expect("a first fragment");
                self.0.remove(oldest);
            }
            let stack = datagram.stack.clone();
            self.0.push(First { name, stack, clock, protocol, ports });
            return;
        }
        let is_it = |first: &&First| {
            first.name == name && first.stack == datagram.stack && clock - first.clock <= LIFE
        };
        if let Some(first) = self.0.iter().find(is_it) {
            datagram.protocol = first.protocol;
            datagram.ports = first.ports;
        }
    }
}

/// The shard of a fragment (section 6).
pub fn shard((source, destination, identification, protocol): &Name) -> u8 {
    let [source_number, destination_number] = [*source, *destination].map(number);
    let words = [
        (source_number >> 64) as u64,
        source_number as u64,
        (destination_number >> 64) as u64,
        destination_number as u64,
        u64::from(*identification) << 8 | u64::from(*protocol),
        u64::from(source.is_ipv6()),
    ];
    (weighted_sum(&words) >> 56) as u8
}

/// Protocols whose packets have ports, as long as they are not fragments without a first.
pub fn knows_ports(protocol: u8) -> bool {
    matches!(protocol, TCP | UDP | SCTP | ICMP | ICMPV6)
}
