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
    /// An address of its own may still come.
    is_open: bool,
    is_in_medium: bool,
    /// That address, if it came; none where nobody listens.
    own: Option<Option<u128>>,
}

impl Media {
    /// Reads a line. A medium's own address comes behind it, before its attributes, and counts in place
    /// of that of all (RFC 8866, 5.7).
    pub fn read(&mut self, line: &[u8], to: &mut Vec<Expectation>) {
        let Ok(line) = std::str::from_utf8(line) else { return };
        match line.get(..2) {
            Some("v=") => {
                self.close(to);
                *self = Self::default();
            }
            Some("c=") if self.is_in_medium => {
                self.own = Some(address(&line[2..]));
                // Also behind what was taken for its end: a segment may end anywhere.
                self.is_open = true;
                self.close(to);
            }
            Some("c=") => self.address = address(&line[2..]),
            Some("m=") => {
                self.close(to);
                self.medium = medium(&line[2..]);
                (self.own, self.is_in_medium, self.is_open) = (None, true, true);
            }
            Some("a=") => {
                self.close(to);
                let Some(text) = line.strip_prefix("a=rtcp:") else { return };
                let (port, rest) = text.split_once(' ').unwrap_or((text, ""));
                let address = address(rest).or(self.of_medium());
                let Some((port, address)) = port.parse().ok().zip(address) else { return };
                to.push(Expectation::at(address, port, ip::UDP));
            }
            _ => {}
        }
    }
}

impl Media {
    /// No more is said of the last medium for now.
    pub fn close(&mut self, to: &mut Vec<Expectation>) {
        if std::mem::take(&mut self.is_open)
            && let (Some(address), Some(medium)) = (self.of_medium(), self.medium)
        {
            expect(address, medium, to);
        }
    }

    fn of_medium(&self) -> Option<u128> {
        self.own.unwrap_or(self.address)
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
