//! Where the payload of packets is, for as long as their chunk is kept.

use crate::capture::KeptBytes;

/// What was captured of a packet's payload: an address in the buffer that the packet was read into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PayloadPlace {
    pub address: usize,
    pub bytes: u32,
}

/// The payload of a chunk's packets.
#[derive(Clone, Debug, Default)]
pub struct Payloads {
    places: Vec<PayloadPlace>,
    bytes: KeptBytes,
}

impl Payloads {
    /// `places` of all packets of the chunk, in order, in `bytes`.
    pub fn new(places: Vec<PayloadPlace>, bytes: KeptBytes) -> Self {
        Self { places, bytes }
    }

    /// What was captured of the payload of the packet with this index in the chunk.
    #[inline]
    pub fn get(&self, index: u16) -> &[u8] {
        match self.places.get(usize::from(index)) {
            Some(place) => self.bytes.get(index.into(), place.address, place.bytes as usize),
            None => &[],
        }
    }
}
