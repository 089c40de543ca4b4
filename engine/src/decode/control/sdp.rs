//! Where the media of a call go: SDP (RFC 8866), with the control protocol's port (RFC 3605).

use super::Expectation;
use super::ftp::key_address;
use crate::decode::ip;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Streams of one medium: more is nothing that a call has.
const STREAMS_MAX: u16 = 4;

/// What a description has said so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Media {
    /// Where the media are that have no address of their own.
    address: Option<u128>,
    /// First port and streams of the last medium.
    medium: Option<(u16, u16)>,
}

impl Media {
    /// Reads a line. A medium's own address comes behind it: until then that of all is taken.
    pub fn read(&mut self, line: &[u8], to: &mut Vec<Expectation>) {
        let Ok(line) = std::str::from_utf8(line) else { return };
        match line.get(..2) {
            Some("v=") => *self = Self::default(),
            Some("c=") => {
                let Some(address) = address(&line[2..]) else { return };
                match self.medium {
                    None => self.address = Some(address),
                    Some(medium) => expect(address, medium, to),
                }
            }
            Some("m=") => {
                self.medium = medium(&line[2..]);
                if let (Some(address), Some(medium)) = (self.address, self.medium) {
                    expect(address, medium, to);
                }
            }
            Some("a=") => {
                let Some(text) = line.strip_prefix("a=rtcp:") else { return };
                let (port, rest) = text.split_once(' ').unwrap_or((text, ""));
                let address = address(rest).or(self.address);
                let Some((port, address)) = port.parse().ok().zip(address) else { return };
                to.push(Expectation::at(address, port, ip::UDP));
            }
            _ => {}
        }
    }
}

fn expect(address: u128, (first, streams): (u16, u16), to: &mut Vec<Expectation>) {
    for port in (0..streams * 2).filter_map(|place| first.checked_add(place)) {
        to.push(Expectation::at(address, port, ip::UDP));
    }
}

/// `IN IP4 224.2.1.1/127`; none where nobody listens.
fn address(text: &str) -> Option<u128> {
    let mut words = text.split_ascii_whitespace();
    let (_net, _kind, address) = (words.next()?, words.next()?, words.next()?);
    let address: IpAddr = address.split('/').next()?.parse().ok()?;
    (!address.is_unspecified()).then(|| key_address(address))
}

/// `audio 49170/2 RTP/AVP 0`; one that is refused has port 0 (RFC 3264, section 6).
fn medium(text: &str) -> Option<(u16, u16)> {
    let ports = text.split_ascii_whitespace().nth(1)?;
    let (port, streams) = ports.split_once('/').unwrap_or((ports, "1"));
    let port: u16 = port.parse().ok()?;
    (port > 0).then(|| (port, streams.parse().unwrap_or(1).clamp(1, STREAMS_MAX)))
}
