//! Private networks: PPTP with GRE, and IKE with ESP.

use std::net::SocketAddr;

use super::super::talk::Side;
use super::Network;
use super::messages::{enhanced_gre, esp, key_exchange, tunnel_control};

const GRE: u8 = 47;
const ESP: u8 = 50;

pub fn point_to_point(network: &mut Network) {
    let (client, server) = (network.client(), network.server());
    let own = network.port();
    if network.random.chance(85) {
        let mut control =
            network.talk(SocketAddr::new(client, own), SocketAddr::new(server, 1_723));
        control.handshake();
        for (side, kind, bytes) in [
            (Side::Client, 1, 156),
            (Side::Server, 2, 156),
            (Side::Client, 7, 168),
            (Side::Server, 8, 32),
        ] {
            control.data(side, &tunnel_control(kind, bytes));
        }
        if network.random.chance(40) {
            control.close();
        }
        network.add(control);
        network.wait_ms(&[5, 300, 2_500, 58_000, 70_000, 182_000]);
    }
    let mut tunnel = network.talk(SocketAddr::new(client, 0), SocketAddr::new(server, 0));
    let protocol = network.random.pick(&[0xc021, 0x00fd]);
    for number in 0..network.random.between(1, 6) as u32 {
        tunnel.send(Side::Client, GRE, &enhanced_gre(7, number, protocol));
        tunnel.wait(4_000);
        if network.random.chance(80) {
            tunnel.send(Side::Server, GRE, &enhanced_gre(9, number, protocol));
            tunnel.wait(4_000);
        }
    }
    network.add(tunnel);
}

pub fn keys(network: &mut Network) {
    let (client, server) = (network.client(), network.server());
    let mut exchange = network.talk(SocketAddr::new(client, 500), SocketAddr::new(server, 500));
    for kind in [34, 35] {
        exchange.udp(Side::Client, &key_exchange(kind, false));
        if network.random.chance(90) {
            exchange.udp(Side::Server, &key_exchange(kind, true));
        }
    }
    network.add(exchange);
    network.wait_ms(&[5, 300, 2_500, 58_000, 178_000, 182_000]);
    if network.random.chance(60) {
        let mut secret = network.talk(SocketAddr::new(client, 0), SocketAddr::new(server, 0));
        for number in 0..network.random.between(1, 8) as u32 {
            let side = network.random.pick(&[Side::Client, Side::Server]);
            secret.send(side, ESP, &esp(number));
            secret.wait(3_000);
        }
        network.add(secret);
    }
    let by = if network.random.chance(80) { client } else { network.client() };
    let own = if network.random.chance(50) { 4_500 } else { network.port() };
    let mut behind = network.talk(SocketAddr::new(by, own), SocketAddr::new(server, 4_500));
    let has_marker = network.random.chance(30);
    for number in 0..network.random.between(1, 4) as u32 {
        let side = network.random.pick(&[Side::Client, Side::Server]);
        let message = match has_marker && number == 0 {
            true => [&[0; 4][..], &key_exchange(35, side == Side::Server)].concat(),
            false => esp(number),
        };
        behind.udp(side, &message);
    }
    network.add(behind);
}
