//! Rows of `cic-fixed` (FLOWS-cic.md, sections 5 and 6).

use super::row::{FLAGS, PSH, URG, label};
use crate::oracle::decode::TCP;
use crate::oracle::features::{Of, Oriented};
use crate::oracle::life::{Closed, Packet};
use crate::oracle::native::microseconds;
use crate::oracle::table::Cell;
use crate::oracle::time_text::rfc3339;
use crate::oracle::values::{Summary, gaps, ratio, span, summary, summary_of_gaps};
use crate::oracle::{Options, SECOND};

pub const DIRECTIONS: [Of; 2] = [Of::Forward, Of::Backward];

pub fn row(closed: &Closed, options: &Options) -> Vec<Cell> {
    row_of(&Oriented::new(&closed.flow, true), options)
}

pub fn row_of(flow: &Oriented, options: &Options) -> Vec<Cell> {
    let mut row = identity(flow);
    row.push(microseconds(flow.duration()));
    volume(&mut row, flow);
    gap_columns(&mut row, flow);
    for flag in [PSH, URG] {
        row.extend(DIRECTIONS.map(|of| flagged(flow, of, flag)));
    }
    row.extend(DIRECTIONS.map(|of| Cell::Integer(headers(flow, of).iter().sum())));
    row.extend(DIRECTIONS.map(|of| per_second(flow, packets(flow, of))));
    lengths_and_flags(&mut row, flow);
    row.extend(DIRECTIONS.into_iter().flat_map(|of| bulks(flow, of)));
    let subflow_gaps = gaps(&flow.times(Of::Flow)).iter().filter(|gap| **gap > SECOND).count();
    for of in DIRECTIONS {
        for amount in [packets(flow, of), payload(flow, of)] {
            row.push(quotient(amount, subflow_gaps as i128 + 1));
        }
    }
    for of in DIRECTIONS {
        let first = flow.packets(of).into_iter().find_map(|packet| packet.tcp);
        row.push(Cell::integer(first.map(|tcp| tcp.window.into())));
    }
    let with_data = flow.payload_bytes(Of::Forward).into_iter().filter(|bytes| *bytes > 0);
    row.push(Cell::Integer(with_data.count() as i128));
    row.push(Cell::integer(headers(flow, Of::Forward).into_iter().min()));
    row.extend(times(summary(&flow.active_periods(options.activity_gap))));
    row.extend(times(summary(&flow.idle_periods(options.activity_gap))));
    row.push(label(options));
    row
}

pub fn packets(flow: &Oriented, of: Of) -> i128 {
    flow.packets(of).len() as i128
}

pub fn payload(flow: &Oriented, of: Of) -> i128 {
    flow.payload_bytes(of).iter().sum()
}

fn per_second(flow: &Oriented, amount: i128) -> Cell {
    quotient(amount * SECOND, flow.duration())
}

fn volume(row: &mut Vec<Cell>, flow: &Oriented) {
    row.extend(DIRECTIONS.map(|of| Cell::Integer(packets(flow, of))));
    row.extend(DIRECTIONS.map(|of| Cell::Integer(payload(flow, of))));
    for of in DIRECTIONS {
        let lengths = summary(&flow.payload_bytes(of));
        row.push(Cell::integer(lengths.map(|lengths| lengths.maximum)));
        row.push(Cell::integer(lengths.map(|lengths| lengths.minimum)));
        row.push(mean(lengths));
        row.push(Cell::float(lengths.map(|lengths| lengths.deviation)));
    }
}

fn gap_columns(row: &mut Vec<Cell>, flow: &Oriented) {
    row.push(per_second(flow, payload(flow, Of::Flow)));
    row.push(per_second(flow, packets(flow, Of::Flow)));
    row.extend(times(summary_of_gaps(&flow.times(Of::Flow))));
    for of in DIRECTIONS {
        let gaps = summary_of_gaps(&flow.times(of));
        row.push(gaps.map_or(Cell::Null, |gaps| microseconds(gaps.sum)));
        row.extend(times(gaps));
    }
}

fn lengths_and_flags(row: &mut Vec<Cell>, flow: &Oriented) {
    let lengths = summary(&flow.payload_bytes(Of::Flow));
    row.push(Cell::integer(lengths.map(|lengths| lengths.minimum)));
    row.push(Cell::integer(lengths.map(|lengths| lengths.maximum)));
    row.push(mean(lengths));
    row.push(Cell::float(lengths.map(|lengths| lengths.deviation)));
    row.push(Cell::float(lengths.map(|lengths| lengths.deviation * lengths.deviation)));
    row.extend(FLAGS.map(|flag| flagged(flow, Of::Flow, flag)));
    row.push(quotient(packets(flow, Of::Backward), packets(flow, Of::Forward)));
    row.push(mean(lengths));
    row.extend(DIRECTIONS.map(|of| mean(summary(&flow.payload_bytes(of)))));
}

fn identity(flow: &Oriented) -> Vec<Cell> {
    let key = &flow.flow.key;
    let (client, server) = (flow.client, flow.server);
    // Ports that do not exist are 0 in the key.
    let ports = [client.port, server.port];
    let port = ports.map(|port| Cell::integer(key.has_ports.then_some(port.into())));
    let [client_port, server_port] = port;
    let whole_microseconds = flow.start().div_euclid(1_000) * 1_000;
    let start = rfc3339(whole_microseconds);
    vec![
        Cell::Text(format!(
            "{}-{}-{}-{}-{}",
            client.address, server.address, ports[0], ports[1], key.protocol
        )),
        Cell::text(client.address.to_string()),
        client_port,
        Cell::text(server.address.to_string()),
        server_port,
        Cell::Integer(key.protocol.into()),
        Cell::Text(start.replace("000Z", "Z")),
    ]
}

/// Null where there is nothing to divide by.
pub fn quotient(amount: i128, by: i128) -> Cell {
    Cell::float((by != 0).then(|| ratio(amount, by)))
}

fn mean(values: Option<Summary>) -> Cell {
    Cell::float(values.map(|values| values.mean))
}

/// Mean, deviation, maximum and minimum.
pub fn times(values: Option<Summary>) -> [Cell; 4] {
    [
        Cell::float(values.map(|values| values.mean / 1e3)),
        Cell::float(values.map(|values| values.deviation / 1e3)),
        values.map_or(Cell::Null, |values| microseconds(values.maximum)),
        values.map_or(Cell::Null, |values| microseconds(values.minimum)),
    ]
}

fn flagged(flow: &Oriented, of: Of, flag: u8) -> Cell {
    let has_flag = |packet: &&&Packet| packet.tcp.is_some_and(|tcp| tcp.flags & flag != 0);
    let count = flow.packets(of).iter().filter(has_flag).count();
    Cell::integer((flow.flow.key.protocol == TCP).then_some(count as i128))
}

/// Bytes of each transport header.
fn headers(flow: &Oriented, of: Of) -> Vec<i128> {
    flow.packets(of).into_iter().filter_map(|packet| packet.header_bytes).collect()
}

/// Bytes and packets a bulk, and bytes a second of their time.
pub fn bulks(flow: &Oriented, of: Of) -> [Cell; 3] {
    let mut runs: Vec<Vec<&Packet>> = Vec::new();
    let mut last_is_of_it = false;
    let of_it = flow.packets(of);
    for packet in flow.packets(Of::Flow).into_iter().filter(|packet| packet.payload_bytes > 0) {
        let is_of_it = of_it.iter().any(|other| other.position == packet.position);
        if is_of_it {
            let run = runs.last_mut().filter(|_| last_is_of_it);
            let near = |run: &&mut Vec<&Packet>| packet.time - run[run.len() - 1].time <= SECOND;
            match run.filter(near) {
                Some(run) => run.push(packet),
                None => runs.push(vec![packet]),
            }
        }
        last_is_of_it = is_of_it;
    }
    runs.retain(|run| run.len() >= 4);
    let bulks = runs.len() as i128;
    let packets = runs.iter().map(|run| run.len() as i128).sum();
    let bytes: i128 = runs.iter().flatten().map(|packet| packet.payload_bytes).sum();
    let time = |run: &Vec<&Packet>| span(run[0].time, run[run.len() - 1].time);
    let time = runs.iter().map(time).fold(0, |sum, time| span(0, sum + time));
    [quotient(bytes, bulks), quotient(packets, bulks), quotient(bytes * SECOND, time)]
}
