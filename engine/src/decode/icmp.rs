//! ICMP in place of ports: request and reply are one flow (Community ID specification, version 1).

/// The mate of an ICMP type that asks or answers.
pub fn mate_v4(kind: u8) -> Option<u8> {
    Some(match kind {
        0 => 8, // echo reply, echo
        8 => 0,
        9 => 10, // router advertisement, solicitation
        10 => 9,
        13 => 14, // timestamp, reply
        14 => 13,
        15 => 16, // information, reply
        16 => 15,
        17 => 18, // address mask, reply
        18 => 17,
        _ => return None,
    })
}

/// The mate of an ICMPv6 type that asks or answers.
pub fn mate_v6(kind: u8) -> Option<u8> {
    Some(match kind {
        128 => 129, // echo
        129 => 128,
        130 => 131, // multicast listener query, report
        131 => 130,
        133 => 134, // router solicitation, advertisement
        134 => 133,
        135 => 136, // neighbour solicitation, advertisement
        136 => 135,
        139 => 140, // node information query, response
        140 => 139,
        144 => 145, // home agent discovery
        145 => 144,
        _ => return None,
    })
}

/// The sender's and receiver's "ports" of an ICMP message.
pub fn ports(kind: u8, code: u8, mate: Option<u8>) -> (u16, u16) {
    (kind.into(), mate.unwrap_or(code).into())
}

/// Whether messages of this type, of ICMP (1) or ICMPv6 (58), ask or answer.
pub fn has_mate(protocol: u8, kind: u16) -> bool {
    let mate = if protocol == super::ip::ICMP { mate_v4 } else { mate_v6 };
    u8::try_from(kind).is_ok_and(|kind| mate(kind).is_some())
}
