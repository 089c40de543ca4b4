//! Files over FTP and TFTP.

use std::net::{IpAddr, SocketAddr};

use super::super::talk::{Side, Talk};
use super::{MS, Network, mapped, messages};

/// From what announces a connection to the connection.
const DELAYS: [i64; 9] = [5, 5, 5, 300, 1_500, 2_500, 100_000, 178_000, 182_000];

pub fn transfer(network: &mut Network) {
    let (mut client, mut server) = (network.client(), network.server());
    if network.random.chance(30) {
        (client, server) = (mapped(client), mapped(server));
    }
    let port = if network.random.chance(70) { 21 } else { 2_121 };
    let own = network.port();
    let mut control = network.talk(SocketAddr::new(client, own), SocketAddr::new(server, port));
    control.handshake();
    for (side, text) in [
        (Side::Server, "220 Welcome\r\n"),
        (Side::Client, "USER somebody\r\n"),
        (Side::Server, "331 Password\r\n"),
        (Side::Client, "PASS secret\r\n"),
        (Side::Server, "230 Done\r\n"),
    ] {
        network.say(&mut control, side, text.as_bytes());
    }
    for _ in 0..network.random.between(1, 3) {
        one_file(network, &mut control, client, server);
    }
    if network.random.chance(60) {
        control.data(Side::Client, b"QUIT\r\n");
        control.close();
    }
    network.add(control);
}

fn one_file(network: &mut Network, control: &mut Talk, client: IpAddr, server: IpAddr) {
    let port = network.even_port();
    let is_new = client.is_ipv6() || network.random.chance(30);
    let is_active = network.random.chance(50);
    // Behind a translator the reply may name another address than the one the client sees.
    let other = network.stranger();
    let told = if network.random.chance(30) && client.is_ipv4() { other } else { server };
    let numbers = |address: IpAddr| {
        let address = address.to_string().replace('.', ",");
        format!("{address},{},{}", port >> 8, port & 255)
    };
    let announces = match (is_active, is_new) {
        (true, true) => {
            let family = if client.is_ipv4() { 1 } else { 2 };
            format!("EPRT |{family}|{client}|{port}|\r\n")
        }
        (true, false) => format!("PORT {}\r\n", numbers(client)),
        (false, true) => format!("229 Extended Passive Mode (|||{port}|)\r\n"),
        (false, false) => format!("227 Passive Mode ({})\r\n", numbers(told)),
    };
    let announces = match network.random.below(14) {
        // More than a line may have.
        0 => format!("{:5000}{announces}", "NOOP"),
        1 => format!("NOOP\r\n{announces}"),
        _ => announces,
    };
    if is_active {
        network.say(control, Side::Client, announces.as_bytes());
        network.say(control, Side::Server, b"200 Good\r\n");
    } else {
        network.say(control, Side::Client, if is_new { b"EPSV\r\n" } else { b"PASV\r\n" });
        network.say(control, Side::Server, announces.as_bytes());
    }
    control.wait(network.random.pick(&DELAYS) * MS);
    network.time_us = control.time_us;
    let (from, to) = if is_active {
        (SocketAddr::new(server, 20), SocketAddr::new(client, port))
    } else {
        let at = if network.random.chance(50) { told } else { server };
        let by = if network.random.chance(10) { network.client() } else { client };
        let by = if by.is_ipv4() == at.is_ipv4() { by } else { client };
        (SocketAddr::new(by, network.port()), SocketAddr::new(at, port))
    };
    let mut data = network.talk(from, to);
    control.data(Side::Client, b"RETR a\r\n");
    control.data(Side::Server, b"150 Coming\r\n");
    match network.random.below(6) {
        0 => data.syn(),
        1 => {
            data.syn();
            data.wait(300);
            data.reset(Side::Server);
        }
        2 => data.handshake(),
        _ => {
            data.handshake();
            let sends = if is_active { Side::Client } else { Side::Server };
            let bytes = network.random.between(1, 9_000) as usize;
            data.data(sends, &vec![b'x'; bytes]);
            data.close();
        }
    }
    network.packets.extend(data.packets);
    control.wait(network.random.pick(&[10, 500, 3_000]) * MS);
    control.data(Side::Server, b"226 Done\r\n");
}

pub fn trivial(network: &mut Network) {
    let (client, server) = (network.client(), network.server());
    let own = SocketAddr::new(client, network.port());
    let mut request = network.talk(own, SocketAddr::new(server, 69));
    request.udp(Side::Client, &messages::file_request("boot"));
    if network.random.chance(20) {
        request.wait(1_000 * MS);
        request.udp(Side::Client, &messages::file_request("boot"));
    }
    network.add(request);
    network.wait_ms(&[1, 1, 1, 900, 2_500, 100_000, 182_000]);
    // An answer from elsewhere is none.
    let from = if network.random.chance(15) { network.server() } else { server };
    let from = SocketAddr::new(from, network.port());
    let mut data = network.talk(own, from);
    for number in 1..=network.random.between(1, 4) as u8 {
        data.udp(Side::Server, &messages::file_block(number, 512));
        data.udp(Side::Client, &messages::file_taken(number));
    }
    network.add(data);
}
