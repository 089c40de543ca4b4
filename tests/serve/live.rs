//! Statistics while a job runs: each answer of one consistent state, and at the end those of all rows.

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

use super::jobs::{SLOWLY, slow_capture};
use super::large::large_capture;
use super::server::{Place, Server, counts, total};
use crate::cli::run::until;
use crate::cli::traffic::{many_flows, office, plain};

#[test]
fn counts_of_one_answer_belong_together_and_grow() {
    let place = Place::new();
    place.capture("slow.pcap", &slow_capture());
    let server = place.serve(&SLOWLY);
    let job = server.process("slow.pcap");
    until("the job is under way", || server.status(job)["state"] == "in_progress");
    let (mut before, mut answers) = (0, 0);
    while server.status(job)["state"] == "in_progress" {
        let reply = server.get(&format!("/file/{job}/statistics"));
        if reply.status == 503 {
            assert!(reply.header("Retry-After").is_some(), "{reply:?}");
            continue;
        }
        let statistics = reply.json();
        let flows = total(&statistics, "transports");
        for title in ["protocols", "clients", "servers"] {
            assert_eq!(total(&statistics, title), flows, "{title}");
        }
        assert!(flows >= before, "{flows} after {before}");
        let address = server.get(&format!("/file/{job}/statistics/ip?ip=192.0.2.1"));
        if address.status == 200 {
            let details = address.json();
            let of_address = total(&details["statistics"], "peers");
            assert!(of_address >= before, "{of_address} flows of the only client after {before}");
            assert_eq!(total(&details["statistics"], "protocols"), of_address);
        }
        before = flows;
        answers += 1;
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(answers > 1, "the job was too quick to look at");
    assert_eq!(server.wait(job)["state"], "finished");
    let statistics = server.ask(&format!("/file/{job}/statistics"));
    for title in ["protocols", "clients", "servers", "transports"] {
        assert_eq!(total(&statistics, title), 60_000, "{title}");
    }
    assert_recount(&server, job);
}

#[test]
fn counts_of_every_title_are_a_recount_of_the_rows() {
    let place = Place::new();
    place.capture("office.pcap", &office());
    let server = place.serve(&[]);
    let job = server.finished("office.pcap");
    assert!(assert_recount(&server, job) > 20);
    let statistics = server.ask(&format!("/file/{job}/statistics"));
    for title in ["labels", "domains", "ports"] {
        assert!(!counts(&statistics, title).is_empty(), "{title}");
    }
}

/// Of a job that is over: its counts are those of its rows. Gives how many these are.
fn assert_recount(server: &Server, job: u64) -> u64 {
    let statistics = server.ask(&format!("/file/{job}/statistics?limit={}", i32::MAX));
    let recounted = recount(server.export_lines(job, "jsonl"));
    for title in ["protocols", "clients", "servers", "transports", "labels", "domains", "ports"] {
        let told: HashMap<String, u64> = counts(&statistics, title).into_iter().collect();
        let none = HashMap::new();
        assert!(told == *recounted.get(title).unwrap_or(&none), "{title} are no recount");
    }
    recounted["transports"].values().sum()
}

#[test]
fn a_capture_that_grows_keeps_its_times_and_holds_up_no_other() {
    let place = Place::new();
    let packets = plain(&many_flows(2_000));
    let half = packets.len() / 2;
    place.capture("a-grows.pcap", &packets[..half]);
    let server = place.serve(&[]);
    let file = |name: &str| {
        let files = server.ask("/files/list");
        files.as_array().unwrap().iter().find(|file| file["name"] == name).cloned()
    };
    let begin = |name: &str| file(name).and_then(|file| file["time_start"].as_i64()).unwrap_or(0);
    until("it is looked at", || begin("a-grows") > 0);
    let path = place.captures().join("a-grows.pcap");
    let mut growing = std::fs::File::options().append(true).open(path).unwrap();
    for (number, piece) in packets[half..].chunks(packets.len() / 40).enumerate() {
        growing.write_all(piece).unwrap();
        place.capture(&format!("b{number}.pcap"), &office());
        std::thread::sleep(Duration::from_millis(100));
        assert!(begin("a-grows") > 0, "it has no times any more");
    }
    until("the others are looked at", || (0..20).all(|number| begin(&format!("b{number}")) > 0));
    drop(growing);
    let last = |name: &str| file(name).and_then(|file| file["time_end"].as_i64()).unwrap_or(0);
    let end = last("a-grows");
    place.capture("c-whole.pcap", &packets);
    until("it is looked at when it is complete", || {
        last("c-whole") > 0 && last("a-grows") == last("c-whole")
    });
    assert!(end <= last("c-whole"));
}

/// Of a row, what statistics count.
#[derive(serde::Deserialize)]
struct Counted {
    client_ip: String,
    server_ip: String,
    server_port: Option<u16>,
    protocol: u8,
    label: Option<String>,
    server_name: Option<String>,
}

fn transport(number: u8) -> String {
    let names = [
        (1, "icmp"),
        (2, "igmp"),
        (6, "tcp"),
        (17, "udp"),
        (47, "gre"),
        (50, "esp"),
        (58, "icmpv6"),
        (89, "ospf"),
        (132, "sctp"),
    ];
    let name = names.iter().find(|(known, _)| *known == number);
    name.map_or_else(|| format!("protocol {number}"), |(_, name)| (*name).to_owned())
}

/// Counts of the rows that a job exports, by title.
fn recount(rows: impl BufRead) -> HashMap<&'static str, HashMap<String, u64>> {
    let mut counts: HashMap<&str, HashMap<String, u64>> = HashMap::new();
    for line in rows.lines() {
        let row: Counted = serde_json::from_str(&line.expect("a whole export")).expect("a row");
        let mut add = |title, label: String| {
            *counts.entry(title).or_default().entry(label).or_default() += 1;
        };
        let named = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let transport = transport(row.protocol);
        add("protocols", named(&row.label).unwrap_or_else(|| transport.clone()));
        if let Some(label) = named(&row.label) {
            add("labels", label);
        }
        if let Some(name) = named(&row.server_name) {
            add("domains", name);
        }
        if let (Some(port), 6 | 17 | 132) = (row.server_port, row.protocol) {
            add("ports", format!("{port}/{transport}"));
        }
        add("clients", row.client_ip);
        add("servers", row.server_ip);
        add("transports", transport);
    }
    counts
}

/// `TRACTOR_LONG`: a large capture, made here or named by `TRACTOR_BENCH_CAPTURE`.
#[test]
fn every_tenth_of_a_second_counts_belong_together_and_at_the_end_they_are_a_recount() {
    if std::env::var_os("TRACTOR_LONG").is_none() {
        eprintln!("skipped: TRACTOR_LONG is not set");
        return;
    }
    let place = Place::new();
    let name = large_capture(&place);
    let server = place.serve(&["--workers", "2"]);
    let began = Instant::now();
    let job = server.process(name);
    let (mut before, mut times, mut refused) = (0, Vec::new(), 0);
    let mut next = Instant::now();
    while matches!(server.status(job)["state"].as_str(), Some("queued" | "in_progress")) {
        let asked = Instant::now();
        let reply = server.get(&format!("/file/{job}/statistics"));
        if reply.status == 200 && server.status(job)["state"] == "in_progress" {
            let statistics = reply.json();
            let flows = total(&statistics, "transports");
            for title in ["protocols", "clients", "servers"] {
                assert_eq!(total(&statistics, title), flows, "{title} after {flows} flows");
            }
            assert!(flows >= before, "{flows} after {before}");
            if flows > 0 {
                times.push(asked.elapsed());
            }
            before = flows;
        } else if reply.status != 200 {
            assert_eq!(reply.status, 503, "{reply:?}");
            refused += 1;
        }
        next += Duration::from_millis(100);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    let status = server.wait(job);
    assert_eq!(status["state"], "finished", "{status}");
    let took = began.elapsed();
    times.sort_unstable();
    let last = times.last().copied().unwrap_or_default();
    println!(
        "{} answers with flows in {took:?}, the slowest after {last:?}, {refused} refused; {before} \
         flows in the last",
        times.len()
    );
    assert!(times.len() >= 10, "the job was too quick to look at: {took:?}");

    println!("{} flows recounted", assert_recount(&server, job));
}
