//! What a capture file says of itself, for `tractor info`.

use std::fmt;

use super::bytes::ByteOrder;
use super::header::FileHeader;
use super::link_name;
use super::pcapng::Blocks;

/// A file's format and interfaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    pub format: Format,
    /// Byte order of the file, or of its first section.
    pub big_endian: bool,
    /// Whether times are finer than a microsecond (on any interface).
    pub nanosecond: bool,
    /// Major and minor version of the format.
    pub version: (u16, u16),
    /// In the order of the file; of all sections, and at most `INTERFACES_MAX`.
    pub interfaces: Vec<Interface>,
    /// `gzip`, `zstd` or `lz4`.
    pub compression: Option<&'static str>,
}

impl Description {
    pub(super) fn of_pcap(header: &FileHeader, compression: Option<&'static str>) -> Self {
        let resolution = Resolution { base: 10, exponent: if header.nanosecond { 9 } else { 6 } };
        Self {
            format: Format::Pcap,
            big_endian: header.order == ByteOrder::Big,
            nanosecond: header.nanosecond,
            version: header.version,
            interfaces: vec![Interface::new(header.link_type, header.snaplen, resolution)],
            compression,
        }
    }

    pub(super) fn of_pcapng(blocks: &Blocks, compression: Option<&'static str>) -> Self {
        let (order, version) = blocks.first_section.unwrap_or((ByteOrder::Big, (1, 0)));
        Self {
            format: Format::PcapNg,
            big_endian: order == ByteOrder::Big,
            nanosecond: blocks.described.iter().any(Interface::is_fine),
            version,
            interfaces: blocks.described.clone(),
            compression,
        }
    }
}

/// A capture file's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    Pcap,
    PcapNg,
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Pcap => "pcap",
            Self::PcapNg => "pcapng",
        })
    }
}

/// Where packets were captured. A classic pcap file has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface {
    /// LINKTYPE_ number.
    pub link_type: u16,
    /// Its name as libpcap describes it.
    pub link_name: &'static str,
    /// Bytes kept of a packet at most; 0: no limit (in pcapng).
    pub snaplen: u32,
    pub resolution: Resolution,
}

impl Interface {
    pub(super) fn new(link_type: u16, snaplen: u32, resolution: Resolution) -> Self {
        let link_name = link_name(link_type).unwrap_or("unknown");
        Self { link_type, link_name, snaplen, resolution }
    }

    /// Whether its times are finer than a microsecond.
    fn is_fine(&self) -> bool {
        let coarse_exponent = if self.resolution.base == 2 { 19 } else { 6 };
        self.resolution.exponent > coarse_exponent
    }
}

/// The length of a time stamp's tick: `base` to the power of minus `exponent` seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// 10 or 2.
    pub base: u8,
    /// 0 to 127.
    pub exponent: u8,
}

impl fmt::Display for Resolution {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.base, self.exponent) {
            (_, 0) => formatter.write_str("1 s"),
            (10, 3) => formatter.write_str("1 ms"),
            (10, 6) => formatter.write_str("1 µs"),
            (10, 9) => formatter.write_str("1 ns"),
            (base, exponent) => write!(formatter, "{base}^-{exponent} s"),
        }
    }
}
