//! Rows of the profile `cic` (FLOWS-cic.md, sections 4 and 6), from lists of values.

use super::{Flow, Packet};
use crate::oracle::table::Cell;
use crate::oracle::time_text::twelve_hours;
use crate::oracle::values::{Summary, gaps, ratio, span, summary, summary_of_gaps};
use crate::oracle::{Options, SECOND};

const COLUMNS: &str = "Flow ID|Src IP|Src Port|Dst IP|Dst Port|Protocol|Timestamp|Flow Duration\
    |Total Fwd Packet|Total Bwd packets|Total Length of Fwd Packet|Total Length of Bwd Packet\
    |Fwd Packet Length Max|Fwd Packet Length Min|Fwd Packet Length Mean|Fwd Packet Length Std\
    |Bwd Packet Length Max|Bwd Packet Length Min|Bwd Packet Length Mean|Bwd Packet Length Std\
    |Flow Bytes/s|Flow Packets/s|Flow IAT Mean|Flow IAT Std|Flow IAT Max|Flow IAT Min\
    |Fwd IAT Total|Fwd IAT Mean|Fwd IAT Std|Fwd IAT Max|Fwd IAT Min\
    |Bwd IAT Total|Bwd IAT Mean|Bwd IAT Std|Bwd IAT Max|Bwd IAT Min\
    |Fwd PSH Flags|Bwd PSH Flags|Fwd URG Flags|Bwd URG Flags|Fwd Header Length|Bwd Header Length\
    |Fwd Packets/s|Bwd Packets/s|Packet Length Min|Packet Length Max|Packet Length Mean\
    |Packet Length Std|Packet Length Variance|FIN Flag Count|SYN Flag Count|RST Flag Count\
    |PSH Flag Count|ACK Flag Count|URG Flag Count|CWR Flag Count|ECE Flag Count|Down/Up Ratio\
    |Average Packet Size|Fwd Segment Size Avg|Bwd Segment Size Avg\
    |Fwd Bytes/Bulk Avg|Fwd Packet/Bulk Avg|Fwd Bulk Rate Avg\
    |Bwd Bytes/Bulk Avg|Bwd Packet/Bulk Avg|Bwd Bulk Rate Avg\
    |Subflow Fwd Packets|Subflow Fwd Bytes|Subflow Bwd Packets|Subflow Bwd Bytes\
    |FWD Init Win Bytes|Bwd Init Win Bytes|Fwd Act Data Pkts|Fwd Seg Size Min\
    |Active Mean|Active Std|Active Max|Active Min|Idle Mean|Idle Std|Idle Max|Idle Min|Label";

pub const PSH: u8 = 0x08;
pub const URG: u8 = 0x20;
/// FIN, SYN, RST, PSH, ACK, URG, CWR, ECE.
pub const FLAGS: [u8; 8] = [0x01, 0x02, 0x04, PSH, 0x10, URG, 0x80, 0x40];
const MICROSECOND: i128 = 1_000;
const SUBFLOW_GAP: i128 = SECOND;

pub fn columns() -> Vec<String> {
    COLUMNS.split('|').map(String::from).collect()
}

/// A flow's packets, all and by direction.
struct Sides<'a> {
    all: Vec<&'a Packet>,
    /// Forward and backward.
    each: [Vec<&'a Packet>; 2],
    /// Microseconds, and as seconds.
    duration: i128,
    seconds: f64,
}

pub(super) fn row(flow: &Flow, options: &Options) -> Vec<Cell> {
    let side = |is_forward: bool| {
        let of_side = |packet: &&Packet| packet.is_forward == is_forward;
        flow.packets.iter().filter(of_side).collect()
    };
    let all: Vec<&Packet> = flow.packets.iter().collect();
    let duration = span(all[0].time, all[all.len() - 1].time) / MICROSECOND;
    let each = [side(true), side(false)];
    let sides = Sides { all, each, duration, seconds: duration as f64 / 1e6 };
    let mut row = identity(flow);
    row.push(Cell::Integer(duration));
    volume(&mut row, &sides);
    gap_columns(&mut row, &sides);
    headers(&mut row, &sides);
    lengths_and_flags(&mut row, &sides);
    bulks_and_subflows(&mut row, &sides);
    forward_headers(&mut row, &sides);
    for periods in periods(&times_of(&sides.all), options.activity_gap) {
        row.extend(times(&summary(&periods)));
    }
    row.push(label(options));
    row
}

impl Sides<'_> {
    fn per_second(&self, amount: i128) -> Cell {
        Cell::Float(amount as f64 / self.seconds)
    }

    /// Forward and backward.
    fn packets(&self) -> [i128; 2] {
        self.each.each_ref().map(|packets| packets.len() as i128)
    }

    fn payload(&self) -> [i128; 2] {
        self.each.each_ref().map(|packets| payloads(packets).iter().sum())
    }
}

fn volume(row: &mut Vec<Cell>, sides: &Sides) {
    row.extend(sides.packets().map(Cell::Integer));
    row.extend(sides.payload().map(Cell::Integer));
    for packets in &sides.each {
        let lengths = summary(&payloads(packets));
        row.push(integer(&lengths, |lengths| lengths.maximum));
        row.push(integer(&lengths, |lengths| lengths.minimum));
        row.extend([mean(&lengths, 1.0), deviation(&lengths, 1.0)]);
    }
}

fn gap_columns(row: &mut Vec<Cell>, sides: &Sides) {
    row.push(sides.per_second(sides.payload().iter().sum()));
    row.push(sides.per_second(sides.all.len() as i128));
    row.extend(times(&summary_of_gaps(&times_of(&sides.all))));
    for packets in &sides.each {
        let gaps = summary_of_gaps(&times_of(packets));
        row.push(integer(&gaps, |gaps| gaps.sum / MICROSECOND));
        row.extend(times(&gaps));
    }
}

fn headers(row: &mut Vec<Cell>, sides: &Sides) {
    let opening = &sides.all[0].transport;
    for flag in [PSH, URG] {
        row.push(Cell::Integer((opening.flags & flag != 0).into()));
        row.push(Cell::Integer(0));
    }
    let header_bytes = |packet: &&Packet| packet.transport.header_bytes;
    row.extend(
        sides.each.each_ref().map(|packets| Cell::Integer(packets.iter().map(header_bytes).sum())),
    );
    row.extend(sides.packets().map(|packets| match sides.duration {
        1.. => sides.per_second(packets),
        _ => Cell::Float(0.0),
    }));
}

fn lengths_and_flags(row: &mut Vec<Cell>, sides: &Sides) {
    // The opening packet counts twice.
    let mut twice = payloads(&sides.all);
    twice.insert(0, twice[0]);
    let lengths = summary(&twice);
    row.push(integer(&lengths, |lengths| lengths.minimum));
    row.push(integer(&lengths, |lengths| lengths.maximum));
    row.extend([mean(&lengths, 1.0), deviation(&lengths, 1.0)]);
    row.push(Cell::Float(lengths.map_or(0.0, |lengths| lengths.deviation * lengths.deviation)));
    row.extend(FLAGS.map(|flag| {
        let flagged = sides.all.iter().filter(|packet| packet.transport.flags & flag != 0);
        Cell::Integer(flagged.count() as i128)
    }));
    let [forward, backward] = sides.packets();
    row.push(Cell::Integer(backward / forward));
    row.push(Cell::Float(ratio(twice.iter().sum(), sides.all.len() as i128)));
    row.extend(sides.each.each_ref().map(|packets| mean(&summary(&payloads(packets)), 1.0)));
}

fn bulks_and_subflows(row: &mut Vec<Cell>, sides: &Sides) {
    row.extend([0; 3].map(Cell::Integer));
    row.extend(bulks(&sides.all).map(Cell::Integer));
    let gaps = gaps(&times_of(&sides.all));
    let subflow_gaps = gaps.iter().filter(|gap| **gap > SUBFLOW_GAP).count() as i128;
    for (packets, payload) in sides.packets().into_iter().zip(sides.payload()) {
        for amount in [packets, payload] {
            row.push(Cell::Integer(amount.checked_div(subflow_gaps).unwrap_or(0)));
        }
    }
}

fn forward_headers(row: &mut Vec<Cell>, sides: &Sides) {
    let [forward, backward] = &sides.each;
    row.push(Cell::Integer(sides.all[0].transport.window.into()));
    row.push(Cell::Integer(backward.last().map_or(0, |last| last.transport.window.into())));
    let with_data = forward[1..].iter().filter(|packet| payload_bytes(packet) > 0);
    row.push(Cell::Integer(with_data.count() as i128));
    row.push(Cell::integer(forward.iter().map(|packet| packet.transport.header_bytes).min()));
}

fn identity(flow: &Flow) -> Vec<Cell> {
    let (source, destination) = (flow.orientation.source, flow.orientation.destination);
    let opening = &flow.packets[0];
    let protocol = opening.transport.protocol;
    let id = format!(
        "{}-{}-{}-{}-{protocol}",
        source.address, destination.address, source.port, destination.port
    );
    vec![
        Cell::Text(id),
        Cell::text(source.address.to_string()),
        Cell::Integer(source.port.into()),
        Cell::text(destination.address.to_string()),
        Cell::Integer(destination.port.into()),
        Cell::Integer(protocol.into()),
        Cell::Text(twelve_hours(opening.time)),
    ]
}

/// What a row of `cic` and `cic-fixed` ends with.
pub fn label(options: &Options) -> Cell {
    Cell::text(options.label.as_deref().unwrap_or("NeedManualLabel"))
}

fn payload_bytes(packet: &Packet) -> i128 {
    packet.transport.payload_bytes
}

fn payloads(packets: &[&Packet]) -> Vec<i128> {
    packets.iter().map(|packet| payload_bytes(packet)).collect()
}

fn times_of(packets: &[&Packet]) -> Vec<i128> {
    packets.iter().map(|packet| packet.time).collect()
}

fn integer(values: &Option<Summary>, value: fn(&Summary) -> i128) -> Cell {
    Cell::Integer(values.as_ref().map_or(0, value))
}

fn mean(values: &Option<Summary>, unit: f64) -> Cell {
    Cell::Float(values.map_or(0.0, |values| values.mean / unit))
}

fn deviation(values: &Option<Summary>, unit: f64) -> Cell {
    Cell::Float(values.map_or(0.0, |values| values.deviation / unit))
}

/// Mean, deviation, maximum and minimum in microseconds.
fn times(values: &Option<Summary>) -> [Cell; 4] {
    [
        mean(values, 1e3),
        deviation(values, 1e3),
        integer(values, |values| values.maximum / MICROSECOND),
        integer(values, |values| values.minimum / MICROSECOND),
    ]
}

/// Active and idle.
fn periods(times: &[i128], longer_than: i128) -> [Vec<i128>; 2] {
    let (mut active, mut idle) = (Vec::new(), Vec::new());
    let mut start = times[0];
    for pair in times.windows(2) {
        let gap = span(pair[0], pair[1]);
        if gap > longer_than {
            active.extend(Some(span(start, pair[0])).filter(|period| *period > 0));
            idle.push(gap);
            start = pair[1];
        }
    }
    [active, idle]
}

/// Bytes and packets a bulk, and bytes a second: of both directions together.
fn bulks(packets: &[&Packet]) -> [i128; 3] {
    let (mut start, mut last, mut run_packets, mut run_bytes) = (0, 0, 0, 0);
    let (mut bulks, mut bulk_packets, mut bulk_bytes, mut time) = (0, 0, 0, 0);
    for packet in packets.iter().filter(|packet| payload_bytes(packet) > 0) {
        if start == 0 || span(last, packet.time) > SECOND {
            (start, run_packets, run_bytes) = (packet.time, 1, payload_bytes(packet));
        } else {
            run_packets += 1;
            run_bytes += payload_bytes(packet);
            if run_packets == 4 {
                bulks += 1;
                bulk_packets += 4;
                bulk_bytes += run_bytes;
                time = span(0, time + span(start, packet.time));
            } else if run_packets > 4 {
                bulk_packets += 1;
                bulk_bytes += payload_bytes(packet);
                time = span(0, time + span(last, packet.time));
            }
        }
        last = packet.time;
    }
    if bulks == 0 {
        return [0; 3];
    }
    let microseconds = time / MICROSECOND;
    let rate = bulk_bytes as f64 / (microseconds as f64 / 1e6);
    let rate = if microseconds == 0 { 0 } else { rate as i64 };
    [bulk_bytes / bulks, bulk_packets / bulks, rate.into()]
}
