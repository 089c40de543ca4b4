//! Names, addresses and time: what a host asks for first.

use crate::labels::*;
use crate::read::{begins, first_line, holds, u8_at, u16_at, u32_at};
use crate::seen::{Said, Talk};
use crate::signature::{BEHAVIOUR, Hit, ONE_SIDE, Signature, WITH_PORT, tcp, udp};

pub const SIGNATURES: &[Signature] = &[
    udp(&[], dns),
    tcp(&[0, 1, 2, 3], dns_on_tcp),
    udp(&[], dnscrypt),
    udp(&[1, 2], dhcp),
    udp(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13], dhcp_6),
    udp(&[], ntp),
    udp(b"MNH", ssdp),
    udp(b"<", ws_discovery),
    udp(&[0, 1, 2], nat_mapping),
    udp(&[], netbios_names),
    udp(&[0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16], netbios_datagram),
    tcp(&[2, 1], service_location).everywhere(),
];

/// Types that clients ask for (IANA "Resource Record (RR) TYPEs").
fn is_type(kind: u16) -> bool {
    matches!(kind, 1..=65 | 99..=109 | 249..=262 | 32768 | 32769)
}

/// A question (RFC 1035 section 4.1.2): labels of at most 63 bytes, type, class. `None` if
/// something does not fit; where the bytes end too early, what there is must fit.
fn question(bytes: &[u8], is_cut: bool) -> Option<()> {
    let mut at = 12;
    loop {
        match bytes.get(at) {
            Some(0) => break,
            Some(length @ 1..=63) => at += 1 + usize::from(*length),
            Some(0xc0..) if at > 12 => {
                at += 1;
                break;
            }
            Some(_) => return None,
            None => return is_cut.then_some(()),
        }
        if at > 12 + 255 {
            return None;
        }
    }
    match (u16_at(bytes, at + 1), u16_at(bytes, at + 3)) {
        (Some(kind), Some(class)) => {
            (is_type(kind) && matches!(class & 0x7fff, 1 | 3 | 4 | 254 | 255)).then_some(())
        }
        _ => is_cut.then_some(()),
    }
}

/// RFC 1035 section 4.1.1: opcode and response code that exist, counts that a message can have.
fn dns_header(bytes: &[u8]) -> Option<(u16, u16)> {
    let (flags, questions) = (u16_at(bytes, 2)?, u16_at(bytes, 4)?);
    let opcode = flags >> 11 & 0xf;
    let flags_fit = matches!(opcode, 0..=2 | 4..=6) && flags & 0xf <= 11 && flags & 0x40 == 0;
    let count_fits = |at| u16_at(bytes, at).is_some_and(|count| count <= 400);
    (flags_fit && questions <= 16 && [6, 8, 10].into_iter().all(count_fits))
        .then_some((flags, questions))
}

/// A header, and a question that reads well.
fn is_dns(said: Said) -> bool {
    let Some((flags, questions)) = dns_header(said.bytes) else { return false };
    if questions > 0 {
        return question(said.bytes, !said.is_whole()).is_some();
    }
    // An answer without the question, or an error without anything.
    let is_answer = flags >> 15 == 1;
    let answers =
        [6, 8].into_iter().any(|at| u16_at(said.bytes, at).is_some_and(|count| count > 0));
    is_answer && (said.length > 20 && answers || said.length == 12 && flags & 0xf != 0)
}

/// DNS and what took over its form: multicast DNS (RFC 6762, port 5353), LLMNR (RFC 4795, port
/// 5355). On their ports a message of either side is enough; elsewhere it must ask a question, and
/// an answer have the question's number.
fn dns(talk: &Talk) -> Option<Hit> {
    let (client, server) = (talk.client, talk.server);
    let (label, evidence) = match () {
        () if talk.has_port(5353) => (MDNS, "mDNS: message"),
        () if talk.has_port(5355) => (LLMNR, "LLMNR: message"),
        () => (DNS, "DNS: message"),
    };
    if label != DNS || talk.has_port(53) {
        let fits = is_dns(client) || is_dns(server) || talk.datagrams(0).nth(1).is_some_and(is_dns);
        if fits {
            return Some(Hit::of(talk, label, evidence));
        }
        // A damaged question behind a header that fits.
        let is_damaged =
            matches!(u16_at(client.bytes, 4)?, 1..=4) && dns_header(client.bytes).is_some();
        return is_damaged.then(|| Hit::new(label, BEHAVIOUR, "DNS: header on its port"));
    }
    // NetBIOS has names of its own in the same form.
    let asks = u16_at(client.bytes, 4)? > 0 && is_dns(client) && !talk.has_port(137);
    let answers = is_dns(server) && server.bytes.get(..2) == client.bytes.get(..2);
    match asks {
        true if answers => Some(Hit::of(talk, label, evidence)),
        true if server.is_empty() => {
            Some(Hit::new(label, BEHAVIOUR, "DNS: question to another port"))
        }
        _ => None,
    }
}

/// RFC 1035 section 4.2.2: two bytes of length before each message.
fn dns_on_tcp(talk: &Talk) -> Option<Hit> {
    let message = |said: Said| {
        let length = usize::from(u16_at(said.bytes, 0)?);
        let rest = said.bytes.get(2..)?;
        let is_cut = length > rest.len();
        let bytes = &rest[..rest.len().min(length)];
        let fits = length >= 17 && is_dns_in(bytes, length, is_cut);
        fits.then_some(())
    };
    let server_fits = talk.server.is_empty() || message(talk.server).is_some();
    message(talk.client)?;
    server_fits.then(|| Hit::of(talk, DNS, "DNS on TCP: message"))
}

fn is_dns_in(bytes: &[u8], length: usize, is_cut: bool) -> bool {
    is_dns(Said { bytes, length: if is_cut { length } else { bytes.len() } })
}

/// dnscrypt.info/protocol: the answer to an encrypted question begins with r6fnvWj8.
fn dnscrypt(talk: &Talk) -> Option<Hit> {
    let answers = talk.server.bytes.starts_with(b"r6fnvWj8");
    answers.then(|| Hit::of(talk, DNSCRYPT, "DNSCrypt: answer"))
}

/// RFC 2131 section 2: operation, hardware type, and at 236 the magic cookie of RFC 2132.
fn dhcp(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let is_cookie = u32_at(bytes, 236) == Some(0x6382_5363);
    // BOOTP without options, or cut: on its ports.
    let is_old = talk.client.length >= 236
        && (talk.has_port(67) || talk.has_port(68))
        && u8_at(bytes, 2)? <= 16;
    (is_cookie || is_old).then(|| Hit::of(talk, DHCP, "DHCP: message"))
}

/// RFC 8415 section 8: type, transaction, options that end with the datagram.
fn dhcp_6(talk: &Talk) -> Option<Hit> {
    if !talk.has_port(547) && !talk.has_port(546) {
        return None;
    }
    let bytes = talk.client.bytes;
    let option = u16_at(bytes, if u8_at(bytes, 0)? >= 12 { 34 } else { 4 })?;
    (option <= 150).then(|| Hit::of(talk, DHCPV6, "DHCPv6: message"))
}

/// RFC 5905 section 7.3: version 1 to 4, a mode, stratum up to 16, 48 bytes (and key or
/// extensions). Modes 6 and 7 control.
fn ntp(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let first = u8_at(bytes, 0)?;
    let (version, mode) = (first >> 3 & 7, first & 7);
    if !talk.has_port(123) || !(1..=4).contains(&version) {
        return None;
    }
    let fits = match mode {
        0..=5 => talk.client.length >= 48 && u8_at(bytes, 1)? <= 16,
        6 => talk.client.length >= 12,
        _ => talk.client.length >= 8,
    };
    fits.then(|| Hit::of(talk, NTP, "NTP: message"))
}

/// UPnP Device Architecture section 1: HTTP in datagrams.
fn ssdp(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let (line, _) = first_line(bytes);
    let is_start = begins(line, "M-SEARCH * HTTP/1.")
        || begins(line, "NOTIFY * HTTP/1.")
        || begins(line, "HTTP/1.1 200")
            && (holds(bytes, b"USN:")
                || holds(bytes, b"ST:")
                || holds(bytes, b"St:")
                || holds(bytes, b"usn:"));
    is_start.then(|| Hit::of(talk, SSDP, "SSDP: start line"))
}

/// WS-Discovery 1.1: SOAP in datagrams on port 3702.
fn ws_discovery(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let is_soap =
        holds(bytes, b"nvelope") && (talk.has_port(3702) || holds(bytes, b"ws/2005/04/discovery"));
    is_soap.then(|| Hit::of(talk, WS_DISCOVERY, "WS-Discovery: SOAP"))
}

/// RFC 6886 section 3 and RFC 6887 section 7, ports 5350 and 5351.
fn nat_mapping(talk: &Talk) -> Option<Hit> {
    if !talk.has_port(5351) && !talk.has_port(5350) {
        return None;
    }
    let bytes = talk.client.bytes;
    let (version, operation) = (u8_at(bytes, 0)?, u8_at(bytes, 1)? & 0x7f);
    let fits = match version {
        0 => operation <= 2 && matches!(talk.client.length, 2 | 8 | 12 | 16),
        _ => operation <= 3 && talk.client.length >= 24 && talk.client.length.is_multiple_of(4),
    };
    fits.then(|| Hit::of(talk, NAT_PMP, "NAT-PMP: message"))
}

/// RFC 1002 section 4.2: a header like DNS', a name of 32 letters, type NB or NBSTAT.
fn netbios_names(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let opcode = u16_at(bytes, 2)? >> 11 & 0xf;
    let is_header = matches!(opcode, 0 | 5 | 6 | 7 | 8 | 9 | 15) && u16_at(bytes, 4)? <= 2;
    let name = bytes.get(13..45)?;
    let letters = name.iter().filter(|byte| (b'A'..=b'P').contains(byte)).count();
    // On its port a damaged name is one still.
    let is_name =
        (u8_at(bytes, 12)? == 0x20 && letters == 32) || (talk.has_port(137) && letters > 12);
    (is_header && is_name).then(|| Hit::of(talk, NETBIOS, "NetBIOS: name service"))
}

/// RFC 1002 section 4.4: type, flags, id, the sender's address and port 138, length, offset.
/// Browsing by SMB is inside.
fn netbios_datagram(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let fits = u8_at(bytes, 1)? < 16
        && (u16_at(bytes, 8)? == 138 || talk.has_port(138))
        && talk.client.length > 14;
    fits.then(|| Hit::of(talk, NETBIOS, "NetBIOS: datagram service"))
}

/// RFC 2608 section 8: version 2, function 1 to 11, length, flags, extension, id, language.
fn service_location(talk: &Talk) -> Option<Hit> {
    let bytes = talk.client.bytes;
    let length = usize::from(u16_at(bytes, 3)?);
    let fits = u8_at(bytes, 0)? == 2
        && u8_at(bytes, 2)? == 0
        && length == talk.client.length
        && u16_at(bytes, 12)? <= 8
        && talk.has_port(427);
    let is_old = u8_at(bytes, 0)? == 1
        && usize::from(u16_at(bytes, 2)?) == talk.client.length
        && talk.has_port(427);
    let known = matches!(u8_at(bytes, 1)?, 1..=11);
    ((fits || is_old) && known)
        .then(|| Hit::new(SLP, if fits { ONE_SIDE } else { WITH_PORT }, "SLP: header"))
}
