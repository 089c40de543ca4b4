//! A large capture for tests of what lasts: made here, or `TRACTOR_BENCH_CAPTURE`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::IpAddr;

use super::server::Place;
use crate::cli::traffic::{START_NS, plain};
use crate::support::capture::{ETHERNET, RawPacket};
use crate::support::frames::{ACK, Ip, SYN, TCP, Tcp, UDP, udp};
use crate::support::link_frames::frame;

/// Bytes of what is made, about.
const BYTES: u64 = 400_000_000;

/// The header of a capture file, which only the first piece keeps.
const HEADER_BYTES: usize = 24;

/// Puts the capture into the folder; gives its name.
pub fn large_capture(place: &Place) -> &'static str {
    let name = "large.pcap";
    let path = place.captures().join(name);
    if let Some(own) = std::env::var_os("TRACTOR_BENCH_CAPTURE") {
        // Nothing outside of the folder is opened, so the file has to be in it.
        std::fs::hard_link(&own, &path)
            .or_else(|_| std::fs::copy(&own, &path).map(drop))
            .expect("the capture that TRACTOR_BENCH_CAPTURE names");
        return name;
    }
    let part = place.root.path().join("part");
    let mut file = BufWriter::new(File::create(&part).expect("a file"));
    let mut written = file.write(&plain(&[])).expect("its header") as u64;
    for round in 0.. {
        if written >= BYTES {
            break;
        }
        let piece = plain(&exchanges(round));
        file.write_all(&piece[HEADER_BYTES..]).expect("packets written");
        written += (piece.len() - HEADER_BYTES) as u64;
    }
    file.into_inner().expect("all of it written");
    std::fs::rename(part, path).expect("renamed");
    name
}

/// Exchanges of a round: pages of some hosts, and a lookup of a name that has no answer.
fn exchanges(round: u32) -> Vec<RawPacket> {
    const EACH: u32 = 200;
    let mut packets = Vec::new();
    let mut add = |source: IpAddr, destination: IpAddr, protocol: u8, payload: &[u8]| {
        let number = i64::from(round) * 8 * i64::from(EACH) + packets.len() as i64;
        let ip = Ip::new(source, destination, protocol).packet(payload);
        let time_ns = START_NS + number * 20_000;
        packets.push(RawPacket::whole(time_ns, ETHERNET, frame(ETHERNET, &[], &ip)));
    };
    for number in 0..EACH {
        let flow = round * EACH + number;
        let client = IpAddr::from((0x0a00_0000 + flow % 50_021).to_be_bytes());
        let server = IpAddr::from((0xc633_6400 + flow % 251).to_be_bytes());
        let port = 1_024 + (flow % 60_000) as u16;
        if number % 4 == 0 {
            add(client, server, UDP, &udp(port, 9, &[0x55; 40]));
            continue;
        }
        let mut sent = [1_000, 2_000];
        let mut segment = |side: usize, flags: u8, payload: &[u8]| {
            let ports = [port, 80];
            let header = Tcp {
                source_port: ports[side],
                destination_port: ports[1 - side],
                sequence: sent[side],
                acknowledgement: sent[1 - side],
                flags,
                window: 8_192,
                ..Tcp::default()
            };
            sent[side] += payload.len() as u32 + u32::from(flags & SYN != 0);
            let ends = [client, server];
            add(ends[side], ends[1 - side], TCP, &header.segment(payload));
        };
        let host = flow % 83;
        let asks =
            format!("GET / HTTP/1.1\r\nHost: host{host}.example\r\nUser-Agent: test\r\n\r\n");
        segment(0, SYN, b"");
        segment(1, SYN | ACK, b"");
        segment(0, ACK, asks.as_bytes());
        segment(1, ACK, b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
        segment(1, ACK, &[b'x'; 1_200]);
        segment(1, ACK, &[b'x'; 1_200]);
        segment(0, ACK, b"");
    }
    packets
}
