//! Rows of sessions, and of their windows: all packets of all flows as one stream.

use super::super::cuts::{self, Cut};
use super::super::key::Endpoint;
use super::super::life::{Closed, Flow, Packet};
use super::super::native::microseconds;
use super::super::table::{Cell, Table};
use super::super::time_text::rfc3339;
use super::super::{Options, SECOND, columns, row};
use super::{Decided, RULES, Sessions, sessions};
use crate::support::capture::RawPacket;

/// Behind the end of a session's last flow.
const DUE: i128 = 62 * SECOND;
const WINDOW_DUE: i128 = 2 * SECOND;
const FLOW_IDS: usize = 256;
const FIRST: &str = "session_id client_ip start end flows joined_by flow_ids";
/// Behind the class. Without classifiers all but the last are empty.
const LAST: &str = "label label_group label_by confidence evidence traffic_class traffic_class_confidence server_name";

/// A session with its packets as they count in it.
struct Row<'a> {
    id: u64,
    members: Vec<&'a Decided>,
    packets: Vec<Packet>,
    ends: [Endpoint; 2],
    due: i128,
}

pub fn table(records: &[RawPacket], options: &Options) -> Table {
    let sessions = sessions(records, options);
    let mut rows = rows(&sessions, options);
    rows.sort_by_key(|row| (row.due, row.id));
    let chosen = chosen(options);
    let all = columns(options.profile);
    let columns = FIRST.split_whitespace().map(String::from);
    let columns = columns.chain(chosen.iter().map(|at| all[*at].clone()));
    let rows = rows.iter().map(|row| {
        let mut cells = first_cells(row);
        cells.extend(measured(row, &row.packets, &chosen, options));
        cells.extend(vec![Cell::Null; LAST.split_whitespace().count() - 1]);
        let name = row.members.iter().find_map(|member| member.name.clone());
        cells.push(name.map_or(Cell::Null, Cell::Text));
        cells
    });
    Table {
        columns: columns.chain(LAST.split_whitespace().map(String::from)).collect(),
        rows: rows.collect(),
    }
}

pub fn window_table(records: &[RawPacket], options: &Options, window: i128) -> Table {
    let sessions = sessions(records, options);
    let chosen = chosen(options);
    let mut rows_of_windows = Vec::new();
    for row in rows(&sessions, options) {
        let runs = cuts::runs(&row.packets, window, Cut::Packets);
        for (part, (start, run)) in runs.iter().enumerate() {
            let next = runs.get(part + 1);
            let due = next.map_or(row.due, |(_, next)| next[0].clock + WINDOW_DUE);
            let mut cells = vec![
                Cell::Integer(row.id.into()),
                Cell::Text(rfc3339(*start)),
                microseconds(window),
            ];
            cells.extend(measured(&row, run, &chosen, options));
            rows_of_windows.push(((due, row.id, part), cells));
        }
    }
    rows_of_windows.sort_by_key(|(order, _)| *order);
    let all = columns(options.profile);
    let first = ["session_id", "window_start", "window_us"].map(String::from);
    Table {
        columns: first.into_iter().chain(chosen.iter().map(|at| all[*at].clone())).collect(),
        rows: rows_of_windows.into_iter().map(|(_, cells)| cells).collect(),
    }
}

/// Timing, volume and the class.
fn chosen(options: &Options) -> Vec<usize> {
    let all = columns(options.profile);
    (0..all.len()).filter(|at| cuts::is_of_windows(&all, *at)).collect()
}

fn rows<'a>(sessions: &'a Sessions, options: &Options) -> Vec<Row<'a>> {
    let begun = sessions.decided.iter().filter(|decided| decided.joined_by.is_none());
    begun.map(|first| row_of(sessions, first, options)).collect()
}

fn row_of<'a>(sessions: &'a Sessions, first: &Decided, options: &Options) -> Row<'a> {
    let members: Vec<&Decided> = sessions.members(first.session).collect();
    let client = first.client;
    // All that matters of the other end is that it is not the client.
    let other = Endpoint { address: client.address, port: client.port ^ 1 };
    let mut packets = Vec::new();
    for member in &members {
        let flow = &sessions.flows[member.flow].flow;
        let is_of_flow = flow.packets.iter().any(|packet| {
            [packet.sender, packet.receiver].iter().any(|end| end.address == client.address)
        });
        for packet in &flow.packets {
            let is_forward = match is_of_flow {
                true => packet.sender.address == client.address,
                false => packet.sender == member.client,
            };
            let (sender, receiver) = if is_forward { (client, other) } else { (other, client) };
            packets.push(Packet { sender, receiver, ..packet.clone() });
        }
    }
    packets.sort_by_key(|packet| packet.position);
    if !options.profile.is_data_set() {
        let mut latest = i128::MIN;
        for packet in &mut packets {
            latest = latest.max(packet.arrived);
            packet.time = latest;
        }
    }
    let end = members.iter().map(|member| sessions.flows[member.flow].clock).max();
    let due = end.map_or(0, |end| end + DUE).min(sessions.last_clock);
    Row { id: first.session, members, packets, ends: [client, other], due }
}

fn first_cells(row: &Row) -> Vec<Cell> {
    let joined = |rule: &&&str| row.members.iter().any(|member| member.joined_by == Some(**rule));
    let rules: Vec<&str> = RULES.iter().filter(joined).copied().collect();
    let ids = row.members.iter().take(FLOW_IDS).map(|member| Cell::Integer(member.id.into()));
    vec![
        Cell::Integer(row.id.into()),
        Cell::text(row.ends[0].address.to_string()),
        Cell::Text(rfc3339(row.packets[0].time)),
        Cell::Text(rfc3339(row.packets[row.packets.len() - 1].time)),
        Cell::Integer(row.members.len() as i128),
        if rules.is_empty() { Cell::Null } else { Cell::Text(rules.join(";")) },
        Cell::List(ids.collect()),
    ]
}

/// The profile's columns of these packets, as if they were of one flow.
fn measured(of: &Row, packets: &[Packet], chosen: &[usize], options: &Options) -> Vec<Cell> {
    let [client, other] = of.ends;
    let flow = Flow::of(packets.to_vec(), client, other);
    let full = row(&Closed { flow, reason: "", clock: of.due, position: None }, options);
    chosen.iter().map(|at| full[*at].clone()).collect()
}
