//! Packets from the IP header up, built byte by byte, with right checksums as long as nothing is made wrong.

use std::net::IpAddr;

pub const ICMP: u8 = 1;
pub const TCP: u8 = 6;
pub const UDP: u8 = 17;
pub const GRE: u8 = 47;
pub const ICMPV6: u8 = 58;
pub const SCTP: u8 = 132;

pub const FIN: u8 = 0x01;
pub const SYN: u8 = 0x02;
pub const RST: u8 = 0x04;
pub const PSH: u8 = 0x08;
pub const ACK: u8 = 0x10;

/// IPv6 extension headers by their numbers.
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;

/// An IP header and what stands between it and the transport.
#[derive(Clone, Debug)]
pub struct Ip {
    pub source: IpAddr,
    pub destination: IpAddr,
    /// Of what follows all extension headers named here.
    pub protocol: u8,
    pub time_to_live: u8,
    /// DSCP and congestion bits.
    pub traffic_class: u8,
    pub identification: u32,
    /// Offset in units of eight bytes, and whether more fragments come.
    pub fragment: Option<(u16, bool)>,
    /// IPv4 options; a multiple of four bytes.
    pub options: Vec<u8>,
    /// Extension headers by number (IPv6; 51 also behind IPv4), before a fragment header.
    pub extensions: Vec<u8>,
}

impl Ip {
    pub fn new(source: IpAddr, destination: IpAddr, protocol: u8) -> Self {
        Self {
            source,
            destination,
            protocol,
            time_to_live: 64,
            traffic_class: 0,
            identification: 0,
            fragment: None,
            options: Vec::new(),
            extensions: Vec::new(),
        }
    }

    /// The whole packet. The transport's checksum is put in where the transport is whole.
    pub fn packet(&self, transport: &[u8]) -> Vec<u8> {
        let mut transport = transport.to_vec();
        if self.fragment.is_none() {
            fill_checksum(self, &mut transport);
        }
        self.packet_as_is(&transport)
    }

    fn packet_as_is(&self, transport: &[u8]) -> Vec<u8> {
        match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                self.ipv4(source.octets(), destination.octets(), transport)
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                self.ipv6(source.octets(), destination.octets(), transport)
            }
            _ => panic!("addresses of two families"),
        }
    }

    fn ipv4(&self, source: [u8; 4], destination: [u8; 4], transport: &[u8]) -> Vec<u8> {
        let header_bytes = 20 + self.options.len();
        let (first, between) = self.chain();
        let (offset, more) = self.fragment.unwrap_or_default();
        let mut packet = vec![0x40 | (header_bytes / 4) as u8, self.traffic_class];
        let total = header_bytes + between.len() + transport.len();
        packet.extend((total as u16).to_be_bytes());
        packet.extend((self.identification as u16).to_be_bytes());
        packet.extend((offset | if more { 0x2000 } else { 0 }).to_be_bytes());
        packet.extend([self.time_to_live, first, 0, 0]);
        packet.extend(source);
        packet.extend(destination);
        packet.extend(&self.options);
        let checksum = internet_checksum(&[&packet]);
        packet[10..12].copy_from_slice(&checksum);
        packet.extend(between);
        packet.extend(transport);
        packet
    }

    fn ipv6(&self, source: [u8; 16], destination: [u8; 16], transport: &[u8]) -> Vec<u8> {
        let (first, between) = self.chain();
        let mut packet = vec![0x60 | self.traffic_class >> 4, self.traffic_class << 4, 0, 0];
        packet.extend(((between.len() + transport.len()) as u16).to_be_bytes());
        packet.extend([first, self.time_to_live]);
        packet.extend(source);
        packet.extend(destination);
        packet.extend(between);
        packet.extend(transport);
        packet
    }

    /// The number of the first header after the IP header, and all headers before the transport.
    fn chain(&self) -> (u8, Vec<u8>) {
        let mut kinds = self.extensions.clone();
        if self.fragment.is_some() && self.source.is_ipv6() {
            kinds.push(FRAGMENT);
        }
        kinds.push(self.protocol);
        let headers = kinds.windows(2).flat_map(|pair| self.extension(pair[0], pair[1])).collect();
        (kinds[0], headers)
    }

    fn extension(&self, kind: u8, next: u8) -> Vec<u8> {
        match kind {
            FRAGMENT => {
                let (offset, more) = self.fragment.unwrap_or_default();
                let mut header = vec![next, 0];
                header.extend((offset << 3 | u16::from(more)).to_be_bytes());
                header.extend(self.identification.to_be_bytes());
                header
            }
            // Counted in units of four bytes, less two: 16 bytes.
            AUTHENTICATION => [&[next, 2][..], &[0; 14]].concat(),
            // Counted in units of eight bytes after the first eight; the filler is a padding option.
            _ => [&[next, 1, 1, 12][..], &[0; 12]].concat(),
        }
    }

    /// The same datagram in fragments of `fragment_bytes` (a multiple of eight).
    pub fn fragments(&self, transport: &[u8], fragment_bytes: usize) -> Vec<Vec<u8>> {
        let mut whole = transport.to_vec();
        fill_checksum(self, &mut whole);
        let count = whole.len().div_ceil(fragment_bytes);
        let pieces = whole.chunks(fragment_bytes).enumerate();
        pieces
            .map(|(index, piece)| {
                let offset = (index * fragment_bytes / 8) as u16;
                let fragment = Some((offset, index + 1 < count));
                Self { fragment, ..self.clone() }.packet_as_is(piece)
            })
            .collect()
    }
}

/// A TCP header.
#[derive(Clone, Debug, Default)]
pub struct Tcp {
    pub source_port: u16,
    pub destination_port: u16,
    pub sequence: u32,
    pub acknowledgement: u32,
    pub flags: u8,
    pub window: u16,
    /// A multiple of four bytes.
    pub options: Vec<u8>,
}

impl Tcp {
    pub fn segment(&self, payload: &[u8]) -> Vec<u8> {
        let mut segment = Vec::new();
        segment.extend(self.source_port.to_be_bytes());
        segment.extend(self.destination_port.to_be_bytes());
        segment.extend(self.sequence.to_be_bytes());
        segment.extend(self.acknowledgement.to_be_bytes());
        let header_words = (20 + self.options.len()) / 4;
        segment.extend([(header_words << 4) as u8, self.flags]);
        segment.extend(self.window.to_be_bytes());
        segment.extend([0; 4]); // checksum, urgent pointer
        segment.extend(&self.options);
        segment.extend(payload);
        segment
    }
}

pub fn udp(source_port: u16, destination_port: u16, payload: &[u8]) -> Vec<u8> {
    let mut datagram = Vec::new();
    datagram.extend(source_port.to_be_bytes());
    datagram.extend(destination_port.to_be_bytes());
    datagram.extend((8 + payload.len() as u16).to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend(payload);
    datagram
}

/// Without its checksum (CRC-32c), which nobody here looks at.
pub fn sctp(source_port: u16, destination_port: u16, chunks: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    packet.extend(source_port.to_be_bytes());
    packet.extend(destination_port.to_be_bytes());
    packet.extend([0; 8]);
    packet.extend(chunks);
    packet
}

/// ICMP and ICMPv6: type, code, and the four bytes that a ping uses for identifier and sequence number.
pub fn icmp(kind: u8, code: u8, rest: u32, payload: &[u8]) -> Vec<u8> {
    let mut message = vec![kind, code, 0, 0];
    message.extend(rest.to_be_bytes());
    message.extend(payload);
    message
}

fn fill_checksum(ip: &Ip, transport: &mut [u8]) {
    let at = match ip.protocol {
        TCP => 16,
        UDP => 6,
        ICMP | ICMPV6 => 2,
        _ => return,
    };
    if transport.len() < at + 2 {
        return;
    }
    let mut pseudo_header = Vec::new();
    if ip.protocol != ICMP {
        for address in [ip.source, ip.destination] {
            match address {
                IpAddr::V4(address) => pseudo_header.extend(address.octets()),
                IpAddr::V6(address) => pseudo_header.extend(address.octets()),
            }
        }
        pseudo_header.extend((transport.len() as u32).to_be_bytes());
        pseudo_header.extend([0, 0, 0, ip.protocol]);
    }
    let checksum = internet_checksum(&[&pseudo_header, transport]);
    transport[at..at + 2].copy_from_slice(&checksum);
}

/// RFC 1071; every part but the last has an even length.
fn internet_checksum(parts: &[&[u8]]) -> [u8; 2] {
    let words = parts.iter().flat_map(|part| part.chunks(2));
    let sum: u32 = words
        .map(|word| u32::from(word[0]) << 8 | u32::from(word.get(1).copied().unwrap_or(0)))
        .sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let folded = (folded & 0xffff) + (folded >> 16);
    (!(folded as u16)).to_be_bytes()
}
