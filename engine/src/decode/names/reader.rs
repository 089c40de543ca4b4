//! Bytes that may end anywhere, read from the front.

/// What is left to read. Every read is of whole values: `None` where they are not all there.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    pub rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(bytes)?;
        self.rest = rest;
        Some(taken)
    }

    /// As much as there is of `bytes`.
    pub fn take_up_to(&mut self, bytes: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(bytes.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// A number of one to eight bytes, the most significant first.
    pub fn number(&mut self, bytes: usize) -> Option<u64> {
        let taken = self.take(bytes)?;
        Some(taken.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    pub fn u8(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.take(2)?.first_chunk().copied().map(u16::from_be_bytes)
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.number(4).map(|value| value as u32)
    }

    /// A vector whose length stands before it in so many bytes (RFC 8446, 3.4).
    pub fn vector(&mut self, length_bytes: usize) -> Option<&'a [u8]> {
        let length = self.number(length_bytes)?;
        self.take(usize::try_from(length).ok()?)
    }

    /// QUIC's number of variable length (RFC 9000, 16).
    pub fn variable(&mut self) -> Option<usize> {
        let first = *self.rest.first()?;
        let bytes = 1usize << (first >> 6);
        let value = self.number(bytes)? & (u64::MAX >> 2 >> (64 - 8 * bytes));
        usize::try_from(value).ok()
    }
}

/// The numbers of a list of 16-bit numbers; a byte too many is left.
pub fn u16_list(list: &[u8]) -> impl Iterator<Item = u16> + Clone {
    list.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair))
}
