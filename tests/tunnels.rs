//! Packets in tunnels: which flow they are of, and what its row says.

use crate::binary::{self, Means};
use crate::oracle::{Options, Profile};
use crate::support::capture::{ETHERNET, PcapStyle, RawPacket, pcap};
use crate::support::frames::{GRE, Ip, UDP, udp};
use crate::support::link_frames::{ETHERTYPE_ARP, ETHERTYPE_IPV4, Tag, ethernet};

const COLUMNS: [&str; 8] = [
    "client_ip",
    "client_port",
    "protocol",
    "vlan",
    "tunnel",
    "packets_fwd",
    "packets_bwd",
    "ip_bytes_fwd",
];

/// Rows of frames that came a microsecond after one another, of these columns.
fn rows(frames: &[Vec<u8>], outer: bool) -> Vec<String> {
    let packets: Vec<RawPacket> = frames
        .iter()
        .zip(0..)
        .map(|(frame, index)| RawPacket::whole(index * 1_000, ETHERNET, frame.clone()))
        .collect();
    let folder = tempfile::tempdir().expect("a folder for captures");
    let path = folder.path().join("tunnel.pcap");
    std::fs::write(&path, pcap(&packets, ETHERNET, PcapStyle::default())).expect("written");
    let options = Options { outer, ..Options::of(Profile::Native) };
    let printed = binary::flows(&[path], &options, Means { workers: 1, chunk_bytes: None });
    let mut lines = printed.output.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().expect("a header");
    let place = |name: &str| header.iter().position(|column| *column == name).expect("a column");
    lines.map(|cells| COLUMNS.map(|name| cells[place(name)]).join(" ")).collect()
}

fn ip(from: [u8; 4], to: [u8; 4], protocol: u8, payload: &[u8]) -> Vec<u8> {
    Ip::new(from.into(), to.into(), protocol).packet(payload)
}

const HOSTS: [[u8; 4]; 2] = [[10, 0, 0, 1], [10, 0, 0, 2]];
const GATES: [[u8; 4]; 2] = [[192, 0, 2, 1], [192, 0, 2, 2]];

/// What one host says to the other: 34 bytes.
fn inside(from: usize) -> Vec<u8> {
    let ports = [1_000, 2_000];
    ip(HOSTS[from], HOSTS[1 - from], UDP, &udp(ports[from], ports[1 - from], b"inside"))
}

fn between_gates(from: usize, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let packet = ip(GATES[from], GATES[1 - from], protocol, payload);
    ethernet(&[Tag::of(5)], ETHERTYPE_IPV4, &packet)
}

fn vxlan(id: u8, frame: &[u8]) -> Vec<u8> {
    udp(40_000, 4_789, &[&[8, 0, 0, 0, 0, 0, id, 0][..], frame].concat())
}

fn gtp(tunnel: u8, packet: &[u8]) -> Vec<u8> {
    let header = [0x30, 0xff, 0, packet.len() as u8, 0, 0, 0, tunnel];
    udp(2_152, 2_152, &[&header[..], packet].concat())
}

#[test]
fn the_innermost_packet_counts_unless_the_outer_is_asked_for() {
    let frame = ethernet(&[Tag::of(6)], ETHERTYPE_IPV4, &inside(0));
    let carrier = ip([172, 16, 0, 1], [172, 16, 0, 2], UDP, &vxlan(42, &frame));
    let gre = [&[0x20, 0, 8, 0, 0, 0, 0, 7][..], &carrier].concat();
    let frames = [between_gates(0, GRE, &gre)];
    assert_eq!(rows(&frames, false), ["10.0.0.1 1000 17 5.6 gre:7/vxlan:42 1 0 34"]);
    let bytes = 20 + gre.len();
    assert_eq!(rows(&frames, true), [format!("192.0.2.1  47 5  1 0 {bytes}")]);
}

#[test]
fn ids_that_differ_by_direction_do_not_tear_a_flow_apart() {
    let frames = [0, 1].map(|from| between_gates(from, UDP, &gtp(from as u8, &inside(from))));
    assert_eq!(rows(&frames, false), ["10.0.0.1 1000 17 5 gtp 1 1 34"]);
}

#[test]
fn ids_of_both_directions_tell_flows_apart() {
    let frame = |from| ethernet(&[], ETHERTYPE_IPV4, &inside(from));
    let frames = [(0, 1), (1, 1), (0, 2)]
        .map(|(from, id)| between_gates(from, UDP, &vxlan(id, &frame(from))));
    let expected = ["10.0.0.1 1000 17 5 vxlan:1 1 1 34", "10.0.0.1 1000 17 5 vxlan:2 1 0 34"];
    assert_eq!(rows(&frames, false), expected);
}

#[test]
fn what_is_no_ip_in_a_tunnel_is_the_outer_flow_and_so_is_no_tunnel() {
    let arp = ethernet(&[Tag::of(6)], ETHERTYPE_ARP, &[0; 28]);
    let gates = "192.0.2.1 40000 17 5  1 0";
    let carried = vxlan(42, &arp);
    let bytes = 20 + carried.len();
    assert_eq!(rows(&[between_gates(0, UDP, &carried)], false), [format!("{gates} {bytes}")]);
    for said in [&b"hello"[..], &[8, 0, 0, 0, 0, 0, 1, 0, 2, 2]] {
        let frames = [between_gates(0, UDP, &udp(40_000, 4_789, said))];
        assert_eq!(rows(&frames, false), [format!("{gates} {}", 28 + said.len())]);
    }
}

#[test]
fn a_broken_packet_in_a_tunnel_is_in_no_flow() {
    let mut broken = inside(0);
    broken[0] = 0x44;
    assert_eq!(rows(&[between_gates(0, 4, &broken)], false), [""; 0]);
    let mut of_another_version = inside(0);
    of_another_version[0] = 0x65;
    assert_eq!(rows(&[between_gates(0, 4, &of_another_version)], false), [""; 0]);
}

#[test]
fn fragments_of_the_carrier_are_the_carriers() {
    let mut first = Ip::new(GATES[0].into(), GATES[1].into(), 4);
    first.fragment = Some((0, true));
    let frames = [ethernet(&[], ETHERTYPE_IPV4, &first.packet(&inside(0)))];
    assert_eq!(rows(&frames, false), ["192.0.2.1  4   1 0 54"]);
}
