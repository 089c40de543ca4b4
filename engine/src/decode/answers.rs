//! Answers to questions for names, as they pass.

use super::names::dns;
use super::{Segment, ip};
use crate::time::Timestamp;
use std::net::IpAddr;
use std::sync::Arc;

/// What a client was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameAnswer {
    /// The packet's place in its chunk.
    pub index: u16,
    pub time: Timestamp,
    /// Who was told; `None`: everyone on the link.
    pub client: Option<IpAddr>,
    /// The name that was asked for.
    pub name: Arc<str>,
    pub address: IpAddr,
    /// For how long the answer holds.
    pub seconds: u32,
}

/// Where answers come from: DNS, multicast DNS and LLMNR.
#[inline(always)]
pub fn is_from_answerer(port: u16) -> bool {
    matches!(port, 53 | 5353 | 5355)
}

/// What the message in a packet's payload answers, if it is one. Over TCP only one that is the
/// whole segment: its length comes first (RFC 1035, 4.2.2).
#[cold]
pub fn read(segment: &Segment, payload: &[u8], to: &mut Vec<NameAnswer>) {
    let message = match (segment.key.protocol(), payload) {
        (ip::UDP, message) => message,
        (ip::TCP, [high, low, message @ ..])
            if usize::from(u16::from_be_bytes([*high, *low])) == message.len() =>
        {
            message
        }
        _ => return,
    };
    let Some(message) = dns::read(message).filter(|message| message.is_response) else { return };
    let told = segment.key.address(1 - segment.side());
    let client = (!told.is_multicast()).then_some(told);
    for answer in message.answers {
        let same =
            to.last().filter(|last| last.index == segment.index && *last.name == *answer.name);
        let name = same.map_or_else(|| Arc::from(answer.name), |last| Arc::clone(&last.name));
        let (index, time) = (segment.index, segment.time);
        let (address, seconds) = (answer.address, answer.ttl_seconds);
        to.push(NameAnswer { index, time, client, name, address, seconds });
    }
}
