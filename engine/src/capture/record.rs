//! The records of a classic pcap file.

use std::borrow::Cow;

use pcap_file::pcap::PcapParser;

use super::Packet;
use super::damage::Damage;
use super::header::{FILE_HEADER_BYTES, FileHeader, Lengths};
use super::step::{Missing, Part, Step};
use crate::limits::RECORD_BYTES_MAX;
use crate::time::{MICROSECOND_NS, Timestamp};

/// How to read the records of one file.
pub(super) struct Records {
    pub(super) header: FileHeader,
    /// For the records that all but a handful of files have; the others are read by hand.
    parser: Option<PcapParser>,
    fraction_ns: i64,
}

/// A record's header.
pub(super) struct RecordHeader {
    pub(super) seconds: u32,
    pub(super) fraction: u32,
    pub(super) captured_bytes: u32,
    pub(super) original_bytes: u32,
}

impl Records {
    /// For the records behind a file header.
    pub(super) fn new(header: FileHeader) -> Self {
        let standard = header.lengths == Lengths::CapturedFirst && header.record_header_bytes == 16;
        let parser = PcapParser::new(&header.normalised()).ok().map(|(_, parser)| parser);
        Self {
            header,
            parser: parser.filter(|_| standard),
            fraction_ns: if header.nanosecond { 1 } else { MICROSECOND_NS },
        }
    }

    /// Reads a file header and prepares for the records behind it.
    ///
    /// # Errors
    /// What is wrong with the header.
    pub(super) fn behind(file_header: &[u8]) -> Result<Self, String> {
        FileHeader::parse(file_header.get(..FILE_HEADER_BYTES).unwrap_or(file_header))
            .map(Self::new)
    }

    /// What the bytes at the begin of a record are.
    #[inline]
    pub(super) fn step<'a>(&self, slice: &'a [u8]) -> Step<'a> {
        let Some(parser) = &self.parser else { return self.step_by_hand(slice) };
        match parser.next_raw_packet(slice) {
            Ok((rest, raw)) if raw.incl_len as usize <= RECORD_BYTES_MAX => {
                // The parser lends what it was lent.
                let data = if let Cow::Borrowed(data) = raw.data { data } else { &[] };
                let packet = self.packet(raw.ts_sec, raw.ts_frac, raw.orig_len, data);
                Step::Packet(packet, slice.len() - rest.len())
            }
            _ => self.step_by_hand(slice),
        }
    }

    /// The same without the parser, for unusual records and for saying what is wrong.
    #[cold]
    fn step_by_hand<'a>(&self, slice: &'a [u8]) -> Step<'a> {
        let header_bytes = self.header.record_header_bytes;
        let Some(header) = self.record_header(slice) else {
            return Step::Incomplete(Missing::header(header_bytes));
        };
        if header.captured_bytes as usize > RECORD_BYTES_MAX {
            return Step::Damaged(Damage::PacketTooLong(header.captured_bytes));
        }
        let needed_bytes = header_bytes + header.captured_bytes as usize;
        let Some(data) = slice.get(header_bytes..needed_bytes) else {
            return Step::Incomplete(Missing { needed_bytes, header_bytes, part: Part::Packet });
        };
        let packet = self.packet(header.seconds, header.fraction, header.original_bytes, data);
        Step::Packet(packet, needed_bytes)
    }

    #[inline]
    fn packet<'a>(
        &self,
        seconds: u32,
        fraction: u32,
        original_bytes: u32,
        data: &'a [u8],
    ) -> Packet<'a> {
        Packet {
            // A fraction of a second or more is taken as it is: it is a time all the same.
            time: Timestamp::from_parts(seconds.into(), i64::from(fraction) * self.fraction_ns),
            original_bytes,
            snaplen_bytes: self.header.snaplen,
            link_type: self.header.link_type,
            data,
        }
    }

    /// The header of a record, whatever its layout.
    pub(super) fn record_header(&self, slice: &[u8]) -> Option<RecordHeader> {
        let order = self.header.order;
        let slice = slice.get(..self.header.record_header_bytes)?;
        let (mut captured_bytes, mut original_bytes) =
            (order.u32(slice, 8)?, order.u32(slice, 12)?);
        let swapped = match self.header.lengths {
            Lengths::CapturedFirst => false,
            Lengths::OriginalFirst => true,
            Lengths::Either => captured_bytes > original_bytes,
        };
        if swapped {
            std::mem::swap(&mut captured_bytes, &mut original_bytes);
        }
        Some(RecordHeader {
            seconds: order.u32(slice, 0)?,
            fraction: order.u32(slice, 4)?,
            captured_bytes,
            original_bytes,
        })
    }
}
