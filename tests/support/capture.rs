//! A captured packet, and classic pcap files of them, written by hand.
//! Format: <https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html>.

pub const ETHERNET: u16 = 1;
pub const LINUX_SLL: u16 = 113;
pub const LINUX_SLL2: u16 = 276;
pub const NULL: u16 = 0;
pub const LOOP: u16 = 108;
pub const RAW_IP: u16 = 101;
pub const IPV4: u16 = 228;
pub const IPV6: u16 = 229;

/// One packet record of a capture: what the file says, before anybody has looked at the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawPacket {
    /// Since the Unix epoch.
    pub time_ns: i64,
    /// Length on the wire, as the record states it; the record may lie.
    pub original_bytes: u32,
    pub link_type: u16,
    /// Of the pcap file's header, which some programs obey; None in a pcapng file.
    pub snaplen: Option<u32>,
    pub data: Vec<u8>,
}

impl RawPacket {
    /// A packet that was captured whole.
    pub fn whole(time_ns: i64, link_type: u16, data: Vec<u8>) -> Self {
        Self { time_ns, original_bytes: data.len() as u32, link_type, snaplen: None, data }
    }
}

/// Appends numbers in one byte order.
pub struct Writer {
    pub bytes: Vec<u8>,
    big_endian: bool,
}

impl Writer {
    pub fn new(big_endian: bool) -> Self {
        Self { bytes: Vec::new(), big_endian }
    }

    pub fn u16(&mut self, value: u16) {
        let bytes = if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        self.bytes.extend(bytes);
    }

    pub fn u32(&mut self, value: u32) {
        let bytes = if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        self.bytes.extend(bytes);
    }

    pub fn u64(&mut self, value: u64) {
        let bytes = if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        self.bytes.extend(bytes);
    }
}

/// How a classic pcap file is written.
#[derive(Clone, Copy, Debug)]
pub struct PcapStyle {
    pub big_endian: bool,
    /// Microseconds lose the last three digits of a time.
    pub nanoseconds: bool,
    /// Only stated in the header: packets are written as they are.
    pub snaplen: u32,
}

impl Default for PcapStyle {
    fn default() -> Self {
        Self { big_endian: false, nanoseconds: true, snaplen: 262_144 }
    }
}

/// A pcap file of one link type; times must lie in 1970..2106.
pub fn pcap(packets: &[RawPacket], link_type: u16, style: PcapStyle) -> Vec<u8> {
    let mut file = Writer::new(style.big_endian);
    file.u32(if style.nanoseconds { 0xa1b2_3c4d } else { 0xa1b2_c3d4 });
    file.u16(2);
    file.u16(4);
    file.u64(0); // zone and accuracy: always 0
    file.u32(style.snaplen);
    file.u32(link_type.into());
    for packet in packets {
        assert_eq!(packet.link_type, link_type, "a pcap file has one link type");
        let seconds = packet.time_ns.div_euclid(1_000_000_000);
        let nanoseconds = packet.time_ns.rem_euclid(1_000_000_000) as u32;
        file.u32(u32::try_from(seconds).expect("a time that pcap can hold"));
        file.u32(if style.nanoseconds { nanoseconds } else { nanoseconds / 1_000 });
        file.u32(packet.data.len() as u32);
        file.u32(packet.original_bytes);
        file.bytes.extend(&packet.data);
    }
    file.bytes
}
