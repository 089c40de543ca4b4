//! Rows of the profile `native` (FLOWS.md).

use super::Options;
use super::community_id::community_id;
use super::decode::TCP;
use super::exchange;
use super::features::{Of, Oriented};
use super::fragments::knows_ports;
use super::key::Layer;
use super::life::{Closed, Packet};
use super::table::Cell;
use super::time_text::rfc3339;
use super::values::{Summary, ratio, summary, summary_of_gaps};

const FIRST: &str = "flow_id community_id client_ip client_port server_ip server_port protocol vlan tunnel start end \
    duration_us end_reason client_by packets_fwd packets_bwd ip_bytes_fwd ip_bytes_bwd payload_bytes_fwd \
    payload_bytes_bwd";
const PERIODS: [&str; 2] = ["active", "idle"];
/// With their bits.
const FLAGS: [(&str, u8); 8] = [
    ("fin", 0x01),
    ("syn", 0x02),
    ("rst", 0x04),
    ("psh", 0x08),
    ("ack", 0x10),
    ("urg", 0x20),
    ("cwr", 0x80),
    ("ece", 0x40),
];
const LAST: &str = "window_first_fwd window_first_bwd retransmitted_fwd retransmitted_bwd missed_bytes_fwd \
    missed_bytes_bwd handshake_us conn_state history ttl_min_fwd ttl_min_bwd dscp class";
const ALL: [Of; 3] = [Of::Flow, Of::Forward, Of::Backward];
const DIRECTIONS: [Of; 2] = [Of::Forward, Of::Backward];

pub fn columns() -> Vec<String> {
    let mut columns: Vec<String> = FIRST.split_whitespace().map(String::from).collect();
    let mut directed = |statistic: String| {
        columns.extend(["", "_fwd", "_bwd"].map(|suffix| format!("{statistic}{suffix}")));
    };
    for statistic in ["min", "mean", "max", "std", "sum"] {
        directed(format!("iat_{statistic}_us"));
    }
    for lengths in ["ip_length", "payload_length"] {
        for statistic in ["min", "mean", "max", "std"] {
            directed(format!("{lengths}_{statistic}"));
        }
    }
    for period in PERIODS {
        columns.push(format!("{period}_count"));
        for statistic in ["min", "mean", "max", "std"] {
            columns.push(format!("{period}_{statistic}_us"));
        }
    }
    columns.extend(["packets_per_second", "bytes_per_second"].map(String::from));
    for (flag, _) in FLAGS {
        columns.extend(["fwd", "bwd"].map(|direction| format!("flag_{flag}_{direction}")));
    }
    columns.extend(LAST.split_whitespace().map(String::from));
    columns
}

pub fn row(closed: &Closed, options: &Options) -> Vec<Cell> {
    let flow = Oriented::new(&closed.flow, true);
    let mut row = identity(&flow);
    row.push(microseconds(flow.duration()));
    row.push(Cell::text(closed.reason));
    row.push(Cell::text(flow.client_by));
    counts(&mut row, &flow);
    gap_columns(&mut row, &flow);
    length_columns(&mut row, ALL.map(|of| summary(&flow.ip_bytes(of))));
    length_columns(&mut row, ALL.map(|of| summary(&flow.payload_bytes(of))));
    period_columns(&mut row, &flow.active_periods(options.activity_gap));
    period_columns(&mut row, &flow.idle_periods(options.activity_gap));
    rates(&mut row, &flow);
    headers(&mut row, &flow);
    row.push(options.label.clone().map_or(Cell::Null, Cell::Text));
    row
}

fn identity(flow: &Oriented) -> Vec<Cell> {
    let key = &flow.flow.key;
    let port = |port: u16| Cell::integer(key.has_ports.then_some(port.into()));
    let (vlans, tunnels) = stack(&key.stack);
    let known = key.has_ports || !knows_ports(key.protocol);
    vec![
        Cell::Integer(flow.flow.id().into()),
        if known { Cell::Text(community_id(flow.client, flow.server, key)) } else { Cell::Null },
        Cell::text(flow.client.address.to_string()),
        port(flow.client.port),
        Cell::text(flow.server.address.to_string()),
        port(flow.server.port),
        Cell::Integer(key.protocol.into()),
        if vlans.is_empty() { Cell::Null } else { Cell::Text(vlans.join(".")) },
        if tunnels.is_empty() { Cell::Null } else { Cell::Text(tunnels.join("/")) },
        Cell::Text(rfc3339(flow.start())),
        Cell::Text(rfc3339(flow.end())),
    ]
}

/// VLAN ids and tunnels as text.
fn stack(stack: &[Layer]) -> (Vec<String>, Vec<String>) {
    let (mut vlans, mut tunnels) = (Vec::new(), Vec::new());
    for layer in stack {
        match layer {
            Layer::Vlan(id) => vlans.push(id.to_string()),
            Layer::Tunnel(name, Some(id)) => tunnels.push(format!("{name}:{id}")),
            Layer::Tunnel(name, None) => tunnels.push(name.to_string()),
        }
    }
    (vlans, tunnels)
}

fn counts(row: &mut Vec<Cell>, flow: &Oriented) {
    row.extend(DIRECTIONS.map(|of| Cell::Integer(flow.packets(of).len() as i128)));
    row.extend(DIRECTIONS.map(|of| Cell::Integer(flow.ip_bytes(of).iter().sum())));
    row.extend(DIRECTIONS.map(|of| Cell::Integer(flow.payload_bytes(of).iter().sum())));
}

/// Nanoseconds as microseconds with decimals.
pub fn microseconds(nanoseconds: i128) -> Cell {
    Cell::Float(ratio(nanoseconds, 1_000))
}

fn gap_columns(row: &mut Vec<Cell>, flow: &Oriented) {
    let gaps = ALL.map(|of| summary_of_gaps(&flow.times(of)));
    let mut directed = |value: fn(&Summary) -> f64| {
        row.extend(gaps.iter().map(|gaps| Cell::float(gaps.as_ref().map(value))));
    };
    directed(|gaps| ratio(gaps.minimum, 1_000));
    directed(|gaps| gaps.mean / 1e3);
    directed(|gaps| ratio(gaps.maximum, 1_000));
    directed(|gaps| gaps.deviation / 1e3);
    directed(|gaps| ratio(gaps.sum, 1_000));
}

fn length_columns(row: &mut Vec<Cell>, lengths: [Option<Summary>; 3]) {
    row.extend(lengths.map(|lengths| Cell::integer(lengths.map(|lengths| lengths.minimum))));
    row.extend(lengths.map(|lengths| Cell::float(lengths.map(|lengths| lengths.mean))));
    row.extend(lengths.map(|lengths| Cell::integer(lengths.map(|lengths| lengths.maximum))));
    row.extend(lengths.map(|lengths| Cell::float(lengths.map(|lengths| lengths.deviation))));
}

fn period_columns(row: &mut Vec<Cell>, periods: &[i128]) {
    row.push(Cell::Integer(periods.len() as i128));
    let periods = summary(periods);
    row.extend([
        Cell::float(periods.map(|periods| ratio(periods.minimum, 1_000))),
        Cell::float(periods.map(|periods| periods.mean / 1e3)),
        Cell::float(periods.map(|periods| ratio(periods.maximum, 1_000))),
        Cell::float(periods.map(|periods| periods.deviation / 1e3)),
    ]);
}

fn rates(row: &mut Vec<Cell>, flow: &Oriented) {
    let packets = flow.packets(Of::Flow).len() as i128;
    let bytes: i128 = flow.ip_bytes(Of::Flow).iter().sum();
    let duration = flow.duration();
    for amount in [packets, bytes] {
        let rate = || ratio(amount * super::SECOND, duration);
        row.push(Cell::float((duration != 0).then(rate)));
    }
}

fn headers(row: &mut Vec<Cell>, flow: &Oriented) {
    let is_tcp = flow.flow.key.protocol == TCP;
    for (_, bit) in FLAGS {
        for of in DIRECTIONS {
            let has_flag = |packet: &&&Packet| packet.tcp.is_some_and(|tcp| tcp.flags & bit != 0);
            let count = flow.packets(of).iter().filter(has_flag).count();
            row.push(Cell::integer(is_tcp.then_some(count as i128)));
        }
    }
    for of in DIRECTIONS {
        let first = flow.packets(of).into_iter().find_map(|packet| packet.tcp);
        row.push(Cell::integer(first.map(|tcp| tcp.window.into())));
    }
    exchange_columns(row, flow);
    for of in DIRECTIONS {
        let least = flow.packets(of).into_iter().map(|packet| packet.time_to_live).min();
        row.push(Cell::integer(least.map(i128::from)));
    }
    row.push(Cell::Integer(flow.flow.packets[0].dscp.into()));
}

fn exchange_columns(row: &mut Vec<Cell>, flow: &Oriented) {
    let exchange = exchange::replay(flow.flow);
    row.extend(exchange.retransmitted().map(Cell::integer));
    row.extend(exchange.missed_bytes().map(Cell::integer));
    row.push(exchange.handshake.map_or(Cell::Null, microseconds));
    row.push(Cell::text(exchange.state()));
    let history = exchange.history();
    row.push(if history.is_empty() { Cell::Null } else { Cell::Text(history) });
}
