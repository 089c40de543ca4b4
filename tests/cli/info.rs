//! `tractor info` and `pcap_info`: the lines that scripts know, and the same as JSON.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::tempdir;

use super::run::{pcap_info, program, tractor, until};
use super::traffic::{SECOND_NS, START_NS, datagram, plain, segment, write};
use crate::support::capture::{ETHERNET, PcapStyle, RAW_IP, RawPacket, pcap};
use crate::support::files::gzip;
use crate::support::pcapng::{PcapngStyle, pcapng};

/// Two flows of UDP and two of TCP, the same ports of both protocols among them, and noise.
fn packets() -> Vec<RawPacket> {
    vec![
        datagram(0, 5_000, b"one"),
        segment(1_000_000, 5_000, b"two"),
        datagram(2_000_000, 5_000, b"three"),
        datagram(3_000_000, 5_001, b"four"),
        segment(4_000_000, 5_002, b"five"),
        RawPacket::whole(START_NS + 2 * SECOND_NS, ETHERNET, vec![0; 60]),
        datagram(1_999_000, 5_000, b"late"),
    ]
}

const COUNTS: &str = "Unique flows: 4\nTCP Packets: 2\nUDP Packets: 4\n";

/// Both programs say this of a file, whatever its format.
fn assert_described(folder: &Path, name: &str, first_line: &str) {
    let expected = format!("{name}: {first_line}\n{COUNTS}");
    for finished in [tractor(folder, &["info", name]), pcap_info(folder, &[name])] {
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert_eq!(finished.output, expected);
    }
}

#[test]
fn classic_captures_are_described_in_the_known_lines() {
    let folder = tempdir().unwrap();
    let style = PcapStyle { big_endian: false, nanoseconds: false, snaplen: 8_192 };
    for (style, first_line) in [
        (
            style,
            "tcpdump capture file (little-endian) - version 2.4 (Ethernet, capture length 8192)",
        ),
        (
            PcapStyle { big_endian: true, ..style },
            "tcpdump capture file (big-endian) - version 2.4 (Ethernet, capture length 8192)",
        ),
        (
            PcapStyle { nanoseconds: true, snaplen: 65_535, ..style },
            "tcpdump capture file, nanosecond resolution (little-endian) - version 2.4 \
             (Ethernet, capture length 65535)",
        ),
    ] {
        write(folder.path(), "a.pcap", &pcap(&packets(), ETHERNET, style));
        assert_described(folder.path(), "a.pcap", first_line);
    }
    write(folder.path(), "a.pcap.gz", &gzip(&pcap(&packets(), ETHERNET, style)));
    assert_described(
        folder.path(),
        "a.pcap.gz",
        "tcpdump capture file (little-endian) - version 2.4 (Ethernet, capture length 8192), \
         gzip compressed",
    );
}

/// The same packets, one of them without its Ethernet header.
fn two_link_types() -> Vec<RawPacket> {
    let mut packets = packets();
    let bare = &mut packets[3];
    bare.link_type = RAW_IP;
    bare.data.drain(..14);
    bare.original_bytes -= 14;
    packets
}

#[test]
fn a_pcapng_capture_names_all_its_link_types() {
    let folder = tempdir().unwrap();
    let microseconds = PcapngStyle { resolution: None, ..PcapngStyle::default() };
    let links = "(Ethernet, capture length 0; Raw IP, capture length 0)";
    for (style, beginning) in [
        (microseconds, "pcapng capture file (little-endian)"),
        (PcapngStyle { big_endian: true, ..microseconds }, "pcapng capture file (big-endian)"),
        (PcapngStyle::default(), "pcapng capture file, nanosecond resolution (little-endian)"),
    ] {
        write(folder.path(), "a.pcapng", &pcapng(&two_link_types(), style));
        let first_line = format!("{beginning} - version 1.0 {links}");
        assert_described(folder.path(), "a.pcapng", &first_line);
    }
}

fn objects(folder: &Path, arguments: &[&str], code: i32) -> Vec<Value> {
    let finished = tractor(folder, &[&["info", "--json"], arguments].concat());
    assert_eq!(finished.code, Some(code), "{finished:?}");
    let again = pcap_info(folder, &[&["--json"], arguments].concat());
    assert_eq!((again.code, &again.output), (finished.code, &finished.output));
    serde_json::from_str(&finished.output).unwrap()
}

#[test]
fn json_has_all_that_is_known_of_a_capture() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcapng", &pcapng(&two_link_types(), PcapngStyle::default()));
    let objects = objects(folder.path(), &["a.pcapng"], 0);
    let bytes: usize = two_link_types().iter().map(|packet| packet.data.len()).sum();
    let expected = json!({
        "path": "a.pcapng",
        "format": "pcapng",
        "byte_order": "little-endian",
        "version": "1.0",
        "packets": 7,
        "bytes": bytes,
        "first_time": "2023-11-14T22:13:20.000000000Z",
        "last_time": "2023-11-14T22:13:22.000000000Z",
        "unique_flows": 4,
        "unique_flows_is_floor": false,
        "tcp_packets": 2,
        "udp_packets": 4,
        "link_types": [1, 101],
        "malformed": {},
        "error": null,
        "compression": null,
    });
    assert_eq!(objects.len(), 1);
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(objects[0].get(name), Some(value), "{name}");
    }
    let interface = |number: u64, name: &str| {
        json!({
            "link_type": number, "link_name": name,
            "capture_length_bytes": 0, "resolution": "1 ns",
        })
    };
    let interfaces = json!([interface(1, "Ethernet"), interface(101, "Raw IP")]);
    assert_eq!(objects[0]["interfaces"], interfaces);
}

#[test]
fn json_counts_packets_that_are_malformed() {
    let folder = tempdir().unwrap();
    let mut packets = packets();
    packets[0].data.truncate(30);
    write(folder.path(), "a.pcap", &plain(&packets));
    let objects = objects(folder.path(), &["a.pcap"], 0);
    assert_eq!(objects[0]["malformed"], json!({ "cut_short": 1 }));
    assert_eq!(objects[0]["packets"], 7);
}

#[test]
fn json_has_an_object_for_every_file_readable_or_not() {
    let folder = tempdir().unwrap();
    let whole = plain(&packets());
    write(folder.path(), "good.pcap", &whole);
    write(folder.path(), "hurt.pcap", &whole[..whole.len() - 1]);
    write(folder.path(), "none.pcap", &plain(&[]));
    write(folder.path(), "text.pcap", b"this is no capture at all");
    let names = ["text.pcap", "good.pcap", "nosuch.pcap", "hurt.pcap", "none.pcap"];
    let objects = objects(folder.path(), &names, 3);
    let field = |name: &str| objects.iter().map(|object| object[name].clone()).collect::<Vec<_>>();
    assert_eq!(field("path"), names);
    assert_eq!(field("packets"), [Value::Null, 7.into(), Value::Null, 6.into(), 0.into()]);
    let is_null: Vec<bool> = field("error").iter().map(Value::is_null).collect();
    assert_eq!(is_null, [false, true, false, false, true]);
    assert_eq!(objects[2]["error"], "No such file or directory");
    assert_eq!((&objects[4]["first_time"], &objects[4]["last_time"]), (&Value::Null, &Value::Null));
}

/// Messages and exit code of `tractor info` on a capture and then standard input, which never ends.
fn info_printed_to(output: Stdio) -> (String, Option<i32>) {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &plain(&packets()));
    let mut child = program(folder.path(), &["info", "a.pcap", "a.pcap", "-"])
        .stdin(Stdio::piped())
        .stdout(output)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let open = child.stdin.take();
    until("the program has seen enough", || child.try_wait().unwrap().is_some());
    drop(open);
    let mut messages = String::new();
    child.stderr.take().unwrap().read_to_string(&mut messages).unwrap();
    (messages, child.wait().unwrap().code())
}

#[test]
fn nothing_more_is_read_once_the_lines_cannot_be_printed() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(info_printed_to(writer.into()), (String::new(), Some(0)));
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let (messages, code) = info_printed_to(full.into());
    assert_eq!(code, Some(1), "{messages}");
    assert_eq!(messages.lines().count(), 1, "{messages}");
    assert!(messages.starts_with("error: cannot write "), "{messages}");
}
