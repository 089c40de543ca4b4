//! Community ID version 1, seed 0 (github.com/corelight/community-id-spec).
//!
//! Ours, since the published crate refuses what captures hold: ICMPv6 in IPv4, for one.

use crate::decode::icmp_has_mate;
use crate::flows::Flow;
use base64::display::Base64Display;
use base64::prelude::BASE64_STANDARD;
use sha1::{Digest, Sha1};
use std::fmt;
use std::net::IpAddr;

/// The id; printed as `1:` and the digest in base 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommunityId {
    digest: [u8; 20],
}

impl CommunityId {
    /// `None` for a flow of fragments whose ports nobody saw.
    pub fn of(flow: &Flow) -> Option<Self> {
        let (from, to) = (flow.client(), flow.server());
        let protocol = flow.protocol();
        let needs_ports = matches!(protocol, 1 | 6 | 17 | 58 | 132);
        if needs_ports && from.1.is_none() {
            return None;
        }
        // A message without a reply keeps its own order.
        let one_way = matches!(protocol, 1 | 58) && !icmp_has_mate(protocol, from.1?);
        let (first, second) = if one_way || from <= to { (from, to) } else { (to, from) };
        let mut hash = Sha1::new().chain_update([0, 0]);
        update(&mut hash, first.0);
        update(&mut hash, second.0);
        hash.update([protocol, 0]);
        if let (Some(first), Some(second)) = (first.1, second.1) {
            hash.update(first.to_be_bytes());
            hash.update(second.to_be_bytes());
        }
        Some(Self { digest: hash.finalize().into() })
    }
}

fn update(hash: &mut Sha1, address: IpAddr) {
    match address {
        IpAddr::V4(address) => hash.update(address.octets()),
        IpAddr::V6(address) => hash.update(address.octets()),
    }
}

impl fmt::Display for CommunityId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "1:{}", Base64Display::new(&self.digest, &BASE64_STANDARD))
    }
}
