//! The oracle against numbers worked out by hand: it must not be wrong in the engine's way.

use std::net::IpAddr;

use crate::oracle::community_id::{base64, community_id, sha1};
use crate::oracle::table::{Cell, Table, fields};
use crate::oracle::{Endpoint, Key, Options, Profile, SECOND, rfc3339, table};
use crate::reference_rows::exchange;
use crate::support::capture::{ETHERNET, RawPacket};
use crate::support::frames::{ACK, FIN, ICMP, Ip, RST, SCTP, SYN, TCP, Tcp, UDP, icmp, udp};
use crate::support::link_frames::{Tag, frame};

const CLIENT: &str = "10.0.0.1";
const SERVER: &str = "10.0.0.2";
const MILLISECOND: i64 = 1_000_000;
const SECOND_NS: i64 = SECOND as i64;

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn ip(from: &str, to: &str, protocol: u8) -> Ip {
    Ip::new(address(from), address(to), protocol)
}

fn captured(time_ns: i64, packet: &[u8]) -> RawPacket {
    RawPacket::whole(time_ns, ETHERNET, frame(ETHERNET, &[], packet))
}

/// A segment between port 1000 of the client and port 80 of the server.
fn tcp(time_ns: i64, to_server: bool, flags: u8, numbers: [u32; 2], payload: usize) -> RawPacket {
    let (from, to) = if to_server { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
    let (source_port, destination_port) = if to_server { (1_000, 80) } else { (80, 1_000) };
    let [sequence, acknowledgement] = numbers;
    let window = if to_server { 100 } else { 200 };
    let options = Vec::new();
    let header =
        Tcp { source_port, destination_port, sequence, acknowledgement, flags, window, options };
    captured(time_ns, &ip(from, to, TCP).packet(&header.segment(&vec![0; payload])))
}

fn datagram(time_ns: i64) -> RawPacket {
    captured(time_ns, &ip(CLIENT, SERVER, UDP).packet(&udp(5, 6, &[0; 10])))
}

fn native(packets: &[RawPacket]) -> Table {
    table(packets, &Options::of(Profile::Native))
}

/// One row's cells of these columns, with spaces between; null is a dash.
fn cells(table: &Table, row: usize, columns: &str) -> String {
    let cell = |name: &str| {
        let column = table.columns.iter().position(|column| column == name);
        match &table.rows[row][column.expect("a column")] {
            Cell::Null => "-".to_string(),
            cell => cell.to_string(),
        }
    };
    columns.split(' ').map(cell).collect::<Vec<_>>().join(" ")
}

/// Of all rows, in order.
fn ids_and_reasons(table: &Table) -> Vec<String> {
    (0..table.rows.len()).map(|row| cells(table, row, "flow_id end_reason")).collect()
}

#[test]
fn digests_and_times_are_right() {
    let hex: String = sha1(b"abc").iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_eq!(
        ["", "f", "fo", "foo"].map(|text| base64(text.as_bytes())),
        ["", "Zg==", "Zm8=", "Zm9v"]
    );
    assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000000000Z");
    assert_eq!(rfc3339(951_782_400 * SECOND + 7), "2000-02-29T00:00:00.000000007Z");
    assert_eq!(rfc3339(-1), "1969-12-31T23:59:59.999999999Z");
    assert_eq!(rfc3339(i64::MAX.into()), "2262-04-11T23:47:16.854775807Z");
    assert_eq!(fields("a,\"b, \"\"c\"\"\",,d"), ["a", "b, \"c\"", "", "d"]);
}

#[test]
fn community_ids_are_the_published_ones() {
    let known = [
        (TCP, "1.2.3.4", 1_122, "5.6.7.8", 3_344, "1:wCb3OG7yAFWelaUydu0D+125CLM="),
        (TCP, "5.6.7.8", 3_344, "1.2.3.4", 1_122, "1:wCb3OG7yAFWelaUydu0D+125CLM="),
        (UDP, "1.2.3.4", 1_122, "5.6.7.8", 3_344, "1:0Mu9InQx6z4ZiCZM/7HXi2WMhOg="),
        (SCTP, "1.2.3.4", 1_122, "5.6.7.8", 3_344, "1:EKt4MsxuyaE6mL+hmrEkQ9csDD8="),
        (ICMP, "1.2.3.4", 8, "5.6.7.8", 0, "1:crodRHL2FEsHjbv3UkRrfbs4bZ0="),
        (ICMP, "5.6.7.8", 0, "1.2.3.4", 8, "1:crodRHL2FEsHjbv3UkRrfbs4bZ0="),
        (ICMP, "1.2.3.4", 11, "5.6.7.8", 0, "1:f/YiSyWqczrTgfUCZlBUnvHRcPk="),
        (TCP, "128.232.110.120", 34_855, "66.35.250.204", 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
        (UDP, "192.168.1.52", 54_585, "8.8.8.8", 53, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="),
    ];
    for (protocol, from, from_port, to, to_port, id) in known {
        let source = Endpoint { address: address(from), port: from_port };
        let destination = Endpoint { address: address(to), port: to_port };
        let key = Key::new(source, destination, protocol, true);
        assert_eq!(community_id(source, destination, &key), id, "{protocol} {from} {to}");
    }
}

#[test]
fn the_data_sets_vectors_come_out() {
    let row = |gap_us, columns: &str| {
        cells(&table(&exchange(gap_us), &Options::of(Profile::Iscx)), 0, columns)
    };
    let directed = "total_fiat total_biat min_fiat min_biat max_fiat max_biat mean_fiat mean_biat";
    let flow = "duration min_flowiat max_flowiat mean_flowiat std_flowiat";
    let periods =
        "min_active mean_active max_active std_active min_idle mean_idle max_idle std_idle";
    assert_eq!(row(192_013, directed), "-1 -1 -1 -1 0 0 0 0");
    assert_eq!(row(192_013, flow), "192013 192013 192013 192013 0");
    assert_eq!(row(192_013, periods), "-1 0 -1 0 -1 0 -1 0");
    assert_eq!(row(1_634_113, flow), "1634113 1634113 1634113 1634113 0");
    assert_eq!(row(1_634_113, periods), "1634113 1634113 1634113 0 1634113 1634113 1634113 0");
}

#[test]
fn a_connection_is_measured() {
    // Times 0, 10, 14 and 2014 ms: gaps 10, 4 and 2000 ms, the last one idle; forward 14 and 2000.
    let table = native(&[
        tcp(0, true, SYN, [9, 0], 0),
        tcp(10 * MILLISECOND, false, SYN | ACK, [50, 10], 0),
        tcp(14 * MILLISECOND, true, ACK, [10, 51], 0),
        tcp(2_014 * MILLISECOND, true, ACK, [10, 51], 60),
    ]);
    let of_row = |columns| cells(&table, 0, columns);
    assert_eq!(
        of_row("flow_id client_ip client_port server_port client_by"),
        "1 10.0.0.1 1000 80 syn"
    );
    assert_eq!(of_row("packets_fwd packets_bwd ip_bytes_fwd payload_bytes_fwd"), "3 1 180 60");
    assert_eq!(
        of_row("duration_us iat_min_us iat_max_us iat_sum_us"),
        "2014000 4000 2000000 2014000"
    );
    // Of 14000 and 2000000: mean 1007000, sample deviation 1986000 / √2.
    assert_eq!(of_row("iat_mean_us_fwd"), "1007000");
    assert!(of_row("iat_std_us_fwd").starts_with("1404314.06743"));
    assert_eq!(of_row("iat_min_us_bwd iat_sum_us_bwd ip_length_std_bwd"), "- - 0");
    // Active from 0 to 14 ms and at 2014 ms.
    assert_eq!(of_row("active_count active_min_us active_mean_us active_max_us"), "2 0 7000 14000");
    assert_eq!(of_row("idle_count idle_min_us idle_std_us"), "1 2000000 0");
    assert_eq!(of_row("flag_syn_fwd flag_syn_bwd flag_ack_fwd flag_fin_bwd"), "1 1 2 0");
    assert_eq!(of_row("window_first_fwd window_first_bwd ttl_min_fwd dscp"), "100 200 64 0");
    assert_eq!(
        of_row("start end"),
        "1970-01-01T00:00:00.000000000Z 1970-01-01T00:00:02.014000000Z"
    );
    assert_eq!(of_row("end_reason vlan tunnel class"), "end_of_capture - - -");
    assert_eq!(of_row("handshake_us conn_state history retransmitted_fwd"), "14000 S1 ShAD 0");
}

#[test]
fn what_is_acknowledged_and_was_not_seen_is_missed() {
    // Of the server's bytes 51 to 60 and 71 to 75 are missing; 61 to 70 come, and then once more.
    let mut packets = vec![
        tcp(0, true, SYN, [9, 0], 0),
        tcp(1, false, SYN | ACK, [50, 10], 0),
        tcp(2, true, ACK, [10, 51], 0),
        tcp(3, false, ACK, [61, 10], 10),
        tcp(4, false, ACK, [61, 10], 10),
        tcp(5, true, ACK, [10, 76], 0),
    ];
    let columns = "retransmitted_bwd missed_bytes_fwd missed_bytes_bwd conn_state history";
    assert_eq!(cells(&native(&packets), 0, columns), "1 0 15 S1 ShAdtg");
    // The acknowledgement of a FIN is not of a byte.
    packets.push(tcp(6, true, FIN | ACK, [10, 76], 0));
    packets.push(tcp(7, false, FIN | ACK, [76, 11], 0));
    packets.push(tcp(8, true, ACK, [11, 77], 0));
    assert_eq!(cells(&native(&packets), 0, columns), "1 0 15 SF ShAdtgFf");
    // What comes after all before it is acknowledged is no hole any more, and still a retransmission.
    packets.truncate(6);
    packets.push(tcp(6, false, ACK, [51, 10], 10));
    assert_eq!(cells(&native(&packets), 0, columns), "2 0 15 S1 ShAdtg");
}

#[test]
fn a_client_that_is_known_late_turns_the_ends_round() {
    let packets = [
        tcp(0, false, SYN | ACK, [50, 10], 0),
        tcp(1, true, ACK, [10, 51], 5),
        tcp(2, false, RST, [51, 0], 0),
    ];
    let columns = "client_port conn_state history handshake_us";
    assert_eq!(cells(&native(&packets), 0, columns), "1000 RSTR ^hDr -");
    // An acknowledgement alone, and the SYN behind it.
    let packets = [tcp(0, false, ACK, [50, 9], 0), tcp(1, true, SYN, [8, 0], 0)];
    assert_eq!(cells(&native(&packets), 0, columns), "80 OTH A -");
}

#[test]
fn the_answer_to_a_syn_may_acknowledge_its_payload() {
    // TCP Fast Open (RFC 7413): nothing of it, a part, all; one byte more is of another SYN.
    for (acknowledged, handshake) in [(9, "-"), (10, "2"), (30, "2"), (70, "2"), (71, "-")] {
        let packets = [
            tcp(0, true, SYN, [9, 0], 60),
            tcp(1_000, false, SYN | ACK, [50, acknowledged], 0),
            tcp(2_000, true, ACK, [70, 51], 0),
        ];
        assert_eq!(cells(&native(&packets), 0, "handshake_us"), handshake, "{acknowledged}");
    }
}

#[test]
fn limits_are_strict() {
    let idle = 120 * SECOND_NS;
    assert_eq!(ids_and_reasons(&native(&[datagram(0), datagram(idle)])), ["1 end_of_capture"]);
    let after = native(&[datagram(0), datagram(idle + 1)]);
    assert_eq!(ids_and_reasons(&after), ["1 idle", "2 end_of_capture"]);

    let mut options = Options::of(Profile::Native);
    options.active = Some(SECOND);
    let aged = [datagram(0), datagram(SECOND_NS), datagram(SECOND_NS + 1)];
    assert_eq!(ids_and_reasons(&table(&aged, &options)), ["1 active", "3 end_of_capture"]);
}

#[test]
fn time_that_goes_back_is_clamped_but_not_for_the_data_set() {
    let packets = [datagram(5_000), datagram(3_000), datagram(9_000)];
    assert_eq!(cells(&native(&packets), 0, "iat_min_us iat_max_us duration_us"), "0 4 4");
    let table = table(&packets, &Options::of(Profile::Iscx));
    assert_eq!(cells(&table, 0, "min_flowiat max_flowiat duration"), "-2 6 4");
}

#[test]
fn a_flow_ends_by_both_fins_and_lingers() {
    let mut packets = vec![
        tcp(0, true, SYN, [u32::MAX, 0], 0),
        tcp(1, true, FIN | ACK, [0, 7], 0),
        tcp(2, false, FIN | ACK, [7, 1], 3),
        // One byte too few, then all: 7 + 3 + 1.
        tcp(3, true, ACK, [1, 10], 0),
        tcp(4, true, ACK, [1, 11], 0),
        tcp(4 + 5 * SECOND_NS, false, ACK, [7, 1], 3),
    ];
    assert_eq!(ids_and_reasons(&native(&packets)), ["1 fin"]);
    packets.push(tcp(5 + 5 * SECOND_NS, false, ACK, [7, 1], 3));
    assert_eq!(ids_and_reasons(&native(&packets)), ["1 fin", "7 end_of_capture"]);
    packets.truncate(4);
    assert_eq!(ids_and_reasons(&native(&packets)), ["1 end_of_capture"]);
}

#[test]
fn a_repeated_syn_belongs_and_another_does_not() {
    let repeated = [tcp(0, true, SYN, [9, 0], 0), tcp(1, true, SYN, [9, 0], 0)];
    assert_eq!(ids_and_reasons(&native(&repeated)), ["1 end_of_capture"]);
    let other = [tcp(0, true, SYN, [9, 0], 0), tcp(1, true, SYN, [10, 0], 0)];
    assert_eq!(ids_and_reasons(&native(&other)), ["1 reused", "2 end_of_capture"]);
    let both = [tcp(0, true, SYN, [9, 0], 0), tcp(1, false, SYN, [77, 0], 0)];
    assert_eq!(ids_and_reasons(&native(&both)), ["1 end_of_capture"]);
    let late = [tcp(0, false, SYN | ACK, [5, 10], 0), tcp(1, true, SYN, [9, 0], 0)];
    assert_eq!(cells(&native(&late), 0, "client_by packets_fwd packets_bwd"), "syn 1 1");
    let reset = [tcp(0, true, RST, [9, 0], 0), tcp(1, true, SYN, [9, 0], 0)];
    assert_eq!(ids_and_reasons(&native(&reset)), ["1 rst", "2 end_of_capture"]);
}

#[test]
fn fragments_join_their_first() {
    let whole = ip(CLIENT, SERVER, UDP);
    let pieces = whole.fragments(&udp(5, 6, &[0; 30]), 16);
    let pieces: Vec<RawPacket> = pieces.iter().map(|piece| captured(0, piece)).collect();
    // 16 + 16 + 6 bytes behind three IP headers; the UDP header is in the first alone.
    let table = native(&pieces);
    assert_eq!(cells(&table, 0, "packets_fwd ip_bytes_fwd payload_bytes_fwd"), "3 98 30");
    let table = native(&pieces[1..]);
    assert_eq!(cells(&table, 0, "packets_fwd client_port community_id protocol"), "2 - - 17");
}

#[test]
fn pings_are_one_flow_and_priority_tags_no_vlan() {
    let ask = ip(CLIENT, SERVER, ICMP).packet(&icmp(8, 0, 1, &[]));
    let answer = ip(SERVER, CLIENT, ICMP).packet(&icmp(0, 0, 1, &[]));
    let tags = [Tag { kind: 0x88a8, control: 0xe000 }, Tag::of(20), Tag::of(3)];
    let packets =
        [&ask, &answer].map(|packet| RawPacket::whole(0, ETHERNET, frame(ETHERNET, &tags, packet)));
    let columns = "packets_fwd packets_bwd client_port server_port vlan packets_per_second";
    assert_eq!(cells(&native(&packets), 0, columns), "1 1 8 0 20.3 -");
}
