//! Taking numbers from bytes that may be anything.

use crate::error::LearningError;

pub(super) struct Bytes<'a> {
    all: &'a [u8],
    offset: usize,
}

impl<'a> Bytes<'a> {
    pub fn new(all: &'a [u8]) -> Self {
        Bytes { all, offset: 0 }
    }

    pub fn offset(&self) -> usize {
        self.offset
    }

    pub fn left(&self) -> usize {
        self.all.len() - self.offset
    }

    pub fn take(&mut self, count: usize) -> Result<&'a [u8], LearningError> {
        let taken = self.all[self.offset..].get(..count);
        let taken =
            taken.ok_or_else(|| LearningError::damaged(self.offset, "it ends too early"))?;
        self.offset += count;
        Ok(taken)
    }

    /// As many items as are said, each of so many bytes: no more than there are bytes.
    pub fn items<const BYTES: usize>(
        &mut self,
        count: usize,
    ) -> Result<&'a [[u8; BYTES]], LearningError> {
        let bytes = count.saturating_mul(BYTES);
        Ok(self.take(bytes)?.as_chunks().0)
    }

    pub fn u8(&mut self) -> Result<u8, LearningError> {
        Ok(self.items::<1>(1)?[0][0])
    }

    pub fn u32(&mut self) -> Result<u32, LearningError> {
        Ok(u32::from_le_bytes(self.items(1)?[0]))
    }

    pub fn u64(&mut self) -> Result<u64, LearningError> {
        Ok(u64::from_le_bytes(self.items(1)?[0]))
    }

    pub fn f32s(&mut self, count: usize) -> Result<Vec<f32>, LearningError> {
        Ok(self.items(count)?.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }

    pub fn u16s(&mut self, count: usize) -> Result<Vec<u16>, LearningError> {
        Ok(self.items(count)?.iter().map(|bytes| u16::from_le_bytes(*bytes)).collect())
    }

    pub fn u32s(&mut self, count: usize) -> Result<Vec<u32>, LearningError> {
        Ok(self.items(count)?.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect())
    }
}
