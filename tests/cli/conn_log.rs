//! Zeek's conn.log: zeek-cut and its like can read it, and its cells are formatted as Zeek does.

use std::fs::File;
use std::process::Command;

use tempfile::tempdir;

use super::run::{flows, tractor};
use super::traffic::{START_NS, datagram, office, plain, write};
use crate::support::capture::{ETHERNET, RawPacket};
use crate::support::frames::{ICMP, Ip, UDP, icmp, udp};
use crate::support::link_frames::frame;

/// What zeek-cut prints of these fields: it takes the separator and the names from the header, finds the places of the names
/// asked for, and leaves out lines that begin with `#`.
fn zeek_cut(log: &str, names: &[&str]) -> Vec<Vec<String>> {
    let first = log.lines().next().expect("a first line");
    let escaped = first.strip_prefix("#separator ").expect("the separator first");
    let code = u8::from_str_radix(escaped.strip_prefix("\\x").expect("in hex"), 16).unwrap();
    let separator = char::from(code);
    let mut places = Vec::new();
    let mut rows = Vec::new();
    for line in log.lines() {
        let cells: Vec<&str> = line.split(separator).collect();
        if cells[0] == "#fields" {
            let place = |name: &&str| cells[1..].iter().position(|field| field == name).unwrap();
            places = names.iter().map(place).collect();
        } else if !line.starts_with('#') {
            rows.push(places.iter().map(|&place| cells[place].to_owned()).collect());
        }
    }
    rows
}

/// The log as CSV, with empty cells for what is unset.
pub fn as_csv(log: &str) -> String {
    let header = log.lines().find_map(|line| line.strip_prefix("#fields\t")).unwrap_or_default();
    let rows = log.lines().filter(|line| !line.starts_with('#'));
    let cell = |cell: &str| if cell == "-" { String::new() } else { cell.to_owned() };
    let csv = |line: &str| line.split('\t').map(cell).collect::<Vec<_>>().join(",") + "\n";
    std::iter::once(header).chain(rows).map(csv).collect()
}

fn conn_log(packets: &[RawPacket]) -> String {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &plain(packets));
    flows(folder.path(), &["a.pcap", "--format", "zeek"])
}

fn to_53(after_ns: i64, from: &str, to: &str, datagram: &[u8]) -> RawPacket {
    let ip = Ip::new(from.parse().unwrap(), to.parse().unwrap(), UDP);
    let data = frame(ETHERNET, &[], &ip.packet(datagram));
    RawPacket::whole(START_NS + after_ns, ETHERNET, data)
}

#[test]
fn the_header_says_how_to_read_the_rest() {
    let log = conn_log(&[datagram(0, 7, b"ask"), datagram(1_000_000_000, 7, b"ask")]);
    let lines: Vec<&str> = log.lines().collect();
    let start = [
        "#separator \\x09",
        "#set_separator\t,",
        "#empty_field\t(empty)",
        "#unset_field\t-",
        "#path\tconn",
        "#open\t2023-11-14-22-13-20",
    ];
    assert_eq!(lines[..6], start);
    let fields: Vec<&str> = lines[6].split('\t').collect();
    let types: Vec<&str> = lines[7].split('\t').collect();
    assert_eq!((fields[0], types[0]), ("#fields", "#types"));
    assert_eq!((fields.len(), types.len()), (24, 24));
    let kind = |name: &str| types[fields.iter().position(|field| *field == name).unwrap()];
    let kinds = ["ts", "id.orig_h", "id.resp_p", "proto", "duration", "local_resp"].map(kind);
    assert_eq!(kinds, ["time", "addr", "port", "enum", "interval", "bool"]);
    assert_eq!(kind("tunnel_parents"), "set[string]");
    assert_eq!(lines[8].split('\t').count(), 23);
    assert_eq!(lines[9..], ["#close\t2023-11-14-22-13-21"]);
}

#[test]
fn zeek_cut_finds_its_fields() {
    let log = conn_log(&[
        datagram(0, 7, b"ask"),
        datagram(1_234_567_500, 7, b"again"),
        to_53(2_000_000_400, "fe80::1", "2001:db8::2", &udp(8, 53, b"")),
    ]);
    let names = ["id.orig_p", "ts", "duration", "orig_bytes", "resp_bytes", "history", "proto"];
    let rows = zeek_cut(&log, &names);
    assert_eq!(rows[0], ["7", "1700000000.000000", "1.234568", "8", "0", "D", "udp"]);
    assert_eq!(rows[1], ["8", "1700000002.000000", "-", "-", "-", "D", "udp"]);
    let names = ["id.orig_h", "local_orig", "local_resp", "service", "tunnel_parents", "ip_proto"];
    let rows = zeek_cut(&log, &names);
    assert_eq!(rows[0], ["192.0.2.1", "F", "F", "-", "-", "17"]);
    assert_eq!(rows[1], ["fe80::1", "T", "F", "-", "-", "17"]);
}

#[test]
fn the_real_zeek_cut_prints_what_we_expect_of_it() {
    // Debian's package bro-aux has it under the name it had before.
    let is_there = |name: &&str| Command::new(name).arg("-h").output().is_ok();
    let Some(program) = ["zeek-cut", "bro-cut"].into_iter().find(is_there) else {
        eprintln!("skipped: neither zeek-cut nor bro-cut is there");
        return;
    };
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    let log = flows(folder.path(), &["a.pcap", "--format", "zeek"]);
    write(folder.path(), "conn.log", log.as_bytes());
    let fields = ["uid", "id.orig_h", "id.resp_p", "conn_state", "history", "community_id"];
    let input = File::open(folder.path().join("conn.log")).unwrap();
    let cut = Command::new(program).args(fields).stdin(input).output().unwrap();
    let lines = zeek_cut(&log, &fields).into_iter().map(|cells| cells.join("\t") + "\n");
    assert_eq!(String::from_utf8_lossy(&cut.stdout), lines.collect::<String>());
}

#[test]
fn uids_are_one_a_flow_and_always_the_same() {
    let packets: Vec<RawPacket> =
        (0..500).map(|port| datagram(i64::from(port) * 1_000, port, b"")).collect();
    let uids = |log: &str| -> Vec<String> {
        zeek_cut(log, &["uid"]).into_iter().map(|cells| cells[0].clone()).collect()
    };
    let first = uids(&conn_log(&packets));
    assert_eq!(first, uids(&conn_log(&packets)));
    let different: std::collections::BTreeSet<&String> = first.iter().collect();
    assert_eq!(different.len(), 500);
    let is_uid = |uid: &String| {
        uid.starts_with('C')
            && uid.len() == 18
            && uid.chars().all(|character| character.is_ascii_alphanumeric())
    };
    assert!(first.iter().all(is_uid), "{first:?}");
}

#[test]
fn bad_checksums_are_told_and_left_out() {
    // The last byte of the payload was changed on the way.
    let broken = |mut packet: RawPacket| {
        if let Some(last) = packet.data.last_mut() {
            *last ^= 1;
        }
        packet
    };
    let without = |mut packet: RawPacket| {
        let checksum_at = packet.data.len() - 3 - 2;
        packet.data[checksum_at..checksum_at + 2].fill(0);
        packet
    };
    let cut = |mut packet: RawPacket| {
        packet.data.pop();
        packet
    };
    let mut packets = vec![
        datagram(0, 1, b"ask"),
        broken(datagram(1, 2, b"ask")),
        without(broken(datagram(2, 3, b"ask"))),
        cut(datagram(3, 4, b"ask")),
        without(to_53(4, "fe80::1", "fe80::2", &udp(5, 53, b"ask"))),
    ];
    packets.extend((0..9).map(|count| broken(datagram(10 + count, 2, b"ask"))));
    let rows = zeek_cut(&conn_log(&packets), &["id.orig_p", "conn_state", "history"]);
    let mut told: Vec<String> = rows.iter().map(|row| row.join(" ")).collect();
    told.sort();
    assert_eq!(told, ["1 S0 D", "2 OTH CC", "3 S0 D", "4 S0 D", "5 OTH C"]);
}

#[test]
fn pings_have_types_for_ports_and_no_history() {
    let ip = Ip::new([10, 0, 0, 1].into(), [8, 8, 8, 8].into(), ICMP);
    let data = frame(ETHERNET, &[], &ip.packet(&icmp(8, 0, 1, b"abcd")));
    let log = conn_log(&[RawPacket::whole(START_NS, ETHERNET, data)]);
    let names = ["id.orig_p", "id.resp_p", "proto", "conn_state", "history", "orig_ip_bytes"];
    assert_eq!(zeek_cut(&log, &names), [["8", "0", "icmp", "OTH", "-", "32"]]);
}

#[test]
fn only_the_profile_native_has_a_conn_log() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    let arguments = ["flows", "a.pcap", "--format", "zeek", "-o", "conn.log", "--profile"];
    let finished = tractor(folder.path(), &[&arguments[..], &["iscx"]].concat());
    assert_eq!((finished.code, finished.output.as_str()), (Some(2), ""));
    assert_eq!(finished.messages, "error: the format zeek is of the profile native only\n");
    let finished = tractor(folder.path(), &[&arguments[..], &["native"]].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let log = std::fs::read_to_string(folder.path().join("conn.log")).unwrap();
    assert!(zeek_cut(&log, &["uid"]).len() > 3, "{log}");
}

#[test]
fn what_a_conn_log_cannot_show_is_refused() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    let zeek = ["flows", "a.pcap", "--format", "zeek"];
    for (more, why) in [
        (&["--splt", "3"], "the format zeek does not show packets one by one (--splt)"),
        (&["--window", "10s"], "the format zeek has no rows of windows"),
    ] {
        let finished = tractor(folder.path(), &[&zeek, &more[..]].concat());
        assert_eq!((finished.code, finished.output.as_str()), (Some(2), ""), "{finished:?}");
        assert_eq!(finished.messages, format!("error: {why}\n"));
    }
    // It has the flow's identity, as the profile native has.
    let with_id = tractor(folder.path(), &[&zeek[..], &["--with-id"]].concat());
    assert_eq!(with_id.output, flows(folder.path(), &zeek[1..]));
}
