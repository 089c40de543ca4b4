//! Flows that are neither TCP nor UDP: their protocol number is the whole of it (IANA "Protocol
//! Numbers").

use crate::labels::*;
use crate::seen::Seen;
use crate::signature::Hit;

/// A number in the header is no guess; but nothing was read of what follows.
const BY_NUMBER: f32 = 0.9;

pub fn other_transport(seen: &Seen) -> Option<Hit> {
    let (label, evidence) = match seen.transport {
        1 => (ICMP, "IP protocol 1"),
        2 => (IGMP, "IP protocol 2"),
        4 => (IP_IN_IP, "IP protocol 4"),
        41 => (IP_IN_IP, "IP protocol 41"),
        47 => (GRE, "IP protocol 47"),
        50 => (VPN, "IPsec: ESP"),
        51 => (VPN, "IPsec: AH"),
        58 => (ICMPV6, "IP protocol 58"),
        88 => (EIGRP, "IP protocol 88"),
        89 => (OSPF, "IP protocol 89"),
        103 => (PIM, "IP protocol 103"),
        112 => (VRRP, "IP protocol 112"),
        113 => (PGM, "IP protocol 113"),
        115 => (VPN, "L2TP: IP protocol 115"),
        132 => (SCTP, "IP protocol 132"),
        _ => return None,
    };
    Some(Hit::new(label, BY_NUMBER, evidence))
}
