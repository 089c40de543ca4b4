//! Packets that stand in a corner of FLOWS.md, section 2, each in a capture of its own: what becomes of them, and that
//! the oracle thinks so too.

use serde_json::Value;

use crate::binary::{self, Means};
use crate::cli::run::tractor;
use crate::oracle::{Options, Profile, table};
use crate::support::capture::{ETHERNET, LINUX_SLL, NULL, RAW_IP, RawPacket};
use crate::support::frames::{ICMP, ICMPV6, Ip, UDP, udp};
use crate::support::pcapng::{PcapngStyle, pcapng};

/// Types with what follows them, up to the next type.
const TAG: &[u8] = &[0x81, 0, 0, 5];
const PRIORITY: &[u8] = &[0x81, 0, 0xe0, 0];
const SNAP: &[u8] = &[0, 100, 0xaa, 0xaa, 3, 0, 0, 0];
const IPV4_TYPE: &[u8] = &[8, 0];

const TIME_NS: i64 = 1_700_000_000_000_000_000;

fn ip(protocol: u8) -> Ip {
    let [from, to] = ["10.0.0.1", "10.0.0.2"].map(|text| text.parse().expect("an address"));
    Ip::new(from, to, protocol)
}

fn ipv6(protocol: u8) -> Ip {
    let [from, to] = ["fd00::1", "fd00::2"].map(|text| text.parse().expect("an address"));
    Ip::new(from, to, protocol)
}

fn datagram() -> Vec<u8> {
    ip(UDP).packet(&udp(1_000, 53, b"corner"))
}

/// A datagram behind addresses and such types.
fn typed(link_type: u16, types: &[&[u8]]) -> (u16, Vec<u8>) {
    let before_type = if link_type == ETHERNET { [0; 14][2..].to_vec() } else { vec![0; 14] };
    (link_type, [before_type, types.concat(), IPV4_TYPE.to_vec(), datagram()].concat())
}

/// Checks that the packet is in a flow (`""`), or in none for that reason.
fn assert_becomes(what: &str, (link_type, frame): (u16, Vec<u8>), reason: &str) {
    assert_record_becomes(what, RawPacket::whole(TIME_NS, link_type, frame), reason);
}

fn assert_record_becomes(what: &str, packet: RawPacket, reason: &str) {
    let packets = [packet];
    let folder = tempfile::tempdir().expect("a folder for captures");
    let path = folder.path().join("capture.pcapng");
    std::fs::write(&path, pcapng(&packets, PcapngStyle::default())).expect("a capture written");
    for profile in [Profile::Native, Profile::Iscx] {
        let options = Options::of(profile);
        let means = Means { workers: 1, chunk_bytes: None };
        let printed = binary::flows(std::slice::from_ref(&path), &options, means);
        if let Some(difference) = table(&packets, &options).difference(&printed.output) {
            panic!("{what}: {}\n{difference}", printed.command);
        }
    }
    let finished = tractor(folder.path(), &["info", "--json", "capture.pcapng"]);
    let about: Value = serde_json::from_str(&finished.output).expect("an array of captures");
    let counted = |name: &str| about[0][name].as_object().expect("counts").clone();
    let mut reasons = counted("malformed");
    reasons.extend(counted("in_no_flow"));
    let expected = if reason.is_empty() { vec![] } else { vec![(reason.to_owned(), 1.into())] };
    assert_eq!(reasons.into_iter().collect::<Vec<_>>(), expected, "{what}");
}

#[test]
fn tags_and_snap_headers_in_every_order() {
    for link_type in [ETHERNET, LINUX_SLL] {
        for (types, reason) in [
            (vec![], ""),
            (vec![SNAP], ""),
            (vec![TAG, SNAP], ""),
            (vec![SNAP, TAG], ""),
            (vec![SNAP, TAG, PRIORITY, SNAP], ""),
            (vec![SNAP, SNAP], "not_ip"),
            (vec![TAG; 16], ""),
            (vec![TAG; 17], "too_deep"),
            (vec![PRIORITY; 16], ""),
            (vec![PRIORITY; 17], "too_deep"),
            ([&[TAG; 15][..], &[SNAP]].concat(), ""),
            ([&[TAG; 15][..], &[SNAP, TAG]].concat(), "too_deep"),
            ([&[TAG; 16][..], &[SNAP]].concat(), "too_deep"),
        ] {
            let what = format!("link type {link_type}, {types:?}");
            assert_becomes(&what, typed(link_type, &types), reason);
        }
    }
    let length = &[0, 100, 0x42, 0x42, 3, 0, 0, 0];
    assert_becomes("spanning tree", typed(ETHERNET, &[length]), "not_ip");
}

#[test]
fn the_nibble_where_nothing_else_says_the_version() {
    let mut packet = datagram();
    packet[0] = 0x55;
    let loopback = [&[2, 0, 0, 0], &packet[..]].concat();
    assert_becomes("raw IP, version 5", (RAW_IP, packet.clone()), "not_ip");
    assert_becomes("loopback, version 5", (NULL, loopback), "not_ip");
    let ethernet = [&[0; 12], IPV4_TYPE, &packet].concat();
    assert_becomes("IPv4 by its type, version 5", (ETHERNET, ethernet), "bad_ip_version");
    let six = [&[2, 0, 0, 0], &ipv6(UDP).packet(&udp(1, 2, b"six"))[..]].concat();
    assert_becomes("IPv6 where the family says IPv4", (NULL, six), "");
}

#[test]
fn lengths_of_nothing_and_of_too_little() {
    let mut padded = ipv6(59).packet(&[]);
    padded.extend([0; 6]);
    assert_becomes("IPv6 without payload, padded", (RAW_IP, padded), "");
    let mut short = datagram();
    short[2..4].copy_from_slice(&19_u16.to_be_bytes());
    assert_becomes("IPv4 of 19 bytes", (RAW_IP, short), "bad_ip_length");
    let mut options = Ip { options: vec![1; 4], ..ip(UDP) }.packet(&udp(1, 2, &[]));
    options[2..4].copy_from_slice(&23_u16.to_be_bytes());
    assert_becomes("IPv4 shorter than its options", (RAW_IP, options), "bad_ip_length");
}

#[test]
fn headers_that_are_cut() {
    for (protocol, packet) in [(ICMP, ip(ICMP)), (ICMPV6, ipv6(ICMPV6))] {
        let what = format!("protocol {protocol}");
        assert_becomes(&what, (RAW_IP, packet.packet(&[8, 0])), "");
        assert_becomes(&what, (RAW_IP, packet.packet(&[8])), "cut_short");
    }
    let extended = |kind| Ip { extensions: vec![kind], ..ipv6(47) }.packet(&[1, 2, 3, 4]);
    for (kind, enough) in [(60, 2), (51, 2), (44, 8)] {
        for (bytes, reason) in [(enough, ""), (enough - 1, "cut_short")] {
            let mut packet = RawPacket::whole(TIME_NS, RAW_IP, extended(kind));
            packet.data.truncate(40 + bytes);
            assert_record_becomes(&format!("{bytes} bytes of header {kind}"), packet, reason);
        }
    }
}

#[test]
fn the_number_of_a_transport_decides_whatever_the_ip_version() {
    assert_becomes("ICMPv6 in IPv4", (RAW_IP, ip(ICMPV6).packet(&[128, 0, 0, 0])), "");
    assert_becomes("ICMP in IPv6", (RAW_IP, ipv6(ICMP).packet(&[8, 0, 0, 0])), "");
}

#[test]
fn only_the_authentication_header_is_stepped_over_behind_ipv4() {
    let udp = udp(1_000, 53, b"corner");
    let extended = |kinds: &[u8]| Ip { extensions: kinds.to_vec(), ..ip(UDP) }.packet(&udp);
    assert_becomes("51", (RAW_IP, extended(&[51])), "");
    assert_becomes("51 51", (RAW_IP, extended(&[51, 51])), "");
    assert_becomes("60", (RAW_IP, extended(&[60])), "");
}

#[test]
fn nothing_of_ipv6_is_stepped_over_behind_an_authentication_header_in_ipv4() {
    let packet = Ip { extensions: vec![51, 60], ..ip(UDP) }.packet(&udp(1_000, 53, b"corner"));
    assert_becomes("51 60", (RAW_IP, packet), "");
}

#[test]
fn a_tag_beyond_a_snap_header_is_counted_too() {
    let types = [&[TAG; 16][..], &[SNAP, TAG]].concat();
    assert_becomes("16 tags, SNAP, a tag", typed(ETHERNET, &types), "too_deep");
}

#[test]
fn a_length_that_is_wrong_twice_is_counted_once() {
    let mut packet = Ip { options: vec![1; 40], ..ip(UDP) }.packet(&udp(1, 2, &[]));
    packet.truncate(50);
    assert_becomes("IPv4 that ends in its options", (RAW_IP, packet), "bad_ip_length");
}
