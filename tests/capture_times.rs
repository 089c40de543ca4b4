//! Times as capture files have them: every unit, offsets, none at all, and times that 64 bits of nanoseconds cannot
//! hold (FLOWS.md, section 1).

use std::path::Path;

use crate::binary::{self, Means};
use crate::oracle::table::fields;
use crate::oracle::{Options, Profile, SECOND, table};
use crate::support::capture::{PcapStyle, RAW_IP, RawPacket, pcap};
use crate::support::frames::{Ip, UDP, udp};
use crate::support::pcapng::{PcapngStyle, pcapng};

const MEANS: Means = Means { workers: 2, chunk_bytes: Some(64) };
const SECOND_NS: i64 = 1_000_000_000;
const LATEST: &str = "2262-04-11T23:47:16.854775807Z";
/// The offset that lets nanoseconds reach the earliest time, and the latest time then, just short of all.
const OFFSET_TO_THE_EARLIEST_S: i64 = -9_223_372_037;
const LATEST_WRITTEN_NS: i64 = i64::MAX - SECOND_NS;
const EARLIEST: &str = "1677-09-21T00:12:43.145224192Z";

fn datagram(time_ns: i64, port: u16) -> RawPacket {
    let [from, to] = ["10.0.0.1", "10.0.0.2"].map(|text| text.parse().expect("an address"));
    RawPacket::whole(time_ns, RAW_IP, Ip::new(from, to, UDP).packet(&udp(port, 9, &[])))
}

/// The cells of one column of the program's rows, in the order of the flows' ids.
fn column(name: &str, file: &[u8]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder for captures");
    let path = folder.path().join("capture");
    std::fs::write(&path, file).expect("a capture written");
    let printed = binary::flows(&[path], &Options::of(Profile::Native), MEANS);
    let mut lines: Vec<Vec<String>> = printed.output.lines().map(fields).collect();
    assert!(!lines.is_empty(), "{}\n{}", printed.command, printed.messages);
    let header = lines.remove(0);
    let place = header.iter().position(|column| column == name).expect("a column");
    lines.sort_by_key(|cells| cells[0].parse::<u64>().expect("a flow id"));
    lines.iter().map(|cells| cells[place].clone()).collect()
}

#[test]
fn units_and_offsets_are_honoured() {
    // 512ths and milliseconds of a second hold this time, and so does every finer unit.
    let time_ns = 1_700_000_000 * SECOND_NS + SECOND_NS / 8;
    for resolution in [None, Some(3), Some(6), Some(9), Some(10), Some(0x89), Some(0xa0)] {
        for offset_s in [0, 1_700_000_000, -3_600, 5] {
            let style = PcapngStyle { resolution, offset_s, ..PcapngStyle::default() };
            let start = column("start", &pcapng(&[datagram(time_ns, 1)], style));
            assert_eq!(start, ["2023-11-14T22:13:20.125000000Z"], "{style:?}");
        }
    }
    let before = PcapngStyle { offset_s: -10, ..PcapngStyle::default() };
    let start = column("start", &pcapng(&[datagram(-1, 1)], before));
    assert_eq!(start, ["1969-12-31T23:59:59.999999999Z"]);
}

#[test]
fn both_units_and_byte_orders_of_pcap_are_read() {
    for big_endian in [false, true] {
        for (nanoseconds, decimals) in [(false, "000000999000"), (true, "000000999999")] {
            let style = PcapStyle { big_endian, nanoseconds, ..PcapStyle::default() };
            let file = pcap(&[datagram(4_294_967_295 * SECOND_NS + 999_999, 1)], RAW_IP, style);
            let expected = format!("2106-02-07T06:28:15.{}Z", &decimals[3..]);
            assert_eq!(column("start", &file), [expected], "{style:?}");
        }
    }
}

#[test]
fn a_packet_without_a_time_takes_that_of_the_packet_before() {
    let style = PcapngStyle { simple_blocks: true, ..PcapngStyle::default() };
    let packets = [datagram(0, 1), datagram(0, 2), datagram(5, 3), datagram(5, 4)];
    let start = column("start", &pcapng(&packets, style));
    let [zero, five] = ["0", "5"].map(|last| format!("1970-01-01T00:00:00.00000000{last}Z"));
    assert_eq!(start, [zero.clone(), zero, five.clone(), five]);
}

#[test]
fn times_out_of_range_are_clamped() {
    for (offset_s, time) in [
        (9_223_372_036, LATEST),
        (i64::MAX, LATEST),
        (-9_223_372_038, EARLIEST),
        (i64::MIN, EARLIEST),
    ] {
        // The writer knows no such times: the offset is put in afterwards.
        let style = PcapngStyle { offset_s: 0x0102_0304, ..PcapngStyle::default() };
        let mut file = pcapng(&[datagram((0x0102_0304 + 1) * SECOND_NS, 1)], style);
        let place = file.windows(8).position(|bytes| bytes == 0x0102_0304_u64.to_le_bytes());
        let place = place.expect("the offset");
        file[place..place + 8].copy_from_slice(&offset_s.to_le_bytes());
        assert_eq!(column("start", &file), [time], "{offset_s}");
    }
}

#[test]
fn the_ends_of_time_agree_with_the_oracle() {
    let latest = LATEST_WRITTEN_NS;
    agree_at(&[latest, latest - 1, latest - 5_000_000_000, latest - 7]);
    // The least time that is a whole microsecond: rounded down, an earlier one leaves the range.
    let earliest = i64::MIN + 808;
    agree_at(&[earliest, earliest + 7, earliest + 5_000_000_000, earliest + 1]);
}

#[test]
fn from_one_end_of_time_to_the_other_agrees_with_the_oracle() {
    agree_at(&[0, LATEST_WRITTEN_NS, i64::MIN, 1, LATEST_WRITTEN_NS - 1, i64::MIN + 7, 2]);
}

fn agree_at(times: &[i64]) {
    let ports = [1, 1, 1, 2, 2, 1, 2, 3];
    let packets: Vec<RawPacket> = (0..40)
        .map(|index| datagram(times[index % times.len()], ports[index % ports.len()]))
        .collect();
    let style = PcapngStyle { offset_s: OFFSET_TO_THE_EARLIEST_S, ..PcapngStyle::default() };
    let folder = tempfile::tempdir().expect("a folder for captures");
    let path = folder.path().join("capture.pcapng");
    std::fs::write(&path, pcapng(&packets, style)).expect("a capture written");
    for mut options in binary::all_profiles() {
        compare(&path, &packets, &options);
        // As good as never, so that gaps of all sizes stay inside a flow.
        options.idle = 4_600_000_000 * SECOND;
        options.active = options.active.map(|_| options.idle);
        compare(&path, &packets, &options);
    }
}

fn compare(path: &Path, packets: &[RawPacket], options: &Options) {
    let printed = binary::flows(&[path.into()], options, MEANS);
    if let Some(difference) = table(packets, options).difference(&printed.output) {
        panic!("{}\n{}\n{difference}", printed.command, printed.messages);
    }
}
