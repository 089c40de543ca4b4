//! The names that flows have are those that tshark finds in the same captures, at least 99 of 100 of each kind: server
//! names (SNI, Host), user agents, ALPN, JA3 and JA4.
//!
//! Of a flow counts what its first packet that says something of a kind says: clients repeat their hellos.

mod explained;
mod fingerprint;
mod hay;
mod packets;
mod rows;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::{captures, folder, is_long};
use crate::support::at_once::{check_each, processors};
use packets::{ALPN, HOST, JA3, JA4, SNI};
use rows::Rows;

/// Of so many captures one is taken when not all are: a second of tshark for eight of them.
const EVERY: usize = 3;

#[derive(Default, Clone, Copy)]
struct Counts {
    /// For which tshark has a name.
    flows: usize,
    equal: usize,
    missing: usize,
    other: usize,
    /// Of those that are missing or other: it is known why.
    explained: usize,
}

/// What became of a name that tshark found.
struct Outcome {
    kind: &'static str,
    theirs: String,
    /// What our flow says instead; nothing if there is no such flow.
    ours: Vec<String>,
    capture: String,
    frame: String,
}

impl Outcome {
    fn is_equal(&self) -> bool {
        self.ours.contains(&self.theirs)
    }
}

fn column(kind: &str) -> &'static str {
    match kind {
        packets::SNI | packets::QUIC_SNI | packets::GOOGLE_SNI | packets::HOST => "server_name",
        packets::ALPN => "alpn",
        packets::JA3 => "ja3",
        packets::JA4 => "ja4",
        _ => "user_agent",
    }
}

/// Host and server name as the columns have them (FLOWS.md, section 10); `None` for one that they leave out.
fn as_in_column(kind: &str, value: &str) -> Option<String> {
    if column(kind) != "server_name" {
        return Some(value.trim().to_owned());
    }
    let mut name = value.trim();
    if kind == HOST {
        let without_port = name.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok());
        name = without_port.map_or(name, |(host, _)| host);
        name = name.trim_start_matches('[').trim_end_matches(']');
        if name.parse().is_ok_and(|address: IpAddr| address.is_multicast()) {
            return None;
        }
    }
    Some(name.trim_end_matches('.').to_owned())
}

/// Every name of a capture that tshark has; `None` without tshark.
fn compare(capture: &Path) -> Option<Vec<Outcome>> {
    let packets = packets::read(capture)?;
    if packets.is_empty() {
        return Some(Vec::new());
    }
    let rows = Rows::of(capture);
    let mut first = BTreeMap::new();
    for packet in packets {
        let flow = rows.find(&packet.ends, packet.time_ns);
        for (kind, value) in packet.said {
            let key = (packet.ends.clone(), flow, kind);
            first.entry(key).or_insert_with(|| (packet.frame.clone(), value));
        }
    }
    let capture = capture.strip_prefix(folder()).unwrap_or(capture).display().to_string();
    let names = first.iter().filter_map(|((ends, flow, kind), (frame, value))| {
        // A name inside a tunnel wins over the tunnel's own.
        if *kind == HOST && first.contains_key(&(ends.clone(), *flow, SNI)) {
            return None;
        }
        let ours = flow.map_or_else(Vec::new, |flow| rows.values(ends, flow, column(kind)));
        let theirs = as_in_column(kind, value)?;
        Some(Outcome { kind, theirs, ours, capture: capture.clone(), frame: frame.clone() })
    });
    Some(names.collect())
}

/// All captures, by as many threads as there are processors; `None` without tshark.
fn compare_all(captures: &[PathBuf]) -> Option<Vec<Outcome>> {
    let outcomes = Mutex::new(Some(Vec::new()));
    check_each(captures.len() as u64, processors(), |number| {
        let compared = compare(&captures[number as usize]);
        let mut all = outcomes.lock().unwrap();
        match (all.as_mut(), compared) {
            (Some(all), Some(compared)) => all.extend(compared),
            _ => *all = None,
        }
    });
    outcomes.into_inner().unwrap()
}

#[test]
fn names_are_those_that_tshark_finds() {
    let mut captures = captures();
    if captures.is_empty() {
        return;
    }
    captures.retain(|capture| hay::may_say_names(&std::fs::read(capture).expect("a capture")));
    let every = if is_long() { 1 } else { EVERY };
    let captures: Vec<PathBuf> = captures.into_iter().step_by(every).collect();
    let Some(mut outcomes) = compare_all(&captures) else {
        eprintln!("skipped: tshark cannot be started");
        return;
    };
    outcomes.sort_by(|a, b| (a.kind, &a.capture, &a.frame).cmp(&(b.kind, &b.capture, &b.frame)));
    let mut table: BTreeMap<&str, Counts> = BTreeMap::new();
    for outcome in &outcomes {
        let counts = table.entry(outcome.kind).or_default();
        counts.flows += 1;
        if outcome.is_equal() {
            counts.equal += 1;
            continue;
        }
        match outcome.ours.is_empty() {
            true => counts.missing += 1,
            false => counts.other += 1,
        }
        let why = explained::why(&outcome.capture);
        counts.explained += usize::from(why.is_some());
        let Outcome { kind, theirs, ours, capture, frame } = outcome;
        let theirs: String = theirs.chars().take(80).collect();
        let why = why.unwrap_or("not explained");
        println!("{kind}: {theirs} to tshark, {ours:?} to us ({capture}, frame {frame}): {why}");
    }
    println!("{} captures\n{:16} flows equal missing other explained", captures.len(), "");
    for (kind, Counts { flows, equal, missing, other, explained }) in &table {
        println!("{kind:16} {flows:5} {equal:5} {missing:7} {other:5} {explained:9}");
    }
    assert_enough(&table);
}

/// Of each kind 99 of 100 names, or all but one.
fn assert_enough(table: &BTreeMap<&str, Counts>) {
    for kind in [SNI, HOST, ALPN, JA3, JA4] {
        assert!(table.get(kind).is_some_and(|counts| counts.flows > 100), "{kind}");
    }
    for (kind, counts) in table {
        // A few captures may hold most of the differences that are explained.
        let of = if is_long() { counts.flows } else { counts.flows - counts.explained };
        let is_enough = counts.equal + 1 >= of || counts.equal * 100 >= of * 99;
        assert!(is_enough, "{kind}: {} of {of}", counts.equal);
    }
}
