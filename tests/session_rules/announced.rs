//! Flows that control connections announce.

use super::{CLIENT, MS, OTHER, SECOND, SERVER, joined, talk};
use crate::support::capture::{ETHERNET, RawPacket};
use crate::support::frames::{Ip, TCP};
use crate::support::link_frames::frame;
use crate::support::traffic::applications::START_US;
use crate::support::traffic::applications::messages::{
    self, Medium, enhanced_gre, esp, file_block, file_request, key_exchange, rtp, sdp, sip,
    tunnel_control,
};
use crate::support::traffic::talk::{Side, Talk};

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

#[test]
fn what_was_not_captured_of_a_line_is_not_filled_by_what_follows() {
    const BEGIN: &[u8] = b"x\r\n227 Pass";
    let control = |misses_some: bool| {
        let mut talk = control(Side::Server, "230 In\r\n");
        talk.time_us = START_US + 20 * MS;
        let lost = talk.packets.len();
        talk.data(Side::Server, b"230 ");
        let cut = talk.packets.len();
        talk.data(Side::Server, &[BEGIN, if misses_some { b"xxxxxxxx" } else { b"" }].concat());
        talk.data(Side::Server, b"ive (198,51,100,1,117,48)\r\n");
        if misses_some {
            let bytes = talk.packets[cut].data.len() - 8;
            talk.packets[cut].data.truncate(bytes);
        }
        talk.packets.remove(lost);
        talk
    };
    let data = || transfer((CLIENT, 50_000), (SERVER, 30_000), 50 * MS);
    assert_eq!(joined(&[control(false), data()]), PASSIVE);
    assert_eq!(joined(&[control(true), data()]), "");
}

#[test]
fn later_fragments_of_segments_are_not_read() {
    const BEFORE: &str = "NOOP 12345\r\n";
    let mut control = control(Side::Client, &(BEFORE.to_owned() + PORT_LINE));
    let place = control.packets.iter().position(|packet| packet.data.ends_with(b"117,48\r\n"));
    let whole = control.packets.remove(place.unwrap());
    // The second begins with the line.
    let (ip_bytes, tcp_bytes) = (14 + 20, 20 + BEFORE.len());
    let ip = Ip::new(CLIENT.parse().unwrap(), SERVER.parse().unwrap(), TCP);
    let fragments = ip.fragments(&whole.data[ip_bytes..], tcp_bytes);
    assert!(fragments.len() == 2 && fragments[1][20..].starts_with(b"PORT "));
    let time_ns = whole.time_ns;
    let fragments = fragments.iter().map(|packet| frame(ETHERNET, &[], packet));
    let fragments = fragments.map(|data| RawPacket::whole(time_ns, ETHERNET, data));
    control.packets.splice(place.unwrap()..place.unwrap(), fragments);
    assert_eq!(joined(&[control, transfer((SERVER, 20), (CLIENT, 30_000), 50 * MS)]), "");
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
fn a_packet_of_a_call_announces_so_many_ends() {
    let here = CLIENT.parse().unwrap();
    let all: Vec<Medium> = (0..33).map(|place| Medium::at(30_000 + 2 * place)).collect();
    let of = |port| {
        let call = call(&sdp(here, Some(here), &all), "");
        joined(&[call, sound((CLIENT, port), (OTHER, 40_000))])
    };
    assert_eq!(of(30_063), "30063-40000 sip 5060-5060");
    assert_eq!(of(30_064), "");
    // A line of a datagram is as long as others.
    let filled = |bytes: usize| {
        let line = format!("c=IN IP4 {CLIENT}/127 ");
        let line = format!("{line}{}", "x".repeat(bytes - 1 - line.len()));
        let call = call(&format!("v=0\r\n{line}\r\nm=audio 30000 RTP/AVP 0\r\n"), "");
        joined(&[call, sound((CLIENT, 30_000), (OTHER, 40_000))])
    };
    assert_eq!(filled(4_096), "30000-40000 sip 5060-5060");
    assert_eq!(filled(4_097), "");
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
