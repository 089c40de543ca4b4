//! Foreign captures hold as many packets as Wireshark's capinfos counts (`index.csv` beside them).

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::{captures, folder};
use crate::cli::run::in_place;

const LINK_TYPE: &str =
    "capinfos does not know the link type; the packets are counted all the same";
const LINK_BITS: &str = "bits beside the link type that capinfos refuses; libpcap ignores them";
const LATER_SECTION: &str = "another major version in a later section: read up to there";
const FIRST_SECTION: &str = "another major version: nothing is read";
const MINOR: &str = "another minor version, which changes nothing";
const TOO_LONG: &str = "a record that is too long: read up to there";

/// Captures that capinfos does not read to the end, with the packets that we find and the reason. `None`: an error.
const NOT_COUNTED: [(&str, Option<u64>, &str); 20] = [
    ("gopacket/test901.pcapng", Some(1), LATER_SECTION),
    ("gopacket/test901~1.pcapng", Some(1), LATER_SECTION),
    ("libpcap/brcm-tag-stp.pcap", Some(4), LINK_TYPE),
    ("libpcap/brcm-tag.pcap", Some(15), LINK_TYPE),
    ("libpcap/dsa.pcap", Some(8), LINK_TYPE),
    ("libpcap/linktype-reserved-field-not-zero.pcap", Some(0), LINK_BITS),
    ("libpcap/pcapng-invalid-vers-1.pcapng", None, FIRST_SECTION),
    ("libpcap/pcapng-invalid-vers-2.pcapng", Some(1), MINOR),
    ("suricata-verify/bug-1450-04-tls_DER-incomplete-header.pcap", Some(6), TOO_LONG),
    ("suricata-verify/bug-1450-05-tls_DER-incomplete-content.pcap", Some(6), TOO_LONG),
    ("suricata-verify/bug-6875-01-fuzz.pcap", Some(1), TOO_LONG),
    ("tcpdump/brcm-tag-prepend.pcap", Some(15), LINK_TYPE),
    ("tcpdump/brcm-tag.pcap", Some(23), LINK_TYPE),
    ("tcpdump/edsa-high-vid.pcap", Some(4), LINK_TYPE),
    ("tcpdump/edsa.pcap", Some(10), LINK_TYPE),
    ("tcpdump/hoobr_juniper3.pcap", Some(1), LINK_BITS),
    ("tcpdump/juniper_es_oobr.pcap", Some(1), LINK_BITS),
    ("tcpdump/kday6.pcap", Some(1), LINK_TYPE),
    ("tcpdump/vtp_asan-3.pcap", Some(1), LINK_TYPE),
    ("tcpdump/vtp_asan.pcap", Some(5), LINK_TYPE),
];

/// Packets by capture, as `index.csv` has them. `None`: capinfos could not tell.
fn index(folder: &Path) -> BTreeMap<String, Option<u64>> {
    let text = std::fs::read_to_string(folder.join("index.csv")).expect("the index of captures");
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().expect("a header");
    assert_eq!(header, ["source", "file", "bytes", "format", "link_type", "packets", "licence"]);
    lines
        .map(|cells| {
            assert_eq!(cells.len(), header.len(), "a name with a comma: {cells:?}");
            (format!("{}/{}", cells[0], cells[1]), cells[5].parse().ok())
        })
        .collect()
}

/// Packets by capture, as the program finds them. `None`: it cannot read the file.
fn counted(folder: &Path) -> BTreeMap<String, Option<u64>> {
    let mut command = in_place();
    let output = command.current_dir(folder).args(["info", "--json", "."]).output().unwrap();
    let code = output.status.code();
    assert!(matches!(code, Some(0 | 3)), "{code:?}: {}", String::from_utf8_lossy(&output.stderr));
    let said: Vec<Value> = serde_json::from_slice(&output.stdout).expect("an array of captures");
    said.iter()
        .map(|about| {
            let path = about["path"].as_str().expect("a path").trim_start_matches("./");
            (path.to_owned(), about["packets"].as_u64())
        })
        .collect()
}

#[test]
fn packets_are_as_many_as_capinfos_counts() {
    if captures().is_empty() {
        return;
    }
    let (index, counted) = (index(&folder()), counted(&folder()));
    let mut differences = Vec::new();
    for (path, packets) in &index {
        let listed = NOT_COUNTED.iter().find(|(name, ..)| name == path);
        let (expected, why) = match (packets, listed) {
            (Some(packets), None) => (Some(*packets), "as capinfos says"),
            (None, Some((_, expected, why))) => (*expected, *why),
            _ => panic!(
                "{path}: {packets:?} packets by capinfos, so the list of exceptions is wrong"
            ),
        };
        match counted.get(path) {
            Some(found) if *found == expected => {}
            found => differences.push(format!("{path}: {found:?} and not {expected:?}: {why}")),
        }
    }
    eprintln!("{} captures counted", index.len());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
