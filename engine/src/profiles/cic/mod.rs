//! `cic` and `cic-fixed`: the 84 columns of CICFlowMeter 4.0, by the program's own rules and
//! computed right. Rules: FLOWS-cic.md.

mod copied;
mod corrected;
mod names;

use super::Statistic::{self, Max, Mean, Min, Std, Sum};
use super::{Columns, Direction, Kind, Profile, Row, Series, Stat, Value, native};
use crate::decode::{Reading, ReadingRules};
use crate::features::{ActivityRule, FLAG_NAMES, Meter, Needs, Own};
use crate::flows::{Flow, Life};
use crate::time::{MICROSECOND_NS, SECOND_NS};

/// The label of a flow that nobody gave one.
const NO_LABEL: &str = "NeedManualLabel";

const BOTH_WAYS: [Direction; 2] = [Direction::Forward, Direction::Backward];

/// A longer gap is an idle period.
const ACTIVITY_GAP_NS: i64 = 5 * SECOND_NS;

pub fn cic() -> Profile {
    Profile {
        name: "cic",
        version: 1,
        about: "The 84 columns of CICFlowMeter 4.0 by its own rules, errors included.",
        reading: Reading::by(ReadingRules::Cic, MICROSECOND_NS),
        life: Life::CIC,
        needs: Needs::Meter,
        activity_rule: ActivityRule::Cic,
        activity_gap_ns: ACTIVITY_GAP_NS,
        columns: columns(Kind::Text, false, copied::identity, copied::evaluate),
        class: class(),
        labels: Columns::default(),
        id_columns: id_columns(false),
    }
}

pub fn cic_fixed() -> Profile {
    Profile {
        name: "cic-fixed",
        version: 1,
        about: "The 84 columns of CICFlowMeter 4.0, computed right.",
        reading: Reading::OURS,
        life: Life::CONNECTION,
        needs: Needs::Meter,
        activity_rule: ActivityRule::Exact,
        activity_gap_ns: ACTIVITY_GAP_NS,
        columns: columns(Kind::Time, true, corrected::identity, corrected::evaluate),
        class: class(),
        labels: Columns::default(),
        id_columns: id_columns(true),
    }
}

type Identity = for<'a> fn(&'a Flow, &mut Vec<Value<'a>>);
type Evaluate = for<'a> fn(&'a Row<'a>, &Meter, &mut Vec<Value<'a>>);

/// `start` is the kind of the time of the first packet; whether rows are of windows too.
fn columns(start: Kind, of_windows: bool, identity: Identity, evaluate: Evaluate) -> Columns {
    let mut columns = Columns::default();
    columns.add_group(names::identity(start), move |row, cells| identity(row.flow, cells));
    columns.are_of_windows(of_windows);
    let none = Meter::default();
    columns.add_group(names::features(), move |row, cells| {
        evaluate(row, meter(row.flow).unwrap_or(&none), cells);
    });
    columns
}

/// The last column.
fn class() -> Columns {
    let mut columns = Columns::default();
    columns.add("Label", "", Kind::Text, super::CLASS_MEANING, |row| {
        row.class_or_label().unwrap_or(NO_LABEL).into()
    });
    columns
}

fn id_columns(community_id: bool) -> Columns {
    let mut columns = Columns::default();
    native::flow_id(&mut columns);
    if community_id {
        native::community_id(&mut columns);
    }
    columns
}

fn meter(flow: &Flow) -> Option<&Meter> {
    match &flow.trackers.own {
        Own::Meter(meter) => Some(meter),
        _ => None,
    }
}

/// What a statistic is in a cell, divided by a unit; of no value, too.
type Shown = fn(Option<&Stat>, Statistic, f64) -> Value<'static>;

/// Pushes the gaps of the flow and of both directions.
fn gaps<'a>(row: &'a Row<'a>, shown: Shown, cells: &mut Vec<Value<'a>>) {
    const MICROSECOND: f64 = 1_000.0;
    let of_flow = row.stat(Series::Gaps, Direction::Flow);
    cells.extend([Mean, Std, Max, Min].map(|each| shown(of_flow, each, MICROSECOND)));
    for direction in BOTH_WAYS {
        let stat = row.stat(Series::Gaps, direction);
        cells.extend([Sum, Mean, Std, Max, Min].map(|each| shown(stat, each, MICROSECOND)));
    }
}

/// Both sides, the client's first.
fn sides(flow: &Flow) -> [usize; 2] {
    [flow.forward(), flow.backward()]
}

/// Packets with each flag, in the order of the columns: FIN SYN RST PSH ACK URG CWR ECE.
fn flag_counts(flow: &Flow) -> [u64; 8] {
    let tcp = &flow.trackers.tcp;
    FLAG_NAMES.map(|(_, bit)| u64::from(tcp.count(0, bit)) + u64::from(tcp.count(1, bit)))
}
