//! `iscx`, `iscx-a2` and `iscx-fixed`: the time-based features of the ISCX VPN-nonVPN 2016 data
//! set (Draper-Gil et al., ICISSP 2016), by the rules recovered from its published rows.

use super::{Columns, Direction, Profile, Row, Series, Stat, Value, native};
use crate::decode::Reading;
use crate::features::{ActivityRule, Needs};
use crate::flows::Life;
use crate::time::MICROSECOND_NS;

const BOTH_WAYS: [Direction; 2] = [Direction::Forward, Direction::Backward];

/// The data set's own arithmetic: whole microseconds, -1 for missing, file order as it is.
const READING: Reading = Reading { whole_microseconds: true, bare_transport: true };

pub fn iscx() -> Profile {
    Profile {
        name: "iscx",
        about: "The 23 columns of the ISCX 2016 time-based data set by its own rules; the eight \
                directional names are shifted there, and so they are here.",
        columns: as_published(true, "label"),
        ..as_in_the_data_set()
    }
}

pub fn iscx_a2() -> Profile {
    Profile {
        name: "iscx-a2",
        about: "The same 23 columns as the data set's A2 files have them: names and contents agree.",
        columns: as_published(false, "class1"),
        ..as_in_the_data_set()
    }
}

fn as_in_the_data_set() -> Profile {
    Profile {
        name: "",
        version: 1,
        about: "",
        reading: READING,
        life: Life::ISCX,
        needs: Needs::TIMING,
        activity_rule: ActivityRule::Iscx,
        columns: Vec::new(),
        id_columns: id_columns(),
    }
}

pub fn iscx_fixed() -> Profile {
    let mut columns = Columns::default();
    columns.add("duration", "µs", "From the first to the last packet", |row| {
        Value::microseconds(row.flow.duration_ns())
    });
    for (name, words, pick) in [TOTAL, MIN, MAX, MEAN] {
        directional(&mut columns, name, words, move |row, direction| {
            corrected(row.stat(Series::Gaps, direction), pick)
        });
    }
    rates(&mut columns, Value::Null);
    for (name, words, pick) in [MIN, MAX, MEAN, STD] {
        columns.add(format!("{name}_flowiat"), "µs", words, move |row| {
            corrected(row.stat(Series::Gaps, Direction::Flow), pick)
        });
    }
    periods(&mut columns, |stat, pick, _| corrected(stat, pick));
    native::class(&mut columns, "label");
    Profile {
        name: "iscx-fixed",
        about: "The 23 names of the ISCX 2016 data set, computed right.",
        reading: Reading { whole_microseconds: false, bare_transport: false },
        life: Life::CONNECTION,
        activity_rule: ActivityRule::Exact,
        columns: columns.finish(),
        ..as_in_the_data_set()
    }
}

fn id_columns() -> Vec<super::Column> {
    let mut columns = Columns::default();
    native::id(&mut columns);
    columns.finish()
}

type Pick = fn(&Stat) -> f64;
type Named = (&'static str, &'static str, Pick);
const TOTAL: Named = ("total", "Sum of the times between packets", |stat| stat.sum as f64);
const MIN: Named = ("min", "Least time between packets", |stat| stat.min as f64);
const MAX: Named = ("max", "Greatest time between packets", |stat| stat.max as f64);
const MEAN: Named = ("mean", "Mean time between packets", |stat| stat.mean);
const STD: Named = ("std", "Sample standard deviation of the times", |stat| stat.std);

/// Microseconds with their nanoseconds as decimals; null for missing.
fn corrected(stat: Option<&Stat>, pick: Pick) -> Value<'static> {
    stat.map_or(Value::Null, |stat| Value::from(pick(stat) / 1_000.0))
}

/// Two columns, forward and backward, named as in `total_fiat`.
fn directional(
    columns: &mut Columns,
    name: &str,
    words: &str,
    value: impl for<'a> Fn(&Row<'a>, Direction) -> Value<'a> + Copy + Send + Sync + 'static,
) {
    for (letter, direction) in ["f", "b"].into_iter().zip(BOTH_WAYS) {
        let meaning = format!("{words}, {}", direction.words());
        columns
            .add(format!("{name}_{letter}iat"), "µs", meaning, move |row| value(row, direction));
    }
}

/// Whole microseconds.
fn whole(ns: i128) -> Value<'static> {
    Value::Integer((ns / i128::from(MICROSECOND_NS)) as i64)
}

/// A statistic as the published files have it: integers with -1, or floats with 0, for missing.
fn published(stat: Option<&Stat>, statistic: Statistic) -> Value<'static> {
    match (statistic, stat) {
        (Statistic::Min, Some(stat)) => whole(stat.min.into()),
        (Statistic::Max, Some(stat)) => whole(stat.max.into()),
        (Statistic::Total, Some(stat)) => whole(stat.sum),
        (Statistic::Mean, Some(stat)) => Value::from(stat.mean / 1_000.0),
        (Statistic::Std, Some(stat)) => Value::from(stat.std / 1_000.0),
        (Statistic::Min | Statistic::Max, None) => Value::Integer(-1),
        (Statistic::Total | Statistic::Mean | Statistic::Std, None) => Value::Integer(0),
    }
}

#[derive(Clone, Copy)]
enum Statistic {
    Total,
    Min,
    Max,
    Mean,
    Std,
}

fn as_published(names_are_shifted: bool, class: &'static str) -> Vec<super::Column> {
    use Statistic::{Max, Mean, Min, Std, Total};
    let mut columns = Columns::default();
    columns.add("duration", "µs", "From the first packet to the last in file order", |row| {
        whole(row.flow.duration_ns().into())
    });
    let held = match names_are_shifted {
        true => [("total", Min), ("min", Max), ("max", Mean), ("mean", Std)],
        false => [("total", Total), ("min", Min), ("max", Max), ("mean", Mean)],
    };
    for (name, statistic) in held {
        directional(&mut columns, name, meaning(statistic), move |row, direction| {
            published(row.stat(Series::Gaps, direction), statistic)
        });
    }
    rates(&mut columns, Value::Integer(0));
    for (name, statistic) in [("min", Min), ("max", Max), ("mean", Mean), ("std", Std)] {
        columns.add(format!("{name}_flowiat"), "µs", meaning(statistic), move |row| {
            published(row.stat(Series::Gaps, Direction::Flow), statistic)
        });
    }
    periods(&mut columns, |stat, _, statistic| published(stat, statistic));
    native::class(&mut columns, class);
    columns.finish()
}

fn meaning(statistic: Statistic) -> &'static str {
    match statistic {
        Statistic::Total => TOTAL.1,
        Statistic::Min => MIN.1,
        Statistic::Max => MAX.1,
        Statistic::Mean => MEAN.1,
        Statistic::Std => STD.1,
    }
}

/// The two rates; `missing` at duration 0.
fn rates(columns: &mut Columns, missing: Value<'static>) {
    let per_second = move |amount: u64, row: &Row<'_>| match row.flow.duration_ns() {
        0 => missing.clone(),
        ns => Value::from(amount as f64 * 1e9 / ns as f64),
    };
    let packets = per_second.clone();
    columns.add("flowPktsPerSecond", "1/s", "Packets by duration", move |row| {
        packets(row.flow.packet_count(), row)
    });
    columns.add("flowBytesPerSecond", "bytes/s", "IP bytes by duration", move |row| {
        per_second(row.flow.ip_bytes[0] + row.flow.ip_bytes[1], row)
    });
}

/// Active and idle periods, in the data set's order of statistics.
fn periods(columns: &mut Columns, value: fn(Option<&Stat>, Pick, Statistic) -> Value<'static>) {
    type Kind = for<'r> fn(&'r Row<'_>) -> Option<&'r Stat>;
    let active: Kind = |row| row.active.as_ref();
    let idle: Kind = |row| row.idle.as_ref();
    let (min, mean) = (("min", MIN.2, Statistic::Min), ("mean", MEAN.2, Statistic::Mean));
    let (max, std) = (("max", MAX.2, Statistic::Max), ("std", STD.2, Statistic::Std));
    for (kind, stat) in [("active", active), ("idle", idle)] {
        for (name, pick, statistic) in [min, mean, max, std] {
            let meaning = format!("{name} of the {kind} periods");
            columns.add(format!("{name}_{kind}"), "µs", meaning, move |row| {
                value(stat(row), pick, statistic)
            });
        }
    }
}
