//! What control connections announce, read as they are written in the tests.

use std::net::IpAddr;

use super::super::decode::TCP;
use super::super::key::Endpoint;
use super::super::life::{Flow, Packet};

/// What lines say, each with its place, and with the place of the line that said it.
type Reading<'a> = dyn Fn(&[(usize, String)]) -> Vec<(usize, What)> + 'a;

const LINE_BYTES: usize = 4_096;
const FTP_PORT: u16 = 21;
const PAIRS: u16 = 4;
const ENDS_OF_PACKET: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    /// An end; and where only this one is meant, who is at the other.
    Ftp(Endpoint, Option<IpAddr>),
    Sip(Endpoint),
    Rtsp(Endpoint),
    /// The end that asked, and the server's address.
    Tftp(Endpoint, IpAddr),
    Pptp([IpAddr; 2]),
    /// Client and server.
    Ike(IpAddr, IpAddr),
}

/// What was announced, by which flow.
pub struct Said {
    pub what: What,
    pub clock: i128,
    pub flow: usize,
}

impl What {
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Ftp(..) => "ftp",
            Self::Sip(_) => "sip",
            Self::Rtsp(_) => "rtsp",
            Self::Tftp(..) => "tftp",
            Self::Pptp(_) => "pptp",
            Self::Ike(..) => "ike",
        }
    }
}

/// The first two packets with payload, up to there.
fn first_two(so_far: &[Packet]) -> impl Iterator<Item = &Packet> {
    so_far.iter().filter(|packet| !packet.payload.is_empty()).take(2)
}

pub fn speaks_bittorrent(so_far: &[Packet]) -> bool {
    first_two(so_far).any(|packet| {
        let bytes = &packet.payload[..];
        let is_dht = |begin: &[u8]| bytes.starts_with(begin) && bytes.ends_with(b"e");
        let text = String::from_utf8_lossy(bytes);
        bytes.starts_with(b"\x13BitTorrent protocol")
            || [&b"d1:ad2:id20:"[..], b"d1:rd2:id20:"].into_iter().any(is_dht)
            || bytes.starts_with(&[0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80]) && bytes.len() == 16
            || bytes.starts_with(b"BT-SEARCH * HTTP/1.1\r\n")
            || text.starts_with("GET /announce?") && text.contains("info_hash=")
    })
}

/// What a flow's packet of this number says that those before it did not, as much as counts.
pub fn said_by(flow: &Flow, number: usize, by_handshake: bool) -> Vec<What> {
    let mut said = all_said_by(flow, number, by_handshake);
    said.truncate(ENDS_OF_PACKET);
    said
}

fn all_said_by(flow: &Flow, number: usize, by_handshake: bool) -> Vec<What> {
    let so_far = &flow.packets[..=number];
    let packet = &so_far[number];
    if packet.payload.is_empty() || !flow.key.has_ports {
        return Vec::new();
    }
    let begins = |bytes: &[u8]| first_two(so_far).any(|packet| packet.payload.starts_with(bytes));
    // A request of that scheme, or an answer.
    let speaks = |scheme: &str, version: &str| {
        first_two(so_far).any(|packet| {
            let text = String::from_utf8_lossy(&packet.payload);
            let target = text.split_once(' ').map_or("", |(_, target)| target);
            text.starts_with(version) || target.starts_with(scheme)
        })
    };
    let (client, server) = super::ends(so_far, by_handshake);
    let pair = [client.address, server.address];
    if flow.key.protocol != TCP {
        let payload = &packet.payload[..];
        if speaks("sip:", "SIP/2.0 ") {
            // The last line may have no end.
            let bytes = payload.iter().copied().chain([b'\n']);
            let lines = lines_of(bytes.map(Some));
            return sdp(&lines).into_iter().map(|(_, what)| what).collect();
        }
        if first_two(so_far).any(|packet| is_file_request(&packet.payload)) {
            let is_request = is_file_request(payload);
            let asked = What::Tftp(packet.sender, packet.receiver.address);
            return is_request.then_some(asked).into_iter().collect();
        }
        if first_two(so_far).any(|packet| is_key_exchange(&packet.payload)) {
            let is_exchange = is_key_exchange(payload);
            return is_exchange.then_some(What::Ike(pair[0], pair[1])).into_iter().collect();
        }
        return Vec::new();
    }
    if first_two(so_far).any(|packet| is_tunnel_control(&packet.payload)) {
        let is_message = is_tunnel_control(&packet.payload);
        return is_message.then_some(What::Pptp(pair)).into_iter().collect();
    }
    let is_ftp = [client, server].iter().any(|end| end.port == FTP_PORT) || begins(b"USER ");
    let read: &Reading<'_> = if is_ftp {
        &|lines| {
            let announced = lines.iter().map(|(at, line)| (*at, transfer(line, packet, client)));
            announced.flat_map(|(at, all)| all.into_iter().map(move |what| (at, what))).collect()
        }
    } else if speaks("sip:", "SIP/2.0 ") {
        &|lines| sdp(lines)
    } else if speaks("rtsp:", "RTSP/1.0 ") {
        &|lines| {
            let announced = lines.iter().map(|(at, line)| (*at, transport(line, client, server)));
            announced.flat_map(|(at, all)| all.into_iter().map(move |what| (at, what))).collect()
        }
    } else {
        return Vec::new();
    };
    let sent = |until: &[Packet]| read(&lines_of(stream(until, packet.sender).into_iter()));
    let before = sent(&so_far[..number]);
    let new = sent(so_far).into_iter().filter(|said| !before.contains(said));
    new.map(|(_, what)| what).collect()
}

/// The bytes that one side has sent so far, with holes.
fn stream(so_far: &[Packet], sender: Endpoint) -> Vec<Option<u8>> {
    let mut bytes: Vec<Option<u8>> = Vec::new();
    let mut begin: Option<u32> = None;
    for packet in so_far.iter().filter(|packet| packet.sender == sender) {
        let Some(header) = packet.tcp else { continue };
        let syn = header.is_plain_syn() || header.is_syn_ack();
        let number = header.sequence.wrapping_add(syn.into());
        if !syn && packet.payload.is_empty() {
            continue;
        }
        let distance = number.wrapping_sub(*begin.get_or_insert(number)) as i32;
        let Ok(place) = usize::try_from(distance) else { continue };
        let end = place + packet.payload_bytes as usize;
        // What fills a hole comes too late.
        let late = bytes.len().saturating_sub(place);
        let mut payload = packet.payload.clone();
        payload.drain(..late.min(payload.len()));
        let place = place + late;
        bytes.resize(bytes.len().max(place), None);
        bytes.extend(payload.into_iter().map(Some));
        // What was not captured is a hole.
        bytes.resize(bytes.len().max(end), None);
    }
    bytes
}

/// All whole lines without a hole, with their places.
fn lines_of(bytes: impl Iterator<Item = Option<u8>>) -> Vec<(usize, String)> {
    let (mut lines, mut line, mut is_whole) = (Vec::new(), Vec::new(), true);
    for (at, byte) in bytes.enumerate() {
        match byte {
            Some(b'\n') => {
                if is_whole && line.len() <= LINE_BYTES {
                    lines.push((at, String::from_utf8_lossy(&line).trim_end().to_owned()));
                }
                (line, is_whole) = (Vec::new(), true);
            }
            Some(byte) => line.push(byte),
            None => is_whole = false,
        }
    }
    lines
}

/// What a line of FTP announces.
fn transfer(line: &str, packet: &Packet, client: Endpoint) -> Vec<What> {
    let upper = line.to_uppercase();
    let is_reply = upper.starts_with("227 ") || upper.starts_with("229 ");
    // Clients command, servers reply.
    if is_reply == (packet.sender == client) {
        return Vec::new();
    }
    let numbers = |text: &str| -> Option<Endpoint> {
        let numbers: Option<Vec<u8>> =
            text.split(',').map(|part| part.trim().parse().ok()).collect();
        let [a, b, c, d, high, low] = numbers?[..] else { return None };
        Some(Endpoint {
            address: IpAddr::from([a, b, c, d]),
            port: u16::from(high) << 8 | u16::from(low),
        })
    };
    if let Some(rest) = upper.strip_prefix("PORT ") {
        return numbers(rest).map(|end| What::Ftp(end, None)).into_iter().collect();
    }
    if let Some(rest) = upper.strip_prefix("EPRT ") {
        let parts: Vec<&str> = rest.split('|').collect();
        let [_, _, address, port, ..] = parts[..] else { return Vec::new() };
        let (Ok(address), Ok(port)) = (address.parse(), port.parse()) else { return Vec::new() };
        return vec![What::Ftp(Endpoint { address, port }, None)];
    }
    let Some(inner) = upper.split_once('(').and_then(|(_, rest)| rest.split_once(')')) else {
        return Vec::new();
    };
    if upper.starts_with("227 ") {
        let Some(end) = numbers(inner.0) else { return Vec::new() };
        let own = Endpoint { address: packet.sender.address, port: end.port };
        let client = packet.receiver.address;
        let other = (end != own).then_some(What::Ftp(end, None));
        return other.into_iter().chain([What::Ftp(own, Some(client))]).collect();
    }
    if upper.starts_with("229 ") {
        let port = inner.0.trim_matches('|').parse();
        let end = |port| Endpoint { address: packet.sender.address, port };
        let client = packet.receiver.address;
        return port.map(|port| What::Ftp(end(port), Some(client))).into_iter().collect();
    }
    Vec::new()
}

struct Medium {
    at: usize,
    port: u16,
    pairs: u16,
    address: Option<IpAddr>,
    control: Option<(u16, Option<IpAddr>)>,
}

/// The ends that session descriptions name, with the place of the line that named them.
fn sdp(lines: &[(usize, String)]) -> Vec<(usize, What)> {
    let mut said = Vec::new();
    let mut common: Option<IpAddr> = None;
    let mut medium: Option<Medium> = None;
    for (at, line) in lines {
        let begins_new = line.starts_with("v=0") || line.starts_with("m=");
        if begins_new && let Some(medium) = medium.take() {
            said.extend(ends_of(&medium, common));
        }
        if line.starts_with("v=0") {
            common = None;
        } else if let Some(rest) = line.strip_prefix("m=") {
            let Some(ports) = rest.split(' ').nth(1) else { continue };
            let (port, pairs) = ports.split_once('/').unwrap_or((ports, "1"));
            let (Ok(port), Ok(pairs)) = (port.parse(), pairs.parse::<u16>()) else { continue };
            let pairs = pairs.min(PAIRS);
            medium = Some(Medium { at: *at, port, pairs, address: None, control: None });
        } else if let Some(rest) = line.strip_prefix("c=IN IP") {
            let address = rest[2..].split('/').next().and_then(|text| text.parse().ok());
            match &mut medium {
                Some(medium) => medium.address = address,
                None => common = address,
            }
        } else if let (Some(rest), Some(medium)) = (line.strip_prefix("a=rtcp:"), &mut medium) {
            let mut words = rest.split(' ');
            let port = words.next().and_then(|port| port.parse().ok());
            let address = words.nth(2).and_then(|address| address.parse().ok());
            medium.control = port.map(|port| (port, address));
        }
    }
    said.extend(medium.map(|medium| ends_of(&medium, common)).unwrap_or_default());
    said
}

fn ends_of(medium: &Medium, common: Option<IpAddr>) -> Vec<(usize, What)> {
    let address = medium.address.or(common);
    let mut ends: Vec<(u16, IpAddr)> = Vec::new();
    if medium.port == 0 {
        return Vec::new();
    }
    for place in 0..medium.pairs * 2 {
        ends.extend(address.map(|address| (medium.port.wrapping_add(place), address)));
    }
    if let Some((port, own)) = medium.control {
        ends.extend(own.or(address).map(|address| (port, address)));
    }
    let named = ends.into_iter();
    named.map(|(port, address)| (medium.at, What::Sip(Endpoint { address, port }))).collect()
}

/// The ends that a line `Transport: ` names.
fn transport(line: &str, client: Endpoint, server: Endpoint) -> Vec<What> {
    let Some(rest) = line.strip_prefix("Transport: ") else { return Vec::new() };
    let mut said = Vec::new();
    for part in rest.split([';', ',']) {
        let Some((name, ports)) = part.split_once('=') else { continue };
        let address = match name {
            "client_port" => client.address,
            "server_port" => server.address,
            _ => continue,
        };
        let first = ports.split('-').next().and_then(|port| port.parse::<u16>().ok());
        for port in first.into_iter().flat_map(|port| [port, port + 1]) {
            said.push(What::Rtsp(Endpoint { address, port }));
        }
    }
    said
}

/// A request to read or to write: a name and a mode.
fn is_file_request(bytes: &[u8]) -> bool {
    let [0, 1 | 2, rest @ ..] = bytes else { return false };
    let parts: Vec<&[u8]> = rest.split(|byte| *byte == 0).collect();
    parts.len() >= 3
        && !parts[0].is_empty()
        && [&b"octet"[..], b"netascii", b"mail"].contains(&parts[1])
}

/// An ISAKMP header whose length is that of the datagram.
fn is_key_exchange(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(&[0; 4]).unwrap_or(bytes);
    bytes.len() >= 28
        && bytes[..8] != [0; 8]
        && [0x10, 0x20].contains(&bytes[17])
        && bytes[24..28] == (bytes.len() as u32).to_be_bytes()
}

/// A control message of PPTP.
fn is_tunnel_control(bytes: &[u8]) -> bool {
    bytes.len() >= 8 && bytes[2..8] == [0, 1, 0x1a, 0x2b, 0x3c, 0x4d]
}
