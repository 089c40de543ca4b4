//! What programs that obey a pcap file's snaplen see of a record (FLOWS-cic.md, section 1).

use crate::support::capture::RawPacket;

/// Stands for a snaplen of 0 and for one of 2^31 or more.
const BYTES_MAX: usize = 262_144;

pub fn captured(record: &RawPacket) -> &[u8] {
    let bytes = match record.snaplen {
        None => usize::MAX,
        Some(0 | 0x8000_0000..) => BYTES_MAX,
        Some(snaplen) => snaplen as usize,
    };
    &record.data[..record.data.len().min(bytes)]
}
