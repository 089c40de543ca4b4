//! What rows tell of sessions (information connections).

use super::Kind::{Text, Time, Unsigned, Unsigneds};
use super::{Columns, List, Printed, Row, Value};
use crate::flows::{Flow, Group};

const ID: &str = "Id of the flow that the session began with";

/// Where a flow belongs.
pub(super) fn of_flow(columns: &mut Columns) {
    id_of_flow(columns);
    let meaning =
        "Rule by which the flow came to its session; missing where it began with this flow";
    columns.add("joined_by", "", Text, meaning, |row| {
        let rule = row.flow.grouped.and_then(|grouped| grouped.joined_by);
        rule.map_or(Value::Null, |rule| Value::Text(rule.name()))
    });
}

pub(super) fn id_of_flow(columns: &mut Columns) {
    let of_group = |row: &Row<'_>| row.flow.grouped.map(|grouped| grouped.session.into());
    columns.add("session_id", "", Unsigned, ID, move |row| of_group(row).unwrap_or(Value::Null));
}

pub(super) fn id(columns: &mut Columns) {
    columns.add("session_id", "", Unsigned, ID, |row| row.flow.id.into());
}

/// What a session is.
pub(super) fn columns(columns: &mut Columns) {
    id(columns);
    columns.add("client_ip", "", Text, "Address of the client of the first flow", |row| {
        Value::Address(row.flow.client().0)
    });
    columns
        .add("start", "", Time, "Time of the first packet, UTC", |row| Value::Time(row.flow.start));
    columns.add("end", "", Time, "Time of the last packet, UTC", |row| Value::Time(row.flow.end));
    columns.add("flows", "flows", Unsigned, "Flows of the session", |row| {
        group(row.flow).map_or(Value::Null, |group| group.flows.into())
    });
    let meaning = "Rules by which flows came to it, joined by semicolons";
    columns.add("joined_by", "", Text, meaning, |row| {
        let group = group(row.flow).filter(|group| group.rules().next().is_some());
        group.map_or(Value::Null, |group| Value::Printed(Printed::Rules(group)))
    });
    let meaning = "Ids of its flows, in the order in which they came to it; at most 256";
    columns.add("flow_ids", "", Unsigneds, meaning, |row| {
        let ids = group(row.flow).map_or(&[][..], |group| &group.flow_ids);
        Value::List(List::of_unsigneds(ids))
    });
}

pub(super) fn server_name(columns: &mut Columns) {
    columns.add("server_name", "", Text, "Name that the first of its flows with one had", |row| {
        let names = row.flow.labelled.as_ref().map(|all| &all.names);
        names.and_then(|names| names.server_name.as_deref()).into()
    });
}

fn group(flow: &Flow) -> Option<&Group> {
    flow.group.as_deref()
}
