//! State as bytes: what a stage holds is written down, and read again by this program or a later one.
//!
//! What is saved begins with the number of its layout and ends with a checksum, so that whatever is
//! damaged is refused before anything of it is believed. Where state is of shards, each of its parts
//! stands with its shard and its length: whoever does not take it steps over it.

use crate::limits::SHARDS;
use serde::{Deserialize, Deserializer, Serialize, de};

/// The layout of everything that is saved. It changes with every type that is: a test says so.
pub const SAVED_FORMAT: u32 = 4;

const NUMBER_BYTES: usize = size_of::<u32>();

const _: () = assert!(SHARDS <= 1 << u8::BITS, "a shard's number is a byte");

/// Why what was saved cannot be gone on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SavedError {
    #[error("the saved state is of layout {0}, and this program reads layout {SAVED_FORMAT}")]
    OtherFormat(u32),
    #[error("the saved state is of a run with other options")]
    OtherOptions,
    #[error("the saved state is damaged")]
    Damaged,
}

/// Which part of all state a worker takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    pub worker: usize,
    /// How many workers there are.
    pub peers: usize,
}

impl Share {
    /// Of a worker that is alone.
    pub const ALL: Self = Self { worker: 0, peers: 1 };

    #[inline]
    pub fn has(self, shard: usize) -> bool {
        shard % self.peers.max(1) == self.worker
    }

    /// Whether this worker takes what is of no shard.
    pub fn is_first(self) -> bool {
        self.worker == 0
    }
}

/// Writes state behind what a vector holds.
pub struct Writer<'a> {
    to: &'a mut Vec<u8>,
    begin: usize,
}

impl<'a> Writer<'a> {
    pub fn new(to: &'a mut Vec<u8>) -> Self {
        let begin = to.len();
        to.extend(SAVED_FORMAT.to_le_bytes());
        Self { to, begin }
    }

    /// # Panics
    /// If the value has a sequence of unknown length or refuses to be written, which none does.
    #[inline]
    pub fn put<T: Serialize + ?Sized>(&mut self, value: &T) {
        let written = postcard::serialize_with_flavor(value, Behind(self.to));
        assert!(written.is_ok(), "a vector takes every value");
    }

    /// Writes what is of a shard: at most 4 GiB.
    #[inline]
    pub fn put_of_shard(&mut self, shard: usize, write: impl FnOnce(&mut Self)) {
        self.to.push(shard as u8);
        let length_at = self.to.len();
        self.to.extend([0; NUMBER_BYTES]);
        write(self);
        let length = (self.to.len() - length_at - NUMBER_BYTES) as u32;
        self.to[length_at..length_at + NUMBER_BYTES].copy_from_slice(&length.to_le_bytes());
    }

    /// Writes what only the same value may be read beside.
    pub fn put_options<T: Serialize>(&mut self, options: &T) {
        let mut bytes = Vec::new();
        Writer { to: &mut bytes, begin: 0 }.put(options);
        self.put(&bytes);
    }

    pub fn finish(self) {
        let sum = crc32fast::hash(&self.to[self.begin..]);
        self.to.extend(sum.to_le_bytes());
    }
}

/// Reads what a [`Writer`] wrote, in the same order.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// # Errors
    /// When the state is of another layout, or not what was written.
    pub fn new(saved: &'a [u8]) -> Result<Self, SavedError> {
        let (format, _) = number(saved)?;
        if format != SAVED_FORMAT {
            return Err(SavedError::OtherFormat(format));
        }
        let (summed, sum) = saved.split_last_chunk().ok_or(SavedError::Damaged)?;
        let (_, rest) = number(summed)?;
        match crc32fast::hash(summed) == u32::from_le_bytes(*sum) {
            true => Ok(Self { rest }),
            false => Err(SavedError::Damaged),
        }
    }

    /// # Errors
    /// When the bytes are of no such value.
    #[inline]
    pub fn get<T: Deserialize<'a>>(&mut self) -> Result<T, SavedError> {
        let (value, rest) =
            postcard::take_from_bytes(self.rest).map_err(|_| SavedError::Damaged)?;
        self.rest = rest;
        Ok(value)
    }

    /// The next part, and which shard it is of.
    ///
    /// # Errors
    /// When it is not all there.
    #[inline]
    pub fn of_shard(&mut self) -> Result<(usize, Self), SavedError> {
        let (shard, rest) = self.rest.split_first().ok_or(SavedError::Damaged)?;
        let (length, rest) = number(rest)?;
        let (part, rest) = rest.split_at_checked(length as usize).ok_or(SavedError::Damaged)?;
        self.rest = rest;
        Ok((usize::from(*shard), Self { rest: part }))
    }

    /// Reads options, which must be these.
    ///
    /// # Errors
    /// When they are others.
    pub fn expect_options<T: Serialize>(&mut self, options: &T) -> Result<(), SavedError> {
        let mut expected = Vec::new();
        Writer { to: &mut expected, begin: 0 }.put(options);
        match self.get::<Vec<u8>>()? == expected {
            true => Ok(()),
            false => Err(SavedError::OtherOptions),
        }
    }

    /// # Errors
    /// When something is left.
    pub fn finish(self) -> Result<(), SavedError> {
        if self.rest.is_empty() { Ok(()) } else { Err(SavedError::Damaged) }
    }
}

/// A number of fixed length, and what follows.
#[inline]
fn number(bytes: &[u8]) -> Result<(u32, &[u8]), SavedError> {
    let (number, rest) = bytes.split_first_chunk().ok_or(SavedError::Damaged)?;
    Ok((u32::from_le_bytes(*number), rest))
}

/// Where values are written: what postcard has of its own counts or copies byte by byte.
struct Behind<'a>(&'a mut Vec<u8>);

impl postcard::ser_flavors::Flavor for Behind<'_> {
    type Output = ();

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        match bytes {
            // Most numbers are small, and a call that copies costs more than they do.
            [byte] => self.0.push(*byte),
            _ => self.0.extend_from_slice(bytes),
        }
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// Bytes that are copied at once: for `#[serde(with)]`.
pub mod bytes {
    use serde::{Deserialize, Deserializer, Serializer};

    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(
        bytes: &impl AsRef<[u8]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes.as_ref())
    }

    /// # Errors
    /// Those of the deserializer.
    pub fn deserialize<'de, D: Deserializer<'de>, B: From<&'de [u8]>>(
        deserializer: D,
    ) -> Result<B, D::Error> {
        <&[u8]>::deserialize(deserializer).map(B::from)
    }
}

/// Reads a side, which is an index: for `#[serde(deserialize_with)]`.
///
/// # Errors
/// When it is neither 0 nor 1.
pub fn side<'de, D, S>(deserializer: D) -> Result<S, D::Error>
where
    D: Deserializer<'de>,
    S: Deserialize<'de> + PartialOrd + From<u8>,
{
    let side = S::deserialize(deserializer)?;
    if side > S::from(1) { Err(de::Error::custom("no side")) } else { Ok(side) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved() -> Vec<u8> {
        let mut saved = b"before".to_vec();
        let mut writer = Writer::new(&mut saved);
        writer.put_options(&(7, "seven"));
        writer.put_of_shard(200, |writer| writer.put(&[1u64, 300]));
        writer.put_of_shard(3, |_| ());
        writer.put("behind");
        writer.finish();
        saved.split_off(b"before".len())
    }

    #[test]
    fn what_was_written_is_read_in_the_same_order() {
        let saved = saved();
        let mut reader = Reader::new(&saved).unwrap();
        reader.expect_options(&(7, "seven")).unwrap();
        let (shard, mut part) = reader.of_shard().unwrap();
        assert_eq!((shard, part.get()), (200, Ok([1u64, 300])));
        part.finish().unwrap();
        let (shard, part) = reader.of_shard().unwrap();
        assert_eq!((shard, part.finish()), (3, Ok(())));
        assert_eq!(reader.finish(), Err(SavedError::Damaged), "something is left");
        assert_eq!(reader.get(), Ok("behind"));
        assert_eq!((reader.get::<u8>(), reader.finish()), (Err(SavedError::Damaged), Ok(())));
    }

    #[test]
    fn other_layouts_and_options_and_whatever_is_damaged_are_refused() {
        let whole = saved();
        for place in 0..whole.len() {
            assert!(Reader::new(&whole[..place]).is_err(), "{place} bytes");
            for bit in 0..8 {
                let mut other = whole.clone();
                other[place] ^= 1 << bit;
                assert!(Reader::new(&other).is_err(), "bit {bit} of byte {place}");
            }
        }
        let mut other = whole.clone();
        other[0] += 1;
        let error = Reader::new(&other).err();
        assert_eq!(error, Some(SavedError::OtherFormat(SAVED_FORMAT + 1)));
        let options = Reader::new(&whole).unwrap().expect_options(&(7, "eight"));
        assert_eq!(options, Err(SavedError::OtherOptions));
    }

    #[test]
    fn each_worker_has_its_shards_and_the_first_has_the_rest() {
        let shares = [0, 1, 2].map(|worker| Share { worker, peers: 3 });
        assert_eq!(shares.map(|share| share.has(200)), [false, false, true]);
        assert_eq!(shares.map(Share::is_first), [true, false, false]);
        assert!(Share::ALL.has(255) && Share::ALL.is_first());
    }
}
