//! First fragments are remembered for those that follow them (section 2).

use std::net::IpAddr;

use super::SECOND;
use super::decode::{Datagram, ICMP, ICMPV6, SCTP, TCP, UDP};

const LIFE: i128 = 30 * SECOND;

struct First {
    name: (IpAddr, IpAddr, u32, u8),
    clock: i128,
    protocol: u8,
    ports: Option<(u16, u16)>,
}

/// Reading: FLOWS.md does not say which of its 256 shards a first fragment lives in, so no bound is kept here: with
/// more than 256 first fragments in 30 s the engine may have forgotten what this memory still knows.
#[derive(Default)]
pub struct Memory(Vec<First>);

impl Memory {
    /// Remembers a first fragment; gives a later one the ports of its first.
    pub fn complete(&mut self, datagram: &mut Datagram, clock: i128) {
        let Some(fragment) = datagram.fragment else { return };
        let name =
            (datagram.source, datagram.destination, fragment.identification, fragment.protocol);
        if fragment.is_first {
            // Reading: the same name once more takes the place of the earlier one.
            let (protocol, ports) = (datagram.protocol, datagram.ports);
            self.0.retain(|first| first.name != name);
            self.0.push(First { name, clock, protocol, ports });
            return;
        }
        let alive = |first: &&First| first.name == name && clock - first.clock <= LIFE;
        if let Some(first) = self.0.iter().find(alive) {
            // Reading: its protocol too, where the headers name an extension header (or IPv4's authentication).
            datagram.protocol = first.protocol;
            datagram.ports = first.ports;
        }
    }
}

/// Protocols whose packets have ports, as long as they are not fragments without a first.
pub fn knows_ports(protocol: u8) -> bool {
    matches!(protocol, TCP | UDP | SCTP | ICMP | ICMPV6)
}
