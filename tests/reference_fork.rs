//! `cic-fixed` beside a repaired fork of CICFlowMeter, on the captures of [`crate::reference_peers`]: the rules of
//! FLOWS-cic.md, section 7, turn each of our rows into the fork's, so that no difference is without a rule.

use std::collections::BTreeMap;

use crate::binary::{self, Means};
use crate::oracle::cic::fork::{self, FLOW_RULES, ROW_RULES};
use crate::oracle::cic::row::columns;
use crate::oracle::table;
use crate::oracle::table::Cell;
use crate::reference_peers::{Capture, Rows, address_pairs, captures, cell_equals, folder};
use crate::support::capture::RawPacket;

/// Why a row has no other beside it, and how many there are.
const ALONE: [(&str, usize); 4] = [
    ("fork: frame read again as IPv4", 8),
    ("fork: packets without total length", 2),
    ("ours: IPv6", 82),
    ("ours: protocol 113", 1),
];

/// What was found in all captures.
#[derive(Default)]
struct Findings {
    pairs: usize,
    alone: BTreeMap<&'static str, usize>,
    /// Cells that each rule changes.
    cells: BTreeMap<&'static str, usize>,
    unexplained: Vec<String>,
}

#[test]
fn every_difference_from_the_repaired_fork_has_a_rule() {
    let captures = captures();
    let mut findings = Findings::default();
    for capture in &captures {
        findings.compare(capture);
    }
    let Findings { pairs, alone, cells, unexplained } = findings;
    eprintln!("{pairs} pairs of rows, cells changed by {cells:?}, alone {alone:?}");
    assert!(unexplained.is_empty(), "{}", unexplained.join("\n"));
    if !captures.is_empty() {
        assert_eq!(alone, BTreeMap::from(ALONE));
        assert!(rule_names().all(|rule| cells[rule] > 0), "a rule that explains nothing");
    }
}

#[test]
fn the_program_gives_the_rows_that_the_rules_begin_with() {
    for capture in captures() {
        let means = Means { workers: 2, chunk_bytes: None };
        let options = fork::options();
        let printed = binary::flows(std::slice::from_ref(&capture.path), &options, means);
        let difference = table(&capture.packets, &options).difference(&printed.output);
        assert_eq!(difference, None, "{}", printed.command);
    }
}

fn rule_names() -> impl Iterator<Item = &'static str> {
    FLOW_RULES.into_iter().chain(ROW_RULES.map(|(name, _)| name))
}

impl Findings {
    fn compare(&mut self, capture: &Capture) {
        let path = folder().join(format!("expected/{}.cicflowmeter-gints.csv", capture.name));
        let text = std::fs::read_to_string(path).expect("expected rows");
        let mut theirs = Rows::of_csv(&text);
        let (without_length, records): (Vec<RawPacket>, Vec<RawPacket>) =
            capture.packets.iter().cloned().partition(has_no_total_length);
        for stages in fork::rows(&records) {
            let ours: Vec<String> = stages[stages.len() - 1].iter().map(Cell::to_string).collect();
            match theirs.rows.iter().position(|row| identity(row) == identity(&ours)) {
                Some(place) => {
                    let row = theirs.rows.remove(place);
                    self.count_changes(&stages);
                    self.hold_against(capture, &theirs, &row, &ours);
                }
                None => self.ours_alone(capture, &ours),
            }
        }
        self.theirs_alone(capture, &theirs, without_length.len());
    }

    fn count_changes(&mut self, stages: &[Vec<Cell>]) {
        self.pairs += 1;
        for (rule, pair) in rule_names().zip(stages.windows(2)) {
            let changed = pair[0].iter().zip(&pair[1]).filter(|(before, after)| before != after);
            *self.cells.entry(rule).or_default() += changed.count();
        }
    }

    fn hold_against(&mut self, capture: &Capture, theirs: &Rows, row: &[String], ours: &[String]) {
        // How the time of day is written is no matter of the flow.
        for (column, cell) in columns().iter().zip(ours).filter(|(name, _)| *name != "Timestamp") {
            let other = &row[theirs.place(column)];
            if !cell_equals(cell, other) {
                let id = &row[0];
                self.unexplained.push(format!(
                    "{} {id} {column}: fork {other}, by the rules {cell}",
                    capture.name
                ));
            }
        }
    }

    fn ours_alone(&mut self, capture: &Capture, row: &[String]) {
        let why = match capture.name.as_str() {
            _ if row[1].contains(':') => "ours: IPv6",
            "pgm" => "ours: protocol 113",
            name => {
                let row = row.join(",");
                return self.unexplained.push(format!("{name}: the fork has no row {row}"));
            }
        };
        *self.alone.entry(why).or_default() += 1;
    }

    fn theirs_alone(&mut self, capture: &Capture, theirs: &Rows, without_length: usize) {
        let known = address_pairs(&capture.packets);
        let mut unread = 0;
        for row in &theirs.rows {
            let pair = [&row[1], &row[3]].map(|text| text.parse().expect("an address"));
            let is_known = known.contains(&pair) || known.contains(&[pair[1], pair[0]]);
            let why = match is_known {
                false => "fork: frame read again as IPv4",
                true => "fork: packets without total length",
            };
            *self.alone.entry(why).or_default() += 1;
            let packets = ["Total Fwd Packet", "Total Bwd packets"].map(|name| theirs.place(name));
            let packets = packets.map(|place| row[place].parse().unwrap_or(0));
            unread += if is_known { packets.iter().sum() } else { 0 };
        }
        if unread != without_length {
            let name = &capture.name;
            self.unexplained.push(format!("{name}: {unread} packets without length in rows"));
        }
    }
}

/// Ends and start, the start as the fork writes it, with all its zeros.
fn identity(row: &[String]) -> [String; 2] {
    let start = row[6].replace('T', " ").replace('Z', "");
    [row[0].clone(), format!("{start:0<26}")]
}

/// IPv4 behind Ethernet whose total length is 0, as when the network card cut the packet in segments.
fn has_no_total_length(packet: &RawPacket) -> bool {
    packet.data.get(12..14) == Some(&[8, 0]) && packet.data.get(16..18) == Some(&[0, 0])
}
