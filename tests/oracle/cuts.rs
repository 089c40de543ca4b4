//! Rows of windows, and the first packets one by one (section 9).

use super::features::Oriented;
use super::life::{self, Closed, Flow, Packet};
use super::native::microseconds;
use super::table::{Cell, Table};
use super::tcp::Connection;
use super::time_text::rfc3339;
use super::values::gaps;
use super::{Options, Profile, columns, decode::TCP, row};
use crate::support::capture::RawPacket;

const EARLY: [&str; 3] = ["splt_direction", "splt_payload_bytes", "splt_gap_us"];

/// What is told of a packet. Time in nanoseconds.
pub struct Early {
    pub is_forward: bool,
    pub payload_bytes: i128,
    pub time: i128,
}

/// All packets of a flow that follows no copied program.
pub fn early(flow: &Flow, profile: Profile) -> Vec<Early> {
    let client = Oriented::new(flow, !profile.is_data_set()).client;
    let packets = flow.packets.iter().map(|packet| Early {
        is_forward: packet.sender == client,
        payload_bytes: packet.payload_bytes,
        time: packet.time,
    });
    packets.collect()
}

/// Puts the three lists at that place; `packets` are those of each row.
pub fn insert_early(
    table: &mut Table,
    place: usize,
    packets: impl Iterator<Item = Vec<Early>>,
    options: &Options,
) {
    let count = usize::from(options.early_packets);
    if count == 0 {
        return;
    }
    table.columns.splice(place..place, EARLY.map(String::from));
    for (row, mut packets) in table.rows.iter_mut().zip(packets) {
        packets.truncate(count);
        let times: Vec<i128> = packets.iter().map(|packet| packet.time).collect();
        let gaps = [0].into_iter().chain(gaps(&times));
        let lists = [
            packets.iter().map(|packet| Cell::Integer((!packet.is_forward).into())).collect(),
            packets.iter().map(|packet| Cell::Integer(packet.payload_bytes)).collect(),
            gaps.map(microseconds).collect(),
        ];
        row.splice(place..place, lists.map(Cell::List));
    }
}

/// What ends the rows of windows of a flow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// A packet in another window.
    Packets,
    /// The clock, too: rows of windows that stand beside those of flows.
    Clock,
}

/// A row for each flow and window of so many nanoseconds.
pub fn table(packets: &[RawPacket], options: &Options, window: i128) -> Table {
    rows_of_windows(packets, options, window, Cut::Packets)
}

/// The rows that a job stores beside those of flows.
pub fn beside(packets: &[RawPacket], options: &Options, window: i128) -> Table {
    rows_of_windows(packets, options, window, Cut::Clock)
}

fn rows_of_windows(packets: &[RawPacket], options: &Options, window: i128, cut: Cut) -> Table {
    let all = columns(options.profile);
    let chosen: Vec<usize> = (0..all.len()).filter(|at| is_of_windows(&all, *at)).collect();
    let mut rows = Vec::new();
    for closed in life::flows(packets, options) {
        let runs = runs(&closed.flow.packets, window, cut);
        for (part, (start, run)) in runs.iter().enumerate() {
            let mut ended = runs.get(part + 1).map_or(closed.clock, |(_, next)| next[0].clock);
            if cut == Cut::Clock {
                ended = ended.min(end_of_clock(run, window));
            }
            let part_of = part_of(&closed, run, ended);
            let full = row(&part_of, options);
            let mut cells = vec![
                Cell::Integer(closed.flow.id().into()),
                Cell::Text(rfc3339(*start)),
                microseconds(window),
            ];
            cells.extend(chosen.iter().map(|at| full[*at].clone()));
            rows.push(((ended, closed.flow.id(), part), cells));
        }
    }
    rows.sort_by_key(|(order, _)| *order);
    let first = ["flow_id", "window_start", "window_us"].map(String::from);
    Table {
        columns: first.into_iter().chain(chosen.iter().map(|at| all[*at].clone())).collect(),
        rows: rows.into_iter().map(|(_, cells)| cells).collect(),
    }
}

/// Timing, volume, and the class, which is last.
pub fn is_of_windows(columns: &[String], at: usize) -> bool {
    let place = |name: &str| columns.iter().position(|column| column == name);
    let within = |from: &str, to: &str| {
        place(from).zip(place(to)).is_some_and(|(from, to)| (from..=to).contains(&at))
    };
    at + 1 == columns.len()
        || columns[0] == "duration"
        || columns[at] == "duration_us"
        || within("packets_fwd", "bytes_per_second")
        || within("Flow Duration", "Idle Min")
}

/// When the window ends in which the clock was at the first of the packets.
fn end_of_clock(run: &[Packet], window: i128) -> i128 {
    let end = begin(run[0].clock, window) + window;
    end.min(i64::MAX.into())
}

/// The begin of the window of a time.
fn begin(time: i128, window: i128) -> i128 {
    let floor = time.div_euclid(window) * window;
    if floor < i64::MIN.into() { floor + window } else { floor }
}

/// Packets in a row that lie in one window, with its begin.
pub fn runs(packets: &[Packet], window: i128, cut: Cut) -> Vec<(i128, Vec<Packet>)> {
    let mut runs: Vec<(i128, Vec<Packet>)> = Vec::new();
    for packet in packets {
        let start = begin(packet.time, window);
        let goes_on =
            |run: &[Packet]| cut == Cut::Packets || packet.clock < end_of_clock(run, window);
        match runs.last_mut() {
            Some((last, run)) if *last == start && goes_on(run) => run.push(packet.clone()),
            _ => runs.push((start, vec![packet.clone()])),
        }
    }
    runs
}

/// The flow as if it had these packets alone, but with the client as it is known after them.
fn part_of(closed: &Closed, run: &[Packet], clock: i128) -> Closed {
    let last = run[run.len() - 1].position;
    let mut connection = Connection::default();
    let until = closed.flow.packets.iter().take_while(|packet| packet.position <= last);
    for packet in until.filter(|_| closed.flow.key.protocol == TCP) {
        connection.add(packet.sender, packet.receiver, packet.tcp.as_ref(), packet.payload_bytes);
    }
    let mut flow = closed.flow.clone();
    (flow.packets, flow.connection) = (run.to_vec(), connection);
    Closed { flow, reason: closed.reason, clock, position: closed.position }
}
