//! Frames: a network packet in the clothes of a link type.

use super::capture::{ETHERNET, IPV4, IPV6, LINUX_SLL, LINUX_SLL2, LOOP, NULL, RAW_IP};

pub const ETHERTYPE_IPV4: u16 = 0x0800;
pub const ETHERTYPE_IPV6: u16 = 0x86dd;
pub const ETHERTYPE_ARP: u16 = 0x0806;

/// A VLAN tag: its protocol identifier (0x8100, 0x88a8, 0x9100) and its control field, priority bits and all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    pub kind: u16,
    pub control: u16,
}

impl Tag {
    pub fn of(id: u16) -> Self {
        Self { kind: 0x8100, control: id }
    }
}

/// An IP packet as a frame of the link type; tags exist where the link layer has them.
pub fn frame(link_type: u16, tags: &[Tag], packet: &[u8]) -> Vec<u8> {
    let version = packet.first().map_or(0, |byte| byte >> 4);
    let ethertype = if version == 6 { ETHERTYPE_IPV6 } else { ETHERTYPE_IPV4 };
    match link_type {
        ETHERNET => ethernet(tags, ethertype, packet),
        LINUX_SLL => linux_sll(tags, ethertype, packet),
        LINUX_SLL2 => linux_sll2(tags, ethertype, packet),
        // The numbers of FreeBSD, one in each byte order; other systems use 24 or 30 for IPv6.
        NULL => [&if version == 6 { 28u32 } else { 2 }.to_le_bytes(), packet].concat(),
        LOOP => [&if version == 6 { 24u32 } else { 2 }.to_be_bytes(), packet].concat(),
        // 12 and 14 are what some systems call raw IP.
        RAW_IP | 12 | 14 | IPV4 | IPV6 => packet.to_vec(),
        _ => panic!("link type {link_type} is not built here"),
    }
}

/// True for the link types whose frames can carry VLAN tags.
pub fn has_tags(link_type: u16) -> bool {
    matches!(link_type, ETHERNET | LINUX_SLL | LINUX_SLL2)
}

pub fn ethernet(tags: &[Tag], ethertype: u16, packet: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    let (first, between) = tag_chain(tags, ethertype);
    frame.extend(first.to_be_bytes());
    frame.extend(between);
    frame.extend(packet);
    frame
}

/// IEEE 802.3 with a length in place of the type, then LLC and SNAP.
pub fn ethernet_snap(tags: &[Tag], ethertype: u16, packet: &[u8]) -> Vec<u8> {
    let mut inner = vec![0xaa, 0xaa, 0x03, 0, 0, 0];
    inner.extend(ethertype.to_be_bytes());
    inner.extend(packet);
    ethernet(tags, inner.len().min(1500) as u16, &inner)
}

pub fn linux_sll(tags: &[Tag], ethertype: u16, packet: &[u8]) -> Vec<u8> {
    // Packet to us, from an Ethernet card whose address has six bytes.
    let mut frame = vec![0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0];
    let (first, between) = tag_chain(tags, ethertype);
    frame.extend(first.to_be_bytes());
    frame.extend(between);
    frame.extend(packet);
    frame
}

pub fn linux_sll2(tags: &[Tag], ethertype: u16, packet: &[u8]) -> Vec<u8> {
    let (first, between) = tag_chain(tags, ethertype);
    let mut frame = first.to_be_bytes().to_vec();
    frame.extend([0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0]);
    frame.extend(between);
    frame.extend(packet);
    frame
}

/// The type that stands first, and the tags with the types after them.
fn tag_chain(tags: &[Tag], ethertype: u16) -> (u16, Vec<u8>) {
    let first = tags.first().map_or(ethertype, |tag| tag.kind);
    let next_kinds = tags.iter().skip(1).map(|tag| tag.kind).chain([ethertype]);
    let between = tags.iter().zip(next_kinds).flat_map(|(tag, next)| {
        let [a, b] = tag.control.to_be_bytes();
        let [c, d] = next.to_be_bytes();
        [a, b, c, d]
    });
    (first, between.collect())
}
