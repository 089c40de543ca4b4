//! Labels and names of flows, as the bundled classifier and the flows' first bytes give them.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use tempfile::tempdir;

use super::run::{flows, tractor};
use super::traffic::{SECOND_NS, START_NS, office, plain, write};
use crate::support::capture::{ETHERNET, RawPacket};
use crate::support::frames::{Ip, UDP, udp};
use crate::support::link_frames::frame;
use crate::support::traffic::dns;

const LABEL_COLUMNS: [&str; 5] = ["label", "label_group", "label_by", "confidence", "evidence"];

fn rows(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let lines = flows(folder, &[&["a.pcap", "--format", "jsonl"], arguments].concat());
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A datagram between these ends.
fn between(after_ns: i64, from: (&str, u16), to: (&str, u16), payload: &[u8]) -> RawPacket {
    let ip = Ip::new(from.0.parse().unwrap(), to.0.parse().unwrap(), UDP);
    let data = frame(ETHERNET, &[], &ip.packet(&udp(from.1, to.1, payload)));
    RawPacket::whole(START_NS + after_ns, ETHERNET, data)
}

#[test]
fn the_sample_is_labelled_and_its_servers_have_names() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    let rows = rows(folder.path(), &[]);
    let of_port = |port: u64| rows.iter().filter(move |row| row["server_port"] == port);
    for (port, label) in [(53, "dns"), (123, "ntp")] {
        assert!(of_port(port).count() > 0);
        assert!(of_port(port).all(|row| row["label"] == label), "port {port}");
    }
    let web: Vec<&Value> = of_port(443).filter(|row| row["server_name"].is_string()).collect();
    assert!(web.len() > 4);
    for row in web {
        assert_eq!(row["label_by"], "org.tractor.signatures");
        assert!(row["ja3"].as_str().unwrap().len() == 32 && row["ja4"].is_string(), "{row}");
    }
    let http = of_port(80).find(|row| row["user_agent"] == "sample/1.0").unwrap();
    assert_eq!(http["label"], "http");
    assert!(http["server_name"].as_str().unwrap().ends_with("example.net"));
}

#[test]
fn without_plugins_there_are_names_and_no_labels() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    for row in rows(folder.path(), &["--no-plugins"]) {
        assert!(LABEL_COLUMNS.iter().all(|column| row[column].is_null()), "{row}");
    }
    assert!(
        rows(folder.path(), &["--no-plugins"]).iter().any(|row| row["server_name"].is_string())
    );
}

#[test]
fn a_flow_has_the_name_that_its_client_was_told_for_the_server() {
    let (client, other, resolver) = ("192.0.2.1", "192.0.2.7", ("192.0.2.53", 53));
    let server = ("203.0.113.9", 4_000);
    let answer = dns(1, "hidden.example.org", Some([203, 0, 113, 9]));
    let packets = [
        between(0, (client, 900), server, b"before"),
        between(1, resolver, (client, 5_353), &answer),
        between(2, (client, 901), server, b"after"),
        between(3, (other, 902), server, b"of another client"),
        between(301 * SECOND_NS, (client, 903), server, b"too late"),
    ];
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &plain(&packets));
    for arguments in [&["--workers", "1"][..], &["--workers", "4", "--chunk-bytes", "64"]] {
        let rows = rows(folder.path(), arguments);
        let name = |port: u64| {
            let row = rows.iter().find(|row| row["client_port"] == port).unwrap();
            row["server_name"].as_str().map(str::to_owned)
        };
        let names = [900, 901, 902, 903].map(name);
        assert_eq!(names, [None, Some("hidden.example.org".to_owned()), None, None]);
    }
}

#[test]
fn labels_do_not_depend_on_workers_or_chunks() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    let whole = flows(folder.path(), &["a.pcap", "--workers", "1"]);
    for workers in ["1", "2", "4"] {
        for chunk_bytes in ["64", "1000", "65536"] {
            let arguments = ["a.pcap", "--workers", workers, "--chunk-bytes", chunk_bytes];
            assert_eq!(flows(folder.path(), &arguments), whole, "{arguments:?}");
        }
    }
}

#[test]
fn counts_by_label_are_those_of_the_rows() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    let mut expected: BTreeMap<String, [u64; 2]> = BTreeMap::new();
    let number = |row: &Value, column: &str| row[column].as_u64().unwrap();
    for row in rows(folder.path(), &[]) {
        let count = expected.entry(row["label"].to_string()).or_default();
        count[0] += 1;
        count[1] += number(&row, "packets_fwd") + number(&row, "packets_bwd");
    }
    assert!(expected.len() > 4);
    for chunk_bytes in ["500", "1000000"] {
        let arguments = ["stats", "a.pcap", "--json", "--chunk-bytes", chunk_bytes];
        let counted: Value =
            serde_json::from_str(&tractor(folder.path(), &arguments).output).unwrap();
        let labels = counted["labels"].as_array().unwrap().iter();
        let counts = labels
            .map(|row| (row["label"].to_string(), [number(row, "flows"), number(row, "packets")]));
        assert_eq!(counts.collect::<BTreeMap<_, _>>(), expected, "relabelled flows count once");
    }
}

#[test]
fn a_client_that_was_taken_for_the_server_is_read_on_for_names() {
    let (client, server) = (("192.0.2.1", 5_060), ("203.0.113.9", 5_060));
    let request = "REGISTER sip:example.org SIP/2.0\r\nUser-Agent: late/1.0\r\n\r\n";
    for (before_bytes, is_found) in [(1_100, true), (2_100, false)] {
        let packets = [
            between(0, server, client, b"SIP/2.0 100 Trying\r\n\r\n"),
            between(1, client, server, &vec![b'\n'; before_bytes]),
            between(2, client, server, request.as_bytes()),
        ];
        let folder = tempdir().unwrap();
        write(folder.path(), "a.pcap", &plain(&packets));
        let rows = rows(folder.path(), &[]);
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["user_agent"] == "late/1.0", is_found, "{before_bytes} bytes before");
    }
}
