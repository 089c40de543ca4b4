//! The letters that tell what a connection did, in the order in which it did it.

use crate::limits::HISTORY_LETTERS_MAX;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Letters that fit without memory of their own; most flows have fewer.
const INLINE: usize = 15;

/// Letters of a flow: upper case for side 0 and lower for side 1 while it is open, for client and
/// server once [`History::close`] was told which is which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    count: u8,
    first: [u8; INLINE],
    /// All of them, where there are more.
    all: Option<Box<[u8; HISTORY_LETTERS_MAX]>>,
}

const _: () = assert!(HISTORY_LETTERS_MAX <= u8::MAX as usize);

/// The client turned out to be the other end.
pub const FLIPPED: u8 = b'^';

impl History {
    /// Adds a letter, given in upper case, of a side.
    pub fn push(&mut self, letter: u8, side: usize) {
        let count = usize::from(self.count);
        if count == INLINE {
            let mut all = Box::new([0; HISTORY_LETTERS_MAX]);
            all[..INLINE].copy_from_slice(&self.first);
            self.all = Some(all);
        }
        let place = match &mut self.all {
            Some(all) => all.get_mut(count),
            None => self.first.get_mut(count),
        };
        if let Some(place) = place {
            *place = if side == 0 { letter } else { letter.to_ascii_lowercase() };
            self.count += 1;
        }
    }

    /// The client is known for good.
    pub fn close(&mut self, client_side: usize) {
        if client_side == 0 {
            return;
        }
        let letters = match &mut self.all {
            Some(all) => all.as_mut_slice(),
            None => &mut self.first,
        };
        let told = &mut letters[..usize::from(self.count)];
        for letter in told.iter_mut().filter(|letter| letter.is_ascii_alphabetic()) {
            *letter ^= b'a' ^ b'A';
        }
    }

    pub fn letters(&self) -> &[u8] {
        let letters = self.all.as_ref().map_or(self.first.as_slice(), |all| all.as_slice());
        &letters[..usize::from(self.count)]
    }
}

/// The first letters as they were told, and, of a longer history, all.
type Saved<'a> = ([u8; INLINE], &'a [u8]);

impl Serialize for History {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.first, self.letters()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for History {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (first, letters): Saved<'de> = Deserialize::deserialize(deserializer)?;
        let mut all = [0; HISTORY_LETTERS_MAX];
        let told = all.get_mut(..letters.len());
        told.ok_or_else(|| de::Error::custom("more letters than a history has"))?
            .copy_from_slice(letters);
        let is_long = letters.len() > INLINE;
        Ok(Self { count: letters.len() as u8, first, all: is_long.then(|| Box::new(all)) })
    }
}

/// Whether the event counted so often gives a letter: the first, the tenth, the hundredth.
pub fn is_told(count: u32) -> bool {
    count.checked_ilog10().is_some_and(|power| 10_u32.pow(power) == count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saved::{Reader, Writer};

    #[test]
    fn a_history_of_any_length_goes_on_after_it_was_saved() {
        for letters in 0..HISTORY_LETTERS_MAX + 2 {
            let mut history = History::default();
            (0..letters).for_each(|nth| history.push(b'A' + (nth % 26) as u8, nth % 2));
            let mut saved = Vec::new();
            let mut writer = Writer::new(&mut saved);
            writer.put(&history);
            writer.finish();
            let mut restored: History = Reader::new(&saved).unwrap().get().unwrap();
            for history in [&mut history, &mut restored] {
                history.push(b'Z', 1);
                history.close(1);
            }
            assert_eq!(restored, history, "{letters} letters");
        }
    }
}
