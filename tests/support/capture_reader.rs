//! Reads captures the naive way, whole and in order, so that the oracle can look at files nobody here has made.
//! A file that is not clean to its last byte is an error: what to do with such a file is not the oracle's business.

use std::io::Read;

use super::capture::RawPacket;
use super::pcapng::units_per_second;

/// Packets of a pcap or pcapng file, plain or compressed by gzip.
pub fn read(file: &[u8]) -> Result<Vec<RawPacket>, String> {
    let reader = Reader { data: file, big_endian: false };
    match reader.u32(0)? {
        magic if magic & 0xffff == 0x8b1f => {
            let mut plain = Vec::new();
            let mut unpacked = flate2::read::MultiGzDecoder::new(file);
            unpacked.read_to_end(&mut plain).map_err(|error| error.to_string())?;
            if plain.starts_with(&[0x1f, 0x8b]) {
                return Err("packed twice".into());
            }
            read(&plain)
        }
        0xa1b2_c3d4 => pcap(reader, 1_000),
        0xa1b2_3c4d => pcap(reader, 1),
        0xd4c3_b2a1 => pcap(Reader { big_endian: true, ..reader }, 1_000),
        0x4d3c_b2a1 => pcap(Reader { big_endian: true, ..reader }, 1),
        0x0a0d_0d0a => pcapng(file),
        magic => Err(format!("unknown magic number {magic:08x}")),
    }
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    data: &'a [u8],
    big_endian: bool,
}

impl<'a> Reader<'a> {
    fn bytes(&self, at: usize, count: usize) -> Result<&'a [u8], String> {
        let end = at.checked_add(count).ok_or("a length beyond all measure")?;
        self.data.get(at..end).ok_or_else(|| format!("ends before byte {end}"))
    }

    fn u16(&self, at: usize) -> Result<u16, String> {
        let bytes = self.bytes(at, 2)?.try_into().map_err(|_| "two bytes")?;
        Ok(if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn u32(&self, at: usize) -> Result<u32, String> {
        let bytes = self.bytes(at, 4)?.try_into().map_err(|_| "four bytes")?;
        Ok(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn u64(&self, at: usize) -> Result<u64, String> {
        let bytes = self.bytes(at, 8)?.try_into().map_err(|_| "eight bytes")?;
        Ok(if self.big_endian { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
    }
}

fn pcap(file: Reader, fraction_ns: i64) -> Result<Vec<RawPacket>, String> {
    // The upper half of the field tells of frame check sequences.
    let link_type = (file.u32(20)? & 0xffff) as u16;
    let snaplen = file.u32(16)?;
    let mut packets = Vec::new();
    let mut at = 24;
    while at < file.data.len() {
        let seconds = i64::from(file.u32(at)?);
        let fraction = i64::from(file.u32(at + 4)?);
        let captured = file.u32(at + 8)? as usize;
        packets.push(RawPacket {
            time_ns: seconds * 1_000_000_000 + fraction * fraction_ns,
            original_bytes: file.u32(at + 12)?,
            link_type,
            snaplen: Some(snaplen),
            data: file.bytes(at + 16, captured)?.to_vec(),
        });
        at += 16 + captured;
    }
    Ok(packets)
}

struct Interface {
    link_type: u16,
    snaplen: u32,
    units_per_second: i128,
    offset_s: i64,
}

fn pcapng(data: &[u8]) -> Result<Vec<RawPacket>, String> {
    let mut packets: Vec<RawPacket> = Vec::new();
    let mut interfaces: Vec<Interface> = Vec::new();
    let mut file = Reader { data, big_endian: false };
    let mut at = 0;
    while at < data.len() {
        let kind = file.u32(at)?;
        if kind == 0x0a0d_0d0a {
            file.big_endian = file.bytes(at + 8, 4)? == [0x1a, 0x2b, 0x3c, 0x4d];
            interfaces.clear();
            if file.u16(at + 12)? != 1 {
                // Nobody knows what another major version looks like; what came before it counts.
                if at == 0 {
                    return Err("a pcapng file of another version".into());
                }
                break;
            }
        }
        let length = file.u32(at + 4)? as usize;
        if length < 12 || !length.is_multiple_of(4) || file.u32(at + length - 4)? as usize != length
        {
            return Err(format!("a block of {length} bytes at {at}"));
        }
        let body = Reader { data: file.bytes(at + 8, length - 12)?, ..file };
        match kind {
            1 => interfaces.push(interface(body)?),
            2 => packets.push(timed_packet(body, body.u16(0)?.into(), &interfaces)?),
            3 => {
                let first = interfaces.first().ok_or("a packet before all interfaces")?;
                // It has no time of its own: FLOWS.md section 1.
                let time_ns = packets.last().map_or(0, |before| before.time_ns);
                packets.push(simple_packet(body, first, time_ns)?);
            }
            6 => packets.push(timed_packet(body, body.u32(0)?, &interfaces)?),
            _ => (),
        }
        at += length;
    }
    Ok(packets)
}

fn interface(body: Reader) -> Result<Interface, String> {
    let mut interface = Interface {
        link_type: body.u16(0)?,
        snaplen: body.u32(4)?,
        units_per_second: 1_000_000,
        offset_s: 0,
    };
    let mut at = 8;
    while at < body.data.len() && body.u16(at)? != 0 {
        let length = usize::from(body.u16(at + 2)?);
        match body.u16(at)? {
            9 => {
                let resolution = body.bytes(at + 4, 1)?[0];
                if resolution & 0x7f > 30 {
                    return Err(format!("time stamps of resolution {resolution:#04x}"));
                }
                interface.units_per_second = units_per_second(resolution);
            }
            14 => interface.offset_s = body.u64(at + 4)? as i64,
            _ => (),
        }
        at += 4 + length.next_multiple_of(4);
    }
    Ok(interface)
}

/// An enhanced packet block, or an obsolete packet block: they differ in the interface's width only.
fn timed_packet(body: Reader, id: u32, interfaces: &[Interface]) -> Result<RawPacket, String> {
    let interface = interfaces.get(id as usize).ok_or("a packet of no interface")?;
    let units = i128::from(body.u32(4)?) << 32 | i128::from(body.u32(8)?);
    let time = i128::from(interface.offset_s) * 1_000_000_000
        + (units * 1_000_000_000).div_euclid(interface.units_per_second);
    let captured = body.u32(12)? as usize;
    Ok(RawPacket {
        time_ns: time.clamp(i64::MIN.into(), i64::MAX.into()) as i64,
        original_bytes: body.u32(16)?,
        link_type: interface.link_type,
        snaplen: None,
        data: body.bytes(20, captured)?.to_vec(),
    })
}

fn simple_packet(body: Reader, interface: &Interface, time_ns: i64) -> Result<RawPacket, String> {
    let original_bytes = body.u32(0)?;
    let limit = if interface.snaplen == 0 { u32::MAX } else { interface.snaplen };
    let captured = original_bytes.min(limit) as usize;
    let data = body.bytes(4, captured)?.to_vec();
    Ok(RawPacket { time_ns, original_bytes, link_type: interface.link_type, snaplen: None, data })
}
