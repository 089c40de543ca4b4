//! Rows as CICFlowMeter writes them, its errors included.

use super::{BOTH_WAYS, flag_counts, gaps, sides};
use crate::decode::flags;
use crate::features::Meter;
use crate::flows::Flow;
use crate::profiles::Statistic::{self, Max, Mean, Min, Std};
use crate::profiles::{Period, Printed, Row, Series, Stat, Value};
use crate::time::MICROSECOND_NS;

/// Pushes all values but the first seven and the label.
pub fn evaluate<'a>(row: &'a Row<'a>, meter: &Meter, cells: &mut Vec<Value<'a>>) {
    let flow = row.flow;
    let [forward, backward] = sides(flow);
    cells.push(Value::Integer(flow.duration_ns() / MICROSECOND_NS));
    cells.extend([forward, backward].map(|side| Value::from(flow.packets[side])));
    cells.extend([forward, backward].map(|side| Value::from(flow.payload_bytes[side])));
    for direction in BOTH_WAYS {
        let stat = row.stat(Series::PayloadLengths, direction);
        cells.extend([Max, Min, Mean, Std].map(|statistic| or_zero(stat, statistic, 1.0)));
    }
    let payload: u64 = flow.payload_bytes.iter().sum();
    cells.extend([payload, flow.packet_count()].map(|amount| per_second(amount, flow)));
    gaps(row, or_zero, cells);
    let first = |flag| Value::from(u64::from(meter.first_flags & flag != 0));
    let none = Value::from(0_u64);
    cells.extend([first(flags::PSH), none, first(flags::URG), none]);
    cells.extend([forward, backward].map(|side| Value::from(meter.header_bytes[side])));
    cells.extend([forward, backward].map(|side| match flow.duration_ns() {
        ..=0 => Value::Float(0.0),
        _ => per_second(flow.packets[side], flow),
    }));
    lengths(row, meter, cells);
    bulks(meter, cells);
    for amount in [flow.packets, flow.payload_bytes].map(|pair| pair[forward]) {
        cells.push(quotient(amount, meter.pauses));
    }
    for amount in [flow.packets, flow.payload_bytes].map(|pair| pair[backward]) {
        cells.push(quotient(amount, meter.pauses));
    }
    let last_window = meter.last_window[backward];
    cells.extend([meter.first_window, last_window].map(|window| Value::from(u64::from(window))));
    let first_has_data = u64::from(meter.first_payload_bytes > 0);
    cells.push((meter.data_packets[forward] - first_has_data).into());
    cells.push(u64::from(meter.header_bytes_min[forward]).into());
    for period in [Period::Active, Period::Idle] {
        let stat = row.periods(period);
        cells.extend([Mean, Std, Max, Min].map(|statistic| or_zero(stat, statistic, 1_000.0)));
    }
}

/// Pushes the first seven values.
pub fn identity<'a>(flow: &'a Flow, cells: &mut Vec<Value<'a>>) {
    let ((from, from_port), (to, to_port)) = (flow.client(), flow.server());
    cells.push(Value::Printed(Printed::FiveTuple(flow)));
    cells.push(Value::Address(from));
    cells.push(u64::from(from_port.unwrap_or(0)).into());
    cells.push(Value::Address(to));
    cells.push(u64::from(to_port.unwrap_or(0)).into());
    cells.push(u64::from(flow.protocol()).into());
    cells.push(Value::Printed(Printed::TwelveHourTime(flow.start)));
}

fn or_zero(stat: Option<&Stat>, statistic: Statistic, unit: f64) -> Value<'static> {
    Value::Float(stat.map_or(0.0, |stat| stat.get(statistic) / unit))
}

/// Infinite, or not a number, for a flow without duration.
fn per_second(amount: u64, flow: &Flow) -> Value<'static> {
    let microseconds = (flow.duration_ns() / MICROSECOND_NS) as f64;
    Value::Float(amount as f64 / (microseconds / 1e6))
}

/// The first packet counts twice.
fn lengths<'a>(row: &'a Row<'a>, meter: &Meter, cells: &mut Vec<Value<'a>>) {
    let flow = row.flow;
    let [one, other] = &flow.trackers.sizes.sides;
    let mut series = one.payload.merged(&other.payload);
    series.add(meter.first_payload_bytes);
    let sum = flow.payload_bytes[0] + flow.payload_bytes[1] + u64::from(meter.first_payload_bytes);
    let stat = series.moments(flow.packet_count() + 1, sum).map(Stat::of);
    cells.extend([Min, Max, Mean, Std].map(|each| or_zero(stat.as_ref(), each, 1.0)));
    let std = stat.map_or(0.0, |stat| stat.get(Std));
    cells.push(Value::Float(std * std));
    cells.extend(flag_counts(flow).map(Value::from));
    let [forward, backward] = sides(flow);
    cells.push(quotient(flow.packets[backward], flow.packets[forward]));
    cells.push(Value::Float(sum as f64 / flow.packet_count() as f64));
    cells.extend(
        BOTH_WAYS.map(|direction| or_zero(row.stat(Series::PayloadLengths, direction), Mean, 1.0)),
    );
}

/// One series for both directions, which stands as the backward one.
fn bulks(meter: &Meter, cells: &mut Vec<Value<'_>>) {
    let bulks = &meter.bulks[0];
    cells.extend([0; 3].map(Value::Integer));
    cells.push(quotient(bulks.bytes, bulks.count));
    cells.push(quotient(bulks.packets, bulks.count));
    let microseconds = bulks.duration_ns / MICROSECOND_NS;
    cells.push(Value::Integer(match (bulks.count, microseconds) {
        (0, _) | (_, 0) => 0,
        // Java's cast cuts the decimals off and stops at the ends of its range, as this one does.
        _ => (bulks.bytes as f64 / (microseconds as f64 / 1e6)) as i64,
    }));
}

/// Whole division; 0 by 0.
fn quotient(dividend: u64, divisor: u64) -> Value<'static> {
    Value::from(dividend.checked_div(divisor).unwrap_or(0))
}
