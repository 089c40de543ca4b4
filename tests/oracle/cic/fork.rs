//! What a repaired fork of CICFlowMeter does otherwise than `cic-fixed` (FLOWS-cic.md, section 7).

use std::collections::BTreeMap;

use super::fixed::{DIRECTIONS, packets, payload, quotient, row_of, times};
use super::row::columns;
use crate::oracle::decode::{ICMP, TCP, UDP};
use crate::oracle::features::{Of, Oriented};
use crate::oracle::key::{Endpoint, Key};
use crate::oracle::life::{Closed, Flow, flows};
use crate::oracle::table::Cell;
use crate::oracle::values::{gaps, summary};
use crate::oracle::{Options, Profile, SECOND};
use crate::support::capture::RawPacket;

/// Changes a row to what the fork has.
type Rule = fn(&mut [Cell], &Oriented, &Options);

/// What is changed in a flow before there is a row stands first.
pub const FLOW_RULES: [&str; 3] = ["client kept", "direction by address", "payload"];

/// Then what is changed in the row.
pub const ROW_RULES: [(&str, Rule); 5] = [
    ("first packet", first_packet),
    ("subflows", subflows),
    ("last active period", last_active_period),
    ("nothing is zero", nothing_is_zero),
    ("ports", ports),
];

/// As the fork is without options.
pub fn options() -> Options {
    Options { active: Some(120 * SECOND), outer: true, ..Options::of(Profile::CicFixed) }
}

/// Of each flow the row of `cic-fixed`, and that row after each rule.
pub fn rows(records: &[RawPacket]) -> Vec<Vec<Vec<Cell>>> {
    let options = options();
    let mut closed = flows(records, &options);
    closed.sort_by_key(|closed| closed.flow.id());
    let mut clients = BTreeMap::new();
    closed.iter().map(|closed| rows_of(closed, &mut clients, &options)).collect()
}

/// `clients` are those of flows that time cut off.
fn rows_of(
    closed: &Closed,
    clients: &mut BTreeMap<Key, Endpoint>,
    options: &Options,
) -> Vec<Vec<Cell>> {
    let flow = &closed.flow;
    let own = Oriented::new(flow, true);
    let client = clients.remove(&flow.key).unwrap_or(own.client);
    if matches!(closed.reason, "active" | "idle") {
        clients.insert(flow.key.clone(), client);
    }
    let by_address = by_address(flow, client);
    let without_payload = without_payload(&by_address);
    let fork = oriented(&without_payload, client);
    let mut rows = vec![
        row_of(&own, options),
        row_of(&oriented(flow, client), options),
        row_of(&oriented(&by_address, client), options),
        row_of(&fork, options),
    ];
    for (_, rule) in ROW_RULES {
        let mut row = rows[rows.len() - 1].clone();
        rule(&mut row, &fork, options);
        rows.push(row);
    }
    rows
}

fn oriented(flow: &Flow, client: Endpoint) -> Oriented<'_> {
    let [one, other] = flow.key.ends;
    let server = if client == one { other } else { one };
    Oriented { flow, client, server, client_by: "" }
}

/// A packet is forward there when its sender's address is the client's, whatever the port.
fn by_address(flow: &Flow, client: Endpoint) -> Flow {
    let mut flow = flow.clone();
    for packet in &mut flow.packets {
        if packet.sender.address == client.address {
            packet.sender = client;
        }
    }
    flow
}

/// Only TCP and UDP have any there.
fn without_payload(flow: &Flow) -> Flow {
    let mut flow = flow.clone();
    if !matches!(flow.key.protocol, TCP | UDP) {
        for packet in &mut flow.packets {
            packet.payload_bytes = 0;
            packet.header_bytes = Some(0);
        }
    }
    flow
}

fn set(row: &mut [Cell], column: &str, cell: Cell) {
    let place = columns().iter().position(|name| name == column).expect("a column");
    row[place] = cell;
}

/// Two columns of the forward direction are filled by the flow's first packet, and only if it is forward.
fn first_packet(row: &mut [Cell], flow: &Oriented, _: &Options) {
    if flow.flow.packets[0].sender != flow.client {
        set(row, "FWD Init Win Bytes", Cell::Integer(0));
        set(row, "Fwd Seg Size Min", Cell::Integer(0));
    }
}

/// It divides by the gaps between them, which are one less.
fn subflows(row: &mut [Cell], flow: &Oriented, _: &Options) {
    let between = gaps(&flow.times(Of::Flow)).iter().filter(|gap| **gap > SECOND).count() as i128;
    for (name, of) in ["Fwd", "Bwd"].into_iter().zip(DIRECTIONS) {
        set(row, &format!("Subflow {name} Packets"), quotient(packets(flow, of), between));
        set(row, &format!("Subflow {name} Bytes"), quotient(payload(flow, of), between));
    }
}

/// It ends no active period but with an idle one, and knows none of one instant.
fn last_active_period(row: &mut [Cell], flow: &Oriented, options: &Options) {
    let mut periods = flow.active_periods(options.activity_gap);
    periods.pop();
    periods.retain(|period| *period > 0);
    for (name, cell) in ["Mean", "Std", "Max", "Min"].iter().zip(times(summary(&periods))) {
        set(row, &format!("Active {name}"), cell);
    }
}

/// But for rates without a duration.
fn nothing_is_zero(row: &mut [Cell], _: &Oriented, _: &Options) {
    for (cell, column) in row.iter_mut().zip(columns()).filter(|(cell, _)| **cell == Cell::Null) {
        let is_rate = matches!(column.as_str(), "Flow Bytes/s" | "Flow Packets/s");
        *cell = Cell::Integer(if is_rate { -1 } else { 0 });
    }
}

/// Only TCP and UDP have any there; other protocols than ICMP and IGMP are all 0.
fn ports(row: &mut [Cell], flow: &Oriented, _: &Options) {
    const IGMP: u8 = 2;
    let protocol = flow.flow.key.protocol;
    if matches!(protocol, TCP | UDP) {
        return;
    }
    let protocol = if matches!(protocol, ICMP | IGMP) { protocol } else { 0 };
    let [client, server] = [flow.client.address, flow.server.address];
    set(row, "Flow ID", Cell::Text(format!("{client}-{server}-0-0-{protocol}")));
    set(row, "Protocol", Cell::Integer(protocol.into()));
    for column in ["Src Port", "Dst Port"] {
        set(row, column, Cell::Integer(0));
    }
}
