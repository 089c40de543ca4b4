//! The oracle of `cic`, `cic-fixed` and `nfstream` against numbers worked out by hand, where the programs' own answers
//! (`reference_peers`) hold no such packet; and that the program agrees at these limits.

use std::net::IpAddr;

use crate::binary::{self, Means};
use crate::oracle::table::{Cell, Table};
use crate::oracle::{Endpoint, Key, Options, Profile, table};
use crate::support::capture::{ETHERNET, RawPacket};
use crate::support::frames::{ACK, FIN, ICMP, Ip, PSH, RST, TCP, Tcp, UDP, icmp, udp};
use crate::support::link_frames::{Tag, frame};
use crate::support::pcapng::{PcapngStyle, pcapng};

const CLIENT: &str = "10.0.0.1";
const SERVER: &str = "10.0.0.2";
const MICROSECOND: i64 = 1_000;
const MILLISECOND: i64 = 1_000_000;
const SECOND_NS: i64 = 1_000_000_000;

fn ip(from: &str, to: &str, protocol: u8) -> Ip {
    let [from, to] = [from, to].map(|text| text.parse::<IpAddr>().expect("an address"));
    Ip::new(from, to, protocol)
}

fn captured(time_ns: i64, packet: &[u8]) -> RawPacket {
    RawPacket::whole(time_ns, ETHERNET, frame(ETHERNET, &[], packet))
}

/// A segment between port 1000 of the client and port 80 of the server.
fn segment(time_ns: i64, to_server: bool, flags: u8, payload_bytes: usize) -> RawPacket {
    let (from, to) = if to_server { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
    let (source_port, destination_port) = if to_server { (1_000, 80) } else { (80, 1_000) };
    let window = if to_server { 100 } else { 200 };
    let header = Tcp { source_port, destination_port, flags, window, ..Tcp::default() };
    captured(time_ns, &ip(from, to, TCP).packet(&header.segment(&vec![7; payload_bytes])))
}

fn datagram(time_ns: i64, to_server: bool, payload_bytes: usize) -> RawPacket {
    let (from, to) = if to_server { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
    let (from_port, to_port) = if to_server { (5_000, 53) } else { (53, 5_000) };
    captured(time_ns, &ip(from, to, UDP).packet(&udp(from_port, to_port, &vec![7; payload_bytes])))
}

/// The oracle's rows; the program must have the same, if it has the profile.
fn rows(profile: Profile, packets: &[RawPacket]) -> Table {
    rows_with(&Options::of(profile), packets)
}

fn rows_with(options: &Options, packets: &[RawPacket]) -> Table {
    let profile = options.profile;
    let table = table(packets, options);
    if binary::profiles().contains(&profile) {
        let folder = tempfile::tempdir().expect("a folder for captures");
        let path = folder.path().join("capture.pcapng");
        std::fs::write(&path, pcapng(packets, PcapngStyle::default())).expect("a capture written");
        let means = Means { workers: 2, chunk_bytes: Some(64) };
        let printed = binary::flows(&[path], options, means);
        if let Some(difference) = table.difference(&printed.output) {
            panic!("{}\n{}\n{difference}", printed.command, printed.messages);
        }
    }
    table
}

/// Cells of these columns of all rows, rows apart by `;`, null as a dash.
fn cells(table: &Table, columns: &str) -> String {
    let cell = |row: &[Cell], name: &str| {
        let place = table.columns.iter().position(|column| column == name);
        match &row[place.unwrap_or_else(|| panic!("a column {name}"))] {
            Cell::Null => "-".to_owned(),
            cell => cell.to_string(),
        }
    };
    let line = |row: &Vec<Cell>| {
        columns.split(',').map(|name| cell(row, name)).collect::<Vec<_>>().join(" ")
    };
    table.rows.iter().map(line).collect::<Vec<_>>().join(";")
}

const COUNTS: &str = "Src Port,Total Fwd Packet,Total Bwd packets";

#[test]
fn cic_counts_the_first_packet_twice() {
    let packets = [
        segment(0, true, PSH, 10),
        segment(20 * MICROSECOND + 999, false, PSH | ACK, 30),
        segment(50 * MICROSECOND, true, PSH | ACK, 0),
    ];
    let table = rows(Profile::Cic, &packets);
    assert_eq!(cells(&table, "Flow ID"), "10.0.0.1-10.0.0.2-1000-80-6");
    assert_eq!(cells(&table, "Timestamp,Flow Duration"), "01/01/1970 12:00:00 AM 50");
    assert_eq!(cells(&table, "Packet Length Mean,Average Packet Size"), "12.5 16.666666666666668");
    assert_eq!(cells(&table, "Fwd PSH Flags,Bwd PSH Flags,PSH Flag Count"), "1 0 3");
    assert_eq!(
        cells(&table, "Flow IAT Max,Flow IAT Min,Fwd IAT Total,Bwd IAT Total"),
        "30 20 50 0"
    );
    assert_eq!(cells(&table, "Flow Packets/s,Flow Bytes/s,Bwd Packets/s"), "60000 800000 20000");
    assert_eq!(
        cells(&table, "FWD Init Win Bytes,Bwd Init Win Bytes,Fwd Act Data Pkts"),
        "100 200 0"
    );
    assert_eq!(cells(&table, "Label"), "NeedManualLabel");
    // At one time: rates of nothing.
    let table = rows(Profile::Cic, &[datagram(7, true, 0), datagram(9, false, 0)]);
    assert_eq!(cells(&table, "Flow Bytes/s,Flow Packets/s,Fwd Packets/s"), "NaN Infinity 0");
}

#[test]
fn cic_ends_by_the_other_sides_fin() {
    let packets = [
        segment(0, true, FIN, 0),
        segment(1, true, FIN | RST, 0),
        segment(2, true, FIN, 0),
        segment(3, false, ACK, 0),
        segment(4, false, FIN | ACK, 0),
        segment(5, false, ACK, 0),
        segment(6, true, RST, 0),
        segment(7, true, ACK, 0),
    ];
    let table = rows(Profile::Cic, &packets);
    // The first packet's FIN is not the first one, the third packet is dropped, the last one alone is no row.
    assert_eq!(cells(&table, COUNTS), "1000 2 2;80 1 1");
    assert_eq!(cells(&table, "FIN Flag Count"), "3;0");
}

#[test]
fn cic_keeps_source_and_destination_when_a_flow_is_old() {
    let limit = 120 * SECOND_NS;
    let at_the_limit = [datagram(0, true, 0), datagram(limit + 999, false, 0)];
    assert_eq!(cells(&rows(Profile::Cic, &at_the_limit), COUNTS), "5000 1 1");
    let beyond = limit + MICROSECOND;
    let packets = [
        datagram(0, true, 0),
        datagram(beyond, false, 0),
        datagram(beyond, false, 0),
        datagram(beyond, true, 0),
    ];
    // The packet that opens the second flow is forward, though the server sent it.
    assert_eq!(cells(&rows(Profile::Cic, &packets), COUNTS), "5000 2 1");
}

#[test]
fn cic_remembers_whose_a_silent_flow_was() {
    let hour = 3_600 * SECOND_NS;
    let other =
        |time_ns: i64| captured(time_ns, &ip("10.0.0.8", "10.0.0.9", UDP).packet(&udp(1, 2, &[])));
    let silent = |after_ns: i64| {
        vec![
            datagram(0, true, 1),
            other(after_ns),
            datagram(1_000, false, 1),
            datagram(2_000, false, 1),
            datagram(3_000, true, 1),
        ]
    };
    // Still there; set aside: the next packet opens a flow that has its source.
    assert_eq!(cells(&rows(Profile::Cic, &silent(hour + 999)), COUNTS), "5000 2 2");
    assert_eq!(cells(&rows(Profile::Cic, &silent(hour + MICROSECOND)), COUNTS), "5000 2 1");
}

#[test]
fn cic_forgets_the_flow_that_was_silent_longest() {
    let mut ends = Vec::new();
    let server = Endpoint { address: [10, 0, 0, 1].into(), port: 53 };
    for number in 0_u32.. {
        let host = std::net::Ipv4Addr::from_bits(0x0b00_0000 + (number >> 16));
        let client = Endpoint { address: host.into(), port: number as u16 };
        if Key::new(client, server, UDP, true).shard() == 77 {
            ends.push(client);
        }
        if ends.len() > 16_384 {
            break;
        }
    }
    let between = |time_ns: i64, from: Endpoint, to: Endpoint| {
        let packet = Ip::new(from.address, to.address, UDP).packet(&udp(from.port, to.port, &[]));
        captured(time_ns, &packet)
    };
    let mut packets: Vec<RawPacket> =
        ends.iter().map(|client| between(SECOND_NS, *client, server)).collect();
    packets.push(between(4_000 * SECOND_NS, server, server));
    for client in [ends[0], ends[1]] {
        packets.push(between(SECOND_NS, server, client));
        packets.push(between(SECOND_NS, server, client));
    }
    let mut options = Options::of(Profile::Cic);
    options.flows_max = 256 * 100_000;
    let table = rows_with(&options, &packets);
    let expected = format!("53 2 0;{} 1 1", ends[1].port);
    assert_eq!(cells(&table, COUNTS), expected);
}

#[test]
fn cic_has_idle_periods_over_five_seconds() {
    let five = 5 * SECOND_NS;
    let times = [0, 7 * MICROSECOND, five + 7 * MICROSECOND, 2 * five + 8 * MICROSECOND];
    let packets = times.map(|time_ns| datagram(time_ns, true, 0));
    let active = "Active Mean,Active Std,Active Max,Active Min";
    let idle = "Idle Mean,Idle Std,Idle Max,Idle Min";
    let table = rows(Profile::Cic, &packets);
    assert_eq!(cells(&table, active), "5000007 0 5000007 5000007");
    assert_eq!(cells(&table, idle), "5000001 0 5000001 5000001");
    assert_eq!(cells(&table, "Subflow Fwd Packets"), "2");
    let table = rows(Profile::CicFixed, &packets);
    assert_eq!(cells(&table, "Active Max,Active Min"), "5000007 0");
    assert_eq!(cells(&table, "Idle Mean,Idle Std"), "5000001 0");
    // Two gaps over a second make three subflows.
    assert_eq!(cells(&table, "Subflow Fwd Packets,Subflow Bwd Packets"), "1.3333333333333333 0");
}

#[test]
fn bulks_are_four_packets_with_payload_in_a_row() {
    let start = 10 * SECOND_NS;
    let at = |milliseconds: i64| start + milliseconds * MILLISECOND;
    let packets = [
        datagram(at(0), true, 100),
        datagram(at(10), true, 0),
        datagram(at(20), true, 100),
        datagram(at(30), false, 0),
        datagram(at(1_020), true, 100),
        datagram(at(1_030), true, 100),
        datagram(at(1_040), true, 100),
        datagram(at(1_050), false, 60),
        datagram(at(1_060), false, 60),
        datagram(at(1_070), true, 100),
        datagram(at(1_080), false, 60),
        datagram(at(1_090), false, 60),
        datagram(at(1_100), false, 60),
        datagram(at(2_101), false, 60),
    ];
    let fixed = rows(Profile::CicFixed, &packets);
    let columns = |side: &str| {
        ["Bytes/Bulk Avg", "Packet/Bulk Avg", "Bulk Rate Avg"].map(|name| format!("{side} {name}"))
    };
    // 500 bytes in 1.04 s; three packets of the server are no bulk, and the fourth comes too late.
    assert_eq!(cells(&fixed, &columns("Fwd").join(",")), "500 5 480.7692307692308");
    assert_eq!(cells(&fixed, &columns("Bwd").join(",")), "- - -");
    // One run of eleven packets for both: 600 + 300 bytes in 1.1 s.
    let cic = rows(Profile::Cic, &packets);
    assert_eq!(cells(&cic, &columns("Bwd").join(",")), "900 11 818");
    assert_eq!(cells(&cic, &columns("Fwd").join(",")), "0 0 0");
}

#[test]
fn cic_fixed_is_null_where_there_is_nothing() {
    let ping = captured(1_234, &ip(CLIENT, SERVER, ICMP).packet(&icmp(8, 0, 1, &[0; 5])));
    let other = captured(1_234, &ip(CLIENT, SERVER, 47).packet(&[1; 9]));
    let table = rows(Profile::CicFixed, &[ping, other]);
    let id = "Flow ID,Src Port,Dst Port,Protocol";
    assert_eq!(cells(&table, id), "10.0.0.1-10.0.0.2-8-0-1 8 0 1;10.0.0.1-10.0.0.2-0-0-47 - - 47");
    assert_eq!(cells(&table, "Fwd Header Length,Fwd Seg Size Min"), "8 8;0 0");
    assert_eq!(
        cells(&table, "Timestamp,Flow Duration").split(';').next(),
        Some("1970-01-01T00:00:00.000001Z 0")
    );
    let nothing = "Bwd Packet Length Max,Flow Packets/s,Flow IAT Mean,Fwd IAT Total,SYN Flag Count,\
        FWD Init Win Bytes,Idle Mean";
    assert_eq!(cells(&table, nothing), "- - - - - - -;- - - - - - -");
    assert_eq!(cells(&table, "Down/Up Ratio,Packet Length Variance,Active Mean"), "0 0 0;0 0 0");
}

#[test]
fn cic_reads_quoted_and_tunnelled_headers() {
    let inner = ip("192.168.0.1", "192.168.0.2", TCP);
    let header = Tcp { source_port: 7, destination_port: 8, flags: ACK, ..Tcp::default() };
    let inner = inner.packet(&header.segment(&[1; 4]));
    let error = ip(SERVER, CLIENT, ICMP).packet(&icmp(3, 1, 0, &inner));
    let tunnel = [&[0, 2, 0, 0, 0, 0, 0xff, 3, 0, 0x21][..], &inner].concat();
    let tunnel = ip(CLIENT, SERVER, UDP).packet(&udp(1701, 1701, &tunnel));
    let columns = "Flow ID,Total Length of Fwd Packet";
    let twice = |packet: &[u8]| [captured(0, packet), captured(0, packet)];
    let errors = rows(Profile::Cic, &twice(&error));
    assert_eq!(cells(&errors, columns), "10.0.0.2-10.0.0.1-7-8-6 8");
    let tunnels = rows(Profile::Cic, &twice(&tunnel));
    assert_eq!(cells(&tunnels, columns), "10.0.0.1-10.0.0.2-7-8-6 8");
    // Padding is cut on Ethernet, and counts behind a tag.
    let padded = |tags: &[Tag]| {
        let packet = ip(CLIENT, SERVER, UDP).packet(&udp(1, 2, &[1; 4]));
        let mut data = frame(ETHERNET, tags, &packet);
        data.resize(60, 0);
        let record = RawPacket::whole(0, ETHERNET, data);
        cells(&rows(Profile::Cic, &[record.clone(), record]), "Total Length of Fwd Packet")
    };
    assert_eq!((padded(&[]), padded(&[Tag::of(5)])), ("8".to_owned(), "28".to_owned()));
}

const SEEN: &str = "id,expiration_id,bidirectional_packets,bidirectional_last_seen_ms";

#[test]
fn nfstream_ends_flows_at_its_limits() {
    let idle = 120 * SECOND_NS;
    let short = [datagram(0, true, 0), datagram(idle - 1, false, 0)];
    assert_eq!(cells(&rows(Profile::Nfstream, &short), SEEN), "1 0 2 119999");
    let long = [datagram(MILLISECOND - 1, true, 0), datagram(idle, false, 0)];
    let table = rows(Profile::Nfstream, &long);
    assert_eq!(cells(&table, SEEN), "1 0 1 0;2 0 1 120000");
    assert_eq!(cells(&table, "src_port"), "5000;53");
    // Kept alive up to the active time-out, and to the last millisecond before it.
    for (last_ms, expected) in
        [(1_800_000, "1 1 18 1700000;19 0 1 1800000"), (1_799_999, "1 0 19 1799999")]
    {
        let mut packets: Vec<RawPacket> =
            (0..18).map(|step| datagram(step * 100 * SECOND_NS, step % 2 == 0, 0)).collect();
        packets.push(datagram(last_ms * MILLISECOND, true, 0));
        assert_eq!(cells(&rows(Profile::Nfstream, &packets), SEEN), expected);
    }
}

#[test]
fn nfstream_has_one_clock() {
    let other = captured(9 * MILLISECOND, &ip("10.0.0.8", "10.0.0.9", UDP).packet(&udp(1, 2, &[])));
    let dropped = RawPacket::whole(99 * MILLISECOND, ETHERNET, vec![0; 27]);
    let packets = [datagram(0, true, 0), dropped, other, datagram(3 * MILLISECOND, false, 0)];
    let columns = "id,src2dst_last_seen_ms,dst2src_first_seen_ms,bidirectional_mean_piat_ms";
    assert_eq!(cells(&rows(Profile::Nfstream, &packets), columns), "1 0 9 9;3 9 0 0");
}

#[test]
fn nfstream_looks_into_tunnels_and_behind_tags() {
    let inner = ip("192.168.0.1", "192.168.0.2", UDP).packet(&udp(7, 8, &[1; 4]));
    let gtp = [&[0x30, 0xff, 0, 32, 0, 0, 0, 1][..], &inner].concat();
    let gtp = ip(CLIENT, SERVER, UDP).packet(&udp(2152, 2152, &gtp));
    let outer = ip(CLIENT, SERVER, 4).packet(&inner);
    let tags = [Tag::of(5), Tag::of(0xe009)];
    let tagged = RawPacket::whole(0, ETHERNET, frame(ETHERNET, &tags, &outer));
    let table = rows(Profile::Nfstream, &[captured(0, &gtp), tagged]);
    let columns = "src_ip,dst_port,vlan_id,tunnel_id,bidirectional_bytes";
    assert_eq!(cells(&table, columns), "192.168.0.1 8 0 1 82;192.168.0.1 8 9 0 74");
    assert_eq!(
        cells(&table, "src_mac,dst_oui"),
        "02:00:00:00:00:02 02:00:00;02:00:00:00:00:02 02:00:00"
    );
}
