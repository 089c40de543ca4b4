//! What flows are called: what DNS told, and hosts of requests, of messages as simple as those of the tests.

use std::net::IpAddr;

use super::super::decode::UDP;
use super::super::life::{Closed, Packet};
use super::super::shown::FirstBytes;
use super::super::{Endpoint, SECOND};

const DNS_PORT: u16 = 53;
const HOLDS_AT_LEAST: i128 = 300 * SECOND;
const HOLDS_AT_MOST: i128 = 86_400 * SECOND;
/// Public suffixes of two labels; all others have one.
const LONG_SUFFIXES: [&str; 2] = ["co.uk", "com.au"];

/// An address, and the name that was asked for.
pub struct Told {
    pub name: String,
    address: IpAddr,
    to: IpAddr,
    holds: i128,
}

/// One label more than the public suffix, else the whole name.
pub fn registrable_domain(name: &str) -> &str {
    if name.parse::<IpAddr>().is_ok() {
        return name;
    }
    let is_long = LONG_SUFFIXES.iter().any(|suffix| name.ends_with(&format!(".{suffix}")));
    let labels = if is_long { 3 } else { 2 };
    let points: Vec<usize> = name.match_indices('.').map(|(at, _)| at).collect();
    match points.len().checked_sub(labels) {
        Some(place) => &name[points[place] + 1..],
        None => name,
    }
}

/// An answer with addresses: each of them.
pub fn told_by(packet: &Packet) -> Vec<Told> {
    if packet.tcp.is_some() || packet.header_bytes != Some(8) || packet.sender.port != DNS_PORT {
        return Vec::new();
    }
    read_answer(&packet.payload, packet.receiver.address).unwrap_or_default()
}

fn read_answer(message: &[u8], to: IpAddr) -> Option<Vec<Told>> {
    let number = |at: usize| Some(u16::from_be_bytes([*message.get(at)?, *message.get(at + 1)?]));
    let is_answer = number(2)? & 0x8000 != 0 && number(2)? & 15 == 0;
    if !is_answer || number(4)? != 1 {
        return None;
    }
    let (name, mut at) = read_name(message, 12)?;
    at += 4;
    let mut told = Vec::new();
    for _ in 0..number(6)? {
        at = read_name(message, at)?.1;
        let (kind, length) = (number(at)?, usize::from(number(at + 8)?));
        let seconds = u32::from(number(at + 4)?) << 16 | u32::from(number(at + 6)?);
        let data = message.get(at + 10..at + 10 + length)?;
        at += 10 + length;
        let address: Option<IpAddr> = match kind {
            1 => <[u8; 4]>::try_from(data).ok().map(IpAddr::from),
            28 => <[u8; 16]>::try_from(data).ok().map(IpAddr::from),
            _ => None,
        };
        let holds = (i128::from(seconds) * SECOND).clamp(HOLDS_AT_LEAST, HOLDS_AT_MOST);
        told.extend(address.map(|address| Told { name: name.clone(), address, to, holds }));
    }
    Some(told)
}

/// A name, and where it ends; a reference ends it, of which the text is not wanted.
fn read_name(message: &[u8], mut at: usize) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    loop {
        let length = usize::from(*message.get(at)?);
        match length {
            0 => return Some((labels.join("."), at + 1)),
            192.. => return Some((labels.join("."), at + 2)),
            _ => labels.push(String::from_utf8_lossy(message.get(at + 1..at + 1 + length)?)),
        }
        at += 1 + length;
    }
}

/// The name that the client was told for the server's address, both as the flow's first packet has them.
pub fn known(flows: &[Closed], first: &Packet, by_handshake: bool) -> Option<String> {
    let (client, server) = super::ends(std::slice::from_ref(first), by_handshake);
    let (client, server) = (client.address, server.address);
    let mut answers: Vec<(&Packet, Told)> = Vec::new();
    for packet in flows.iter().flat_map(|closed| &closed.flow.packets) {
        if packet.position < first.position {
            let told = told_by(packet).into_iter();
            answers.extend(told.filter(|told| told.to == client).map(|told| (packet, told)));
        }
    }
    answers.retain(|(_, told)| told.address == server);
    let (packet, told) = answers.into_iter().max_by_key(|(packet, _)| packet.position)?;
    (first.arrived - packet.arrived <= told.holds).then_some(told.name)
}

/// The host of the first request.
pub fn host(so_far: &[Packet], protocol: u8, by_handshake: bool) -> Option<String> {
    let (client, server): (Endpoint, Endpoint) = super::ends(&so_far[..1], by_handshake);
    [client, server].into_iter().find_map(|end| {
        let sent = so_far.iter().filter(|packet| packet.sender == end);
        let bytes = FirstBytes::of(sent, protocol).bytes;
        host_of(&String::from_utf8_lossy(&bytes), protocol)
    })
}

fn host_of(text: &str, protocol: u8) -> Option<String> {
    let mut lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let request: Vec<&str> = lines.next()?.trim_end().split(' ').collect();
    let [_, target, version] = request[..] else { return None };
    let host = if version.starts_with("HTTP/1.") && protocol != UDP {
        let headers = lines.take_while(|line| !line.trim().is_empty());
        headers.filter_map(|line| line.strip_prefix("Host: ")).next()?.trim()
    } else if version == "SIP/2.0" {
        let target = target.strip_prefix("sip:")?;
        target.split_once('@').map_or(target, |(_, host)| host)
    } else if version == "RTSP/1.0" {
        target.strip_prefix("rtsp://")?
    } else {
        return None;
    };
    let end = host.find([':', ';', '?', '/']).unwrap_or(host.len());
    Some(host[..end].to_owned())
}
