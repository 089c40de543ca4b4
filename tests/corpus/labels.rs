//! Labels against those of nDPI 4.11, which named every flow of its own captures.
//!
//! nDPI is not always right: where we contradict it, the packets were looked at, and the flows
//! stand in [`NDPI_IS_WRONG`].

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde_json::Value;

use super::folder;
use crate::cli::run::in_place;

/// Labels of the reference, and the most frequent ones.
const MUST_BE_FOUND: &str = "facebook vk bittorrent skype vpn socks5 ssh telnet ftp telegram http \
    gnutella dns tls quic ethereum radius netbios icmp oicq sd_rtn syslog zabbix icmpv6 stun google \
    netflix reddit microsoft sip";

/// Captures and labels of nDPI's that the packets contradict.
const NDPI_IS_WRONG: [(&str, &str, &str); 10] = [
    ("tor.pcap", "tls", "the certificates have random names, as Tor's have"),
    ("tls_port_80.pcapng", "tls", "AnyDesk's own certificate"),
    ("Oscar.pcap", "tls", "frames of FLAP on port 443, and no TLS"),
    ("dropbox.pcap", "dropbox", "CoAP requests with tokens, and their answers"),
    ("teams.pcap", "skype", "reports of crashes to hockeyapp.net"),
    ("sites.pcapng", "microsoft", "the name is of OneDrive, which is finer"),
    ("conncheck.pcap", "ntop", "the requested host is www.google.eu"),
    ("nintendo.pcap", "aws", "messages of the PIA protocol"),
    ("ossfuzz_seed_fake_traces_2.pcapng", "truphone", "a stream header of XMPP in clear"),
    ("gnutella.pcap", "bacnet", "a message of Gnutella sent to port 47808"),
];

/// From here on an application is known by more than a port: by the name that was asked for, at least.
const FINER_FROM: f64 = 0.4;

#[derive(Default, Clone, Copy, Debug)]
struct Counts {
    flows: u32,
    found: u32,
    /// nDPI says only which protocol carries it.
    finer: u32,
    missed: u32,
    contradicted: u32,
    /// Of what was found: by the port alone.
    by_port: u32,
}

type Ends = (u64, String, u64, String, u64);
/// Label and confidence by a flow's ends.
type Verdicts = HashMap<Ends, (String, f64)>;

/// Labels of a capture's flows by their ends, in both orientations.
fn labels_of(capture: &Path) -> Verdicts {
    let mut command = in_place();
    command.args(["flows", "--format", "jsonl"]).arg(capture);
    let output = command.output().unwrap();
    let mut labels = HashMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let text = |column: &str| row[column].as_str().unwrap_or_default().to_owned();
        let port = |column: &str| row[column].as_u64().unwrap_or(0);
        let protocol = row["protocol"].as_u64().unwrap();
        // Type and code are no ports to nDPI.
        let has_ports = [6, 17, 132].contains(&protocol);
        let end = |name: &str| {
            let port = if has_ports { port(&format!("{name}_port")) } else { 0 };
            (text(&format!("{name}_ip")), port)
        };
        let ((client, client_port), (server, server_port)) = (end("client"), end("server"));
        let verdict = (text("label"), row["confidence"].as_f64().unwrap_or(0.0));
        let turned = (protocol, server.clone(), server_port, client.clone(), client_port);
        for ends in [(protocol, client, client_port, server, server_port), turned] {
            let known = labels.entry(ends).or_insert_with(|| verdict.clone());
            // Of flows one after the other the one that says most.
            if known.1 < verdict.1 {
                known.clone_from(&verdict);
            }
        }
    }
    labels
}

/// Our names of nDPI's application, and of what carries it.
fn expected(application: &str, names: &HashMap<&str, Vec<String>>) -> (Vec<String>, Vec<String>) {
    let plain = |name: &str| vec![name.to_lowercase().replace(['-', '/'], "_")];
    let (master, own) = application.split_once('.').unwrap_or((application, ""));
    if let Some(ours) = names.get(application) {
        return (ours.clone(), Vec::new());
    }
    if master == "DNS" {
        return (vec!["dns".to_owned()], Vec::new());
    }
    let ours = |name: &str| names.get(name).cloned().unwrap_or_else(|| plain(name));
    match own {
        "" => (ours(master), Vec::new()),
        own => (ours(own), plain(master)),
    }
}

fn names(text: &str) -> HashMap<&str, Vec<String>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, ours)| (name, ours.split(' ').map(str::to_owned).collect()))
        .collect()
}

const CARRIERS: [&str; 7] = ["tls", "http", "quic", "stun", "dtls", "rtp", ""];

fn compare(corpus: &Path) -> BTreeMap<String, Counts> {
    let text = std::fs::read_to_string(corpus.join("ndpi-labels.csv")).unwrap();
    let names = names(include_str!("ndpi_names.txt"));
    let mut table: BTreeMap<String, Counts> = BTreeMap::new();
    let mut labels: Option<(String, Verdicts)> = None;
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let file = cells[0];
        if labels.as_ref().is_none_or(|(of, _)| of != file) {
            labels = Some((file.to_owned(), labels_of(&corpus.join("ndpi").join(file))));
        }
        let number = |place: usize| cells[place].parse::<u64>().unwrap();
        let ends = (number(1), cells[2].to_owned(), number(3), cells[4].to_owned(), number(5));
        let (_, known) = labels.as_ref().unwrap();
        let Some((label, confidence)) = known.get(&ends) else { continue };
        let (ours, carriers) = expected(cells[6], &names);
        let counts = table.entry(ours[0].clone()).or_default();
        counts.flows += 1;
        if ours.contains(label) {
            counts.found += 1;
            counts.by_port += u32::from(*confidence <= 0.3);
        } else if carriers.contains(label) || label.is_empty() || CARRIERS.contains(&&**label) {
            counts.missed += 1;
        } else if CARRIERS.contains(&&*ours[0]) && *confidence >= FINER_FROM {
            counts.finer += 1;
        } else if NDPI_IS_WRONG.iter().any(|(of, name, _)| *of == file && *name == ours[0]) {
            counts.flows -= 1;
        } else {
            counts.contradicted += 1;
            println!("{file}: {} is {label} ({confidence}) to us: {line}", cells[6]);
        }
    }
    table
}

#[test]
fn labels_agree_with_ndpi() {
    let corpus = folder();
    if !corpus.join("ndpi-labels.csv").exists() {
        eprintln!("skipped: no labels in {}", corpus.display());
        return;
    }
    let table = compare(&corpus);
    println!("{:24} flows found finer missed contradicted by port alone", "label");
    for (label, counts) in &table {
        let Counts { flows, found, finer, missed, contradicted, by_port } = counts;
        println!(
            "{label:24} {flows:5} {found:5} {finer:5} {missed:6} {contradicted:12} {by_port:5}"
        );
    }
    let all: u32 = table.values().map(|counts| counts.flows).sum();
    assert!(all > 3_400, "{all} flows of nDPI's are ours too");
    let mut wrong = Vec::new();
    for label in MUST_BE_FOUND.split_whitespace() {
        let counts = table.get(label).copied().unwrap_or_default();
        assert!(counts.flows > 0, "{label}");
        let (found, wrongly) = (counts.found + counts.finer, counts.contradicted);
        let is_right = match counts.flows {
            ..20 => found + 1 >= counts.flows && wrongly <= 1,
            flows => found * 100 >= flows * 95 && wrongly * 100 <= flows,
        };
        if !is_right {
            wrong.push(format!("{label}: {counts:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
