//! Everything that can be wrong inside a capture file, each with its sentence.

use thiserror::Error;

use crate::limits::{BLOCK_BYTES_MAX, INTERFACES_MAX, RECORD_BYTES_MAX};

/// Why a file ends before its proper end. `Copy`, so that it costs the packets' path nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum Damage {
    #[error("a header of {needed} bytes is cut after {left}")]
    HeaderCut { needed: usize, left: usize },
    #[error("a packet of {announced} bytes was announced and {left} are left")]
    PacketCut { announced: usize, left: usize },
    #[error("a block of {announced} bytes was announced and {left} are left")]
    BlockCut { announced: usize, left: usize },
    #[error("the file became shorter while it was read")]
    Shrunk,
    #[error("{left} bytes of a record that was not finished are left")]
    NotFinished { left: u64 },
    #[error("a packet of {0} bytes is announced, more than the possible {RECORD_BYTES_MAX}")]
    PacketTooLong(u32),
    #[error("a block of {0} bytes is announced, more than the possible {BLOCK_BYTES_MAX}")]
    BlockTooLong(u32),
    #[error("a block length of {0} is no multiple of 4")]
    BlockNotAligned(u32),
    #[error("a block of type {kind:#x} has {bytes} bytes, too few for its kind")]
    BlockTooShort { kind: u32, bytes: u32 },
    #[error("the two lengths of a block of type {kind:#x} differ")]
    BlockLengthsDiffer { kind: u32 },
    #[error("a section begins with an unknown byte order")]
    SectionByteOrder,
    #[error("pcapng version {0}.{1} is not supported")]
    SectionVersion(u16, u16),
    #[error("a packet names interface {interface}, and the section has {interfaces}")]
    UnknownInterface { interface: u32, interfaces: usize },
    #[error("a section has more than {INTERFACES_MAX} interfaces")]
    TooManyInterfaces,
    #[error("a packet of {captured} bytes is announced in a block with room for {room}")]
    PacketBeyondBlock { captured: u32, room: usize },
}

impl Damage {
    /// Whether the bytes are missing rather than wrong.
    pub(super) fn is_truncation(self) -> bool {
        matches!(
            self,
            Self::HeaderCut { .. }
                | Self::PacketCut { .. }
                | Self::BlockCut { .. }
                | Self::Shrunk
                | Self::NotFinished { .. }
        )
    }
}
