//! A client of BitTorrent and its peers.

use std::net::SocketAddr;

use super::super::talk::Side;
use super::Network;
use super::messages::{announce, dht_answer, dht_query, dns, handshake, tracker_connect};

pub fn client(network: &mut Network) {
    let address = network.client();
    let own = SocketAddr::new(address, 6_881 + network.random.below(2) as u16);
    for _ in 0..network.random.between(2, 6) {
        let peer = SocketAddr::new(network.stranger(), network.port());
        let other_port = SocketAddr::new(address, network.port());
        let (random, begun) = (network.random.bytes(32), network.time_us);
        match network.random.below(8) {
            0..2 => {
                let mut talk = network.talk(own, peer);
                talk.udp(Side::Client, &dht_query(&random));
                if network.random.chance(70) {
                    talk.udp(Side::Server, &dht_answer(&random));
                }
                network.add(talk);
            }
            // Somebody found the client there.
            2 => {
                let mut talk = network.talk(peer, own);
                talk.udp(Side::Client, &dht_query(&random));
                talk.udp(Side::Server, &dht_answer(&random));
                network.add(talk);
            }
            3 => {
                let mut talk = network.talk(peer, own);
                talk.udp(Side::Client, &[&[0x41, 0][..], &random[..18]].concat());
                talk.udp(Side::Server, &[&[0x21, 0][..], &random[..18]].concat());
                network.add(talk);
            }
            4 => {
                let mut talk = network.talk(other_port, peer);
                talk.handshake();
                talk.data(Side::Client, &handshake(&random));
                talk.data(Side::Server, &handshake(&random));
                talk.close();
                network.add(talk);
            }
            5 => {
                let mut talk = network.talk(peer, own);
                talk.handshake();
                // Encrypted, or not.
                let is_open = network.random.chance(50);
                let bytes = if is_open { handshake(&random) } else { random };
                talk.data(Side::Client, &bytes);
                talk.data(Side::Server, &bytes);
                network.add(talk);
            }
            6 => {
                let mut talk = network.talk(own, peer);
                talk.udp(Side::Client, &tracker_connect());
                network.add(talk);
            }
            _ => {
                let host = network.random.pick(&["tracker.example.com", "tracker.example.org"]);
                let server = SocketAddr::new(network.server(), 80);
                let resolver = SocketAddr::new([10, 0, 0, 53].into(), 53);
                let mut asks =
                    network.talk(SocketAddr::new(address, other_port.port() + 1), resolver);
                asks.udp(Side::Client, &dns(1, host, 1, None, false));
                asks.udp(Side::Server, &dns(1, host, 1, Some(&[server.ip()]), false));
                network.add(asks);
                let mut talk = network.talk(other_port, server);
                talk.handshake();
                talk.data(Side::Client, &announce(host, own.port()));
                talk.data(Side::Server, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nde");
                network.add(talk);
                network.next_port += 1;
            }
        }
        network.time_us = begun;
        network.wait_ms(&[0, 5, 700, 1_500, 20_000, 59_000, 125_000]);
    }
}
