//! `tractor stats` counts what `tractor flows` lists.

use std::collections::BTreeMap;

use serde_json::Value;
use tempfile::tempdir;

use super::run::{Table, flows, tractor};
use super::traffic::{many_flows, office, plain, write};
use crate::support::random::Random;
use crate::support::traffic::{Mood, adversarial};

/// Flows, packets and bytes.
type Counts = BTreeMap<String, (u64, u64, u64)>;

fn sum(table: &Table, name: &str) -> Vec<u64> {
    let both = [format!("{name}_fwd"), format!("{name}_bwd")].map(|name| table.numbers(&name));
    both[0].iter().zip(&both[1]).map(|(forward, backward)| forward + backward).collect()
}

/// Counts the rows by a key; rows without one do not count.
fn recount(table: &Table, key: impl Fn(usize) -> Option<String>) -> Counts {
    let mut counts = Counts::new();
    let volumes = sum(table, "packets").into_iter().zip(sum(table, "ip_bytes"));
    for (row, (packets, bytes)) in volumes.enumerate() {
        let Some(key) = key(row) else { continue };
        let count = counts.entry(key).or_default();
        *count = (count.0 + 1, count.1 + packets, count.2 + bytes);
    }
    counts
}

fn told(rows: &Value, key: impl Fn(&Value) -> String) -> Counts {
    let number = |row: &Value, name: &str| row[name].as_u64().expect("a number");
    let rows = rows.as_array().expect("an array");
    let is_sorted = rows.is_sorted_by(|one, next| number(one, "bytes") >= number(next, "bytes"));
    assert!(is_sorted, "the largest come first: {rows:?}");
    let count = |row: &Value| {
        (key(row), (number(row, "flows"), number(row, "packets"), number(row, "bytes")))
    };
    let counts: Counts = rows.iter().map(count).collect();
    assert_eq!(counts.len(), rows.len(), "every key once");
    counts
}

fn assert_stats_are_a_recount(capture: &[u8]) {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", capture);
    let table = Table::of(&flows(folder.path(), &["a.pcap"]));
    let [protocols, clients, servers, ports] =
        ["protocol", "client_ip", "server_ip", "server_port"].map(|name| table.column(name));
    let owned = |text: &str| Some(text.to_owned());
    let port = |row: usize| {
        let names_a_service = ["6", "17", "132"].contains(&protocols[row]);
        (names_a_service && !ports[row].is_empty())
            .then(|| format!("{} {}", protocols[row], ports[row]))
    };
    for workers in ["1", "2", "4"] {
        for chunk_bytes in ["1000", "524288"] {
            let how = ["--workers", workers, "--chunk-bytes", chunk_bytes];
            let arguments = [&["stats", "a.pcap", "--json"], &how[..]].concat();
            let finished = tractor(folder.path(), &arguments);
            assert_eq!(finished.code, Some(0), "{finished:?}");
            let said: Value = serde_json::from_str(&finished.output).unwrap();
            let text = |name: &'static str| move |row: &Value| row[name].to_string();
            let address = |row: &Value| row["address"].as_str().unwrap().to_owned();
            let by_protocol = recount(&table, |row| owned(protocols[row]));
            assert_eq!(told(&said["protocols"], text("protocol")), by_protocol, "{how:?}");
            let by_client = recount(&table, |row| owned(clients[row]));
            assert_eq!(told(&said["clients"], address), by_client, "{how:?}");
            let by_server = recount(&table, |row| owned(servers[row]));
            assert_eq!(told(&said["servers"], address), by_server, "{how:?}");
            let port_key = |row: &Value| format!("{} {}", row["protocol"], row["port"]);
            assert_eq!(told(&said["ports"], port_key), recount(&table, port), "{how:?}");
            assert_eq!(said["flows"].as_u64(), Some(protocols.len() as u64), "{how:?}");
        }
    }
}

#[test]
fn of_the_office() {
    assert_stats_are_a_recount(&office());
}

#[test]
fn of_many_flows() {
    assert_stats_are_a_recount(&plain(&many_flows(3_000)));
}

#[test]
fn of_traffic_that_trips_over_every_rule() {
    for seed in 0..4 {
        let mut random = Random::seeded(seed);
        let mood = Mood { link_types: vec![1], ..Mood::of(&mut random) };
        assert_stats_are_a_recount(&plain(&adversarial(&mut random, &mood, 1_500)));
    }
}

#[test]
fn text_shows_the_largest_and_says_how_many_are_left_out() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &plain(&many_flows(40)));
    let finished = tractor(folder.path(), &["stats", "a.pcap", "--top", "3"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let starts =
        |start: &str| finished.output.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!((starts("protocol"), starts("client"), starts("server")), (1, 1, 2));
    assert_eq!((starts("UDP "), starts("192.0.2.")), (2, 2), "{}", finished.output);
}
