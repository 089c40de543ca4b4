//! The buffers that a file is read into, and how their bytes outlive the reading.
//!
//! What packets carry is needed of young flows only, and only the flow table knows which are
//! young. So the buffers of a chunk stay until the table has seen it, and are used again then.

use std::sync::Arc;

/// The bytes that the packets of a chunk are in.
#[derive(Clone, Debug, Default)]
pub struct KeptBytes {
    windows: Vec<Window>,
}

#[derive(Clone, Debug)]
struct Window {
    /// Packets of the chunk that come before.
    first: u64,
    /// The address of its first byte.
    base: usize,
    bytes: Arc<Vec<u8>>,
}

impl KeptBytes {
    /// Bytes that were copied: their addresses begin at 0.
    pub fn copied(bytes: Vec<u8>) -> Self {
        Self { windows: vec![Window { first: 0, base: 0, bytes: Arc::new(bytes) }] }
    }

    fn keep(&mut self, first: u64, bytes: &Arc<Vec<u8>>) {
        self.windows.push(Window { first, base: bytes.as_ptr() as usize, bytes: bytes.clone() });
    }

    /// The bytes at an address, of the packet with this index in the chunk.
    #[inline]
    pub fn get(&self, index: u64, address: usize, bytes: usize) -> &[u8] {
        let Some(window) = self.windows.iter().rfind(|window| window.first <= index) else {
            return &[];
        };
        let at = address.wrapping_sub(window.base);
        window.bytes.get(at..at.wrapping_add(bytes)).unwrap_or_default()
    }
}

/// Takes one of what was lent that nobody else has any more.
pub fn take_free<T>(lent: &mut Vec<Arc<T>>) -> Option<Arc<T>> {
    let place = lent.iter_mut().rposition(|one| Arc::get_mut(one).is_some())?;
    Some(lent.swap_remove(place))
}

/// The buffer that is read into, and those before it.
#[derive(Default)]
pub(super) struct Windows {
    current: Arc<Vec<u8>>,
    /// Packets of the chunk that were visited before those in `current`.
    first: u64,
    /// Buffers before; those that nobody else has are used again.
    others: Vec<Arc<Vec<u8>>>,
    /// Where bytes are kept: those of the chunk, but for `current`.
    kept: Option<KeptBytes>,
}

impl Windows {
    /// From now on the bytes of a chunk stay.
    pub(super) fn keep(&mut self) {
        self.kept = Some(KeptBytes::default());
    }

    pub(super) fn current(&self) -> &[u8] {
        &self.current
    }

    /// A chunk begins; its first packets may be in the current buffer.
    pub(super) fn begin_chunk(&mut self) {
        self.first = 0;
        if let Some(kept) = &mut self.kept {
            kept.windows.clear();
        }
    }

    /// What was kept of the chunk since [`begin_chunk`](Self::begin_chunk).
    pub(super) fn take_kept(&mut self) -> KeptBytes {
        let Some(kept) = &mut self.kept else { return KeptBytes::default() };
        kept.keep(self.first, &self.current);
        std::mem::take(kept)
    }

    /// A buffer of at least so many bytes to read into, which becomes the current one;
    /// `packets` of the chunk were visited before it.
    pub(super) fn next(&mut self, bytes: usize, packets: u64) -> &mut Vec<u8> {
        self.retire(packets);
        // Nobody else has it now, else it is copied; that must not happen, and harms nothing.
        let buffer = Arc::make_mut(&mut self.current);
        if buffer.len() < bytes {
            buffer.resize(bytes, 0);
        }
        buffer
    }

    /// Makes a filled buffer the current one; the one before, if nobody needs it.
    pub(super) fn put(&mut self, buffer: Vec<u8>) -> Vec<u8> {
        self.retire(0);
        let before = std::mem::replace(&mut self.current, Arc::new(buffer));
        Arc::try_unwrap(before).unwrap_or_default()
    }

    /// Sees to it that nobody needs what is in the current buffer.
    fn retire(&mut self, packets: u64) {
        if let Some(kept) = self.kept.as_mut().filter(|_| packets > self.first) {
            kept.keep(self.first, &self.current);
        }
        self.first = packets;
        if Arc::get_mut(&mut self.current).is_none() {
            let free = take_free(&mut self.others).unwrap_or_default();
            self.others.push(std::mem::replace(&mut self.current, free));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a byte into the current buffer, as if a packet were there, and tells its address.
    fn packet(windows: &mut Windows, packets: u64, byte: u8) -> usize {
        windows.next(1, packets)[0] = byte;
        windows.current().as_ptr() as usize
    }

    #[test]
    fn bytes_stay_until_nobody_needs_them() {
        let mut windows = Windows::default();
        windows.keep();
        windows.begin_chunk();
        let first = packet(&mut windows, 0, 1);
        let second = packet(&mut windows, 1, 2);
        let kept = windows.take_kept();
        windows.begin_chunk();
        packet(&mut windows, 0, 3);
        assert_eq!(kept.get(0, first, 1), [1]);
        assert_eq!(kept.get(1, second, 1), [2]);
        assert_eq!(kept.get(1, second, 2), [0u8; 0], "beyond the buffer there is nothing");
        assert_eq!(kept.get(0, second, 1), [0u8; 0], "nor in a buffer of other packets");
        drop(kept);
        let third = windows.take_kept();
        windows.begin_chunk();
        let again = packet(&mut windows, 0, 4);
        assert!([first, second].contains(&again), "a free buffer is used again");
        assert_eq!(windows.others.len(), 2);
        drop(third);
    }

    #[test]
    fn one_buffer_is_enough_where_nothing_is_kept() {
        let mut windows = Windows::default();
        let first = packet(&mut windows, 0, 1);
        assert_eq!(packet(&mut windows, 1, 2), first);
        assert!(windows.take_kept().windows.is_empty());
    }
}
