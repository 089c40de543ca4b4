//! pcapng files, written by hand: several sections, an interface per link type, every kind of time.
//! Format: <https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html>.

use super::capture::{RawPacket, Writer};

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
const OPTION_TSRESOL: u16 = 9;
const OPTION_TSOFFSET: u16 = 14;

/// How a pcapng file is written.
#[derive(Clone, Copy, Debug)]
pub struct PcapngStyle {
    pub big_endian: bool,
    /// Value of if_tsresol: a power of ten, or with the top bit of two; None leaves the option out (microseconds).
    pub resolution: Option<u8>,
    /// Value of if_tsoffset, in seconds.
    pub offset_s: i64,
    /// A new section begins after this many packets, in the other byte order.
    pub section_packets: usize,
    /// Uses a simple packet block, which has no time of its own, where nothing is lost by it.
    pub simple_blocks: bool,
}

impl Default for PcapngStyle {
    fn default() -> Self {
        Self {
            big_endian: false,
            resolution: Some(9),
            offset_s: 0,
            section_packets: usize::MAX,
            simple_blocks: false,
        }
    }
}

/// Times that the resolution cannot hold are rounded down.
pub fn pcapng(packets: &[RawPacket], style: PcapngStyle) -> Vec<u8> {
    let mut file = Vec::new();
    let mut big_endian = style.big_endian;
    // A simple packet block takes the time of the packet before it, or 0.
    let mut time_before = 0;
    // A capture without packets has one section all the same.
    let mut rest = packets;
    loop {
        let count = rest.len().min(style.section_packets);
        section(&mut file, &rest[..count], style, big_endian, &mut time_before);
        rest = &rest[count..];
        big_endian = !big_endian;
        if rest.is_empty() {
            return file;
        }
    }
}

fn section(
    file: &mut Vec<u8>,
    packets: &[RawPacket],
    style: PcapngStyle,
    big_endian: bool,
    time_before: &mut i64,
) {
    let mut header = Writer::new(big_endian);
    header.u32(0x1a2b_3c4d);
    header.u16(1);
    header.u16(0);
    header.u64(u64::MAX); // length not given
    block(file, SECTION_HEADER, header, big_endian);
    let mut link_types: Vec<u16> = Vec::new();
    for packet in packets {
        let known = link_types.iter().position(|link_type| *link_type == packet.link_type);
        let interface = known.unwrap_or_else(|| {
            link_types.push(packet.link_type);
            block(file, INTERFACE, interface(packet.link_type, style, big_endian), big_endian);
            link_types.len() - 1
        });
        let simple = style.simple_blocks
            && interface == 0
            && *time_before == packet.time_ns
            && packet.original_bytes as usize == packet.data.len();
        if simple {
            block(file, SIMPLE_PACKET, simple_packet(packet, big_endian), big_endian);
        } else {
            let body = enhanced_packet(packet, interface as u32, style, big_endian);
            block(file, ENHANCED_PACKET, body, big_endian);
        }
        *time_before = packet.time_ns;
    }
}

fn block(file: &mut Vec<u8>, kind: u32, mut body: Writer, big_endian: bool) {
    while !body.bytes.len().is_multiple_of(4) {
        body.bytes.push(0);
    }
    let length = 12 + body.bytes.len() as u32;
    let mut block = Writer::new(big_endian);
    block.u32(kind);
    block.u32(length);
    block.bytes.extend(body.bytes);
    block.u32(length);
    file.extend(block.bytes);
}

fn interface(link_type: u16, style: PcapngStyle, big_endian: bool) -> Writer {
    let mut body = Writer::new(big_endian);
    body.u16(link_type);
    body.u16(0);
    body.u32(0); // no snaplen
    if let Some(resolution) = style.resolution {
        body.u16(OPTION_TSRESOL);
        body.u16(1);
        body.bytes.extend([resolution, 0, 0, 0]);
    }
    if style.offset_s != 0 {
        body.u16(OPTION_TSOFFSET);
        body.u16(8);
        body.u64(style.offset_s as u64);
    }
    body.u32(0); // end of options
    body
}

fn enhanced_packet(
    packet: &RawPacket,
    interface: u32,
    style: PcapngStyle,
    big_endian: bool,
) -> Writer {
    let units = units_of(packet.time_ns, style);
    let mut body = Writer::new(big_endian);
    body.u32(interface);
    body.u32((units >> 32) as u32);
    body.u32(units as u32);
    body.u32(packet.data.len() as u32);
    body.u32(packet.original_bytes);
    body.bytes.extend(&packet.data);
    body
}

fn simple_packet(packet: &RawPacket, big_endian: bool) -> Writer {
    let mut body = Writer::new(big_endian);
    body.u32(packet.original_bytes);
    body.bytes.extend(&packet.data);
    body
}

fn units_of(time_ns: i64, style: PcapngStyle) -> u64 {
    let since_offset = i128::from(time_ns) - i128::from(style.offset_s) * 1_000_000_000;
    let units = since_offset * units_per_second(style.resolution.unwrap_or(6));
    u64::try_from(units.div_euclid(1_000_000_000)).expect("a time that this pcapng can hold")
}

/// Of an if_tsresol value.
pub fn units_per_second(resolution: u8) -> i128 {
    let exponent = u32::from(resolution & 0x7f);
    if resolution & 0x80 == 0 { 10i128.pow(exponent) } else { 1 << exponent }
}
