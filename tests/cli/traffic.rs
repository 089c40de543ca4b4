//! Small captures whose flows can be counted by hand.

use std::net::IpAddr;
use std::path::Path;

use crate::support::capture::{ETHERNET, PcapStyle, RawPacket, pcap};
use crate::support::frames::{ACK, Ip, TCP, Tcp, UDP, udp};
use crate::support::link_frames::frame;
use crate::support::traffic::sample;

pub const SECOND_NS: i64 = 1_000_000_000;
/// 14 November 2023, 22:13:20 UTC.
pub const START_NS: i64 = 1_700_000_000 * SECOND_NS;

/// The sample as a capture file.
pub fn office() -> Vec<u8> {
    plain(&sample())
}

/// A little-endian capture of nanoseconds.
pub fn plain(packets: &[RawPacket]) -> Vec<u8> {
    pcap(packets, ETHERNET, PcapStyle::default())
}

pub fn write(folder: &Path, name: &str, bytes: &[u8]) {
    std::fs::write(folder.join(name), bytes).expect("a file written");
}

/// A datagram to port 53, `after_ns` after the start.
pub fn datagram(after_ns: i64, port: u16, payload: &[u8]) -> RawPacket {
    let ip = ip(UDP).packet(&udp(port, 53, payload));
    RawPacket::whole(START_NS + after_ns, ETHERNET, frame(ETHERNET, &[], &ip))
}

/// A segment to port 80, `after_ns` after the start.
pub fn segment(after_ns: i64, port: u16, payload: &[u8]) -> RawPacket {
    let header = Tcp { source_port: port, destination_port: 80, flags: ACK, ..Tcp::default() };
    let ip = ip(TCP).packet(&header.segment(payload));
    RawPacket::whole(START_NS + after_ns, ETHERNET, frame(ETHERNET, &[], &ip))
}

fn ip(protocol: u8) -> Ip {
    let address = |last| IpAddr::from([192, 0, 2, last]);
    Ip::new(address(1), address(2), protocol)
}

/// A flow a packet, a microsecond apart; their rows are many times what a pipe holds.
pub fn many_flows(count: u16) -> Vec<RawPacket> {
    (0..count).map(|port| datagram(i64::from(port) * 1_000, port, b"one of many")).collect()
}
