//! What control connections say of flows to come: FTP, SIP with SDP, RTSP, TFTP, PPTP, IKE; and
//! which flows are of a BitTorrent client.
//!
//! A protocol is known by its first bytes, FTP also by its port. All but the last are read for as long as
//! they live, the first three line by line, since a connection may announce something at any time. Nothing here knows
//! flows: a packet is read beside who is the client.

mod ftp;
mod lines;
mod rtsp;
mod sdp;
#[cfg(test)]
mod tests;

use super::{Segment, ip};
use crate::limits::ANNOUNCED_PER_PACKET_MAX;
use lines::Lines;
use sdp::Media;
use serde::{Deserialize, Serialize};

/// A protocol that says which other flows belong to its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Control {
    /// RFC 959, RFC 2428.
    Ftp,
    /// RFC 3261, with SDP (RFC 8866).
    Sip,
    /// RFC 2326, RFC 7826.
    Rtsp,
    /// RFC 1350.
    Tftp,
    /// RFC 2637.
    Pptp,
    /// RFC 2408, RFC 7296.
    Ike,
    /// BEP 3, 5, 14 and 15.
    BitTorrent,
}

/// Where a flow is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Place {
    /// At one end of it; addresses as keys have them.
    Endpoint { address: u128, port: u16, protocol: u8 },
    /// Between two addresses, the smaller first, of a protocol without ports.
    Between { addresses: [u128; 2], protocol: u8 },
}

/// A flow that has been announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    pub place: Place,
    /// The address at the flow's other end, where that was said.
    pub peer: Option<u128>,
}

impl Expectation {
    fn at(address: u128, port: u16, protocol: u8) -> Self {
        Self { place: Place::Endpoint { address, port, protocol }, peer: None }
    }

    fn with_peer(self, peer: u128) -> Self {
        Self { peer: Some(peer), ..self }
    }
}

impl Place {
    pub fn between(one: u128, other: u128, protocol: u8) -> Self {
        Self::Between { addresses: [one.min(other), one.max(other)], protocol }
    }
}

const FTP_PORT: u16 = 21;
const TFTP_PORT: u16 = 69;
const PPTP_PORT: u16 = 1723;
const IKE_PORTS: [u16; 2] = [500, 4500];
/// Encapsulating security payload and authentication header (RFC 4303, RFC 4302), generic routing
/// encapsulation (RFC 2784).
const ESP: u8 = 50;
const AH: u8 = 51;
const GRE: u8 = 47;

impl Control {
    pub const ALL: [Self; 7] =
        [Self::Ftp, Self::Sip, Self::Rtsp, Self::Tftp, Self::Pptp, Self::Ike, Self::BitTorrent];

    pub fn name(self) -> &'static str {
        match self {
            Self::Ftp => "ftp",
            Self::Sip => "sip",
            Self::Rtsp => "rtsp",
            Self::Tftp => "tftp",
            Self::Pptp => "pptp",
            Self::Ike => "ike",
            Self::BitTorrent => "bittorrent",
        }
    }

    /// The protocol of a flow that one of its first packets with payload shows.
    pub fn of(segment: &Segment, payload: &[u8]) -> Option<Self> {
        let ends = [0, 1].map(|side| segment.key.endpoint(side).port);
        let to = ends[1 - segment.sender_side()];
        match segment.key.protocol() {
            ip::TCP if ends.contains(&FTP_PORT) || payload.starts_with(b"USER ") => Some(Self::Ftp),
            ip::TCP if ends.contains(&PPTP_PORT) && is_pptp(payload) => Some(Self::Pptp),
            ip::UDP if to == TFTP_PORT && matches!(payload, [0, 1 | 2, _, ..]) => Some(Self::Tftp),
            ip::UDP if ends.iter().any(|port| IKE_PORTS.contains(port)) && is_ike(payload) => {
                Some(Self::Ike)
            }
            ip::TCP | ip::UDP if is_request_of(payload, b"sip:", b"SIP/2.0 ") => Some(Self::Sip),
            ip::TCP if is_request_of(payload, b"rtsp:", b"RTSP/1.0 ") => Some(Self::Rtsp),
            ip::TCP | ip::UDP if is_bittorrent(payload) => Some(Self::BitTorrent),
            _ => None,
        }
    }

    /// Whether its flows are read line by line.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Ftp | Self::Sip | Self::Rtsp)
    }

    /// Whether each of its messages announces what the first did.
    pub fn is_repeated(self) -> bool {
        matches!(self, Self::Tftp | Self::Pptp | Self::Ike)
    }

    /// What a message of the protocol announces by being there.
    pub fn announces(self, segment: &Segment, client_side: usize, to: &mut Vec<Expectation>) {
        let client = segment.key.endpoint(client_side);
        let server = segment.key.endpoint(1 - client_side);
        let between = |protocol| Expectation {
            place: Place::between(client.address, server.address, protocol),
            peer: None,
        };
        match self {
            Self::Tftp => {
                // The server answers from another port (RFC 1350, section 4).
                let at = Expectation::at(client.address, client.port, ip::UDP);
                to.push(at.with_peer(server.address));
            }
            Self::Pptp => to.push(between(GRE)),
            Self::Ike => {
                // Behind a translator both go on at this port (RFC 3948).
                let at = Expectation::at(server.address, IKE_PORTS[1], ip::UDP);
                to.extend([between(ESP), between(AH), at.with_peer(client.address)]);
            }
            Self::Ftp | Self::Sip | Self::Rtsp | Self::BitTorrent => {}
        }
    }
}

/// A start-control-connection message: its type and the cookie (RFC 2637, 2.1).
fn is_pptp(payload: &[u8]) -> bool {
    matches!(payload, [_, _, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d, ..])
}

/// The header's version, and its length (RFC 7296, 3.1), behind the marker of port 4500 (RFC 3948).
fn is_ike(payload: &[u8]) -> bool {
    let message = payload.strip_prefix(&[0; 4]).unwrap_or(payload);
    message.len() >= 28
        && matches!(message[17], 0x10 | 0x20)
        && message[24..28] == (message.len() as u32).to_be_bytes()
}

/// A method in capitals before an address of the scheme, or an answer.
fn is_request_of(payload: &[u8], scheme: &[u8], answer: &[u8]) -> bool {
    if payload.starts_with(answer) {
        return true;
    }
    let method = payload.iter().take_while(|byte| byte.is_ascii_uppercase() || **byte == b'_');
    let length = method.count();
    // GET_PARAMETER is the longest.
    (3..=13).contains(&length)
        && payload[length..].strip_prefix(b" ").is_some_and(|rest| rest.starts_with(scheme))
}

/// A handshake of peers, a query or answer of the distributed hash table, a tracker's request over UDP
/// or HTTP, or a search in the local network.
fn is_bittorrent(payload: &[u8]) -> bool {
    const TRACKER: [u8; 8] = 0x0417_2710_1980_u64.to_be_bytes();
    let starts: [&[u8]; 5] = [
        b"\x13BitTorrent protocol",
        b"d1:ad2:id20:",
        b"d1:rd2:id20:",
        &TRACKER,
        b"BT-SEARCH * HTTP/1.1\r\n",
    ];
    starts.iter().any(|start| payload.starts_with(start)) || is_announce(payload)
}

/// `GET /announce?info_hash=…` (BEP 3); trackers have other paths, too.
fn is_announce(payload: &[u8]) -> bool {
    const LOOKED_AT_BYTES: usize = 256;
    payload.starts_with(b"GET /")
        && payload[..payload.len().min(LOOKED_AT_BYTES)]
            .windows(b"info_hash=".len())
            .any(|window| window == b"info_hash=")
}

/// Reads a control connection.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ControlReader {
    control: Control,
    /// By side.
    lines: [Lines; 2],
    media: [Media; 2],
}

impl ControlReader {
    /// Of a connection of a protocol that is text.
    pub fn new(control: Control) -> Self {
        Self { control, lines: Default::default(), media: Default::default() }
    }

    /// Bytes kept of lines whose end is still to come.
    pub fn kept_bytes(&self) -> usize {
        self.lines.iter().map(Lines::kept_bytes).sum()
    }

    /// Keeps nothing of lines whose end is still to come: they are none.
    pub fn lose_begun(&mut self) {
        self.lines.iter_mut().for_each(Lines::lose_begun);
    }

    /// Reads a packet, of which `payload` was captured. Of what it announces, the first so many count.
    pub fn read(
        &mut self,
        segment: &Segment,
        payload: &[u8],
        client_side: usize,
        to: &mut Vec<Expectation>,
    ) {
        let Self { control, lines, media } = self;
        let side = segment.sender_side();
        let (own, peer) =
            (segment.key.endpoint(side).address, segment.key.endpoint(1 - side).address);
        let media = &mut media[side];
        let is_description = *control == Control::Sip;
        let most = to.len() + ANNOUNCED_PER_PACKET_MAX;
        let mut read_line = |line: &[u8]| {
            match control {
                Control::Ftp if side == client_side => ftp::read_command(line, to),
                Control::Ftp => ftp::read_reply(line, own, peer, to),
                Control::Sip => media.read(line, to),
                Control::Rtsp if side == client_side => rtsp::read_transport(line, [own, peer], to),
                Control::Rtsp => rtsp::read_transport(line, [peer, own], to),
                _ => {}
            }
            to.truncate(most);
        };
        match segment.has_tcp_header() {
            true => lines[side].read(segment, payload, &mut read_line),
            false => lines::each(payload, &mut read_line),
        }
        if is_description {
            media.close(to);
            to.truncate(most);
        }
    }
}
