//! What the first bytes of a flow say, as far as they are kept.

use super::{FirstPacket, Seen, Watch};
use crate::decode::names::{self, FirstBytes, Names, Piece};
use crate::limits::{COUNTED_PAYLOAD_BYTES, NAME_PACKETS_MAX};
use serde::{Deserialize, Serialize};

/// What is kept of a flow, by side.
#[derive(Clone, Copy)]
pub struct KeptBytes<'a> {
    packets: &'a [FirstPacket],
    payload: [&'a [u8]; 2],
    asking_side: usize,
}

/// All that names are read from: they are the same as long as this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamesOf {
    payload_bytes: [usize; 2],
    /// Some bring no new bytes.
    packets: usize,
    client_side: usize,
}

impl NamesOf {
    /// For tests.
    #[cfg(test)]
    pub fn made_up() -> Self {
        Self { payload_bytes: [3, 0], packets: 1, client_side: 1 }
    }

    pub fn has_bytes(&self) -> bool {
        self.payload_bytes != [0; 2]
    }

    /// Whether `names`, which were read from this, are those of what there is now.
    pub fn holds(&self, names: &Names, now: &Self) -> bool {
        self == now || names.is_settled && self.client_side == now.client_side
    }
}

impl Seen {
    pub fn first_bytes(&self) -> KeptBytes<'_> {
        let payload = self.payload.each_ref().map(Vec::as_slice);
        KeptBytes { packets: &self.packets, payload, asking_side: self.asking_side }
    }
}

impl Watch {
    pub(super) fn first_bytes(&self) -> KeptBytes<'_> {
        let payload = self.streams.each_ref().map(|stream| stream.bytes());
        KeptBytes { packets: &self.packets, payload, asking_side: self.asking_side.into() }
    }
}

impl KeptBytes<'_> {
    /// The packets that tell where a name may begin.
    fn name_packets(&self) -> impl DoubleEndedIterator<Item = &FirstPacket> {
        let first = self.packets.iter().take(NAME_PACKETS_MAX);
        first.filter(|packet| packet.payload_bytes > 0 && packet.payload_at != u32::MAX)
    }

    pub fn names_of(&self, client_side: usize) -> NamesOf {
        let payload_bytes = self.payload.map(<[u8]>::len);
        NamesOf { payload_bytes, packets: self.name_packets().count(), client_side }
    }

    /// What they say: so many of them, whatever classifiers want to see beyond. `pieces` is memory.
    pub fn names(&self, protocol: u8, client_side: usize, pieces: &mut Vec<Piece>) -> Names {
        let mut payload = self.payload;
        let other = &mut payload[1 - self.asking_side];
        *other = &other[..other.len().min(COUNTED_PAYLOAD_BYTES[1])];
        let mut ends = payload.map(|payload| payload.len() as u32);
        pieces.clear();
        // Backwards: a datagram that was cut ends where the next begins.
        for packet in self.name_packets().rev() {
            let (side, at) = (usize::from(packet.side), packet.payload_at);
            if at > ends[side] {
                continue;
            }
            let bytes = packet.payload_bytes.min(ends[side] - at);
            let direction = u8::from(side != client_side);
            pieces.push(Piece { direction, at, bytes });
            if protocol != 6 {
                ends[side] = at;
            }
        }
        pieces.reverse();
        let payload = [payload[client_side], payload[1 - client_side]];
        names::read(&FirstBytes { transport: protocol, payload, pieces })
    }
}
