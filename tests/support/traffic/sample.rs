//! Forty seconds of a small office, always the same: what the README's first command looks at.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::payloads::{
    client_hello, dns, http_request, http_response, ntp, server_hello, tls_data,
};
use super::talk::{Side, Talk};
use crate::support::capture::{ETHERNET, RawPacket};
use crate::support::frames::{ICMP, ICMPV6, icmp};
use crate::support::link_frames::{ETHERTYPE_ARP, Tag, ethernet};
use crate::support::random::Random;

/// 14 March 2024, 09:00 UTC.
const START_US: i64 = 1_710_406_800_000_000;
const LAPTOP: &str = "192.168.1.52";
const DESKTOP: &str = "192.168.1.60";
const ROUTER: &str = "192.168.1.1";

/// About 300 packets of a few dozen flows, in the order of their times, at whole microseconds.
pub fn sample() -> Vec<RawPacket> {
    let mut random = Random::seeded(2024);
    let mut packets = Vec::new();
    web(&mut packets, &mut random);
    troubled_connections(&mut packets, &mut random);
    house_keeping(&mut packets);
    other_networks(&mut packets, &mut random);
    packets.sort_by_key(|packet: &RawPacket| packet.time_ns);
    packets
}

fn end(address: &str, port: u16) -> SocketAddr {
    let address: IpAddr = address.parse().expect("an address");
    SocketAddr::new(address, port)
}

/// A talk that begins `after_ms` after the start of the capture.
fn talk(client: SocketAddr, server: SocketAddr, after_ms: i64, round_trip_us: i64) -> Talk {
    Talk::new(client, server, START_US + after_ms * 1_000, round_trip_us)
}

/// Look-ups, each followed by a TLS or HTTP connection that asks more than once.
fn web(packets: &mut Vec<RawPacket>, random: &mut Random) {
    let sites = [
        (LAPTOP, "www.example.com", 0, 2),
        (LAPTOP, "static.example.com", 310, 1),
        (DESKTOP, "mail.example.org", 1_200, 3),
        (LAPTOP, "news.example.net", 6_050, 1),
        (DESKTOP, "video.example.net", 9_800, 2),
        (DESKTOP, "updates.example.org", 18_400, 1),
        (DESKTOP, "git.example.org", 21_900, 1),
        (LAPTOP, "www.example.com", 24_700, 2),
        (LAPTOP, "cdn.example.net", 24_950, 1),
    ];
    for (index, (client, name, after_ms, requests)) in sites.into_iter().enumerate() {
        let address = Ipv4Addr::new(203, 0, 113, 10 + index as u8);
        let port = 49_200 + index as u16 * 7;
        packets.extend(look_up(client, port + 3_000, name, address, after_ms));
        let server = SocketAddr::new(address.into(), if index == 3 { 80 } else { 443 });
        let mut talk = talk(end(client, port), server, after_ms + 40, 9_000 + index as i64 * 2_500);
        talk.handshake();
        if index == 3 {
            web_pages(&mut talk, name);
        } else {
            secret_pages(&mut talk, name, requests, random);
        }
        talk.close();
        packets.extend(talk.packets);
    }
}

fn look_up(client: &str, port: u16, name: &str, is: Ipv4Addr, after_ms: i64) -> Vec<RawPacket> {
    let mut talk = talk(end(client, port), end(ROUTER, 53), after_ms, 14_000);
    talk.udp(Side::Client, &dns(port, name, None));
    talk.udp(Side::Server, &dns(port, name, Some(is.octets())));
    talk.packets
}

fn web_pages(talk: &mut Talk, host: &str) {
    for (path, body_bytes) in [("/", 3_900), ("/style.css", 700)] {
        talk.data(Side::Client, &http_request(host, path));
        talk.data(Side::Server, &http_response(body_bytes));
        talk.wait(1_750_000);
    }
}

fn secret_pages(talk: &mut Talk, name: &str, requests: i64, random: &mut Random) {
    talk.data(Side::Client, &client_hello(name, &random.bytes(32)));
    talk.data(Side::Server, &server_hello(&random.bytes(32), &random.bytes(2_600)));
    for request in 0..requests {
        talk.data(Side::Client, &tls_data(&random.bytes(420)));
        let answer_bytes = 900 + random.below(5_000) as usize;
        talk.data(Side::Server, &tls_data(&random.bytes(answer_bytes)));
        // Somebody reads: idle periods of more than a second.
        talk.wait(1_300_000 + request * 2_900_000);
    }
}

/// One refused, one reset half-way, one never answered, one whose request is lost, one that outlives the capture.
fn troubled_connections(packets: &mut Vec<RawPacket>, random: &mut Random) {
    let mut refused = talk(end(LAPTOP, 50_100), end("192.168.1.77", 8_080), 3_000, 400);
    refused.syn();
    refused.wait(400);
    refused.reset(Side::Server);
    packets.extend(refused.packets);

    let mut reset = talk(end(DESKTOP, 50_210), end("198.51.100.23", 443), 11_500, 31_000);
    reset.handshake();
    reset.data(Side::Client, &client_hello("chat.example.org", &random.bytes(32)));
    reset.data(Side::Server, &server_hello(&random.bytes(32), &random.bytes(1_200)));
    reset.wait(4_200_000);
    reset.reset(Side::Server);
    packets.extend(reset.packets);

    let mut unanswered = talk(end(LAPTOP, 50_320), end("198.51.100.80", 80), 14_100, 48_000);
    unanswered.syn();
    unanswered.retransmit(1_000_000);
    packets.extend(unanswered.packets);

    let mut lossy = talk(end(DESKTOP, 50_350), end("198.51.100.40", 80), 30_300, 52_000);
    lossy.handshake();
    lossy.lost_request(&http_request("slow.example.org", "/status"));
    lossy.data(Side::Server, &http_response(2_100));
    lossy.close();
    packets.extend(lossy.packets);

    let mut unfinished = talk(end(LAPTOP, 50_400), end("198.51.100.99", 5_222), 33_000, 22_000);
    unfinished.handshake();
    for _ in 0..3 {
        unfinished.data(Side::Client, &random.bytes(90));
        unfinished.wait(2_000_000);
    }
    packets.extend(unfinished.packets);
}

/// ARP, a ping every second, the time of day.
fn house_keeping(packets: &mut Vec<RawPacket>) {
    for (operation, after_ms) in [(1, 2_990), (2, 2_991)] {
        let mut message = vec![0, 1, 8, 0, 6, 4, 0, operation];
        message.extend([2, 0, 0, 0, 0, 1, 192, 168, 1, 52, 2, 0, 0, 0, 0, 2, 192, 168, 1, 77]);
        message.resize(46, 0);
        let time_ns = (START_US + after_ms * 1_000) * 1_000;
        packets.push(RawPacket::whole(time_ns, ETHERNET, ethernet(&[], ETHERTYPE_ARP, &message)));
    }
    let mut ping = talk(end(LAPTOP, 0), end("198.51.100.1", 0), 20_000, 17_000);
    for number in 1..=4 {
        ping.send(Side::Client, ICMP, &icmp(8, 0, 77 << 16 | number, &[0x61; 56]));
        ping.wait(17_000 + i64::from(number) * 211);
        ping.send(Side::Server, ICMP, &icmp(0, 0, 77 << 16 | number, &[0x61; 56]));
        ping.wait(985_000);
    }
    packets.extend(ping.packets);
    for after_ms in [5_000, 37_000] {
        let mut clock = talk(end(DESKTOP, 123), end("203.0.113.123", 123), after_ms, 26_000);
        clock.udp(Side::Client, &ntp(3));
        clock.udp(Side::Server, &ntp(4));
        packets.extend(clock.packets);
    }
}

/// An IPv6 connection with its neighbour discovery, and a telephone on a VLAN of its own.
fn other_networks(packets: &mut Vec<RawPacket>, random: &mut Random) {
    let (laptop, router) = ("2001:db8:1::52", "2001:db8:1::1");
    let mut neighbour = talk(end(laptop, 0), end(router, 0), 7_900, 700);
    // Whose is this address? Mine; both with their Ethernet address as an option (RFC 4861).
    let IpAddr::V6(target) = end(router, 0).ip() else { return };
    let asks = [&target.octets()[..], &[1, 1, 2, 0, 0, 0, 0, 1]].concat();
    let tells = [&target.octets()[..], &[2, 1, 2, 0, 0, 0, 0, 2]].concat();
    neighbour.send(Side::Client, ICMPV6, &icmp(135, 0, 0, &asks));
    neighbour.wait(700);
    neighbour.send(Side::Server, ICMPV6, &icmp(136, 0, 0x6000_0000, &tells));
    packets.extend(neighbour.packets);

    let mut page = talk(end(laptop, 51_900), end("2001:db8:cafe::443", 443), 8_000, 19_000);
    page.handshake();
    secret_pages(&mut page, "v6.example.com", 2, random);
    page.close();
    packets.extend(page.packets);

    let mut voice = talk(end("10.20.0.7", 40_000), end("10.20.0.1", 40_002), 27_000, 20_000);
    voice.tags = vec![Tag::of(20)];
    for _ in 0..12 {
        voice.udp(Side::Client, &random.bytes(172));
        voice.udp(Side::Server, &random.bytes(172));
    }
    packets.extend(voice.packets);
}
