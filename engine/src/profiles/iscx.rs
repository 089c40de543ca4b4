//! `iscx`, `iscx-a2` and `iscx-fixed`: the time-based features of the ISCX VPN-nonVPN 2016 data
//! set (Draper-Gil et al., ICISSP 2016), by the rules recovered from its published rows.

use super::Statistic::{self, Max, Mean, Min, Std, Sum};
use super::{Columns, Direction, Kind, Period, Profile, Row, Series, Stat, Value, native};
use crate::decode::{Reading, ReadingRules};
use crate::features::{ActivityRule, Needs};
use crate::flows::Life;
use crate::time::{MICROSECOND_NS, SECOND_NS};

const BOTH_WAYS: [Direction; 2] = [Direction::Forward, Direction::Backward];

/// The data set's own arithmetic: whole microseconds, -1 for missing, file order as it is.
const READING: Reading = Reading::by(ReadingRules::BareTransport, MICROSECOND_NS);

pub fn iscx() -> Profile {
    Profile {
        name: "iscx",
        about: "The 23 columns of the ISCX 2016 time-based data set by its own rules; the eight \
                directional names are shifted there, and so they are here.",
        columns: as_published(true),
        class: native::class("label"),
        ..as_in_the_data_set()
    }
}

pub fn iscx_a2() -> Profile {
    Profile {
        name: "iscx-a2",
        about: "The same 23 columns as the data set's A2 files have them: names and contents agree.",
        columns: as_published(false),
        class: native::class("class1"),
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
        needs: Needs::Times,
        activity_rule: ActivityRule::Iscx,
        activity_gap_ns: SECOND_NS,
        columns: Columns::default(),
        class: Columns::default(),
        labels: Columns::default(),
        id_columns: id_columns(),
    }
}

pub fn iscx_fixed() -> Profile {
    let mut columns = Columns::default();
    columns.are_of_windows(true);
    columns.add("duration", "µs", Kind::Float, "From the first to the last packet", |row| {
        Value::microseconds(row.flow.duration_ns())
    });
    for statistic in [Sum, Min, Max, Mean] {
        let (name, words) = named(statistic);
        directional(&mut columns, name, Kind::Float, words, move |row, direction| {
            corrected(row.stat(Series::Gaps, direction), statistic)
        });
    }
    rates(&mut columns, Value::Null);
    over_the_flow(&mut columns, |_| Kind::Float, corrected);
    periods(&mut columns, |_| Kind::Float, corrected);
    Profile {
        name: "iscx-fixed",
        about: "The 23 names of the ISCX 2016 data set, computed right.",
        reading: Reading::OURS,
        life: Life::CONNECTION,
        activity_rule: ActivityRule::Exact,
        columns,
        class: native::class("label"),
        ..as_in_the_data_set()
    }
}

fn id_columns() -> Columns {
    let mut columns = Columns::default();
    native::id(&mut columns);
    columns
}

/// A statistic's name in a column, and its words.
fn named(statistic: Statistic) -> (&'static str, &'static str) {
    match statistic {
        Sum => ("total", "Sum of the times between packets"),
        Min => ("min", "Least time between packets"),
        Max => ("max", "Greatest time between packets"),
        Mean => ("mean", "Mean time between packets"),
        Std => ("std", "Sample standard deviation of the times"),
    }
}

/// Microseconds with their nanoseconds as decimals; null for missing.
fn corrected(stat: Option<&Stat>, statistic: Statistic) -> Value<'static> {
    stat.map_or(Value::Null, |stat| Value::from(stat.get(statistic) / 1_000.0))
}

/// Two columns, forward and backward, named as in `total_fiat`.
fn directional(
    columns: &mut Columns,
    name: &str,
    kind: Kind,
    words: &str,
    value: impl for<'a> Fn(&'a Row<'a>, Direction) -> Value<'a> + Copy + Send + Sync + 'static,
) {
    for (letter, direction) in ["f", "b"].into_iter().zip(BOTH_WAYS) {
        let meaning = format!("{words}, {}", direction.words());
        columns.add(format!("{name}_{letter}iat"), "µs", kind, meaning, move |row| {
            value(row, direction)
        });
    }
}

/// Whole microseconds.
fn whole(ns: i128) -> Value<'static> {
    Value::Integer((ns / i128::from(MICROSECOND_NS)) as i64)
}

/// A statistic as the published files have it: integers with -1, or floats with 0, for missing.
fn published(stat: Option<&Stat>, statistic: Statistic) -> Value<'static> {
    match (statistic, stat) {
        (Min, Some(stat)) => whole(stat.min.into()),
        (Max, Some(stat)) => whole(stat.max.into()),
        (Sum, Some(stat)) => whole(stat.sum),
        (Mean | Std, Some(stat)) => Value::from(stat.get(statistic) / 1_000.0),
        (Min | Max, None) => Value::Integer(-1),
        (Sum | Mean | Std, None) => Value::Integer(0),
    }
}

/// What [`published`] gives.
fn published_kind(statistic: Statistic) -> Kind {
    match statistic {
        Min | Max | Sum => Kind::Integer,
        Mean | Std => Kind::Float,
    }
}

fn as_published(names_are_shifted: bool) -> Columns {
    let mut columns = Columns::default();
    columns.are_of_windows(true);
    columns.add(
        "duration",
        "µs",
        Kind::Integer,
        "From the first packet to the last in file order",
        |row| whole(row.flow.duration_ns().into()),
    );
    let held = match names_are_shifted {
        true => [("total", Min), ("min", Max), ("max", Mean), ("mean", Std)],
        false => [("total", Sum), ("min", Min), ("max", Max), ("mean", Mean)],
    };
    for (name, statistic) in held {
        let (kind, words) = (published_kind(statistic), named(statistic).1);
        directional(&mut columns, name, kind, words, move |row, direction| {
            published(row.stat(Series::Gaps, direction), statistic)
        });
    }
    rates(&mut columns, Value::Integer(0));
    over_the_flow(&mut columns, published_kind, published);
    periods(&mut columns, published_kind, published);
    columns
}

/// How a profile writes a statistic, or its absence.
type Written = fn(Option<&Stat>, Statistic) -> Value<'static>;
/// Of which kind what it writes is.
type KindOf = fn(Statistic) -> Kind;

/// The gaps of both directions together.
fn over_the_flow(columns: &mut Columns, kind: KindOf, value: Written) {
    for statistic in [Min, Max, Mean, Std] {
        let (name, words) = named(statistic);
        columns.add(format!("{name}_flowiat"), "µs", kind(statistic), words, move |row| {
            value(row.stat(Series::Gaps, Direction::Flow), statistic)
        });
    }
}

/// The two rates; `missing` at duration 0.
fn rates(columns: &mut Columns, missing: Value<'static>) {
    let per_second = move |amount: u64, row: &Row<'_>| match row.flow.duration_ns() {
        0 => missing,
        ns => Value::from(amount as f64 * 1e9 / ns as f64),
    };
    let packets = per_second;
    columns.add("flowPktsPerSecond", "1/s", Kind::Float, "Packets by duration", move |row| {
        packets(row.flow.packet_count(), row)
    });
    columns.add("flowBytesPerSecond", "bytes/s", Kind::Float, "IP bytes by duration", move |row| {
        per_second(row.flow.ip_bytes[0] + row.flow.ip_bytes[1], row)
    });
}

/// Active and idle periods, in the data set's order of statistics.
fn periods(columns: &mut Columns, kind: KindOf, value: Written) {
    for period in [Period::Active, Period::Idle] {
        for statistic in [Min, Mean, Max, Std] {
            let ((name, _), period_name) = (named(statistic), period.name());
            let meaning = format!("{name} of the {period_name} periods");
            columns.add(
                format!("{name}_{period_name}"),
                "µs",
                kind(statistic),
                meaning,
                move |row| value(row.periods(period), statistic),
            );
        }
    }
}
