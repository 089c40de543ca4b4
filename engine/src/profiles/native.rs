//! `native`: the best description of a flow we can give. Units in the names, null for missing.

use super::Kind::{Float, Text, Time, Unsigned};
use super::{
    Column, Columns, CommunityId, Direction, Kind, Period, Profile, Series, Statistic, Value,
};
use crate::decode::Reading;
use crate::features::{ActivityRule, FLAG_NAMES, Needs};
use crate::flows::{Flow, Life};
use crate::time::SECOND_NS;

const TCP: u8 = 6;
const BOTH_WAYS: [Direction; 2] = [Direction::Forward, Direction::Backward];

pub fn profile() -> Profile {
    let mut columns = Columns::default();
    identity(&mut columns);
    ends(&mut columns);
    columns.are_of_windows(true);
    volume(&mut columns);
    statistics(&mut columns);
    periods(&mut columns);
    rates(&mut columns);
    columns.are_of_windows(false);
    tcp(&mut columns);
    exchange(&mut columns);
    network(&mut columns);
    Profile {
        name: "native",
        version: 5,
        about: "The best description of a flow we can give: nanoseconds inside, null for missing.",
        reading: Reading::OURS,
        life: Life::CONNECTION,
        needs: Needs::All,
        activity_rule: ActivityRule::Exact,
        activity_gap_ns: SECOND_NS,
        columns,
        class: given_class(),
        labels: super::labels::columns(),
        id_columns: Columns::default(),
    }
}

/// Both sides, the client's first.
fn sides(flow: &Flow) -> [usize; 2] {
    [flow.forward(), flow.backward()]
}

/// The columns that say which flow this is; `--with-id` puts them before other profiles' columns.
pub(super) fn id(columns: &mut Columns) {
    flow_id(columns);
    addresses(columns);
    columns
        .add("start", "", Time, "Time of the first packet, UTC", |row| Value::Time(row.flow.start));
}

pub(super) fn flow_id(columns: &mut Columns) {
    let meaning = "Position of the first packet in the stream, from 1";
    columns.add("flow_id", "", Unsigned, meaning, |row| row.flow.id.into());
}

pub(super) fn addresses(columns: &mut Columns) {
    columns.add("client_ip", "", Text, "Address of the client", |row| {
        Value::Address(row.flow.client().0)
    });
    columns.add("client_port", "", Unsigned, "Port of the client; ICMP: type", |row| {
        row.flow.client().1.map(u64::from).into()
    });
    columns.add("server_ip", "", Text, "Address of the server", |row| {
        Value::Address(row.flow.server().0)
    });
    columns.add(
        "server_port",
        "",
        Unsigned,
        "Port of the server; ICMP: the type's mate, or code",
        |row| row.flow.server().1.map(u64::from).into(),
    );
    columns.add("protocol", "", Unsigned, "IP protocol number (6 TCP, 17 UDP)", |row| {
        u64::from(row.flow.protocol()).into()
    });
}

fn identity(columns: &mut Columns) {
    flow_id(columns);
    community_id(columns);
    addresses(columns);
    columns.add("vlan", "", Text, "VLAN ids, outermost first, joined by points", |row| {
        let vlans = row.layers.as_ref().and_then(|layers| layers.vlans());
        vlans.map_or(Value::Null, Value::Vlans)
    });
    let meaning = "Tunnels the flow runs in, outermost first, joined by /: kind, or kind:id";
    columns.add("tunnel", "", Text, meaning, |row| {
        let tunnels = row.layers.as_ref().and_then(|layers| layers.tunnels());
        tunnels.map_or(Value::Null, Value::Tunnels)
    });
}

pub(super) fn community_id(columns: &mut Columns) {
    columns.add("community_id", "", Text, "Community ID version 1, seed 0", |row| {
        CommunityId::of(row.flow).map_or(Value::Null, Value::CommunityId)
    });
}

pub(super) fn start_and_end(columns: &mut Columns) {
    columns
        .add("start", "", Time, "Time of the first packet, UTC", |row| Value::Time(row.flow.start));
    columns.add("end", "", Time, "Time of the last packet, UTC", |row| Value::Time(row.flow.end));
}

fn ends(columns: &mut Columns) {
    start_and_end(columns);
    columns.are_of_windows(true);
    columns.add("duration_us", "µs", Float, "From the first to the last packet", |row| {
        Value::microseconds(row.flow.duration_ns())
    });
    columns.are_of_windows(false);
    let meaning = "Why the flow ended: fin, rst, idle, active, reused, end_of_capture, evicted";
    columns.add("end_reason", "", Text, meaning, |row| row.flow.end_reason.name().into());
    let meaning = "How the client is known: syn, syn_ack, first_packet";
    columns.add("client_by", "", Text, meaning, |row| row.flow.client_by.name().into());
}

fn volume(columns: &mut Columns) {
    let volumes = [
        ("packets", "packets", "Packets"),
        ("ip_bytes", "bytes", "Bytes of IP headers and payload"),
        ("payload_bytes", "bytes", "Bytes behind the transport header"),
    ];
    let of_each =
        volumes.iter().flat_map(|&(name, unit, meaning)| both_ways(name, unit, Unsigned, meaning));
    columns.add_group(of_each.collect(), |row, cells| {
        let (flow, sides) = (row.flow, sides(row.flow));
        for pair in [&flow.packets, &flow.ip_bytes, &flow.payload_bytes] {
            cells.extend(sides.map(|side| Value::from(pair[side])));
        }
    });
}

/// A column a direction.
fn both_ways(name: &str, unit: &'static str, kind: Kind, meaning: &str) -> [Column; 2] {
    BOTH_WAYS.map(|direction| {
        let meaning = format!("{meaning}, {}", direction.words());
        Column::new(format!("{name}{}", direction.suffix()), unit, kind, meaning)
    })
}

/// Nanoseconds or bytes, as a column's unit has them.
fn scaled(value: f64, series: Series) -> Value<'static> {
    match series {
        Series::Gaps => Value::from(value / 1_000.0),
        _ => Value::from(value),
    }
}

/// Words for a statistic, behind which the name of the series follows.
const STATISTICS: [(Statistic, &str, &str); 5] = [
    (Statistic::Min, "min", "Least"),
    (Statistic::Mean, "mean", "Mean"),
    (Statistic::Max, "max", "Greatest"),
    (Statistic::Std, "std", "Sample standard deviation of the"),
    (Statistic::Sum, "sum", "Sum of the"),
];

fn statistics(columns: &mut Columns) {
    let all = [
        (Series::Gaps, "iat", "_us", "µs", "time between packets"),
        (Series::IpLengths, "ip_length", "", "bytes", "length of IP packets"),
        (Series::PayloadLengths, "payload_length", "", "bytes", "length of payload"),
    ];
    for (series, prefix, end, unit, what) in all {
        // Sums of lengths stand among the volumes.
        let count = if series == Series::Gaps { 5 } else { 4 };
        let statistics = &STATISTICS[..count];
        let of_each = statistics.iter().flat_map(|(_, name, words)| {
            Direction::ALL.map(|direction| {
                let name = format!("{prefix}_{name}{end}{}", direction.suffix());
                Column::new(name, unit, Float, format!("{words} {what}, {}", direction.words()))
            })
        });
        columns.add_group(of_each.collect(), move |row, cells| {
            let stats = row.stats(series);
            for (statistic, ..) in statistics {
                cells.extend(stats.iter().map(|stat| match stat {
                    Some(stat) => scaled(stat.get(*statistic), series),
                    None => Value::Null,
                }));
            }
        });
    }
}

fn periods(columns: &mut Columns) {
    for kind in [Period::Active, Period::Idle] {
        let name = kind.name();
        let mut group = vec![Column::new(
            format!("{name}_count"),
            "periods",
            Unsigned,
            format!("Number of {name} periods"),
        )];
        group.extend(STATISTICS[..4].iter().map(|(statistic, statistic_name, words)| {
            let words = match statistic {
                Statistic::Min => "Shortest",
                Statistic::Max => "Longest",
                _ => words,
            };
            let meaning = format!("{words} {name} period");
            Column::new(format!("{name}_{statistic_name}_us"), "µs", Float, meaning)
        }));
        columns.add_group(group, move |row, cells| {
            let stat = row.periods(kind);
            cells.push(stat.map_or(0, |stat| stat.count).into());
            cells.extend(STATISTICS[..4].iter().map(|(statistic, ..)| {
                Value::from(stat.map(|stat| stat.get(*statistic) / 1_000.0))
            }));
        });
    }
}

/// Something per second of the flow; null for a flow without duration.
fn per_second(amount: u64, flow: &Flow) -> Value<'static> {
    match flow.duration_ns() {
        0 => Value::Null,
        ns => Value::from(amount as f64 * SECOND_NS as f64 / ns as f64),
    }
}

fn rates(columns: &mut Columns) {
    columns.add("packets_per_second", "1/s", Float, "Packets by duration", |row| {
        per_second(row.flow.packet_count(), row.flow)
    });
    columns.add("bytes_per_second", "bytes/s", Float, "IP bytes by duration", |row| {
        per_second(row.flow.ip_bytes[0] + row.flow.ip_bytes[1], row.flow)
    });
}

fn tcp(columns: &mut Columns) {
    let of_each = FLAG_NAMES.iter().flat_map(|(flag, _)| {
        let meaning = format!("Packets with {}", flag.to_uppercase());
        both_ways(&format!("flag_{flag}"), "packets", Unsigned, &meaning)
    });
    columns.add_group(of_each.collect(), |row, cells| {
        let (flow, sides) = (row.flow, sides(row.flow));
        let (is_tcp, flags) = (flow.protocol() == TCP, &flow.trackers.tcp);
        for (_, bit) in FLAG_NAMES {
            cells.extend(sides.map(|side| match is_tcp {
                true => Value::from(u64::from(flags.count(side, bit))),
                false => Value::Null,
            }));
        }
    });
    let windows = both_ways("window_first", "bytes", Unsigned, "First TCP window, unscaled");
    columns.add_group(windows.into(), |row, cells| {
        let tcp = &row.flow.trackers.tcp;
        cells
            .extend(sides(row.flow).map(|side| Value::from(tcp.first_window(side).map(u64::from))));
    });
}

fn exchange(columns: &mut Columns) {
    let mut group = Vec::new();
    let meaning = "Packets whose payload brings nothing beyond what was sent: sent again, or late (T of history)";
    group.extend(both_ways("retransmitted", "packets", Unsigned, meaning));
    let meaning = "Bytes acknowledged but never seen, by their sender's direction";
    group.extend(both_ways("missed_bytes", "bytes", Unsigned, meaning));
    columns.add_group(group, |row, cells| {
        let (flow, exchange) = (row.flow, &row.flow.trackers.exchange);
        let is_tcp = flow.protocol() == TCP;
        let of_tcp = |value: u64| Value::from(is_tcp.then_some(value));
        cells.extend(sides(flow).map(|side| of_tcp(exchange.retransmitted(side).into())));
        cells.extend(sides(flow).map(|side| of_tcp(exchange.missed_bytes(side))));
    });
    columns.add(
        "handshake_us",
        "µs",
        Float,
        "From SYN to the client's ACK of the SYN+ACK",
        |row| row.flow.trackers.exchange.handshake_ns().map_or(Value::Null, Value::microseconds),
    );
    columns.add("conn_state", "", Text, "How the connection went, in Zeek's words", |row| {
        let (flow, exchange) = (row.flow, &row.flow.trackers.exchange);
        exchange.state(flow.protocol(), flow.forward()).into()
    });
    columns.add(
        "history",
        "",
        Text,
        "What it did, in Zeek's letters; upper case: the client",
        |row| {
            let history = row.flow.trackers.exchange.history();
            Value::from((!history.is_empty()).then_some(history))
        },
    );
}

fn network(columns: &mut Columns) {
    let least = both_ways("ttl_min", "hops", Unsigned, "Least time to live or hop limit");
    columns.add_group(least.into(), |row, cells| {
        let (flow, least) = (row.flow, &row.flow.trackers.network.time_to_live_min);
        cells.extend(sides(flow).map(|side| match flow.packets[side] {
            0 => Value::Null,
            _ => Value::from(u64::from(least[side])),
        }));
    });
    columns.add(
        "dscp",
        "",
        Unsigned,
        "Differentiated services code point of the first packet",
        |row| u64::from(row.flow.trackers.network.dscp).into(),
    );
}

/// The last column of the profile; what was found stands behind it, by itself.
fn given_class() -> Columns {
    let mut columns = Columns::default();
    let meaning = "The class given to the capture by the user";
    columns.add("class", "", Text, meaning, |row| row.class.into());
    columns
}

/// The last column of profiles with one class: the user's, else the label.
pub(super) fn class(name: &'static str) -> Columns {
    let mut columns = Columns::default();
    columns.add(name, "", Text, super::CLASS_MEANING, |row| row.class_or_label().into());
    columns
}
