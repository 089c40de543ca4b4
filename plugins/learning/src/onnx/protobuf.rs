//! Fields of protobuf messages (protobuf.dev, "Encoding"). Nothing is copied, and nothing is believed: lengths
//! end where the message ends.

use crate::error::LearningError;

/// A message, and where it stands in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    bytes: &'a [u8],
    offset: usize,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Varint(u64),
    /// Of four bytes.
    Fixed(u32),
    /// Text, bytes, a message or packed numbers.
    Bytes(Message<'a>),
    /// Of eight bytes, which ONNX has of doubles alone.
    Long,
}

impl<'a> Message<'a> {
    pub fn new(file: &'a [u8]) -> Self {
        Message { bytes: file, offset: 0 }
    }

    pub fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    pub fn damaged(self, why: &str) -> LearningError {
        LearningError::damaged(self.offset, why)
    }

    pub fn text(self) -> Result<&'a str, LearningError> {
        std::str::from_utf8(self.bytes).map_err(|_| self.damaged("a text is not UTF-8"))
    }

    /// Number and value of the next field, if there is one.
    pub fn next(&mut self) -> Result<Option<(u64, Value<'a>)>, LearningError> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => {
                self.take(8)?;
                Value::Long
            }
            2 => {
                let count = self.varint()?;
                Value::Bytes(self.take(usize::try_from(count).unwrap_or(usize::MAX))?)
            }
            5 => match self.take(4)?.bytes {
                [a, b, c, d] => Value::Fixed(u32::from_le_bytes([*a, *b, *c, *d])),
                _ => return Err(self.damaged("a field ends too early")),
            },
            other => return Err(self.damaged(&format!("a field of wire type {other}"))),
        };
        Ok(Some((key >> 3, value)))
    }

    /// Numbers that stand one behind the other.
    pub fn varints(mut self) -> Result<Vec<u64>, LearningError> {
        let mut numbers = Vec::new();
        while !self.bytes.is_empty() {
            numbers.push(self.varint()?);
        }
        Ok(numbers)
    }

    fn take(&mut self, count: usize) -> Result<Message<'a>, LearningError> {
        let (taken, rest) = self
            .bytes
            .split_at_checked(count)
            .ok_or_else(|| self.damaged("a field is longer than what it is in"))?;
        let message = Message { bytes: taken, offset: self.offset };
        self.bytes = rest;
        self.offset += count;
        Ok(message)
    }

    fn varint(&mut self) -> Result<u64, LearningError> {
        let mut number = 0;
        for place in 0..10 {
            let byte = self.take(1)?.bytes.first().copied().unwrap_or_default();
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(self.damaged("a number of more than 10 bytes"))
    }
}
