//! What differs between profiles, as far as tests of formats and columns need it.

use std::path::Path;

use super::run::tractor;
use super::tables::{Cell, Cells};
use super::traffic::{SECOND_NS, START_NS, datagram, plain};
use crate::oracle::table::LABELS;
use crate::support::traffic::sample;

pub const PROFILES: [&str; 7] =
    ["native", "iscx", "iscx-a2", "iscx-fixed", "cic", "cic-fixed", "nfstream"];

pub fn version(profile: &str) -> u32 {
    if profile == "native" { 5 } else { 1 }
}

/// How many columns of what classifiers, names and sessions say stand behind the class.
pub fn labels_behind(profile: &str) -> usize {
    if profile == "native" { LABELS.len() } else { 0 }
}

/// The name of the column of the class; nfstream has none.
pub fn class_column(profile: &str) -> Option<&'static str> {
    match profile {
        "native" => Some("class"),
        "iscx-a2" => Some("class1"),
        "cic" | "cic-fixed" => Some("Label"),
        "nfstream" => None,
        _ => Some("label"),
    }
}

/// What stands in the column of the class when there is none.
pub fn no_class(profile: &str) -> &'static str {
    if profile.starts_with("cic") { "NeedManualLabel" } else { "" }
}

/// What --with-id puts in front.
pub fn id_columns(profile: &str) -> &'static [&'static str] {
    match profile {
        "native" | "nfstream" => &[],
        "cic" => &["flow_id"],
        "cic-fixed" => &["flow_id", "community_id"],
        _ => &[
            "flow_id",
            "client_ip",
            "client_port",
            "server_ip",
            "server_port",
            "protocol",
            "start",
        ],
    }
}

/// Names and kinds of a table's columns, as `tractor profiles` lists them.
pub fn kinds(profile: &str, with_id: bool) -> Vec<(String, String)> {
    let listed = |profile: &str| -> Vec<(String, String)> {
        let finished = tractor(Path::new("."), &["--no-config", "profiles", profile]);
        // `  1  a name   kind  unit  meaning`
        let columns = finished.output.lines().filter_map(|line| {
            let mut fields = line.split("  ").map(str::trim).filter(|field| !field.is_empty());
            fields.next()?.parse::<usize>().ok()?;
            Some((fields.next()?.to_owned(), fields.next()?.to_owned()))
        });
        columns.collect()
    };
    let mut columns = listed(profile);
    if with_id {
        let native = listed("native");
        let id = id_columns(profile).iter();
        let id = id.filter_map(|id| native.iter().find(|(name, _)| name == id));
        columns.splice(..0, id.cloned());
    }
    columns
}

pub fn is_numeric(kind: &str) -> bool {
    ["unsigned", "integer", "float"].contains(&kind)
}

/// The sample, and flows without duration: rates of `cic` are infinite for one and no number for the other.
pub fn with_flows_in_no_time() -> Vec<u8> {
    let mut packets = sample();
    let end_ns = packets.last().map_or(START_NS, |packet| packet.time_ns) + SECOND_NS - START_NS;
    for (port, payload) in [(4_001, &b"now"[..]), (4_002, b"")] {
        packets.extend([datagram(end_ns, port, payload), datagram(end_ns, port, payload)]);
    }
    plain(&packets)
}

/// Without what classifiers and names say: ARFF has nothing of it.
pub fn without_labels(mut kinds: Vec<(String, String)>) -> Vec<(String, String)> {
    kinds.retain(|(name, _)| !LABELS.contains(&name.as_str()));
    kinds
}

/// The rows of formats that have no such numbers.
pub fn finite_only(mut cells: Cells) -> Cells {
    let is_finite = |text: &String| text.parse::<f64>().is_ok_and(f64::is_finite);
    for cell in cells.rows.iter_mut().flatten() {
        if matches!(cell, Cell::Number(text) if !is_finite(text)) {
            *cell = Cell::Missing;
        }
    }
    cells
}

/// What ARFF has of a table: the numeric columns, then the class.
pub fn numeric_and_class(
    cells: &Cells,
    kinds: &[(String, String)],
    class: Option<&str>,
) -> Vec<Vec<Cell>> {
    let class = class.map_or(Cell::Missing, |class| Cell::Text(class.to_owned()));
    let of_row = |row: &Vec<Cell>| {
        let columns = row.iter().zip(kinds);
        let numbers = columns.filter(|(_, (_, kind))| is_numeric(kind)).map(|(cell, _)| cell);
        numbers.chain([&class]).cloned().collect()
    };
    cells.rows.iter().map(of_row).collect()
}
