//! Rows of `cic-fixed`: CICFlowMeter's columns, computed right, null where a value does not exist.

use super::{BOTH_WAYS, flag_counts, gaps, sides};
use crate::features::{Bulks, FLAG_NAMES, Meter};
use crate::flows::Flow;
use crate::profiles::Statistic::{self, Max, Mean, Min, Std};
use crate::profiles::{Direction, Period, Printed, Row, Series, Stat, Value};

const TCP: u8 = 6;

/// Pushes all values but the first seven and the label.
pub fn evaluate<'a>(row: &'a Row<'a>, meter: &Meter, cells: &mut Vec<Value<'a>>) {
    let flow = row.flow;
    let [forward, backward] = sides(flow);
    cells.push(Value::microseconds(flow.duration_ns()));
    let is_tcp = flow.protocol() == TCP;
    cells.extend([forward, backward].map(|side| Value::from(flow.packets[side])));
    cells.extend([forward, backward].map(|side| Value::from(flow.payload_bytes[side])));
    for direction in BOTH_WAYS {
        let stat = row.stat(Series::PayloadLengths, direction);
        cells.extend([Max, Min, Mean, Std].map(|statistic| known(stat, statistic, 1.0)));
    }
    let payload: u64 = flow.payload_bytes.iter().sum();
    cells.extend([payload, flow.packet_count()].map(|amount| per_second(amount, flow)));
    gaps(row, known, cells);
    for (_, bit) in FLAG_NAMES.iter().filter(|(name, _)| matches!(*name, "psh" | "urg")) {
        let count = |side| u64::from(flow.trackers.tcp.count(side, *bit));
        cells.extend([forward, backward].map(|side| Value::from(is_tcp.then(|| count(side)))));
    }
    cells.extend([forward, backward].map(|side| Value::from(meter.header_bytes[side])));
    cells.extend([forward, backward].map(|side| per_second(flow.packets[side], flow)));
    lengths(row, is_tcp, cells);
    for side in [forward, backward] {
        bulks(&meter.bulks[side], cells);
    }
    let subflows = (meter.pauses + 1) as f64;
    for side in [forward, backward] {
        for amount in [flow.packets[side], flow.payload_bytes[side]] {
            cells.push(Value::from(amount as f64 / subflows));
        }
    }
    let window = |side| flow.trackers.tcp.first_window(side).map(u64::from);
    cells.extend([forward, backward].map(|side| Value::from(window(side))));
    cells.push(meter.data_packets[forward].into());
    let least = Some(meter.header_bytes_min[forward]).filter(|&bytes| bytes < u8::MAX);
    cells.push(least.map(u64::from).into());
    for period in [Period::Active, Period::Idle] {
        let stat = row.periods(period);
        cells.extend([Mean, Std, Max, Min].map(|statistic| known(stat, statistic, 1_000.0)));
    }
}

/// Pushes the first seven values.
pub fn identity<'a>(flow: &'a Flow, cells: &mut Vec<Value<'a>>) {
    let ((from, from_port), (to, to_port)) = (flow.client(), flow.server());
    cells.push(Value::Printed(Printed::FiveTuple(flow)));
    cells.push(Value::Address(from));
    cells.push(from_port.map(u64::from).into());
    cells.push(Value::Address(to));
    cells.push(to_port.map(u64::from).into());
    cells.push(u64::from(flow.protocol()).into());
    cells.push(Value::MicrosecondTime(flow.start));
}

fn known(stat: Option<&Stat>, statistic: Statistic, unit: f64) -> Value<'static> {
    stat.map_or(Value::Null, |stat| Value::from(stat.get(statistic) / unit))
}

fn per_second(amount: u64, flow: &Flow) -> Value<'static> {
    match flow.duration_ns() {
        0 => Value::Null,
        ns => Value::from(amount as f64 * 1e9 / ns as f64),
    }
}

fn lengths<'a>(row: &'a Row<'a>, is_tcp: bool, cells: &mut Vec<Value<'a>>) {
    let flow = row.flow;
    let [forward, backward] = sides(flow);
    let stat = row.stat(Series::PayloadLengths, Direction::Flow);
    cells.extend([Min, Max, Mean, Std].map(|statistic| known(stat, statistic, 1.0)));
    let variance = stat.map(|stat| stat.get(Std) * stat.get(Std));
    cells.push(variance.into());
    cells.extend(flag_counts(flow).map(|count| Value::from(is_tcp.then_some(count))));
    let ratio = flow.packets[backward] as f64 / flow.packets[forward] as f64;
    // Not a number, or infinite, where the client sent nothing: null.
    cells.push(ratio.into());
    cells.push(known(stat, Mean, 1.0));
    cells.extend(
        BOTH_WAYS.map(|direction| known(row.stat(Series::PayloadLengths, direction), Mean, 1.0)),
    );
}

fn bulks(bulks: &Bulks, cells: &mut Vec<Value<'_>>) {
    if bulks.count == 0 {
        cells.extend([Value::Null; 3]);
        return;
    }
    let count = bulks.count as f64;
    cells.push(Value::from(bulks.bytes as f64 / count));
    cells.push(Value::from(bulks.packets as f64 / count));
    // Null where the bulks took no time.
    cells.push(Value::from(bulks.bytes as f64 * 1e9 / bulks.duration_ns as f64));
}
