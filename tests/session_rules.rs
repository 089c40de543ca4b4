//! Every rule and every bound of sessions (FLOWS.md, section 11) in a capture as small as it may be, with what must
//! come out written down by hand.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::binary::{self, Means};
use crate::oracle::table::fields;
use crate::oracle::{Options, Profile, sessions};
use crate::support::capture::RawPacket;
use crate::support::files::{self, Form};
use crate::support::random::Random;
use crate::support::traffic::applications::START_US;
use crate::support::traffic::applications::messages::{
    self, Medium, dht_answer, dht_query, dns, enhanced_gre, esp, file_block, file_request,
    handshake, key_exchange, rtp, sdp, sip, tunnel_control,
};
use crate::support::traffic::payloads::{http_request, http_response, ntp};
use crate::support::traffic::talk::{Side, Talk};

const MS: i64 = 1_000;
const SECOND: i64 = 1_000_000;
const CLIENT: &str = "10.0.0.1";
const SERVER: &str = "198.51.100.1";
const OTHER: &str = "203.0.113.9";
const RESOLVER: &str = "10.0.0.53";

/// Well-behaved talks, by the time after the begin.
fn talk(client: (&str, u16), server: (&str, u16), after_us: i64) -> Talk {
    let end = |(address, port): (&str, u16)| SocketAddr::new(address.parse().unwrap(), port);
    Talk::new(end(client), end(server), START_US + after_us, 200)
}

/// A line a flow that did not begin a session: its ports, the rule, and the ports of the session's first flow.
/// The oracle must say so, too.
fn joined(talks: &[Talk]) -> String {
    let mut packets: Vec<RawPacket> =
        talks.iter().flat_map(|talk| talk.packets.iter().cloned()).collect();
    packets.sort_by_key(|packet| packet.time_ns);
    joined_of(&packets, true)
}

fn joined_of(packets: &[RawPacket], asks_oracle: bool) -> String {
    let folder = tempfile::tempdir().expect("a folder for captures");
    let paths = files::write(folder.path(), packets, Form::One, &mut Random::seeded(1));
    let options = Options::of(Profile::Native);
    let means = Means { workers: 2, chunk_bytes: None };
    let printed = binary::flows(&paths, &options, means);
    assert!(printed.success, "{}", printed.messages);
    let mut lines = printed.output.lines().map(fields);
    let header = lines.next().unwrap();
    let mut rows: Vec<Vec<String>> = lines.collect();
    let cell = |row: &[String], name: &str| {
        row[header.iter().position(|column| column == name).unwrap()].clone()
    };
    rows.sort_by_key(|row| cell(row, "flow_id").parse::<u64>().unwrap());
    let ports =
        |row: &[String]| format!("{}-{}", cell(row, "client_port"), cell(row, "server_port"));
    let by_id: BTreeMap<String, String> =
        rows.iter().map(|row| (cell(row, "flow_id"), ports(row))).collect();
    if asks_oracle {
        let expected = sessions::sessions(packets, &options);
        for row in &rows {
            let decided = expected.of(cell(row, "flow_id").parse().unwrap()).unwrap();
            let found = (cell(row, "session_id"), cell(row, "joined_by"));
            let rule = decided.joined_by.unwrap_or("").to_owned();
            assert_eq!(found, (decided.session.to_string(), rule), "{}, oracle", ports(row));
        }
    }
    let others = rows.iter().filter(|row| !cell(row, "joined_by").is_empty());
    let told = others.map(|row| {
        let session = &by_id[&cell(row, "session_id")];
        format!("{} {} {session}", ports(row), cell(row, "joined_by"))
    });
    told.collect::<Vec<_>>().join("\n")
}

/// A control connection of FTP that says this line, and is alive for three minutes.
fn control(side: Side, line: &str) -> Talk {
    let mut talk = talk((CLIENT, 40_000), (SERVER, 21), 0);
    talk.handshake();
    talk.data(Side::Server, b"220 Welcome\r\n");
    talk.data(side, line.as_bytes());
    talk.time_us = START_US + 100 * SECOND;
    talk.data(Side::Client, b"NOOP\r\n");
    talk.data(Side::Server, b"200 Good\r\n");
    talk
}

/// When the line of a control connection was said, after the begin.
fn said_us(control: &Talk, text: &str) -> i64 {
    let has =
        |packet: &&RawPacket| packet.data.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    control.packets.iter().find(has).unwrap().time_ns / 1_000 - START_US
}

fn transfer(client: (&str, u16), server: (&str, u16), after_us: i64) -> Talk {
    let mut talk = talk(client, server, after_us);
    talk.handshake();
    talk.data(Side::Client, b"file");
    talk.close();
    talk
}

const PORT_LINE: &str = "PORT 10,0,0,1,117,48\r\n";
const ACTIVE: &str = "20-30000 ftp 40000-21";
const PASSIVE: &str = "50000-30000 ftp 40000-21";

#[test]
fn a_data_connection_comes_to_its_control_connection() {
    let active = |line: &str, after_us| {
        let data = transfer((SERVER, 20), (CLIENT, 30_000), after_us);
        joined(&[control(Side::Client, line), data])
    };
    assert_eq!(active(PORT_LINE, 50 * MS), ACTIVE);
    assert_eq!(active("EPRT |1|10.0.0.1|30000|\r\n", 50 * MS), ACTIVE);
    assert_eq!(active("PORT 10,0,0,1,117,49\r\n", 50 * MS), "");
    let passive = |line: &str, client, server| {
        let data = transfer((client, 50_000), (server, 30_000), 50 * MS);
        joined(&[control(Side::Server, line), data])
    };
    let own = "227 Passive (198,51,100,1,117,48)\r\n";
    let translated = "227 Passive (203,0,113,9,117,48)\r\n";
    assert_eq!(passive(own, CLIENT, SERVER), PASSIVE);
    assert_eq!(passive("229 Passive (|||30000|)\r\n", CLIENT, SERVER), PASSIVE);
    assert_eq!(passive(translated, CLIENT, OTHER), PASSIVE);
    assert_eq!(passive(translated, CLIENT, SERVER), PASSIVE);
    // The server's own address is another's business when another comes.
    assert_eq!(passive(translated, "10.0.0.2", SERVER), "");
}

#[test]
fn what_is_announced_is_expected_for_three_minutes() {
    let control = || control(Side::Client, PORT_LINE);
    let limit = said_us(&control(), PORT_LINE) + 180 * SECOND;
    let after = |after_us| joined(&[control(), transfer((SERVER, 20), (CLIENT, 30_000), after_us)]);
    assert_eq!(after(limit), ACTIVE);
    assert_eq!(after(limit + 1), "");
}

#[test]
fn a_line_that_is_not_whole_announces_nothing() {
    let mut lost = control(Side::Client, PORT_LINE);
    let place = lost.packets.iter().position(|packet| packet.data.ends_with(b"117,48\r\n"));
    lost.packets.remove(place.unwrap());
    assert_eq!(joined(&[lost, transfer((SERVER, 20), (CLIENT, 30_000), 50 * MS)]), "");
    // Over two segments it is whole, and on one segment with another, too.
    let mut cut = control(Side::Client, "NOOP\r\nPORT 10,0,0,");
    cut.time_us = START_US + 20 * MS;
    let rest = cut.packets.len();
    cut.data(Side::Client, b"1,117,48\r\nNOOP\r\n");
    assert!(cut.packets.len() > rest);
    let line = |bytes: usize| format!("NOOP {}\r\n", "x".repeat(bytes - 7));
    for bytes in [4_096, 4_097] {
        let long = control(Side::Client, &(line(bytes) + PORT_LINE));
        let found = joined(&[long, transfer((SERVER, 20), (CLIENT, 30_000), 50 * MS)]);
        assert_eq!(found, ACTIVE, "a long line spoils no other");
    }
}

/// A call at port 5060 whose parties name these media.
fn call(offer: &str, answer: &str) -> Talk {
    let mut talk = talk((CLIENT, 5_060), (SERVER, 5_060), 0);
    talk.udp(Side::Client, &sip("INVITE sip:b@192.0.2.7 SIP/2.0", 1, "INVITE", offer));
    talk.udp(Side::Server, &sip("SIP/2.0 200 OK", 1, "INVITE", answer));
    talk
}

fn sound(client: (&str, u16), server: (&str, u16)) -> Talk {
    let mut talk = talk(client, server, 50 * MS);
    talk.udp(Side::Client, &rtp(1));
    talk.udp(Side::Server, &rtp(1));
    talk
}

#[test]
fn media_come_to_the_call_that_names_them() {
    let here = CLIENT.parse().unwrap();
    let there = OTHER.parse().unwrap();
    let only = |medium: Medium| sdp(here, Some(here), &[medium]);
    let plain = || call(&only(Medium::at(30_000)), "");
    let of_call = |port| format!("{port}-40000 sip 5060-5060");
    let media = |call: Talk, port| joined(&[call, sound((CLIENT, port), (OTHER, 40_000))]);
    assert_eq!(media(plain(), 30_000), of_call(30_000));
    assert_eq!(media(plain(), 30_001), of_call(30_001));
    assert_eq!(media(plain(), 30_002), "");
    // The other party's, wherever it is.
    let answer = sdp(there, Some(there), &[Medium::at(40_000)]);
    assert_eq!(media(call("", &answer), 777), of_call(777));
    let pairs = |pairs| call(&only(Medium { pairs, ..Medium::at(30_000) }), "");
    assert_eq!(media(pairs(2), 30_003), of_call(30_003));
    assert_eq!(media(pairs(2), 30_004), "");
    assert_eq!(media(pairs(9), 30_007), of_call(30_007));
    assert_eq!(media(pairs(9), 30_008), "");
    let control = |address| {
        let medium = Medium { control: Some((30_500, address)), ..Medium::at(30_000) };
        call(&only(medium), "")
    };
    assert_eq!(media(control(None), 30_500), of_call(30_500));
    assert_eq!(media(control(Some(here)), 30_500), of_call(30_500));
    assert_eq!(media(control(Some(there)), 30_500), "");
    // An address of the medium itself counts more than that of all.
    let moved = Medium { address: Some(there), ..Medium::at(30_000) };
    assert_eq!(media(call(&only(moved), ""), 30_000), "");
    assert_eq!(media(call(&only(Medium::at(0)), ""), 1), "");
}

#[test]
fn a_stream_comes_to_the_connection_that_set_it_up() {
    let control = || {
        let mut talk = talk((CLIENT, 40_000), (SERVER, 554), 0);
        talk.handshake();
        let asks = "SETUP rtsp://192.0.2.7/a RTSP/1.0\r\nTransport: RTP/AVP;client_port=30000-30001\r\n\r\n";
        talk.data(Side::Client, asks.as_bytes());
        let says = "RTSP/1.0 200 OK\r\nTransport: RTP/AVP;client_port=30000-30001;server_port=6000-6001\r\n\r\n";
        talk.data(Side::Server, says.as_bytes());
        talk
    };
    let media = |server, client| joined(&[control(), sound(server, client)]);
    assert_eq!(media((SERVER, 6_000), (CLIENT, 30_000)), "6000-30000 rtsp 40000-554");
    assert_eq!(media((SERVER, 6_001), (CLIENT, 9)), "6001-9 rtsp 40000-554");
    assert_eq!(media((OTHER, 9), (CLIENT, 30_001)), "9-30001 rtsp 40000-554");
    assert_eq!(media((OTHER, 6_000), (CLIENT, 30_002)), "");
}

#[test]
fn a_file_comes_to_the_request_for_it_though_that_still_waits() {
    let request = || {
        let mut talk = talk((CLIENT, 30_000), (SERVER, 69), 0);
        talk.udp(Side::Client, &file_request("boot"));
        talk
    };
    let file = |server: &str, port, after_us| {
        let mut talk = talk((server, 777), (CLIENT, port), after_us);
        talk.udp(Side::Client, &file_block(1, 512));
        talk.udp(Side::Server, &messages::file_taken(1));
        talk
    };
    let found = "777-30000 tftp 30000-69";
    assert_eq!(joined(&[request(), file(SERVER, 30_000, 5 * MS)]), found);
    assert_eq!(joined(&[request(), file(SERVER, 30_000, 60 * SECOND)]), found);
    assert_eq!(joined(&[request(), file(SERVER, 30_001, 5 * MS)]), "");
    assert_eq!(joined(&[request(), file(OTHER, 30_000, 5 * MS)]), "");
}

#[test]
fn packets_of_a_tunnel_come_to_its_control_connection() {
    let control = || {
        let mut talk = talk((CLIENT, 40_000), (SERVER, 1_723), 0);
        talk.handshake();
        talk.data(Side::Client, &tunnel_control(1, 156));
        talk.data(Side::Server, &tunnel_control(2, 156));
        talk
    };
    let tunnel = |client: &str| {
        let mut talk = talk((client, 0), (SERVER, 0), 50 * MS);
        talk.send(Side::Client, 47, &enhanced_gre(1, 1, 0xc021));
        talk
    };
    assert_eq!(joined(&[control(), tunnel(CLIENT)]), "- pptp 40000-1723");
    assert_eq!(joined(&[control(), tunnel("10.0.0.2")]), "");
    // Long after its begin, but not after all that it said.
    let mut talking = control();
    talking.time_us = START_US + 100 * SECOND;
    talking.data(Side::Client, &tunnel_control(5, 16));
    let mut late = tunnel(CLIENT);
    late.packets[0].time_ns += 200 * SECOND * 1_000;
    assert_eq!(joined(&[talking, late.clone()]), "- pptp 40000-1723");
    assert_eq!(joined(&[control(), late]), "");
}

#[test]
fn what_is_encrypted_comes_to_the_exchange_of_its_keys() {
    let exchange = || {
        let mut talk = talk((CLIENT, 500), (SERVER, 500), 0);
        talk.udp(Side::Client, &key_exchange(34, false));
        talk.udp(Side::Server, &key_exchange(34, true));
        talk
    };
    let secret = |client: &str| {
        let mut talk = talk((client, 0), (SERVER, 0), 50 * MS);
        talk.send(Side::Server, 50, &esp(1));
        talk
    };
    assert_eq!(joined(&[exchange(), secret(CLIENT)]), "- ike 500-500");
    assert_eq!(joined(&[exchange(), secret("10.0.0.2")]), "");
    let behind = |client: (&str, u16), server| {
        let mut talk = talk(client, server, 50 * MS);
        talk.udp(Side::Client, &esp(1));
        talk
    };
    let translated = behind((CLIENT, 30_000), (SERVER, 4_500));
    assert_eq!(joined(&[exchange(), translated]), "30000-4500 ike 500-500");
    let of_another = behind(("10.0.0.2", 30_000), (SERVER, 4_500));
    assert_eq!(joined(&[exchange(), of_another]), "");
    let elsewhere = behind((CLIENT, 30_000), (SERVER, 4_501));
    assert_eq!(joined(&[exchange(), elsewhere]), "");
    // The exchange goes on there, and so announces what it is itself.
    let mut marked = behind((CLIENT, 30_000), (SERVER, 4_500));
    marked.udp(Side::Client, &[&[0; 4][..], &key_exchange(35, false)].concat());
    marked.udp(Side::Server, &[&[0; 4][..], &key_exchange(35, true)].concat());
    assert_eq!(joined(&[exchange(), marked]), "30000-4500 ike 500-500");
    let mut talking = exchange();
    talking.time_us = START_US + 100 * SECOND;
    talking.udp(Side::Client, &key_exchange(37, false));
    let mut late = secret(CLIENT);
    late.packets[0].time_ns += 200 * SECOND * 1_000;
    assert_eq!(joined(&[talking, late]), "- ike 500-500");
}

#[test]
fn flows_of_a_client_of_torrents_are_one_session() {
    let node = |peer: &str| {
        let mut talk = talk((CLIENT, 6_881), (peer, 7_000), 0);
        talk.udp(Side::Client, &dht_query(&[1; 32]));
        talk.udp(Side::Server, &dht_answer(&[2; 32]));
        talk
    };
    let other = |client, server, bytes: &[u8]| {
        let mut talk = talk(client, server, 50 * MS);
        talk.udp(Side::Client, bytes);
        talk.udp(Side::Server, bytes);
        talk
    };
    let shaken = handshake(&[3; 32]);
    // Its bytes, from any port of that address; any bytes, at that port.
    let found = joined(&[node(OTHER), other((CLIENT, 50), (SERVER, 60), &shaken)]);
    assert_eq!(found, "50-60 bittorrent 6881-7000");
    let found = joined(&[node(OTHER), other((SERVER, 60), (CLIENT, 6_881), b"what")]);
    assert_eq!(found, "60-6881 bittorrent 6881-7000");
    assert_eq!(joined(&[node(OTHER), other((SERVER, 60), (CLIENT, 6_882), b"what")]), "");
    assert_eq!(joined(&[node(OTHER), other((SERVER, 60), (OTHER, 7_000), b"what")]), "");
}

#[test]
fn a_socket_of_a_session_that_is_over_does_not_hide_the_next_session() {
    let node = |peer: &str, after_us| {
        let mut talk = talk((CLIENT, 6_881), (peer, 7_000), after_us);
        talk.udp(Side::Client, &dht_query(&[1; 32]));
        talk
    };
    let mut peer = talk((CLIENT, 50), (SERVER, 60), 185 * SECOND);
    peer.handshake();
    peer.data(Side::Client, &handshake(&[3; 32]));
    peer.data(Side::Server, &handshake(&[3; 32]));
    let talks = [node(OTHER, 0), peer, node(SERVER, 190 * SECOND)];
    assert_eq!(joined(&talks), "6881-7000 bittorrent 50-60");
}

#[test]
fn a_flow_that_begins_with_an_answer_is_of_the_one_who_asked() {
    let half = |port, after_us| {
        let mut talk = talk((CLIENT, port), (SERVER, 7_777), after_us);
        talk.handshake();
        talk.packets.remove(0);
        talk.packets.truncate(1);
        talk
    };
    assert_eq!(joined(&[half(50, 0), half(60, SECOND)]), "60-7777 service 50-7777");
}

/// A look-up, answered at once.
fn look_up(port: u16, name: &str, address: &str, after_us: i64) -> Talk {
    let mut talk = talk((CLIENT, port), (RESOLVER, 53), after_us);
    let addresses = [address.parse().unwrap()];
    talk.udp(Side::Client, &dns(1, name, 1, None, false));
    talk.udp(Side::Server, &dns(1, name, 1, Some(&addresses), false));
    talk
}

/// A page: its answer comes so long after the begin.
fn page(port: u16, server: &str, host: &str, after_us: i64, answer_us: i64) -> Talk {
    let mut talk = talk((CLIENT, port), (server, 80), after_us);
    talk.handshake();
    talk.data(Side::Client, &http_request(host, "/"));
    talk.time_us = START_US + after_us + answer_us;
    talk.data(Side::Server, &http_response(10));
    talk
}

#[test]
fn flows_come_to_the_look_up_of_their_name() {
    let looked_up = || look_up(50, "www.example.com", SERVER, 0);
    let of =
        |host, server: &str| joined(&[looked_up(), page(60, server, host, 5 * SECOND, 5 * MS)]);
    assert_eq!(of("www.example.com", SERVER), "60-80 dns 50-53");
    // About the same domain, but nothing was told of that address.
    assert_eq!(of("www.example.com", OTHER), "60-80 page 50-53");
    assert_eq!(of("img.example.com", OTHER), "60-80 page 50-53");
    assert_eq!(of("www.example.org", OTHER), "");
}

#[test]
fn flows_about_a_domain_are_one_session() {
    let both = |one, other| {
        let first = page(50, SERVER, one, 0, 5 * MS);
        joined(&[first, page(60, OTHER, other, 5 * SECOND, 5 * MS)])
    };
    assert_eq!(both("www.example.com", "example.com"), "60-80 page 50-80");
    assert_eq!(both("a.example.co.uk", "b.c.example.co.uk"), "60-80 page 50-80");
    assert_eq!(both("a.example.co.uk", "other.co.uk"), "");
    assert_eq!(both("192.0.2.1", "192.0.2.1"), "60-80 page 50-80");
    assert_eq!(both("192.0.2.1", "198.0.2.1"), "");
}

#[test]
fn a_flow_waits_two_seconds_for_its_bytes() {
    let both = |answer_us| {
        let first = page(50, SERVER, "www.example.com", 0, 5 * MS);
        joined(&[first, page(60, OTHER, "img.example.com", 5 * SECOND, answer_us)])
    };
    assert_eq!(both(2 * SECOND), "60-80 page 50-80");
    let mut late = page(60, OTHER, "img.example.com", 5 * SECOND, 5 * MS);
    // Nothing but the SYN, and the rest too late.
    let begin_ns = late.packets[0].time_ns;
    for packet in &mut late.packets[1..] {
        packet.time_ns += 2 * SECOND * 1_000;
    }
    late.packets[1].time_ns = begin_ns + 2 * SECOND * 1_000 + 1;
    let first = page(50, SERVER, "www.example.com", 0, 5 * MS);
    assert_eq!(joined(&[first, late]), "");
}

#[test]
fn a_flow_is_decided_about_at_its_eighth_packet() {
    let both = |packets: usize| {
        let mut second = talk((CLIENT, 60), (OTHER, 80), 5 * SECOND);
        second.handshake();
        let request = http_request("img.example.com", "/");
        // Three so far; each byte, but the last, is acknowledged.
        for byte in &request[..(packets - 3) / 2] {
            second.data(Side::Client, &[*byte]);
        }
        second.data(Side::Client, &request[(packets - 3) / 2..]);
        second.data(Side::Server, &http_response(10));
        joined(&[page(50, SERVER, "www.example.com", 0, 5 * MS), second])
    };
    assert_eq!(both(7), "60-80 page 50-80");
    assert_eq!(both(9), "");
}

#[test]
fn a_flow_does_not_wait_for_more_packets_than_that() {
    for (others, expected) in [(262_142, "60-80 page 50-80"), (262_143, "")] {
        let first = page(50, SERVER, "www.example.com", 0, 5 * MS);
        let second = page(60, OTHER, "img.example.com", 5 * SECOND, 5 * MS);
        let (syn, rest) = second.packets.split_first().unwrap();
        let mut packets = first.packets;
        packets.push(syn.clone());
        let mut noise = talk((CLIENT, 9), (OTHER, 9), 5 * SECOND);
        noise.udp(Side::Client, b"");
        // The acknowledgement of the handshake, the request and what acknowledges it come before the answer.
        let place = rest.len() - 2;
        let count = others - place;
        packets.extend(std::iter::repeat_n(noise.packets[0].clone(), count));
        packets.extend_from_slice(rest);
        for (place, packet) in packets.iter_mut().enumerate().skip(8) {
            packet.time_ns = (START_US + 5 * SECOND + place as i64) * 1_000;
        }
        assert_eq!(joined_of(&packets, false), expected, "{others}");
    }
}

#[test]
fn flows_with_a_name_come_to_what_their_client_has_just_begun() {
    let both = |after_us| {
        let first = page(50, SERVER, "www.example.com", 0, 5 * MS);
        joined(&[first, page(60, OTHER, "www.example.org", after_us, 5 * MS)])
    };
    assert_eq!(both(SECOND), "60-80 burst 50-80");
    assert_eq!(both(SECOND + 1), "");
}

#[test]
fn flows_without_a_name_come_to_the_last_to_that_server() {
    let clock = |port, server: &str, after_us| {
        let mut talk = talk((CLIENT, port), (server, 123), after_us);
        talk.udp(Side::Client, &ntp(3));
        talk.udp(Side::Server, &ntp(4));
        talk
    };
    let both = |after_us| joined(&[clock(50, SERVER, 0), clock(60, SERVER, after_us)]);
    assert_eq!(both(SECOND), "60-123 service 50-123");
    // The first ends two minutes after its last packet, and takes more for one.
    assert_eq!(both(180 * SECOND + 100), "60-123 service 50-123");
    assert_eq!(both(180 * SECOND + 101), "");
    assert_eq!(joined(&[clock(50, SERVER, 0), clock(60, OTHER, SECOND)]), "");
}
