//! Names in one hash table, looked up while walking a host name from its right end.

/// A rule for a name, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    pub text: String,
    pub kind: Kind,
    pub label: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The name and all below it.
    Suffix,
    /// The name alone.
    Exact,
    /// The name and all below it, under any top-level domain.
    AnyTop,
}

/// Open addressing; a place holds the number of an entry, counted from 1.
pub struct Names {
    entries: Vec<Name>,
    places: Vec<u32>,
}

/// FNV-1a, fed from the last byte to the first: the hash of every suffix falls out on the way.
const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

fn step(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(PRIME)
}

fn hash_of(text: &[u8]) -> u64 {
    text.iter().rev().fold(BASIS, |hash, byte| step(hash, *byte))
}

impl Names {
    /// Of equal rules the later counts.
    pub fn new(entries: Vec<Name>) -> Self {
        let mut names =
            Names { places: vec![0; (entries.len() * 2 + 1).next_power_of_two()], entries };
        for number in 0..names.entries.len() {
            let Name { text, kind, .. } = &names.entries[number];
            let (_, place) = names.search(hash_of(text.as_bytes()), text.as_bytes(), *kind);
            names.places[place] = number as u32 + 1;
        }
        names
    }

    /// The entry, and its place or the empty one where it would be.
    fn search(&self, hash: u64, text: &[u8], kind: Kind) -> (Option<&Name>, usize) {
        let mask = self.places.len() - 1;
        let mut place = (hash ^ hash >> 32) as usize & mask;
        // The table is at most half full, so an empty place comes.
        while let Some(number) = (self.places[place] as usize).checked_sub(1) {
            let entry = &self.entries[number];
            if entry.kind == kind && entry.text.as_bytes().eq_ignore_ascii_case(text) {
                return (Some(entry), place);
            }
            place = (place + 1) & mask;
        }
        (None, place)
    }

    fn label(&self, hash: u64, text: &[u8], kind: Kind) -> Option<u32> {
        self.search(hash, text, kind).0.map(|entry| entry.label)
    }

    /// The longest rule that a host name ends in; an exact one before all.
    pub fn of_host(&self, name: &[u8]) -> Option<u32> {
        let name = name.strip_suffix(b".").unwrap_or(name);
        if let Some(label) = self.label(hash_of(name), name, Kind::Exact) {
            return Some(label);
        }
        let suffix = self.longest(name, Kind::Suffix);
        let without_top = &name[..name.len() - top_length(name).unwrap_or(name.len())];
        // What stands before the top-level domain counts for less than as many bytes with it.
        let any_top = self.longest(without_top, Kind::AnyTop);
        let longer = |(length, _): &(usize, u32)| suffix.is_none_or(|(other, _)| *length > other);
        any_top.filter(longer).or(suffix).map(|(_, label)| label)
    }

    /// The longest rule of one kind, as how many bytes and its label.
    fn longest(&self, name: &[u8], kind: Kind) -> Option<(usize, u32)> {
        let mut hash = BASIS;
        let mut found = None;
        let found_at = |hash, at: usize| {
            self.label(hash, &name[at..], kind).map(|label| (name.len() - at, label))
        };
        for at in (0..name.len()).rev() {
            if name[at] == b'.' {
                found = found_at(hash, at + 1).or(found);
            }
            hash = step(hash, name[at]);
        }
        found_at(hash, 0).or(found)
    }

    /// The label of the first word that is a rule. Words are what stands between spaces and
    /// brackets, without version.
    pub fn of_words(&self, text: &[u8]) -> Option<u32> {
        let is_between = |byte: &u8| b" /;,()[]<>\"'".contains(byte);
        let mut words = text.split(is_between).filter(|word| !word.is_empty());
        words.find_map(|word| self.label(hash_of(word), word, Kind::Exact))
    }
}

/// Bytes of the top-level domain and the dot before it: `.de`, `.co.uk`, `.com.br`.
fn top_length(name: &[u8]) -> Option<usize> {
    let last = name.iter().rev().position(|byte| *byte == b'.')? + 1;
    let rest = &name[..name.len() - last];
    let Some(second) = rest.iter().rev().position(|byte| *byte == b'.') else { return Some(last) };
    let label = &rest[rest.len() - second..];
    let is_second_level = last == 3 && [&b"co"[..], b"com", b"org", b"net", b"ac"].contains(&label);
    Some(if is_second_level { last + second + 1 } else { last })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(rules: &[(&str, Kind, u32)]) -> Names {
        let name = |(text, kind, label): &(&str, Kind, u32)| Name {
            text: (*text).to_owned(),
            kind: *kind,
            label: *label,
        };
        Names::new(rules.iter().map(name).collect())
    }

    #[test]
    fn the_longest_suffix_counts_and_labels_are_whole() {
        let names = names(&[
            ("example.com", Kind::Suffix, 1),
            ("video.example.com", Kind::Suffix, 2),
            ("example.com", Kind::Exact, 3),
            ("search", Kind::AnyTop, 4),
            ("search.de", Kind::Suffix, 6),
            ("maps.of.search", Kind::AnyTop, 7),
            ("video.example.com", Kind::Suffix, 5),
        ]);
        let of = |name: &str| names.of_host(name.as_bytes());
        assert_eq!(of("www.example.com"), Some(1));
        assert_eq!(of("WWW.Example.COM."), Some(1));
        assert_eq!(of("example.com"), Some(3));
        assert_eq!(of("a.video.example.com"), Some(5));
        assert_eq!(of("notexample.com"), None);
        assert_eq!(of("example.com.evil.org"), None);
        assert_eq!(of("www.search.fr"), Some(4));
        assert_eq!(of("www.search.de"), Some(6));
        assert_eq!(of("maps.of.search.de"), Some(7));
        assert_eq!(of("search.co.uk"), Some(4));
        assert_eq!(of("research.de"), None);
        assert_eq!(of("search.evil.de"), None);
        assert_eq!((of(""), of("."), of("com")), (None, None, None));
    }

    #[test]
    fn words_of_a_user_agent_are_whole() {
        let names = names(&[("whatsapp", Kind::Exact, 1)]);
        assert_eq!(names.of_words(b"WhatsApp/2.12 Android"), Some(1));
        assert_eq!(names.of_words(b"Mozilla/5.0 (compatible; WhatsApp 2)"), Some(1));
        assert_eq!(names.of_words(b"NotWhatsApp/2.12"), None);
    }
}
