//! `nfstream`: the columns of NFStream 6.6 with its units and divisors. Rules: FLOWS-nfstream.md.

use super::{Column, Columns, Direction, Kind, Printed, Profile, Row, Series, Statistic, Value};
use crate::decode::{LinkAddresses, Reading, ReadingRules, nfstream_vlan_and_tunnel};
use crate::features::{ActivityRule, FLAG_NAMES, Needs, Own};
use crate::flows::{EndReason, Flow, Life};
use crate::time::{MILLISECOND_NS, SECOND_NS, Timestamp};

/// Names of the directions in columns.
const DIRECTIONS: [(&str, Direction); 3] = [
    ("bidirectional", Direction::Flow),
    ("src2dst", Direction::Forward),
    ("dst2src", Direction::Backward),
];

/// Statistics of a series, in the program's order.
const STATISTICS: [(&str, Statistic); 4] = [
    ("min", Statistic::Min),
    ("mean", Statistic::Mean),
    ("stddev", Statistic::Std),
    ("max", Statistic::Max),
];

/// Flags in the program's order.
const FLAGS: [&str; 8] = ["syn", "cwr", "ece", "urg", "ack", "psh", "rst", "fin"];

pub fn profile() -> Profile {
    let mut columns = Columns::default();
    identity(&mut columns);
    for (name, direction) in DIRECTIONS {
        volume(&mut columns, name, direction);
    }
    for (name, direction) in DIRECTIONS {
        statistics(&mut columns, (name, "ps", "bytes"), Series::IpLengths, direction);
    }
    for (name, direction) in DIRECTIONS {
        statistics(&mut columns, (name, "piat_ms", "ms"), Series::Gaps, direction);
    }
    for (name, direction) in DIRECTIONS {
        flags(&mut columns, name, direction);
    }
    Profile {
        name: "nfstream",
        version: 1,
        about: "NFStream's columns (statistical_analysis=True) by its own rules: milliseconds, \
                lengths of whole frames.",
        reading: Reading::by(ReadingRules::Nfstream, MILLISECOND_NS),
        life: Life::NFSTREAM,
        needs: Needs::Frames,
        activity_rule: ActivityRule::Exact,
        activity_gap_ns: SECOND_NS,
        columns,
        class: Columns::default(),
        labels: Columns::default(),
        id_columns: Columns::default(),
    }
}

fn link_addresses(flow: &Flow) -> LinkAddresses {
    match flow.trackers.own {
        Own::LinkAddresses(addresses) => addresses,
        _ => LinkAddresses::default(),
    }
}

fn identity(columns: &mut Columns) {
    let meaning = "Position of the first packet in the stream, from 1";
    columns.add("id", "", Kind::Unsigned, meaning, |row| row.flow.id.into());
    let meaning = "0; 1 when the flow grew too old";
    columns.add("expiration_id", "", Kind::Unsigned, meaning, |row| {
        u64::from(row.flow.end_reason == EndReason::Active).into()
    });
    let ends = [("src", "first packet's sender"), ("dst", "first packet's receiver")];
    for (place, (name, whose)) in ends.into_iter().enumerate() {
        let end = move |flow: &Flow| if place == 0 { flow.client() } else { flow.server() };
        columns.add(format!("{name}_ip"), "", Kind::Text, format!("Address of the {whose}"), {
            move |row| Value::Printed(Printed::NetworkAddress(end(row.flow).0))
        });
        let meaning = format!("Link address of the {whose}");
        columns.add(format!("{name}_mac"), "", Kind::Text, meaning, move |row| {
            Value::Printed(Printed::LinkAddress(link_addresses(row.flow)[place]))
        });
        let meaning = format!("Maker's half of the link address of the {whose}");
        columns.add(format!("{name}_oui"), "", Kind::Text, meaning, move |row| {
            Value::Printed(Printed::Organisation(link_addresses(row.flow)[place]))
        });
        let meaning = format!("Port of the {whose}; 0 without");
        columns.add(format!("{name}_port"), "", Kind::Unsigned, meaning, move |row| {
            u64::from(end(row.flow).1.unwrap_or(0)).into()
        });
    }
    let meaning = "IP protocol number (6 TCP, 17 UDP)";
    columns
        .add("protocol", "", Kind::Unsigned, meaning, |row| u64::from(row.flow.protocol()).into());
    columns.add("ip_version", "", Kind::Unsigned, "4 or 6", |row| {
        if row.flow.key.is_ipv6() { 6_u64 } else { 4 }.into()
    });
    columns.add("vlan_id", "", Kind::Unsigned, "Innermost VLAN id; 0 without", |row| {
        nfstream_vlan_and_tunnel(row.flow.key.stack_word()).0.into()
    });
    let meaning = "0 none, 1 GTP, 2 CAPWAP, 3 TZSP";
    columns.add("tunnel_id", "", Kind::Unsigned, meaning, |row| {
        nfstream_vlan_and_tunnel(row.flow.key.stack_word()).1.into()
    });
}

/// Where a direction's values stand in pairs; both for the whole flow.
fn sides(flow: &Flow, direction: Direction) -> &'static [usize] {
    match (direction, flow.forward()) {
        (Direction::Flow, _) => &[0, 1],
        (Direction::Forward, 0) | (Direction::Backward, 1) => &[0],
        _ => &[1],
    }
}

/// The sum over a direction.
fn sum(flow: &Flow, direction: Direction, value: impl Fn(usize) -> u64) -> u64 {
    sides(flow, direction).iter().map(|&side| value(side)).sum()
}

fn milliseconds(ns: i64) -> Value<'static> {
    Value::Integer(ns.div_euclid(MILLISECOND_NS))
}

fn volume(columns: &mut Columns, prefix: &str, direction: Direction) {
    let words = direction.words();
    let names = [
        ("first_seen_ms", "ms", Kind::Integer, "Time of the first packet since 1970"),
        ("last_seen_ms", "ms", Kind::Integer, "Time of the last packet since 1970"),
        ("duration_ms", "ms", Kind::Integer, "From the first to the last packet"),
        ("packets", "packets", Kind::Unsigned, "Packets"),
        ("bytes", "bytes", Kind::Unsigned, "Bytes of whole frames"),
    ];
    let group = names.map(|(name, unit, kind, meaning)| {
        Column::new(format!("{prefix}_{name}"), unit, kind, format!("{meaning}, {words}"))
    });
    columns.add_group(group.into(), move |row, cells| {
        let flow = row.flow;
        let packets = sum(flow, direction, |side| flow.packets[side]);
        let (first, last) = match (direction, sides(flow, direction)) {
            _ if packets == 0 => (Timestamp(0), Timestamp(0)),
            (Direction::Flow, _) => (flow.start, flow.end),
            (_, sides) => flow.trackers.timing.span(sides[0]),
        };
        cells.extend([first.0, last.0, last.since(first)].map(milliseconds));
        cells.push(packets.into());
        cells.push(sum(flow, direction, |side| flow.ip_bytes[side]).into());
    });
}

/// Statistics of a series: prefix, name and unit of its columns.
fn statistics(
    columns: &mut Columns,
    (prefix, name, unit): (&str, &str, &'static str),
    series: Series,
    direction: Direction,
) {
    let group = STATISTICS.map(|(statistic_name, statistic)| {
        let kind = match statistic {
            Statistic::Mean | Statistic::Std => Kind::Float,
            _ => Kind::Integer,
        };
        let meaning = match series {
            Series::Gaps => "of the times between packets",
            _ => "of the lengths of frames",
        };
        let meaning = format!("{statistic_name} {meaning}, {}", direction.words());
        Column::new(format!("{prefix}_{statistic_name}_{name}"), unit, kind, meaning)
    });
    let unit_ns = if series == Series::Gaps { MILLISECOND_NS } else { 1 };
    columns.add_group(group.into(), move |row: &Row<'_>, cells| {
        let stat = row.stat(series, direction);
        cells.extend(STATISTICS.map(|(_, statistic)| match (statistic, stat) {
            (Statistic::Min, stat) => Value::Integer(stat.map_or(0, |stat| stat.min / unit_ns)),
            (Statistic::Max, stat) => Value::Integer(stat.map_or(0, |stat| stat.max / unit_ns)),
            (_, None) => Value::Float(0.0),
            (_, Some(stat)) => Value::from(stat.get(statistic) / unit_ns as f64),
        }));
    });
}

fn flags(columns: &mut Columns, prefix: &str, direction: Direction) {
    let group = FLAGS.map(|flag| {
        let meaning = format!("Packets with {}, {}", flag.to_uppercase(), direction.words());
        Column::new(format!("{prefix}_{flag}_packets"), "packets", Kind::Unsigned, meaning)
    });
    let bits = FLAGS
        .map(|flag| FLAG_NAMES.iter().find(|(name, _)| *name == flag).map_or(0, |&(_, bit)| bit));
    columns.add_group(group.into(), move |row, cells| {
        let tcp = &row.flow.trackers.tcp;
        cells.extend(
            bits.map(|bit| {
                Value::from(sum(row.flow, direction, |side| tcp.count(side, bit).into()))
            }),
        );
    });
}
