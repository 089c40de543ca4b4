//! The first bytes of one side of a flow, in order.

use crate::limits::{STREAM_GIVE_UP_BYTES, STREAM_PIECES_MAX};
use serde::{Deserialize, Serialize};
use std::mem::take;

/// Bytes from the begin of a side's stream on (RFC 9293) without a hole, and pieces behind the
/// first hole.
///
/// What is kept below an offset does not depend on how many bytes are wanted in all: classifiers
/// see the same whatever others want.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[repr(C)]
pub struct Stream {
    #[serde(with = "crate::saved::bytes")]
    bytes: Vec<u8>,
    /// The sequence number of the first byte, once known.
    base: Option<u32>,
    gave_up: bool,
    /// By offset: what came before its turn.
    pieces: Vec<(u32, Box<[u8]>)>,
}

impl Stream {
    /// An empty one that uses this memory; what is in it is forgotten.
    pub fn with_memory(mut bytes: Vec<u8>) -> Self {
        bytes.clear();
        Self { bytes, ..Self::default() }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes; nothing is left.
    pub fn take_bytes(&mut self) -> Vec<u8> {
        take(self).bytes
    }

    /// Bytes kept of so many first ones, those behind holes included.
    pub fn kept_bytes(&self, of_first: usize) -> usize {
        let of_piece = |(offset, piece): &(u32, Box<[u8]>)| {
            piece.len().min(of_first.saturating_sub(*offset as usize))
        };
        self.bytes.len().min(of_first) + self.pieces.iter().map(of_piece).sum::<usize>()
    }

    /// Nothing more is wanted of this side.
    pub fn is_full(&self, bytes_max: usize) -> bool {
        self.gave_up || self.bytes.len() >= bytes_max
    }

    /// A SYN: the stream begins behind its sequence number.
    pub fn begin(&mut self, sequence: u32) {
        self.base.get_or_insert(sequence.wrapping_add(1));
    }

    /// Adds a datagram behind those before; returns where it begins.
    pub fn append(&mut self, payload: &[u8], bytes_max: usize) -> Option<u32> {
        let at = self.bytes.len();
        let room = bytes_max.checked_sub(at).filter(|&room| room > 0)?;
        self.bytes.extend_from_slice(&payload[..payload.len().min(room)]);
        Some(at as u32)
    }

    /// Adds a segment whose first byte has this sequence number; returns where it begins. Of bytes
    /// that come twice the first to be in order count.
    pub fn insert(&mut self, sequence: u32, payload: &[u8], bytes_max: usize) -> Option<u32> {
        let base = *self.base.get_or_insert(sequence);
        // Packets may still come, since others want them: what is kept must not depend on that.
        if self.gave_up {
            return None;
        }
        let offset = sequence.wrapping_sub(base);
        // Half of the sequence space is before the begin.
        let is_before = offset > i32::MAX as u32;
        if is_before || offset as usize >= bytes_max {
            self.gave_up |= !is_before && offset > STREAM_GIVE_UP_BYTES;
            return None;
        }
        let filled = self.bytes.len() as u32;
        if offset <= filled {
            self.extend(offset, payload, bytes_max);
            self.take_pieces(bytes_max);
        } else {
            self.set_aside(offset, payload, bytes_max);
        }
        Some(offset)
    }

    fn extend(&mut self, offset: u32, payload: &[u8], bytes_max: usize) {
        let known = self.bytes.len() - offset as usize;
        let room = bytes_max - self.bytes.len().min(bytes_max);
        let new = payload.get(known..).unwrap_or_default();
        self.bytes.extend_from_slice(&new[..new.len().min(room)]);
    }

    fn take_pieces(&mut self, bytes_max: usize) {
        while let Some((offset, _)) = self.pieces.first()
            && *offset as usize <= self.bytes.len()
        {
            let (offset, piece) = self.pieces.remove(0);
            self.extend(offset, &piece, bytes_max);
        }
    }

    /// Keeps a piece for later; of too many the last in the stream is forgotten.
    #[cold]
    fn set_aside(&mut self, offset: u32, payload: &[u8], bytes_max: usize) {
        let room = bytes_max - offset as usize;
        let place = self.pieces.partition_point(|(other, _)| *other <= offset);
        self.pieces.insert(place, (offset, payload[..payload.len().min(room)].into()));
        self.pieces.truncate(STREAM_PIECES_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(segments: &[(u32, &str)], bytes_max: usize) -> (String, Vec<Option<u32>>) {
        let mut stream = Stream::default();
        stream.begin(u32::MAX - 2);
        let places = segments
            .iter()
            .map(|(offset, text)| {
                let sequence = (u32::MAX - 1).wrapping_add(*offset);
                stream.insert(sequence, text.as_bytes(), bytes_max)
            })
            .collect();
        (String::from_utf8(stream.take_bytes()).unwrap(), places)
    }

    #[test]
    fn bytes_are_put_in_order() {
        let places = vec![Some(3), Some(0), Some(1), None];
        assert_eq!(stream(&[(3, "def"), (0, "ab"), (1, "BC"), (6, "g")], 6).1, places);
        assert_eq!(stream(&[(3, "def"), (0, "ab"), (1, "BC"), (6, "g")], 6).0, "abCdef");
        assert_eq!(stream(&[(2, "cde"), (0, "a")], 9).0, "a", "behind a hole there is nothing");
        assert_eq!(stream(&[(0, "abc"), (0, "ABCD")], 9).0, "abcD", "the first to come counts");
        assert_eq!(stream(&[(u32::MAX, "x"), (0, "ab")], 9), ("ab".into(), vec![None, Some(0)]));
    }

    #[test]
    fn what_is_kept_does_not_depend_on_how_much_is_wanted() {
        // Every other byte first, backwards, more than may be set aside; then the rest.
        let letters = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
        let odd = (0..26).rev().map(|place| 2 * place + 1);
        let even = (0..26).map(|place| 2 * place);
        let segments: Vec<_> =
            odd.chain(even).map(|place| (place as u32, &letters[place..place + 1])).collect();
        let whole = stream(&segments, 100).0;
        for wanted in 1..60 {
            let some = stream(&segments, wanted).0;
            assert_eq!(some, whole[..whole.len().min(wanted)], "{wanted} bytes");
        }
    }

    #[test]
    fn a_side_that_lost_its_begin_is_given_up() {
        let mut stream = Stream::default();
        stream.begin(0);
        assert_eq!(stream.insert(1 + STREAM_GIVE_UP_BYTES, b"x", 10), None);
        assert!(!stream.is_full(10));
        assert_eq!(stream.insert(2 + STREAM_GIVE_UP_BYTES, b"x", 10), None);
        assert!(stream.is_full(10));
        assert_eq!(stream.insert(1, b"x", 10), None, "though somebody else still wants packets");
        assert_eq!(stream.bytes(), b"");
    }
}
