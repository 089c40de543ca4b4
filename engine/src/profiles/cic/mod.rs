//! `cic` and `cic-fixed`: the 84 columns of CICFlowMeter 4.0, by the program's own rules and
//! computed right. Rules: FLOWS-cic.md.

mod copied;
mod corrected;
mod names;

use super::{Columns, Kind, Profile, Row, Value, native};
use crate::decode::{Reading, ReadingRules};
use crate::features::{ActivityRule, FLAG_NAMES, Meter, Needs, Own};
use crate::flows::{Flow, Life};
use crate::time::{MICROSECOND_NS, SECOND_NS};

/// The label of a flow that nobody gave one.
const NO_LABEL: &str = "NeedManualLabel";

/// A longer gap is an idle period.
const ACTIVITY_GAP_NS: i64 = 5 * SECOND_NS;

pub fn cic() -> Profile {
    Profile {
        name: "cic",
        version: 1,
        about: "The 84 columns of CICFlowMeter 4.0 by its own rules, errors included.",
        reading: Reading { rules: ReadingRules::Cic, time_unit_ns: MICROSECOND_NS, outer: false },
        life: Life::CIC,
        needs: Needs::Meter,
        activity_rule: ActivityRule::Cic,
        activity_gap_ns: ACTIVITY_GAP_NS,
        columns: columns(Kind::Text, copied::evaluate),
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
        columns: columns(Kind::Time, corrected::evaluate),
        id_columns: id_columns(true),
    }
}

type Evaluate = for<'a> fn(&'a Row<'a>, &Meter, &mut Vec<Value<'a>>);

/// `start` is the kind of the time of the first packet.
fn columns(start: Kind, evaluate: Evaluate) -> Columns {
    let mut columns = Columns::default();
    let none = Meter::default();
    columns.add_group(names::columns(start), move |row, cells| {
        evaluate(row, meter(row.flow).unwrap_or(&none), cells);
    });
    columns
}

fn id_columns(community_id: bool) -> Columns {
    let mut columns = Columns::default();
    let meaning = "Position of the first packet in the stream, from 1";
    columns.add("flow_id", "", Kind::Unsigned, meaning, |row| row.flow.id.into());
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

/// Both sides, the client's first.
fn sides(flow: &Flow) -> [usize; 2] {
    [flow.forward(), flow.backward()]
}

/// Packets with each flag, in the order of the columns: FIN SYN RST PSH ACK URG CWR ECE.
fn flag_counts(flow: &Flow) -> [u64; 8] {
    let tcp = &flow.trackers.tcp;
    FLAG_NAMES.map(|(_, bit)| u64::from(tcp.count(0, bit)) + u64::from(tcp.count(1, bit)))
}
