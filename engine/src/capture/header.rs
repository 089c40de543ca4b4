//! The 24 bytes at the begin of a classic pcap file, in all the forms that libpcap's sf-pcap.c
//! reads.

use super::bytes::ByteOrder;

/// Bytes of the file header.
pub(super) const FILE_HEADER_BYTES: usize = 24;

const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;
/// Alexey Kuznetzov's patched libpcap: eight bytes more in every record's header.
const KUZNETZOV: u32 = 0xa1b2_cd34;

/// The lower bits of the link type field are the link type, the upper ones say whether and how
/// long a frame check sequence is (sf-pcap.c, `LT_LINKTYPE`).
const LINK_TYPE_MASK: u32 = 0x03ff_ffff;

/// In which order a record's header has the captured and the original length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lengths {
    CapturedFirst,
    /// Before version 2.3, and DG/UX tcpdump's 543.0.
    OriginalFirst,
    /// Version 2.3 was written both ways: the smaller one is the captured length.
    Either,
}

/// A file header, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileHeader {
    pub(super) order: ByteOrder,
    pub(super) nanosecond: bool,
    pub(super) version: (u16, u16),
    pub(super) snaplen: u32,
    pub(super) link_type: u16,
    pub(super) lengths: Lengths,
    /// Bytes of a record's header: 16, or 24.
    pub(super) record_header_bytes: usize,
}

impl FileHeader {
    /// Whether these are the first bytes of a classic pcap file.
    pub(super) fn recognises(bytes: &[u8]) -> bool {
        magic(bytes).is_some()
    }

    /// Reads the header. The time zone and the accuracy fields are ignored, as libpcap does.
    ///
    /// # Errors
    /// What is wrong, as the sentence after the file's name.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let (order, magic) = magic(bytes).ok_or("not a capture file")?;
        let fields = || {
            let version = (order.u16(bytes, 4)?, order.u16(bytes, 6)?);
            Some((version, order.u32(bytes, 16)?, order.u32(bytes, 20)?))
        };
        let Some((version, snaplen, link_type)) = fields() else {
            let left = bytes.len();
            return Err(format!("truncated: its header of 24 bytes is cut after {left}"));
        };
        if version.0 < 2 {
            return Err(format!("pcap version {}.{} is not supported", version.0, version.1));
        }
        Ok(Self {
            order,
            nanosecond: magic == NANOSECONDS,
            version,
            snaplen,
            link_type: u16::try_from(link_type & LINK_TYPE_MASK).unwrap_or(u16::MAX),
            lengths: match version {
                (2, 0..=2) | (543, _) => Lengths::OriginalFirst,
                (2, 3) => Lengths::Either,
                _ => Lengths::CapturedFirst,
            },
            record_header_bytes: if magic == KUZNETZOV { 24 } else { 16 },
        })
    }

    /// The header of a file that has the same records and nothing unusual, for a parser that
    /// accepts only that.
    pub(super) fn normalised(&self) -> [u8; FILE_HEADER_BYTES] {
        let magic = if self.nanosecond { NANOSECONDS } else { MICROSECONDS };
        let mut header = [0; FILE_HEADER_BYTES];
        header[..4].copy_from_slice(&self.order.bytes_of_u32(magic));
        header[4..6].copy_from_slice(&self.order.bytes_of_u16(2));
        header[6..8].copy_from_slice(&self.order.bytes_of_u16(4));
        header[16..20].copy_from_slice(&self.order.bytes_of_u32(u32::MAX));
        header[20..].copy_from_slice(&self.order.bytes_of_u32(self.link_type.into()));
        header
    }
}

fn magic(bytes: &[u8]) -> Option<(ByteOrder, u32)> {
    [ByteOrder::Big, ByteOrder::Little].into_iter().find_map(|order| {
        let magic = order.u32(bytes, 0)?;
        matches!(magic, MICROSECONDS | NANOSECONDS | KUZNETZOV).then_some((order, magic))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(magic: u32, version: (u16, u16), link_type: u32) -> Vec<u8> {
        let mut bytes = magic.to_be_bytes().to_vec();
        bytes.extend(version.0.to_be_bytes());
        bytes.extend(version.1.to_be_bytes());
        bytes.extend([0; 8]);
        bytes.extend(65_535_u32.to_be_bytes());
        bytes.extend(link_type.to_be_bytes());
        bytes
    }

    #[test]
    fn reads_every_form() {
        let plain = FileHeader::parse(&header(MICROSECONDS, (2, 4), 0xf400_0001)).unwrap();
        assert_eq!((plain.order, plain.link_type, plain.nanosecond), (ByteOrder::Big, 1, false));
        assert_eq!((plain.lengths, plain.record_header_bytes), (Lengths::CapturedFirst, 16));
        let swapped = NANOSECONDS.swap_bytes();
        let nanosecond = FileHeader::parse(&header(swapped, (0x0200, 0x0400), 1)).unwrap();
        assert_eq!((nanosecond.order, nanosecond.version), (ByteOrder::Little, (2, 4)));
        assert!(nanosecond.nanosecond);
        let patched = FileHeader::parse(&header(KUZNETZOV, (2, 3), 1)).unwrap();
        assert_eq!((patched.lengths, patched.record_header_bytes), (Lengths::Either, 24));
        let dg_ux = FileHeader::parse(&header(MICROSECONDS, (543, 0), 0x0300_0000)).unwrap();
        assert_eq!((dg_ux.lengths, dg_ux.link_type), (Lengths::OriginalFirst, u16::MAX));
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        assert_eq!(
            FileHeader::parse(&header(MICROSECONDS, (1, 9), 1)).unwrap_err(),
            "pcap version 1.9 is not supported"
        );
        assert_eq!(
            FileHeader::parse(&header(MICROSECONDS, (2, 4), 1)[..10]).unwrap_err(),
            "truncated: its header of 24 bytes is cut after 10"
        );
        assert!(!FileHeader::recognises(b"\xa1\xb2\x34\xcd"));
    }
}
