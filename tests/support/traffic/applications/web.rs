//! Pages with their look-ups, services without a name, and what does not end well.

use std::net::{IpAddr, SocketAddr};

use super::super::payloads::{http_request, http_response, ntp};
use super::super::talk::{Side, Talk};
use super::messages::dns;
use super::{MS, Network, mapped};
use crate::support::frames::{ACK, PSH, SYN, TCP, Tcp};

const NAMES: [&str; 12] = [
    "www.example.com",
    "static.example.com",
    "example.com",
    "api.a.example.com",
    "cdn.example.net",
    "img.example.net",
    "news.example.co.uk",
    "static.example.co.uk",
    "other.co.uk",
    "shop.example.org",
    "tracker.example.com",
    "media.example.org",
];
const AFTER: [i64; 9] = [0, 10, 400, 940, 1_100, 2_300, 20_000, 58_000, 62_000];

/// Some flows about a few names, some of them one behind the other.
pub fn pages(network: &mut Network) {
    let client = network.client();
    let shared = network.port();
    for _ in 0..network.random.between(1, 5) {
        let name = network.random.pick(&NAMES);
        let server = network.server();
        let begun = network.time_us;
        let has_name = network.random.chance(75);
        if has_name {
            let own = if network.random.chance(50) { shared } else { network.port() };
            look_up(network, client, own, name, server);
            network.wait_ms(&[0, 0, 30, 930, 1_100, 2_300, 58_000, 62_000]);
        }
        if network.random.chance(85) {
            page(network, client, name, server);
        }
        network.time_us = begun;
        network.wait_ms(&AFTER);
    }
}

fn look_up(network: &mut Network, client: IpAddr, own: u16, name: &str, server: IpAddr) {
    let resolver = SocketAddr::new([10, 0, 0, 53].into(), 53);
    let mut talk = network.talk(SocketAddr::new(client, own), resolver);
    let id = network.random.below(60_000) as u16;
    let has_alias = network.random.chance(20);
    let asks_first = network.random.chance(30);
    if asks_first {
        talk.udp(Side::Client, &dns(id + 1, name, 28, None, false));
        match network.random.below(3) {
            0 => talk.udp(Side::Server, &dns(id + 1, name, 28, Some(&[]), false)),
            1 => {
                let answer = [mapped(server)];
                talk.udp(Side::Server, &dns(id + 1, name, 28, Some(&answer), false));
            }
            _ => (),
        }
    }
    talk.udp(Side::Client, &dns(id, name, 1, None, false));
    if network.random.chance(12) {
        talk.wait(2_200 * MS);
    }
    if network.random.chance(90) {
        let other = network.stranger();
        let addresses = if network.random.chance(30) { vec![other, server] } else { vec![server] };
        talk.udp(Side::Server, &dns(id, name, 1, Some(&addresses), has_alias));
    }
    network.add(talk);
}

fn page(network: &mut Network, client: IpAddr, name: &str, server: IpAddr) {
    let mut talk = {
        let port = if network.random.chance(70) { 80 } else { 443 };
        let own = network.port();
        network.talk(SocketAddr::new(client, own), SocketAddr::new(server, port))
    };
    if network.random.chance(10) {
        return one_sided(network, talk, name);
    }
    talk.handshake();
    // A host of its own, one unlike what was looked up, or bytes that say none.
    let host = match network.random.below(10) {
        0 => network.random.pick(&NAMES),
        1 => "192.0.2.80",
        _ => name,
    };
    let asks = if talk.ends[1].port() == 80 { http_request(host, "/") } else { vec![0xf1; 90] };
    if network.random.chance(10) {
        talk.wait(2_500 * MS);
    }
    network.say(&mut talk, Side::Client, &asks);
    if network.random.chance(90) {
        let bytes = network.random.between(0, 4_000) as usize;
        talk.data(Side::Server, &http_response(bytes));
    }
    talk.wait(network.random.pick(&[0, 900, 4_000]) * MS);
    match network.random.below(4) {
        0 => talk.reset(Side::Client),
        1 => (),
        _ => talk.close(),
    }
    network.add(talk);
}

/// A request without a handshake, as a capture that begins late has it.
fn one_sided(network: &mut Network, mut talk: Talk, name: &str) {
    let [client, server] = talk.ends;
    let header = Tcp {
        source_port: client.port(),
        destination_port: server.port(),
        sequence: 77,
        acknowledgement: 99,
        flags: PSH | ACK,
        window: 500,
        options: Vec::new(),
    };
    talk.send(Side::Client, TCP, &header.segment(&http_request(name, "/late")));
    network.add(talk);
}

/// Several connections to one server that says no name, and the time of day.
pub fn services(network: &mut Network) {
    let (client, server) = (network.client(), network.server());
    let port = network.random.pick(&[7_777, 123, 5_222]);
    for _ in 0..network.random.between(2, 4) {
        let by = if network.random.chance(90) { client } else { network.client() };
        let own = SocketAddr::new(by, network.port());
        let mut talk = network.talk(own, SocketAddr::new(server, port));
        if port == 123 {
            talk.udp(Side::Client, &ntp(3));
            talk.udp(Side::Server, &ntp(4));
        } else {
            talk.handshake();
            talk.data(Side::Client, &[0xd3; 30]);
            talk.data(Side::Server, &[0xd4; 50]);
            talk.close();
        }
        let begun = network.time_us;
        network.add(talk);
        network.time_us = begun;
        network.wait_ms(&[0, 300, 5_000, 58_000, 62_000, 66_000, 120_000, 190_000]);
    }
}

pub fn oddities(network: &mut Network) {
    let (client, server) = (network.client(), network.server());
    let own = SocketAddr::new(client, network.port());
    let port = network.random.pick(&[80, 9_999]);
    let mut talk = network.talk(own, SocketAddr::new(server, port));
    match network.random.below(6) {
        0 => {
            talk.syn();
            talk.wait(40_000);
            talk.reset(Side::Server);
        }
        1 => {
            talk.syn();
            talk.retransmit(1_000 * MS);
            talk.retransmit(2_000 * MS);
        }
        2 => talk.udp(Side::Client, &[1, 2, 3]),
        3 => {
            talk.handshake();
            talk.wait(3_000 * MS);
            talk.reset(Side::Client);
        }
        4 => {
            // The port again, before the first connection is over.
            talk.handshake();
            talk.data(Side::Client, &[0xd3; 30]);
            network.time_us = talk.time_us;
            network.wait_ms(&[10, 1_000, 3_000]);
            let mut again = network.talk(own, talk.ends[1]);
            again.handshake();
            again.data(Side::Client, &[0xd3; 30]);
            again.data(Side::Server, &[0xd3; 30]);
            network.packets.extend(again.packets);
        }
        _ => {
            // The answer to a handshake alone.
            let header = Tcp {
                source_port: talk.ends[1].port(),
                destination_port: own.port(),
                sequence: 5,
                acknowledgement: 6,
                flags: SYN | ACK,
                window: 500,
                options: Vec::new(),
            };
            talk.send(Side::Server, TCP, &header.segment(&[]));
        }
    }
    network.add(talk);
}
