//! Messages of applications, as short as they may be.

use std::net::IpAddr;

/// A query, or its answer with these addresses; `alias`, the name that it led to.
pub fn dns(id: u16, name: &str, kind: u16, answer: Option<&[IpAddr]>, alias: bool) -> Vec<u8> {
    let count = answer.map_or(0, |addresses| addresses.len() + usize::from(alias));
    let mut message = id.to_be_bytes().to_vec();
    message.extend(if answer.is_some() { [0x81, 0x80] } else { [0x01, 0x00] });
    message.extend([0, 1, 0, count as u8, 0, 0, 0, 0]);
    for label in name.split('.') {
        message.push(label.len() as u8);
        message.extend(label.bytes());
    }
    message.push(0);
    message.extend(kind.to_be_bytes());
    message.extend([0, 1]);
    let mut named = vec![0xc0, 12];
    if alias && answer.is_some() {
        let to = b"\x03cdn\x07invalid\x00";
        message.extend([0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, to.len() as u8]);
        let place = 0xc000 | message.len() as u16;
        message.extend(to);
        named = place.to_be_bytes().to_vec();
    }
    for address in answer.unwrap_or_default() {
        let data = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        message.extend(&named);
        message.extend([0, if data.len() == 4 { 1 } else { 28 }, 0, 1, 0, 0, 0, 60]);
        message.extend([0, data.len() as u8]);
        message.extend(data);
    }
    message
}

/// A medium of a session description.
pub struct Medium {
    pub port: u16,
    pub pairs: u16,
    pub address: Option<IpAddr>,
    pub control: Option<(u16, Option<IpAddr>)>,
}

impl Medium {
    pub fn at(port: u16) -> Self {
        Self { port, pairs: 1, address: None, control: None }
    }
}

fn place(address: IpAddr) -> String {
    format!("IN IP{} {address}", if address.is_ipv4() { 4 } else { 6 })
}

pub fn sdp(origin: IpAddr, common: Option<IpAddr>, media: &[Medium]) -> String {
    let mut text = format!("v=0\r\no=- 1 1 {}\r\ns=-\r\n", place(origin));
    if let Some(address) = common {
        text += &format!("c={}\r\n", place(address));
    }
    text += "t=0 0\r\n";
    for medium in media {
        let pairs = if medium.pairs == 1 { String::new() } else { format!("/{}", medium.pairs) };
        text += &format!("m=audio {}{pairs} RTP/AVP 0\r\n", medium.port);
        if let Some(address) = medium.address {
            text += &format!("c={}\r\n", place(address));
        }
        if let Some((port, address)) = medium.control {
            let address = address.map_or(String::new(), |address| format!(" {}", place(address)));
            text += &format!("a=rtcp:{port}{address}\r\n");
        }
        text += "a=rtpmap:0 PCMU/8000\r\n";
    }
    text
}

pub fn sip(first_line: &str, call: u32, method: &str, body: &str) -> Vec<u8> {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "{first_line}\r\nVia: SIP/2.0/UDP host;branch=z9hG4bK{call}\r\nFrom: <sip:a@a.example>;tag=1\r\n\
        To: <sip:b@b.example>\r\nCall-ID: {call}\r\nCSeq: 1 {method}\r\n{kind}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A packet of sound (RFC 3550).
pub fn rtp(number: u16) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend(number.to_be_bytes());
    packet.extend([0, 0, 0, 160, 1, 2, 3, 4]);
    packet.resize(172, 0x55);
    packet
}

pub fn rtcp() -> Vec<u8> {
    [&[0x80, 200, 0, 6][..], &[7; 24]].concat()
}

/// ISAKMP: the header, and something as its payload.
pub fn key_exchange(kind: u8, is_answer: bool) -> Vec<u8> {
    let mut message = vec![0x11; 8];
    message.extend([if is_answer { 0x22 } else { 0 }; 8]);
    message.extend([33, 0x20, kind, if is_answer { 0x20 } else { 8 }, 0, 0, 0, 0]);
    message.extend(60_u32.to_be_bytes());
    message.extend([0, 0, 0, 32]);
    message.resize(60, 9);
    message
}

/// A control message of PPTP (RFC 2637).
pub fn tunnel_control(kind: u8, bytes: u16) -> Vec<u8> {
    let mut message = bytes.to_be_bytes().to_vec();
    message.extend([0, 1, 0x1a, 0x2b, 0x3c, 0x4d, 0, kind, 0, 0]);
    if kind < 3 {
        message.extend([1, 0, 0, 0]);
    }
    message.resize(bytes.into(), 0);
    message
}

/// GRE of PPTP with a sequence number, around what is encrypted or a link's own.
pub fn enhanced_gre(call: u16, number: u32, protocol: u16) -> Vec<u8> {
    let mut packet = vec![0x30, 0x01, 0x88, 0x0b, 0, 20];
    packet.extend(call.to_be_bytes());
    packet.extend(number.to_be_bytes());
    packet.extend([0xff, 0x03]);
    packet.extend(protocol.to_be_bytes());
    packet.resize(12 + 20, 0x42);
    packet
}

pub fn esp(number: u32) -> Vec<u8> {
    [&[0xc1, 2, 3, 4][..], &number.to_be_bytes(), &[0xa7; 88]].concat()
}

pub fn handshake(random: &[u8]) -> Vec<u8> {
    [&b"\x13BitTorrent protocol"[..], &[0; 8], &random[..20], b"-XX0001-", &random[20..32]].concat()
}

pub fn dht_query(random: &[u8]) -> Vec<u8> {
    [b"d1:ad2:id20:", &random[..20], b"e1:q4:ping1:t2:aa1:y1:qe"].concat()
}

pub fn dht_answer(random: &[u8]) -> Vec<u8> {
    [b"d1:rd2:id20:", &random[..20], b"e1:t2:aa1:y1:re"].concat()
}

pub fn tracker_connect() -> Vec<u8> {
    vec![0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80, 0, 0, 0, 0, 1, 2, 3, 4]
}

pub fn announce(host: &str, port: u16) -> Vec<u8> {
    format!(
        "GET /announce?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-aaaaaaaaaaaa&port={port}\
        &uploaded=0&downloaded=0&left=1 HTTP/1.1\r\nHost: {host}\r\n\r\n"
    )
    .into_bytes()
}

pub fn file_request(name: &str) -> Vec<u8> {
    [&[0, 1][..], name.as_bytes(), b"\0octet\0"].concat()
}

pub fn file_block(number: u8, bytes: usize) -> Vec<u8> {
    [&[0, 3, 0, number][..], &vec![0x33; bytes]].concat()
}

pub fn file_taken(number: u8) -> Vec<u8> {
    vec![0, 4, 0, number]
}
