//! A message that comes in parts, in any order: CRYPTO frames (RFC 9000, 19.6), fragments of a DTLS
//! handshake (RFC 6347, 4.2.3).

use crate::limits::{HELLO_BYTES_MAX, HELLO_PARTS_MAX};

#[derive(Default)]
pub struct Reassembly {
    bytes: Vec<u8>,
    /// Where parts are: first byte and the one after the last.
    parts: Vec<(usize, usize)>,
}

impl Reassembly {
    /// Parts beyond the bounds are left out.
    pub fn insert(&mut self, at: usize, part: &[u8]) {
        let end = at.saturating_add(part.len());
        if part.is_empty() || end > HELLO_BYTES_MAX || self.parts.len() == HELLO_PARTS_MAX {
            return;
        }
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes[at..end].copy_from_slice(part);
        self.parts.push((at, end));
    }

    /// What is there from the first byte up to the first hole.
    pub fn prefix(&mut self) -> &[u8] {
        self.parts.sort_unstable();
        let reach = |reached: usize, &(at, end): &(usize, usize)| match at <= reached {
            true => reached.max(end),
            false => reached,
        };
        &self.bytes[..self.parts.iter().fold(0, reach)]
    }
}
