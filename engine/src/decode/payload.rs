//! Where the payload of packets is, for as long as their chunk is kept.

use crate::capture::{KeptBytes, take_free};
use crate::prefetch::prefetch;
use std::sync::Arc;

/// What was captured of a packet's payload: an address in the buffer that the packet was read into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PayloadPlace {
    pub address: usize,
    pub bytes: u32,
}

/// The payload of a chunk's packets.
#[derive(Clone, Debug, Default)]
pub struct Payloads {
    places: Arc<Vec<PayloadPlace>>,
    bytes: KeptBytes,
}

/// The places of chunks before; those that nobody else has are used again.
#[derive(Default)]
pub struct PlacesBefore {
    all: Vec<Arc<Vec<PayloadPlace>>>,
}

impl Payloads {
    /// `places` of all packets of the chunk, in order, in `bytes`.
    pub fn new(places: Arc<Vec<PayloadPlace>>, bytes: KeptBytes) -> Self {
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

impl Payloads {
    /// Asks for the memory of a packet's payload.
    #[inline]
    pub fn fetch(&self, index: u16) {
        const BYTES_MAX: usize = 512;
        let payload = self.get(index);
        if let Some(begin) = payload.first() {
            prefetch(begin, payload.len().min(BYTES_MAX));
        }
    }
}

impl PlacesBefore {
    /// Takes the places of a chunk, to be lent to it; `places` is empty then, with memory if there
    /// is any.
    pub fn lend(&mut self, places: &mut Vec<PayloadPlace>) -> Arc<Vec<PayloadPlace>> {
        let free = take_free(&mut self.all);
        let mut next = free.and_then(|before| Arc::try_unwrap(before).ok()).unwrap_or_default();
        next.clear();
        let lent = Arc::new(std::mem::replace(places, next));
        self.all.push(Arc::clone(&lent));
        lent
    }
}
