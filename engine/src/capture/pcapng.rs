//! The blocks of a pcapng file (draft-ietf-opsawg-pcapng). Whatever carries no packet is stepped
//! over; options of packets are not looked at.

use std::borrow::Cow;

use pcap_file::pcapng::PcapNgParser;

use super::bytes::ByteOrder;
use super::damage::Damage;
use super::interface::InterfaceDescription;
use super::options::{Options, label};
use super::step::{Missing, Part, Step};
use super::{Interface, Packet};
use crate::limits::{BLOCK_BYTES_MAX, INTERFACES_MAX, RECORD_BYTES_MAX};
use crate::time::Timestamp;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// Written at the begin of a section, in the section's byte order.
const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;

const BLOCK_HEADER_BYTES: usize = 8;
const BLOCK_BYTES_MIN: usize = 12;

/// How to read the blocks of one file, and what the blocks so far said.
#[derive(Debug)]
pub(super) struct Blocks {
    /// For all blocks but section headers and interface descriptions: of these it would refuse
    /// some that can be read, and keep their options.
    parser: Option<PcapNgParser>,
    order: ByteOrder,
    /// Of this section.
    interfaces: Vec<InterfaceDescription>,
    /// Byte order and version of the first section.
    pub(super) first_section: Option<(ByteOrder, (u16, u16))>,
    /// Of all sections, at most `INTERFACES_MAX`.
    pub(super) described: Vec<Interface>,
    /// The first label that a comment of a section or an interface tells.
    pub(super) label: Option<String>,
    /// Of the packet before: simple packet blocks have none of their own.
    last_time: Timestamp,
}

/// Whether these are the first bytes of a pcapng file: a section header with its byte order.
pub(super) fn recognises(bytes: &[u8]) -> bool {
    ByteOrder::Big.u32(bytes, 0) == Some(SECTION_HEADER) && section_order(bytes).is_some()
}

fn section_order(block: &[u8]) -> Option<ByteOrder> {
    [ByteOrder::Big, ByteOrder::Little]
        .into_iter()
        .find(|order| order.u32(block, BLOCK_HEADER_BYTES) == Some(BYTE_ORDER_MAGIC))
}

impl Blocks {
    /// Before the first section header.
    pub(super) fn new() -> Self {
        Self {
            parser: None,
            order: ByteOrder::Big,
            interfaces: Vec::new(),
            first_section: None,
            described: Vec::new(),
            label: None,
            last_time: Timestamp(0),
        }
    }

    /// What the bytes at the begin of a block are. A block taken twice is the same twice.
    #[inline]
    pub(super) fn step<'a>(&mut self, slice: &'a [u8]) -> Step<'a> {
        let frame = match self.frame(slice) {
            Ok(frame) => frame,
            Err(step) => return step,
        };
        let read = match frame.kind {
            SECTION_HEADER => self.section(frame).map(|()| None),
            INTERFACE_DESCRIPTION => self.interface(frame).map(|()| None),
            _ => self.other_block(frame),
        };
        match read {
            Ok(Some(packet)) => Step::Packet(packet, frame.block.len()),
            Ok(None) => Step::Other(frame.block.len()),
            Err(damage) => Step::Damaged(damage),
        }
    }

    /// The whole block at the begin of a slice, or what is wrong.
    #[inline]
    fn frame<'a>(&self, slice: &'a [u8]) -> Result<Frame<'a>, Step<'a>> {
        let cut = |bytes| Step::Incomplete(Missing::header(bytes));
        let kind = self.order.u32(slice, 0).ok_or_else(|| cut(BLOCK_HEADER_BYTES))?;
        let mut order = self.order;
        if kind == SECTION_HEADER {
            if slice.len() < BLOCK_BYTES_MIN {
                return Err(cut(BLOCK_BYTES_MIN));
            }
            order = section_order(slice).ok_or(Step::Damaged(Damage::SectionByteOrder))?;
        }
        let bytes = order.u32(slice, 4).ok_or_else(|| cut(BLOCK_HEADER_BYTES))?;
        let needed_bytes = bytes as usize;
        if needed_bytes < BLOCK_BYTES_MIN {
            return Err(Step::Damaged(Damage::BlockTooShort { kind, bytes }));
        }
        if needed_bytes > BLOCK_BYTES_MAX {
            return Err(Step::Damaged(Damage::BlockTooLong(bytes)));
        }
        if !bytes.is_multiple_of(4) {
            return Err(Step::Damaged(Damage::BlockNotAligned(bytes)));
        }
        let header_bytes = BLOCK_HEADER_BYTES;
        let incomplete = Missing { needed_bytes, header_bytes, part: Part::Block };
        let block = slice.get(..needed_bytes).ok_or(Step::Incomplete(incomplete))?;
        Ok(Frame { kind, order, block })
    }

    fn section(&mut self, frame: Frame<'_>) -> Result<(), Damage> {
        let (order, body) = (frame.order, frame.body()?);
        let version = order.u16(body, 4).zip(order.u16(body, 6)).ok_or(frame.too_short())?;
        if version.0 != 1 {
            return Err(Damage::SectionVersion(version.0, version.1));
        }
        self.parser = parser(order);
        self.order = order;
        self.interfaces.clear();
        self.first_section.get_or_insert((order, version));
        self.read_label(order, body.get(16..));
        Ok(())
    }

    fn interface(&mut self, frame: Frame<'_>) -> Result<(), Damage> {
        let interface =
            InterfaceDescription::parse(frame.order, frame.body()?).ok_or(frame.too_short())?;
        if self.interfaces.len() >= INTERFACES_MAX {
            return Err(Damage::TooManyInterfaces);
        }
        self.read_label(frame.order, frame.body()?.get(8..));
        self.interfaces.push(interface);
        if self.described.len() < INTERFACES_MAX {
            let InterfaceDescription { link_type, snaplen, resolution, .. } = interface;
            self.described.push(Interface::new(link_type, snaplen, resolution));
        }
        Ok(())
    }

    fn read_label(&mut self, order: ByteOrder, options: Option<&[u8]>) {
        if self.label.is_none() {
            self.label = label(Options::new(order, options.unwrap_or_default()));
        }
    }

    #[inline]
    fn other_block<'a>(&mut self, frame: Frame<'a>) -> Result<Option<Packet<'a>>, Damage> {
        let parser = self.parser.as_mut().ok_or(Damage::SectionByteOrder)?;
        let Ok((_, block)) = parser.next_raw_block(frame.block) else {
            return Err(Damage::BlockLengthsDiffer { kind: frame.kind });
        };
        // The parser lends what it was lent.
        let body = if let Cow::Borrowed(body) = block.body { body } else { &[] };
        let packet = match frame.kind {
            ENHANCED_PACKET => self.packet(self.order.u32(body, 0), body),
            OBSOLETE_PACKET => self.packet(self.order.u16(body, 0).map(u32::from), body),
            SIMPLE_PACKET => self.simple_packet(body),
            _ => return Ok(None),
        };
        packet.unwrap_or(Err(frame.too_short())).map(Some)
    }

    /// An enhanced packet block, or an obsolete packet block: they differ in how wide the
    /// interface's number is. `None`: too short.
    #[inline]
    fn packet<'a>(
        &mut self,
        interface: Option<u32>,
        body: &'a [u8],
    ) -> Option<Result<Packet<'a>, Damage>> {
        let order = self.order;
        let ticks = u64::from(order.u32(body, 4)?) << 32 | u64::from(order.u32(body, 8)?);
        let (captured, original_bytes) = (order.u32(body, 12)?, order.u32(body, 16)?);
        let room = body.get(20..)?;
        let interface = match self.interface_of(interface?) {
            Ok(interface) => interface,
            Err(damage) => return Some(Err(damage)),
        };
        let Some(data) = room.get(..captured as usize) else {
            return Some(Err(Damage::PacketBeyondBlock { captured, room: room.len() }));
        };
        let (time, link_type) = (interface.time(ticks), interface.link_type);
        Some(self.checked(Packet { time, original_bytes, snaplen_bytes: 0, link_type, data }))
    }

    /// A simple packet block belongs to the first interface and is cut at its snaplen.
    fn simple_packet<'a>(&mut self, body: &'a [u8]) -> Option<Result<Packet<'a>, Damage>> {
        let original_bytes = self.order.u32(body, 0)?;
        let room = body.get(4..)?;
        let interface = match self.interface_of(0) {
            Ok(interface) => interface,
            Err(damage) => return Some(Err(damage)),
        };
        let snaplen = if interface.snaplen == 0 { u32::MAX } else { interface.snaplen };
        let captured = room.len().min(original_bytes.min(snaplen) as usize);
        let data = room.get(..captured)?;
        let (time, link_type) = (self.last_time, interface.link_type);
        Some(self.checked(Packet { time, original_bytes, snaplen_bytes: 0, link_type, data }))
    }

    #[inline]
    fn interface_of(&self, interface: u32) -> Result<&InterfaceDescription, Damage> {
        let interfaces = self.interfaces.len();
        let unknown = Damage::UnknownInterface { interface, interfaces };
        self.interfaces.get(interface as usize).ok_or(unknown)
    }

    /// A packet in bounds, remembered for the time of the next one.
    #[inline]
    fn checked<'a>(&mut self, packet: Packet<'a>) -> Result<Packet<'a>, Damage> {
        let captured = packet.data.len() as u32;
        if captured as usize > RECORD_BYTES_MAX {
            return Err(Damage::PacketTooLong(captured));
        }
        self.last_time = packet.time;
        Ok(packet)
    }
}

/// A whole block with a possible length.
#[derive(Clone, Copy)]
struct Frame<'a> {
    kind: u32,
    order: ByteOrder,
    block: &'a [u8],
}

impl<'a> Frame<'a> {
    /// What is between the block's header and its trailer, which must agree.
    fn body(self) -> Result<&'a [u8], Damage> {
        let differ = Damage::BlockLengthsDiffer { kind: self.kind };
        let end = self.block.len().checked_sub(4).ok_or(differ)?;
        if self.order.u32(self.block, end) != self.order.u32(self.block, 4) {
            return Err(differ);
        }
        self.block.get(BLOCK_HEADER_BYTES..end).ok_or(differ)
    }

    fn too_short(self) -> Damage {
        Damage::BlockTooShort { kind: self.kind, bytes: self.block.len() as u32 }
    }
}

/// A parser for the blocks of a section: one that has read a section header without options.
fn parser(order: ByteOrder) -> Option<PcapNgParser> {
    let word = |number| order.bytes_of_u32(number);
    let [major, minor] = [1, 0].map(|number| order.bytes_of_u16(number));
    let mut header = [word(SECTION_HEADER), word(28), word(BYTE_ORDER_MAGIC)].concat();
    header.extend([major, minor].concat());
    header.extend([0xff; 8]);
    header.extend(word(28));
    PcapNgParser::new(&header).ok().map(|(_, parser)| parser)
}
