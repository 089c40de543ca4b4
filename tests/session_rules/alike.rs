//! Flows of one client that have something in common.

use super::{CLIENT, MS, OTHER, SECOND, SERVER, joined, joined_of, talk};
use crate::support::traffic::applications::START_US;
use crate::support::traffic::applications::messages::{dht_answer, dht_query, dns, handshake};
use crate::support::traffic::payloads::{http_request, http_response, ntp};
use crate::support::traffic::talk::{Side, Talk};

const RESOLVER: &str = "10.0.0.53";

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

#[test]
fn a_flow_has_answered_also_where_only_headers_were_captured() {
    let headers_of = |port, after_us| {
        let mut talk = talk((CLIENT, port), (SERVER, 7_777), after_us);
        talk.handshake();
        talk.data(Side::Client, b"question");
        talk.data(Side::Server, b"answer of more bytes than the header could have");
        talk.data(Side::Client, b"question");
        for packet in &mut talk.packets {
            // Without the options of a SYN, too.
            packet.data.truncate(54);
        }
        talk.packets
    };
    let mut packets = [headers_of(50, 0), headers_of(60, 300 * MS)].concat();
    packets.sort_by_key(|packet| packet.time_ns);
    assert_eq!(joined_of(&packets, true), "60-7777 service 50-7777");
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
