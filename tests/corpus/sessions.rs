//! Sessions of captures of other projects, worked out by hand from what tshark shows of what was announced, told and
//! asked for; and however they are read, their sessions are the same.

use std::collections::BTreeMap;

use super::{captures, folder, is_long};
use crate::binary::{self, Means};
use crate::oracle::table::fields;
use crate::oracle::{Options, Profile, SECOND};
use crate::support::at_once::{check_each, processors};

/// Capture, and sessions of it: flows with the rules by which they came, in the order in which they came.
const KNOWN: [(&str, &[&str]); 12] = [
    // 227 in packets 35 and 64, for ports 25685 and 24523.
    ("ndpi/ftp.pcap", &["1 37ftp 66ftp"]),
    // PORT in packet 22; the look-up at its end is another's.
    ("suricata-verify/filestore-ftp-active-mode-ftp-active-mode.pcap", &["1 26ftp", "44"]),
    ("suricata-verify/filestore-ftp-passive-mode-ftp-passive-mode.pcap", &["1 25ftp"]),
    // Two replies 227, and two PORT.
    ("zeek/ftp-ipv4.pcap", &["1 22ftp 40ftp 60ftp 78ftp"]),
    // Three replies 229, and two EPRT.
    ("zeek/ftp-ipv6.pcap", &["1 30ftp 47ftp 70ftp 94ftp 117ftp"]),
    // 227 in packet 81, long after; the answer in packet 620 names 212.242.33.36:40392, to which 192.168.1.2:30000
    // (packet 617) sends RTP and RTCP.
    ("suricata-verify/sip-method-sip.pcap", &["44 83ftp", "515 624sip 633sip"]),
    // Requests in packets 3, 103 and 108, each answered from another port.
    ("ndpi/tftp.pcap", &["3 4tftp", "103 104tftp", "108 109tftp"]),
    // The tunnel carries LCP, and so is a flow of GRE.
    ("tcpdump/pptp.pcap", &["1 16pptp"]),
    ("ndpi/esp.pcapng", &["1 5ike"]),
    // Handshakes of 192.168.1.3 with 23 peers, one of them twice.
    (
        "ndpi/bittorrent.pcap",
        &["1 3 8 12 19 13 25 29 23 39 38 46 45 59 61 47 67 55 56 78 77 113 114 115"],
    ),
    // The first asks for captive.apple.com; one second later connectivitycheck.gstatic.com is asked for, then
    // check.googlezip.net.
    (
        "ndpi/android.pcap",
        &[
            "78 80dns 88burst 93dns 95burst 100burst 97dns 123dns 165page 200page 221page 210dns 202dns 243dns \
             209dns 274page 280dns 338page 172dns 342dns 385page 389dns",
            "128 142burst 137dns 136dns 168dns",
            "203 208burst 216dns 218dns 291burst 324page 335dns 358page 377page 383page 368dns 381dns 406burst \
             387dns 485page 458dns 367dns 369dns 491dns",
        ],
    ),
    // 109.60.128.2 asks the same server twice.
    ("gopacket/test_dns.pcap", &["1", "2 7service", "3"]),
];

#[test]
fn sessions_of_known_captures_are_those_worked_out_by_hand() {
    if captures().is_empty() {
        return;
    }
    for (name, expected) in KNOWN {
        let path = [folder().join(name)];
        let options = Options::of(Profile::Native);
        let means = Means { workers: 2, chunk_bytes: None };
        let rules = joined_by(&binary::flows(&path, &options, means).output);
        let printed = binary::sessions(&path, &options, means);
        let lines: Vec<Vec<String>> = printed.output.lines().map(fields).collect();
        let column = |name: &str| lines[0].iter().position(|column| column == name).unwrap();
        let sessions: Vec<String> = lines[1..]
            .iter()
            .map(|row| {
                let ids = row[column("flow_ids")].split(' ');
                let with_rules = ids.map(|id| format!("{id}{}", rules[id]));
                with_rules.collect::<Vec<_>>().join(" ")
            })
            .collect();
        for session in expected {
            let has_rules = session.contains(|letter: char| letter.is_alphabetic());
            let bare = |found: &String| {
                let is_rule = |letter: char| letter.is_alphabetic();
                if has_rules { found.clone() } else { found.replace(is_rule, "") }
            };
            let is_there = sessions.iter().any(|found| bare(found) == **session);
            assert!(is_there, "{name}: {session} in\n{}", sessions.join("\n"));
        }
    }
}

/// The rule, or nothing, by flow.
fn joined_by(printed: &str) -> BTreeMap<String, String> {
    let mut lines = printed.lines().map(fields);
    let header = lines.next().unwrap_or_default();
    let column = |name: &str| header.iter().position(|column| column == name).unwrap();
    let (flow, rule) = (column("flow_id"), column("joined_by"));
    lines.map(|row| (row[flow].clone(), row[rule].clone())).collect()
}

#[test]
fn sessions_of_foreign_captures_are_the_same_however_they_are_read() {
    const BYTES_MAX: u64 = 300_000;
    let mut captures = captures();
    captures.retain(|path| path.metadata().is_ok_and(|file| file.len() <= BYTES_MAX));
    let every = if is_long() { 1 } else { captures.len().div_ceil(40).max(1) };
    let chosen: Vec<_> = captures.into_iter().step_by(every).collect();
    check_each(chosen.len() as u64, processors(), |number| {
        let path = [chosen[number as usize].clone()];
        let mut options = Options::of(Profile::Native);
        if number % 3 == 2 {
            options.window = Some(SECOND);
        }
        let run = |workers, chunk_bytes| {
            binary::sessions(&path, &options, Means { workers, chunk_bytes })
        };
        let first = run(1, None);
        for (workers, chunk_bytes) in [(2, Some(1_000)), (4, Some(64))] {
            let other = run(workers, chunk_bytes);
            assert_eq!(first.success, other.success, "{}", other.command);
            assert_eq!(first.output, other.output, "{}\n{}", first.command, other.command);
        }
    });
}
