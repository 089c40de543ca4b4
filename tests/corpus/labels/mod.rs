//! Labels against those of nDPI 4.11, which named every flow of its own captures.
//!
//! nDPI is not always right: where we contradict it, the packets were looked at, and the flows
//! stand in [`NDPI_IS_WRONG`]. An older nDPI, as the example of a plugin over it has it, is held against the same.

mod example;
mod names;
mod verdicts;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use super::folder;
use names::Names;
use verdicts::Verdicts;

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

/// By label.
type Table = BTreeMap<String, Counts>;

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

/// How a classifier's labels compare with nDPI's names, by our name of each.
fn compare(corpus: &Path, arguments: &[&str], names: &Names) -> Table {
    let is_wrong = |file: &str, name: &str| {
        let mut flows = NDPI_IS_WRONG.iter().map(|(file, name, _)| (*file, *name));
        !names.are_of_ndpi && flows.any(|flow| flow == (file, name))
    };
    let text = std::fs::read_to_string(corpus.join("ndpi-labels.csv")).unwrap();
    let mut table = Table::new();
    let mut known: Option<(String, Verdicts)> = None;
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let file = cells[0];
        if known.as_ref().is_none_or(|(of, _)| of != file) {
            let verdicts = Verdicts::of(&corpus.join("ndpi").join(file), arguments);
            known = Some((file.to_owned(), verdicts));
        }
        let number = |place: usize| cells[place].parse::<u64>().unwrap();
        let ends = (number(1), cells[2].to_owned(), number(3), cells[4].to_owned(), number(5));
        let (_, verdicts) = known.as_ref().unwrap();
        let Some((label, confidence)) = verdicts.get(&ends) else { continue };
        let (ours, carriers) = names.expected(cells[6]);
        let said = names.said(label);
        let is_any_of = |wanted: &[String]| said.iter().any(|name| wanted.contains(name));
        let counts = table.entry(ours[0].clone()).or_default();
        counts.flows += 1;
        if is_any_of(&ours) {
            counts.found += 1;
            counts.by_port += u32::from(*confidence <= 0.3);
        } else if is_any_of(&carriers) || names.is_carrier(label) {
            counts.missed += 1;
            println!("{file}: {} is {label:?}: {line}", cells[6]);
        } else if names.is_carrier(&ours[0]) && *confidence >= FINER_FROM {
            counts.finer += 1;
        } else if is_wrong(file, &ours[0]) {
            counts.flows -= 1;
        } else {
            counts.contradicted += 1;
            println!("{file}: {} is {label} ({confidence}) instead: {line}", cells[6]);
        }
    }
    table
}

/// Our own labels beside nDPI's; `None`, with a word about it, where nDPI's are not.
fn ours() -> Option<&'static Table> {
    static TABLE: OnceLock<Option<Table>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let corpus = folder();
        if !corpus.join("ndpi-labels.csv").exists() {
            eprintln!("skipped: no labels in {}", corpus.display());
            return None;
        }
        Some(compare(&corpus, &[], &Names::of_ours()))
    });
    table.as_ref()
}

fn sum(table: &Table) -> Counts {
    table.values().fold(Counts::default(), |sum, counts| Counts {
        flows: sum.flows + counts.flows,
        found: sum.found + counts.found,
        finer: sum.finer + counts.finer,
        missed: sum.missed + counts.missed,
        contradicted: sum.contradicted + counts.contradicted,
        by_port: sum.by_port + counts.by_port,
    })
}

#[test]
fn labels_agree_with_ndpi() {
    let Some(table) = ours() else { return };
    println!("{:24} flows found finer missed contradicted by port alone", "label");
    for (label, counts) in table {
        let Counts { flows, found, finer, missed, contradicted, by_port } = counts;
        println!(
            "{label:24} {flows:5} {found:5} {finer:5} {missed:6} {contradicted:12} {by_port:5}"
        );
    }
    let all = sum(table).flows;
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
