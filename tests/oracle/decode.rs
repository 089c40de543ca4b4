//! From a packet record to what a flow is told of it (section 2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::key::Layer;
use super::link::{self, Path, u16_at, u32_at};
use super::tunnel;
use crate::support::capture::RawPacket;

pub const ICMP: u8 = 1;
pub const TCP: u8 = 6;
pub const UDP: u8 = 17;
pub const ICMPV6: u8 = 58;
pub const SCTP: u8 = 132;

const AUTHENTICATION: u8 = 51;
const FRAGMENT: u8 = 44;
const EXTENSIONS_MAX: usize = 16;

#[derive(Clone, Debug)]
pub struct Datagram {
    pub source: IpAddr,
    pub destination: IpAddr,
    /// Of the transport; of a later fragment, what its IP header or fragment header names.
    pub protocol: u8,
    /// The sender's and the receiver's; None for protocols without, and for later fragments.
    pub ports: Option<(u16, u16)>,
    pub stack: Vec<Layer>,
    pub ip_bytes: i128,
    pub payload_bytes: i128,
    /// What was captured of it.
    pub payload: Vec<u8>,
    /// Of the transport; None in a later fragment, which has none.
    pub header_bytes: Option<i128>,
    pub time_to_live: u8,
    pub dscp: u8,
    pub tcp: Option<TcpHeader>,
    pub has_bad_checksum: bool,
    pub fragment: Option<Fragment>,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct TcpHeader {
    pub flags: u8,
    pub window: u16,
    pub sequence: u32,
    pub acknowledgement: u32,
}

#[derive(Clone, Copy, Debug)]
pub struct Fragment {
    pub is_first: bool,
    pub identification: u32,
    /// What the IPv4 header or the fragment header names, also where that is an extension header.
    pub protocol: u8,
}

/// An IP header with all that stands between it and the transport.
struct Ip {
    source: IpAddr,
    destination: IpAddr,
    time_to_live: u8,
    traffic_class: u8,
    ip_bytes: i128,
    protocol: u8,
    header_bytes: usize,
    fragment: Option<Fragment>,
}

/// None for packets that are in no flow.
pub fn decode(record: &RawPacket, outer: bool) -> Option<Datagram> {
    let mut path = Path::default();
    let found = link::find(record.link_type, &record.data, &mut path).ok()?;
    let mut packet = record.data.get(found.offset..)?;
    let mut original = (record.original_bytes as usize).max(record.data.len()) - found.offset;
    let mut said = found.version;
    loop {
        let version = packet.first()? >> 4;
        if said.is_some_and(|said| said != version) {
            return None;
        }
        let ip = match version {
            4 => ipv4(packet, original)?,
            6 => ipv6(packet, original)?,
            _ => return None,
        };
        let payload = within(packet, ip.ip_bytes).get(ip.header_bytes..).unwrap_or_default();
        if outer || ip.fragment.is_some() {
            return datagram(ip, payload, path);
        }
        let behind = (ip.ip_bytes - ip.header_bytes as i128).max(0) as usize;
        match tunnel::carried(ip.protocol, version == 6, payload, behind, &mut path).ok()? {
            None => return datagram(ip, payload, path),
            Some(inner) => {
                (packet, original, said) = (inner.packet, inner.original, Some(inner.version));
            }
        }
    }
}

fn datagram(ip: Ip, transport: &[u8], path: Path) -> Option<Datagram> {
    let later = ip.fragment.is_some_and(|fragment| !fragment.is_first);
    let ports = if later { None } else { ports(ip.protocol, transport)? };
    let behind_ip = ip.ip_bytes - ip.header_bytes as i128;
    let payload_bytes =
        if later { behind_ip } else { payload(ip.protocol, transport, behind_ip) }.max(0);
    let header_bytes = (!later).then(|| header_bytes(ip.protocol, transport));
    let mut captured = transport.get(header_bytes.unwrap_or(0) as usize..).unwrap_or_default();
    if later && ip.protocol == TCP {
        // Where in the stream it belongs is not told: what it brings is not payload.
        captured = &[];
    }
    Some(Datagram {
        source: ip.source,
        destination: ip.destination,
        protocol: ip.protocol,
        ports,
        stack: path.stack,
        ip_bytes: ip.ip_bytes,
        payload_bytes,
        payload: captured[..captured.len().min(payload_bytes as usize)].to_vec(),
        header_bytes,
        time_to_live: ip.time_to_live,
        dscp: ip.traffic_class >> 2,
        tcp: (ip.protocol == TCP && !later).then(|| tcp_header(transport)),
        has_bad_checksum: has_bad_checksum(&ip, transport, behind_ip),
        fragment: ip.fragment,
    })
}

/// Section 8; only what can be judged can be bad.
fn has_bad_checksum(ip: &Ip, transport: &[u8], behind_ip: i128) -> bool {
    let is_extended = ip.source.is_ipv6() && ip.header_bytes > 40;
    if ip.fragment.is_some() || is_extended || (transport.len() as i128) < behind_ip {
        return false;
    }
    let is_judged = match ip.protocol {
        TCP => transport.get(12).is_some_and(|byte| {
            let header_bytes = usize::from(byte >> 4) * 4;
            header_bytes >= 20 && header_bytes <= transport.len()
        }),
        UDP => transport.len() >= 8 && (ip.source.is_ipv6() || transport[6..8] != [0, 0]),
        _ => false,
    };
    let mut summed = Vec::new();
    for address in [ip.source, ip.destination] {
        match address {
            IpAddr::V4(address) => summed.extend(address.octets()),
            IpAddr::V6(address) => summed.extend(address.octets()),
        }
    }
    summed.extend((transport.len() as u32).to_be_bytes());
    summed.extend([0, 0, 0, ip.protocol]);
    summed.extend(transport);
    let mut sum: u32 = 0;
    for word in summed.chunks(2) {
        sum += u32::from(word[0]) * 256 + word.get(1).copied().map_or(0, u32::from);
        // The carry comes round.
        sum = (sum & 0xffff) + (sum >> 16);
    }
    is_judged && sum != 0xffff
}

fn ipv4(packet: &[u8], original: usize) -> Option<Ip> {
    let header: &[u8; 20] = packet.get(..20)?.try_into().ok()?;
    let address = |at: usize| u32_at(header, at).map(|bits| IpAddr::from(Ipv4Addr::from(bits)));
    let header_bytes = usize::from(header[0] & 15) * 4;
    if header_bytes < 20 {
        return None;
    }
    let ip_bytes = ip_bytes(u16_at(header, 2)?.into(), 0, original);
    if ip_bytes < header_bytes as i128 {
        return None;
    }
    let fragmentation = u16_at(header, 6)?;
    let (offset, more) = (fragmentation & 0x1fff, fragmentation & 0x2000 != 0);
    let fragment = (offset != 0 || more).then_some(Fragment {
        is_first: offset == 0,
        identification: u16_at(header, 4)?.into(),
        protocol: header[9],
    });
    let mut ip = Ip {
        source: address(12)?,
        destination: address(16)?,
        time_to_live: header[8],
        traffic_class: header[1],
        ip_bytes,
        protocol: header[9],
        header_bytes,
        fragment,
    };
    if offset == 0 {
        // Of the extension headers, only this one exists behind IPv4.
        step_over(&mut ip, within(packet, ip_bytes), &[AUTHENTICATION])?;
    }
    Some(ip)
}

fn ipv6(packet: &[u8], original: usize) -> Option<Ip> {
    let header: &[u8; 40] = packet.get(..40)?.try_into().ok()?;
    let address = |at: usize| {
        let octets: [u8; 16] = header[at..at + 16].try_into().ok()?;
        Some(IpAddr::from(Ipv6Addr::from(octets)))
    };
    let ip_bytes = ip_bytes(u16_at(header, 4)?.into(), 40, original);
    if ip_bytes < 40 {
        return None;
    }
    let mut ip = Ip {
        source: address(8)?,
        destination: address(24)?,
        time_to_live: header[7],
        traffic_class: (u16_at(header, 0)? >> 4) as u8,
        ip_bytes,
        protocol: header[6],
        header_bytes: 40,
        fragment: None,
    };
    let packet = within(packet, ip_bytes);
    step_over(&mut ip, packet, &[0, 43, 60, 135, 139, 140, AUTHENTICATION, FRAGMENT])?;
    Some(ip)
}

/// What was captured of the IP packet itself: bytes behind its end are padding.
fn within(packet: &[u8], ip_bytes: i128) -> &[u8] {
    &packet[..packet.len().min(ip_bytes.max(0) as usize)]
}

/// The length field and what it does not count; all that was on the wire if the field is 0 or says more.
fn ip_bytes(field: i128, uncounted: i128, original: usize) -> i128 {
    let original = original as i128;
    if field == 0 { original } else { original.min(field + uncounted) }
}

/// Steps over extension headers, up to the transport or into a later fragment.
fn step_over(ip: &mut Ip, packet: &[u8], kinds: &[u8]) -> Option<()> {
    let mut steps = 0;
    while kinds.contains(&ip.protocol) {
        steps += 1;
        if steps > EXTENSIONS_MAX {
            return None;
        }
        let header = packet.get(ip.header_bytes..)?;
        // Of an extension header that is cut, the two bytes that lead to the next are enough.
        let (next, units) = (*header.first()?, usize::from(*header.get(1)?));
        match ip.protocol {
            FRAGMENT => {
                let (bits, identification) = (u16_at(header, 2)?, u32_at(header, 4)?);
                ip.header_bytes += 8;
                ip.protocol = next;
                let (offset, more) = (bits >> 3, bits & 1 != 0);
                if offset != 0 || more {
                    let is_first = offset == 0;
                    ip.fragment = Some(Fragment { is_first, identification, protocol: next });
                }
                if offset != 0 {
                    return Some(());
                }
                continue;
            }
            AUTHENTICATION => ip.header_bytes += (units + 2) * 4,
            _ => ip.header_bytes += (units + 1) * 8,
        }
        ip.protocol = next;
    }
    Some(())
}

/// The outer None: the packet ends before them.
fn ports(protocol: u8, transport: &[u8]) -> Option<Option<(u16, u16)>> {
    match protocol {
        TCP | UDP | SCTP => Some(Some((u16_at(transport, 0)?, u16_at(transport, 2)?))),
        ICMP | ICMPV6 => {
            // Type and code are what ports are to others: without them the packet is cut short.
            let (kind, code) = (*transport.first()?, *transport.get(1)?);
            let mate = mate(protocol, kind).unwrap_or(code);
            Some(Some((kind.into(), mate.into())))
        }
        _ => Some(None),
    }
}

/// The type that answers, or is answered by, this one (section 3).
pub fn mate(protocol: u8, kind: u8) -> Option<u8> {
    let pairs: &[(u8, u8)] = if protocol == ICMP {
        &[(8, 0), (13, 14), (15, 16), (10, 9), (17, 18)]
    } else {
        &[(128, 129), (133, 134), (135, 136), (130, 131), (139, 140), (144, 145)]
    };
    pairs.iter().find_map(|(one, other)| match kind {
        kind if kind == *one => Some(*other),
        kind if kind == *other => Some(*one),
        _ => None,
    })
}

fn header_bytes(protocol: u8, transport: &[u8]) -> i128 {
    match protocol {
        TCP => transport.get(12).map_or(20, |byte| i128::from(byte >> 4) * 4).max(20),
        SCTP => 12,
        UDP | ICMP | ICMPV6 => 8,
        _ => 0,
    }
}

fn payload(protocol: u8, transport: &[u8], behind_ip: i128) -> i128 {
    let behind = behind_ip - header_bytes(protocol, transport);
    match u16_at(transport, 4) {
        Some(length) if protocol == UDP && length >= 8 => behind.min(i128::from(length) - 8),
        _ => behind,
    }
}

/// What is not available is 0.
fn tcp_header(transport: &[u8]) -> TcpHeader {
    TcpHeader {
        sequence: u32_at(transport, 4).unwrap_or(0),
        acknowledgement: u32_at(transport, 8).unwrap_or(0),
        flags: transport.get(13).copied().unwrap_or(0),
        window: u16_at(transport, 14).unwrap_or(0),
    }
}
