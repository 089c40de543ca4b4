//! Community ID version 1, seed 0 (github.com/corelight/community-id-spec).
//!
//! Ours, since the published crate refuses what captures hold: ICMPv6 in IPv4, for one.

use crate::decode::icmp_has_mate;
use crate::flows::Flow;
use base64::prelude::{BASE64_STANDARD, Engine};
use sha1::{Digest, Sha1};
use std::net::IpAddr;

/// The id; `None` for a flow of fragments whose ports nobody saw.
pub fn community_id(flow: &Flow) -> Option<String> {
    let ((client, client_port), (server, server_port)) = (flow.client(), flow.server());
    let protocol = flow.protocol();
    let needs_ports = matches!(protocol, 1 | 6 | 17 | 58 | 132);
    if needs_ports && client_port.is_none() {
        return None;
    }
    let (from, to) = ((octets(client), client_port), (octets(server), server_port));
    // A message without a reply keeps its own order.
    let one_way = matches!(protocol, 1 | 58) && !icmp_has_mate(protocol, client_port?);
    let (first, second) = if one_way || from <= to { (from, to) } else { (to, from) };
    let mut hash = Sha1::new().chain_update([0, 0]).chain_update(&first.0);
    hash = hash.chain_update(&second.0).chain_update([protocol, 0]);
    if let (Some(first), Some(second)) = (first.1, second.1) {
        hash = hash.chain_update(first.to_be_bytes()).chain_update(second.to_be_bytes());
    }
    let mut text = "1:".to_owned();
    BASE64_STANDARD.encode_string(hash.finalize(), &mut text);
    Some(text)
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}
