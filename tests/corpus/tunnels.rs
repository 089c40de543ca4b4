//! For each link type and tunnel, a capture whose innermost flows have the ends that tshark finds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{captures, folder};
use crate::binary::{self, Means};
use crate::oracle::{Options, Profile};
use crate::support::capture::{ETHERNET, PcapStyle, RawPacket, pcap};
use crate::support::carriers::{AVS, IEEE802_11, PRISM};
use crate::support::frames::{GRE, Ip, UDP, udp};
use crate::support::link_frames::{ETHERTYPE_IPV4, ethernet};

/// A kind, what the column `tunnel` of some flow must say, and a capture that has it.
const FOREIGN: [(&str, &str, &str); 48] = [
    ("PPP", "", "mercury/quic_ppp.pcap"),
    ("PPP, one packet", "", "ndpi/dlt_ppp.pcap"),
    ("Cisco HDLC under PPP's link type", "", "ndpi/BGP_Cisco_hdlc_slarp.pcap"),
    ("Cisco HDLC", "", "suricata-verify/decode-chdlc-01-hdlc-http_1tx.pcap"),
    ("Cisco HDLC, routing protocols", "", "tcpdump/HDLC.pcap"),
    ("Cisco HDLC, MPLS", "mpls", "ndpi/BGP_redist.pcap"),
    ("PPP, MPLS", "mpls", "tcpdump/lspping-fec-ldp.pcap"),
    ("Frame Relay", "", "tcpdump/OSPFv3_multipoint_adjacencies.pcap"),
    ("Frame Relay, broken ICMP", "", "tcpdump/icmp-icmp_print-oobr-2.pcap"),
    ("radiotap", "", "zeek/radiotap.pcap"),
    ("radiotap, HT control", "", "tcpdump/ieee802.11_htc.pcap"),
    ("PPI", "", "ndpi/someip_sd_sample.pcap"),
    ("PPPoE", "pppoe:17", "zeek/pppoe.pcap"),
    ("PPPoE behind two VLANs", "pppoe:3847", "zeek/pppoe-over-qinq.pcap"),
    (
        "PPPoE behind two VLANs, discovery too",
        "pppoe:383",
        "mercury/pppoe_double_vlan_tagging.pcap",
    ),
    ("MPLS behind VLANs", "mpls", "zeek/mixed-vlan-mpls.pcap"),
    ("MPLS behind a VLAN", "mpls", "zeek/mpls-in-vlan.pcap"),
    ("Cisco metadata", "", "mercury/tls_sgt.pcap"),
    ("GRE", "gre", "mercury/gre.pcap"),
    ("GRE, 802.11", "gre", "zeek/tunnels-gre-aruba.pcap"),
    ("PPPoE, and IPv6 in IPv4", "pppoe:6973", "ndpi/syslog.pcap"),
    ("GRE in GRE", "gre/gre", "zeek/tunnels-gre-within-gre.pcap"),
    ("GRE, UDP", "gre", "suricata-verify/bug-5633-gre-01-gre-udp.pcap"),
    ("GRE with a key, Ethernet", "gre:33554432", "zeek/erspan.pcap"),
    ("ERSPAN I", "erspan", "zeek/erspanI.pcap"),
    ("ERSPAN II", "erspan", "tcpdump/erspan-type-ii-2.pcap"),
    ("ERSPAN II, several sessions", "erspan", "suricata-verify/bug-5437-02-input.pcap"),
    ("ERSPAN III", "erspan", "zeek/erspanIII.pcap"),
    ("ERSPAN III with more headers", "erspan", "tcpdump/erspan-type-iii-ft-0.pcap"),
    ("PPTP, link control only", "", "tcpdump/pptp.pcap"),
    ("IPv4 in IPv4", "ipip", "ndpi/4in4tunnel.pcap"),
    ("IPv4 in IPv6", "4in6", "ndpi/4in6tunnel.pcap"),
    ("IPv6 in IPv4", "6in4", "ndpi/6in4tunnel.pcap"),
    ("IPv6 in IPv6", "6in6", "zeek/tunnels-6in6.pcap"),
    ("VXLAN", "vxlan:100", "libpcap/vxlan.pcap"),
    ("VXLAN in VXLAN", "vxlan:1/vxlan:2/vxlan:3", "zeek/tunnels-vxlan-triple-v2.pcap"),
    ("VXLAN, a large id", "vxlan:5569041", "suricata-verify/vxlan-decoder-03-vxlan.pcap"),
    (
        "VXLAN, reserved bits set",
        "vxlan:11",
        "suricata-verify/vxlan-non-zero-reserved-fields-input.pcap",
    ),
    ("Geneve", "geneve:11", "libpcap/geneve.pcap"),
    ("Geneve with options", "geneve:11", "mercury/geneve.pcap"),
    ("Geneve, IPv6", "geneve:1193046", "zeek/tunnels-geneve-ipv6.pcap"),
    ("Geneve, ARP only", "", "zeek/tunnels-geneve-arp.pcap"),
    ("GTP-U", "gtp", "zeek/tunnels-gtp-gtp6_gtp_0x32.pcap"),
    ("GTP-U, IPv6", "gtp", "zeek/tunnels-gtp-gtp7_ipv6.pcap"),
    ("Teredo in GTP-U", "gtp/teredo", "zeek/tunnels-gtp-gtp8_teredo.pcap"),
    ("no GTP-U", "", "zeek/tunnels-gtp-gtp3_false_gtp.pcap"),
    ("Teredo", "teredo", "ndpi/teredo.pcap"),
    ("Teredo, bubbles", "teredo", "zeek/tunnels-teredo_bubble_with_payload.pcap"),
];

/// Captures whose ends differ, how many only we and only tshark find, and why.
const DIFFERENT: [(&str, usize, usize, &str); 5] = [
    (
        "zeek/tunnels-gtp-gtp_ext_header.pcap",
        1,
        2,
        "the outer packet is a first fragment: we leave it to its own flow, tshark reads into it",
    ),
    (
        "zeek/tunnels-gtp-gtp9_unknown_or_too_short_payload.pcap",
        0,
        1,
        "an inner length smaller than its header: in no flow, tshark tells the outer packet",
    ),
    (
        "tcpdump/bigtcp-ipv4-vxlan-ipv4.pcap",
        1,
        1,
        "an IPv4 length of 0 (offload): tshark stops at the tunnel",
    ),
    (
        "tcpdump/various_gre.pcap",
        0,
        3,
        "Cisco metadata (type 0x8909) before IP in GRE is not read: the outer flow",
    ),
    (
        "suricata-verify/bug-6942-6887-defrag-eth-ip-gre-ppp-ip-udp-data-eth-ip-gre-ppp-max-ip-packet.pcap",
        0,
        1,
        "PPP in GRE, all fragments inside: the later ones have the ports of their first with us",
    ),
];

/// Sender, receiver without order, and the protocol; ports where there are any.
pub(super) type Ends = ([(String, String); 2], u8);

pub(super) fn ends(one: (&str, &str), other: (&str, &str), protocol: u8) -> Ends {
    let mut ends = [one, other].map(|(address, port)| (address.to_owned(), port.to_owned()));
    ends.sort();
    (ends, protocol)
}

fn has_ports(protocol: u8) -> bool {
    matches!(protocol, 6 | 17 | 132)
}

/// Ends of our flows, and all that stands in their column `tunnel`.
fn ours(path: &Path) -> (BTreeSet<Ends>, BTreeSet<String>) {
    let means = Means { workers: 1, chunk_bytes: None };
    let printed = binary::flows(&[path.to_owned()], &Options::of(Profile::Native), means);
    let mut lines = printed.output.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().expect("a header");
    let place = |name| header.iter().position(|column| *column == name).expect("a column");
    let places = ["client_ip", "client_port", "server_ip", "server_port", "protocol", "tunnel"];
    let places = places.map(place);
    lines
        .map(|cells| {
            let [client, client_port, server, server_port, protocol, tunnel] =
                places.map(|place| cells[place]);
            let protocol = protocol.parse().expect("a number");
            let port = |port| if has_ports(protocol) { port } else { "" };
            let flow = ends((client, port(client_port)), (server, port(server_port)), protocol);
            (flow, tunnel.to_owned())
        })
        .unzip()
}

/// What [`innermost`] wants to know of a packet, in its order.
pub(super) const FIELDS_OF_ENDS: [&str; 13] = [
    "frame.protocols",
    "ip.src",
    "ip.dst",
    "ip.proto",
    "ipv6.src",
    "ipv6.dst",
    "ipv6.nxt",
    "tcp.srcport",
    "tcp.dstport",
    "udp.srcport",
    "udp.dstport",
    "sctp.srcport",
    "sctp.dstport",
];

/// Ends of the innermost packets as tshark has them; `None` without tshark.
fn theirs(path: &Path) -> Option<BTreeSet<Ends>> {
    let mut command = Command::new("tshark");
    command.args(["-n", "-o", "ip.defragment:FALSE", "-T", "fields"]);
    command.args(["-E", "occurrence=a", "-E", "separator=|"]);
    command.args(FIELDS_OF_ENDS.iter().flat_map(|field| ["-e", field])).arg("-r").arg(path);
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    Some(text.lines().filter_map(|line| innermost(&values(line))).collect())
}

fn values(line: &str) -> Vec<Vec<&str>> {
    line.split('|').map(|cell| cell.split(',').collect()).collect()
}

/// From the values of [`FIELDS_OF_ENDS`].
pub(super) fn innermost(values: &[Vec<&str>]) -> Option<Ends> {
    let layers: Vec<&str> = values[0][0].split(':').collect();
    // What ICMP quotes is no packet.
    let quotes = layers.iter().position(|layer| matches!(*layer, "icmp" | "icmpv6"));
    let layers = &layers[..quotes.map_or(layers.len(), |place| place + 1)];
    let last = layers.iter().rposition(|layer| matches!(*layer, "ip" | "ipv6"))?;
    let count = |name| layers.iter().filter(|layer| **layer == name).count();
    // The value of the last header of that name; of one that is quoted, there are more.
    let value = |field: usize, name| Some(*values[field].get(count(name).checked_sub(1)?)?);
    let (first, name) = if layers[last] == "ip" { (1, "ip") } else { (4, "ipv6") };
    let (from, to) = (value(first, name)?, value(first + 1, name)?);
    for (transport, field, protocol) in [("tcp", 7, 6), ("udp", 9, 17), ("sctp", 11, 132)] {
        if layers[last..].contains(&transport) {
            let ports = (value(field, transport)?, value(field + 1, transport)?);
            return Some(ends((from, ports.0), (to, ports.1), protocol));
        }
    }
    let protocol = if layers.contains(&"icmpv6") { "58" } else { value(first + 2, name)? };
    Some(ends((from, ""), (to, ""), protocol.parse().ok()?))
}

#[test]
fn inner_flows_have_the_ends_that_tshark_finds() {
    if captures().is_empty() {
        return;
    }
    let mut complaints = Vec::new();
    for (kind, tunnel, file) in FOREIGN {
        complaints.extend(complaint(kind, tunnel, &folder().join(file), (0, 0)));
    }
    for (file, only_ours, only_theirs, why) in DIFFERENT {
        complaints.extend(complaint(why, "", &folder().join(file), (only_ours, only_theirs)));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// What is wrong with a capture, if anything is.
fn complaint(kind: &str, tunnel: &str, path: &Path, differences: (usize, usize)) -> Option<String> {
    let Some(theirs) = theirs(path) else {
        eprintln!("skipped: tshark cannot be started");
        return None;
    };
    let (ours, tunnels) = ours(path);
    let only_ours: Vec<_> = ours.difference(&theirs).collect();
    let only_theirs: Vec<_> = theirs.difference(&ours).collect();
    let is_there = tunnel.is_empty() || tunnels.contains(tunnel);
    eprintln!("{kind} | {tunnel} | {} | {} pairs of ends", path.display(), theirs.len());
    let found = (only_ours.len(), only_theirs.len());
    (found != differences || ours.is_empty() || !is_there).then(|| {
        let path = path.display();
        format!(
            "{kind}, {path}: only ours {only_ours:?}, only tshark's {only_theirs:?}, {tunnels:?}"
        )
    })
}

/// Kinds of which there is no foreign capture, built by hand from their standards.
#[test]
fn built_tunnels_have_the_ends_that_tshark_finds() {
    let inner = Ip::new([10, 0, 0, 1].into(), [10, 0, 0, 2].into(), UDP);
    let inner = inner.packet(&udp(1_000, 2_000, b"inside"));
    let behind = |protocol, payload: &[u8]| {
        let outer = Ip::new([192, 0, 2, 1].into(), [192, 0, 2, 2].into(), protocol);
        ethernet(&[], ETHERTYPE_IPV4, &outer.packet(payload))
    };
    let data = [&[8, 1, 0, 0][..], &[2; 18], &[0x10, 0, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &inner];
    let wireless = data.concat();
    let ppp = [&[0xff, 3, 0, 0x21][..], &inner].concat();
    let pptp =
        [&[0x30, 0x81, 0x88, 0x0b, 0, ppp.len() as u8, 0, 7][..], &[0, 0, 0, 1], &[0; 4], &ppp];
    let l2tp = udp(1_701, 1_701, &[&[0, 2, 0, 7, 0, 9][..], &ppp].concat());
    // Addresses of a maker that tshark knows: it guesses whether there is a control word.
    let mut bridged = ethernet(&[], ETHERTYPE_IPV4, &inner);
    bridged[..12].copy_from_slice(&[0, 0x1b, 0x21, 0, 0, 1, 0, 0x1b, 0x21, 0, 0, 2]);
    let pseudowire = [&[0x12, 0x34, 0x51, 0x40][..], &[0; 4], &bridged];
    let mut prism = [&[0, 0, 0, 0x44, 0, 0, 0, 144][..], &[0; 136]].concat();
    prism.extend(&wireless);
    let mut avs = [&[0x80, 0x21, 0x10, 1, 0, 0, 0, 64][..], &[0; 56]].concat();
    avs.extend(&wireless);
    let folder = tempfile::tempdir().expect("a folder for captures");
    let complaints: Vec<String> = [
        ("IEEE 802.11", "", IEEE802_11, wireless),
        ("Prism", "", PRISM, prism),
        ("AVS", "", AVS, avs),
        ("PPTP", "pptp", ETHERNET, behind(GRE, &pptp.concat())),
        ("L2TP", "l2tp", ETHERNET, behind(UDP, &l2tp)),
        ("MPLS pseudowire", "mpls", ETHERNET, ethernet(&[], 0x8847, &pseudowire.concat())),
    ]
    .into_iter()
    .filter_map(|(kind, tunnel, link_type, frame)| {
        let path: PathBuf = folder.path().join(format!("{kind}.pcap"));
        let packets = [RawPacket::whole(0, link_type, frame)];
        std::fs::write(&path, pcap(&packets, link_type, PcapStyle::default())).expect("written");
        complaint(kind, tunnel, &path, (0, 0))
    })
    .collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
