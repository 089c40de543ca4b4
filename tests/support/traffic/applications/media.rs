//! Calls over SIP, and streams over RTSP.

use std::net::{IpAddr, SocketAddr};

use super::super::talk::{Side, Talk};
use super::messages::{Medium, rtcp, rtp, sdp, sip};
use super::{MS, Network};

fn medium(network: &mut Network, port: u16, address: IpAddr) -> Medium {
    let mut medium = Medium::at(port);
    if network.random.chance(20) {
        medium.pairs = network.random.pick(&[2, 4, 6]);
    }
    if network.random.chance(30) {
        medium.address = Some(address);
    }
    if network.random.chance(30) {
        let own = network.random.chance(50).then_some(address);
        medium.control = Some((port + 7, own));
    }
    medium
}

/// A description of media at an address, with or without one for all.
fn description(network: &mut Network, port: u16, address: IpAddr) -> String {
    let mut media = vec![medium(network, port, address)];
    if network.random.chance(20) {
        media.push(Medium { address: Some(address), ..Medium::at(0) });
    }
    let common = match network.random.below(10) {
        // On hold, or not for this medium.
        0 => Some(IpAddr::from([0, 0, 0, 0])),
        _ if media[0].address.is_some() && network.random.chance(50) => None,
        _ => Some(address),
    };
    if common.is_none() {
        media.retain(|medium| medium.address.is_some());
    }
    sdp(address, common, &media)
}

pub fn call(network: &mut Network) {
    let (client, server) = (network.client(), network.server());
    // A telephone beside the one that signals, and one behind the one that answers.
    let here = if network.random.chance(20) { network.client() } else { client };
    let there = if network.random.chance(60) { network.stranger() } else { server };
    let (near, far) = (network.even_port(), network.even_port());
    let is_tcp = network.random.chance(30);
    let host = network.random.pick(&["voice.example.org", "pbx.example.net", "192.0.2.7"]);
    let own = if is_tcp { network.port() } else { 5_060 };
    let mut talk = network.talk(SocketAddr::new(client, own), SocketAddr::new(server, 5_060));
    if is_tcp {
        talk.handshake();
    }
    let number = network.random.below(1 << 30) as u32;
    let offer = description(network, near, here);
    let answer = description(network, far, there);
    let invites = format!("INVITE sip:bob@{host} SIP/2.0");
    let has_late_answer = network.random.chance(10);
    for (side, line, method, body) in [
        (Side::Client, &invites[..], "INVITE", &offer[..]),
        (Side::Server, "SIP/2.0 100 Trying", "INVITE", ""),
        (Side::Server, "SIP/2.0 200 OK", "INVITE", &answer),
        (Side::Client, "ACK sip:bob@192.0.2.7 SIP/2.0", "ACK", ""),
    ] {
        if has_late_answer && method == "ACK" {
            break;
        }
        let message = sip(line, number, method, body);
        if is_tcp {
            network.say(&mut talk, side, &message);
        } else {
            talk.udp(side, &message);
        }
    }
    network.time_us = talk.time_us;
    network.wait_ms(&[5, 5, 200, 1_500, 2_500, 178_000, 182_000]);
    let ends = [SocketAddr::new(here, near), SocketAddr::new(there, far)];
    let is_swapped = network.random.chance(50);
    let offsets = network.random.pick(&[&[0][..], &[0, 1], &[0, 7], &[0, 1, 2, 3], &[0, 8]]);
    for offset in offsets {
        let [one, other] = ends.map(|end| SocketAddr::new(end.ip(), end.port() + offset));
        let (from, to) = if is_swapped { (other, one) } else { (one, other) };
        let mut media = network.talk(from, to);
        sound(network, &mut media, *offset);
        network.packets.extend(media.packets);
    }
    if network.random.chance(50) {
        talk.time_us = network.time_us + 400 * MS;
        let bye = sip("BYE sip:bob@192.0.2.7 SIP/2.0", number, "BYE", "");
        if is_tcp {
            talk.data(Side::Client, &bye);
        } else {
            talk.udp(Side::Client, &bye);
        }
    }
    network.add(talk);
}

fn sound(network: &mut Network, media: &mut Talk, offset: u16) {
    let is_two_way = network.random.chance(70);
    for number in 0..network.random.between(1, 6) as u16 {
        let payload = if offset.is_multiple_of(2) { rtp(number) } else { rtcp() };
        media.udp(Side::Client, &payload);
        if is_two_way {
            media.udp(Side::Server, &payload);
        }
    }
}

pub fn stream(network: &mut Network) {
    let (client, server) = (network.client(), network.server());
    let own = network.port();
    let (near, far) = (network.even_port(), network.even_port());
    let mut talk = network.talk(SocketAddr::new(client, own), SocketAddr::new(server, 554));
    talk.handshake();
    let range = |port: u16| format!("{port}-{}", port + 1);
    let asks = format!("client_port={}", range(near));
    let url = "rtsp://media.example.org/film";
    let says = format!("{asks};server_port={}", range(far));
    for (side, text) in [
        (Side::Client, format!("OPTIONS {url} RTSP/1.0\r\nCSeq: 1\r\n\r\n")),
        (Side::Server, "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n".to_owned()),
        (
            Side::Client,
            format!("SETUP {url} RTSP/1.0\r\nCSeq: 2\r\nTransport: RTP/AVP;unicast;{asks}\r\n\r\n"),
        ),
        (
            Side::Server,
            format!("RTSP/1.0 200 OK\r\nCSeq: 2\r\nTransport: RTP/AVP;unicast;{says}\r\n\r\n"),
        ),
    ] {
        network.say(&mut talk, side, text.as_bytes());
    }
    network.add(talk);
    network.wait_ms(&[5, 5, 900, 2_500, 178_000, 182_000]);
    let other = network.stranger();
    let from = if network.random.chance(20) { other } else { server };
    for offset in 0..network.random.between(1, 3) as u16 {
        let ends = [SocketAddr::new(from, far + offset), SocketAddr::new(client, near + offset)];
        let mut media = network.talk(ends[0], ends[1]);
        sound(network, &mut media, offset);
        network.packets.extend(media.packets);
    }
}
