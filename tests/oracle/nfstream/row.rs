//! Rows of the profile `nfstream` (FLOWS-nfstream.md, section 5).

use std::net::IpAddr;

use super::{Flow, Packet};
use crate::oracle::table::Cell;
use crate::oracle::values::{gaps, summary};

const FIRST: &str = "id expiration_id src_ip src_mac src_oui src_port dst_ip dst_mac dst_oui \
    dst_port protocol ip_version vlan_id tunnel_id";
const WAYS: [&str; 3] = ["bidirectional", "src2dst", "dst2src"];
const VOLUME: &str = "first_seen_ms last_seen_ms duration_ms packets bytes";
const SUMMARY: &str = "min mean stddev max";
/// With their bits.
const FLAGS: [(&str, u8); 8] = [
    ("syn", 0x02),
    ("cwr", 0x80),
    ("ece", 0x40),
    ("urg", 0x20),
    ("ack", 0x10),
    ("psh", 0x08),
    ("rst", 0x04),
    ("fin", 0x01),
];

pub fn columns() -> Vec<String> {
    let words = |text: &str| text.split_whitespace().map(String::from).collect::<Vec<_>>();
    let summaries = |of: &str| words(SUMMARY).iter().map(|name| format!("{name}_{of}")).collect();
    let flags = FLAGS.iter().map(|(flag, _)| format!("{flag}_packets")).collect();
    let mut columns = words(FIRST);
    for group in [words(VOLUME), summaries("ps"), summaries("piat_ms"), flags] {
        for way in WAYS {
            columns.extend(group.iter().map(|name| format!("{way}_{name}")));
        }
    }
    columns
}

pub(super) fn row(flow: &Flow) -> Vec<Cell> {
    let first = &flow.packets[0];
    let seen = &first.seen;
    let mut row = vec![Cell::Integer(first.position.into()), Cell::Integer(flow.expiration)];
    let ends = [(seen.source, seen.ports.0), (seen.destination, seen.ports.1)]
        .into_iter()
        .zip(seen.hardware);
    for ((address, port), hardware) in ends {
        let hardware = hardware.map(|byte| format!("{byte:02x}"));
        row.push(Cell::Text(address_text(address)));
        row.push(Cell::Text(hardware.join(":")));
        row.push(Cell::Text(hardware[..3].join(":")));
        row.push(Cell::Integer(port.into()));
    }
    let version = if seen.source.is_ipv4() { 4 } else { 6 };
    row.extend(
        [seen.protocol.into(), version, seen.vlan.into(), seen.tunnel.into()].map(Cell::Integer),
    );
    let side = |is_from_source: bool| {
        let of_side = |packet: &&Packet| packet.is_from_source == is_from_source;
        flow.packets.iter().filter(of_side).collect::<Vec<_>>()
    };
    let ways = [flow.packets.iter().collect(), side(true), side(false)];
    for packets in &ways {
        let (first, last) = (packets.first(), packets.last());
        let [first, last] = [first, last].map(|packet| packet.map_or(0, |packet| packet.time));
        let bytes = sizes(packets).iter().sum();
        row.extend([first, last, last - first, packets.len() as i128, bytes].map(Cell::Integer));
    }
    for packets in &ways {
        row.extend(statistics(&sizes(packets)));
    }
    for packets in &ways {
        let times: Vec<i128> = packets.iter().map(|packet| packet.time).collect();
        row.extend(statistics(&gaps(&times)));
    }
    for packets in &ways {
        row.extend(FLAGS.map(|(_, flag)| {
            let flagged = packets.iter().filter(|packet| packet.seen.flags & flag != 0);
            Cell::Integer(flagged.count() as i128)
        }));
    }
    row
}

fn sizes(packets: &[&Packet]) -> Vec<i128> {
    packets.iter().map(|packet| packet.seen.size.into()).collect()
}

fn statistics(values: &[i128]) -> [Cell; 4] {
    let summary = summary(values);
    [
        Cell::Integer(summary.map_or(0, |values| values.minimum)),
        Cell::Float(summary.map_or(0.0, |values| values.mean)),
        Cell::Float(summary.map_or(0.0, |values| values.deviation)),
        Cell::Integer(summary.map_or(0, |values| values.maximum)),
    ]
}

/// As the GNU C library writes addresses.
fn address_text(address: IpAddr) -> String {
    let IpAddr::V6(six) = address else { return address.to_string() };
    let groups = six.segments();
    let zeros = |from: usize| groups[from..].iter().take_while(|group| **group == 0).count();
    // The first of the longest runs.
    let (mut start, mut length) = (0, 0);
    for from in 0..8 {
        if zeros(from) > length.max(1) {
            (start, length) = (from, zeros(from));
        }
    }
    let hexadecimal = |groups: &[u16]| {
        groups.iter().map(|group| format!("{group:x}")).collect::<Vec<_>>().join(":")
    };
    let bytes = six.octets();
    let four = format!("{}.{}.{}.{}", bytes[12], bytes[13], bytes[14], bytes[15]);
    match (start, length) {
        (0, 6) => format!("::{four}"),
        (0, 5) if groups[5] == 0xffff => format!("::ffff:{four}"),
        (_, 0) => hexadecimal(&groups),
        _ => {
            format!("{}::{}", hexadecimal(&groups[..start]), hexadecimal(&groups[start + length..]))
        }
    }
}
