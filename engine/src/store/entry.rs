//! What a block of flows is about, so that a question can pass it over.
//!
//! ```text
//! 0   8  rows of the job before the block
//! 8   4  rows of the block
//! 12  4  checksum of the block
//! 16  8  earliest start of its flows, nanoseconds since the epoch
//! 24  8  latest end
//! 32     number of labels, then each: its length and its text, which is empty for flows without one
//!        number of hashes of addresses, then each: what it is more than the one before
//! ```
//!
//! Numbers of fixed size are little-endian; others have seven bits a byte, the lowest first, and the
//! eighth bit where more follow. The hash of an address is FNV-1a of 32 bits over its text, as the column has it.

use super::StoreError;
use super::facts::{Field, Standard};
use super::segment::Place;
use crate::output::TableView;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// What a block of flows is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Where the block stands.
    pub segment: u32,
    pub offset: u64,
    /// Rows of the job before it.
    pub first_row: u64,
    pub rows: u32,
    /// Of the bytes of the block.
    pub checksum: u32,
    /// The earliest start and the latest end of its flows; nanoseconds since the epoch.
    pub start: i64,
    pub end: i64,
    /// With an empty one for flows without a label.
    pub labels: BTreeSet<String>,
    addresses: Hashes,
}

/// Hashes of addresses, sorted, each as what it is more than the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Hashes {
    count: u64,
    coded: Vec<u8>,
}

const FIXED_BYTES: usize = 32;

impl Entry {
    /// Of the rows of a table.
    pub fn of(
        view: &TableView<'_>,
        standard: &Standard,
        rows: usize,
        first_row: u64,
    ) -> Result<Self, StoreError> {
        let (mut start, mut end) = (i64::MAX, i64::MIN);
        let mut labels = BTreeSet::new();
        let mut hashes = Vec::with_capacity(2 * rows);
        for row in 0..rows {
            for field in [Field::Client, Field::Server] {
                hashes.push(hash_of(standard.text(view, field, row).unwrap_or_default()));
            }
            start = start.min(standard.time(view, Field::Start, row));
            end = end.max(standard.time(view, Field::End, row));
            let label = standard.text(view, Field::Label, row).unwrap_or_default();
            if !labels.contains(label) {
                labels.insert(label.to_owned());
            }
        }
        let addresses = Hashes::of(hashes);
        let (segment, offset, rows, checksum) = (0, 0, rows as u32, 0);
        Ok(Self { segment, offset, first_row, rows, checksum, start, end, labels, addresses })
    }

    pub fn place(&self) -> Place {
        Place { segment: self.segment, offset: self.offset }
    }

    /// The same for a block that stands there.
    pub(super) fn at(self, place: Place) -> Self {
        Self { segment: place.segment, offset: place.offset, ..self }
    }

    /// The same for a block with that checksum.
    pub(super) fn with_checksum(self, checksum: u32) -> Self {
        Self { checksum, ..self }
    }

    /// False when no flow of the block has that address; true may be wrong.
    pub fn may_have_address(&self, address: IpAddr) -> bool {
        let wanted = hash_of(&address.to_string());
        self.addresses.iter().take_while(|hash| *hash <= wanted).any(|hash| hash == wanted)
    }

    /// The bytes, without the place.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(FIXED_BYTES + self.addresses.coded.len() + 64);
        out.extend_from_slice(&self.first_row.to_le_bytes());
        out.extend_from_slice(&self.rows.to_le_bytes());
        out.extend_from_slice(&self.checksum.to_le_bytes());
        out.extend_from_slice(&self.start.to_le_bytes());
        out.extend_from_slice(&self.end.to_le_bytes());
        write_number(self.labels.len() as u64, &mut out);
        for label in &self.labels {
            write_number(label.len() as u64, &mut out);
            out.extend_from_slice(label.as_bytes());
        }
        write_number(self.addresses.count, &mut out);
        out.extend_from_slice(&self.addresses.coded);
        out
    }

    /// Of a block that stands there; `None` when the bytes are no entry.
    pub fn from_bytes(place: Place, bytes: &[u8]) -> Option<Self> {
        let (fixed, mut rest) = bytes.split_first_chunk::<FIXED_BYTES>()?;
        let word = |at: usize| Some(u32::from_le_bytes(fixed[at..at + 4].try_into().ok()?));
        let long = |at: usize| Some(u64::from_le_bytes(fixed[at..at + 8].try_into().ok()?));
        let mut labels = BTreeSet::new();
        for _ in 0..read_number(&mut rest)? {
            let length = usize::try_from(read_number(&mut rest)?).ok()?;
            let (text, after) = rest.split_at_checked(length)?;
            labels.insert(str::from_utf8(text).ok()?.to_owned());
            rest = after;
        }
        let count = read_number(&mut rest)?;
        let addresses = Hashes { count, coded: rest.to_vec() };
        Some(Self {
            segment: place.segment,
            offset: place.offset,
            first_row: long(0)?,
            rows: word(8)?,
            checksum: word(12)?,
            start: long(16)? as i64,
            end: long(24)? as i64,
            labels,
            addresses,
        })
    }
}

/// What the segments of a job hold for sure: whole blocks up to there, with so many rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    pub rows: u64,
    pub segment: u32,
    pub offset: u64,
}

impl Hashes {
    fn of(mut hashes: Vec<u32>) -> Self {
        hashes.sort_unstable();
        hashes.dedup();
        let (mut coded, mut before) = (Vec::with_capacity(3 * hashes.len()), 0);
        for &hash in &hashes {
            write_number((hash - before).into(), &mut coded);
            before = hash;
        }
        Self { count: hashes.len() as u64, coded }
    }

    fn iter(&self) -> impl Iterator<Item = u32> {
        let (mut rest, mut before) = (self.coded.as_slice(), 0_u32);
        (0..self.count).map_while(move |_| {
            before = before.wrapping_add(read_number(&mut rest)? as u32);
            Some(before)
        })
    }
}

/// FNV-1a.
fn hash_of(address: &str) -> u32 {
    address
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn write_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Takes a number from the front of the bytes.
fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(addresses: &[IpAddr]) -> Entry {
        Entry {
            segment: 3,
            offset: 4_711,
            first_row: 16_384,
            rows: 100,
            checksum: 0xdead_beef,
            start: -5,
            end: 1 << 60,
            labels: ["", "dns", "größe"].map(str::to_owned).into(),
            addresses: Hashes::of(addresses.iter().map(|one| hash_of(&one.to_string())).collect()),
        }
    }

    #[test]
    fn an_entry_reads_back_and_knows_its_addresses() {
        let address = |number: u32| IpAddr::from(number.to_be_bytes());
        let all: Vec<IpAddr> = (0..30_000).map(address).collect();
        let entry = entry(&all);
        let bytes = entry.to_bytes();
        assert!(bytes.len() < 4 * all.len(), "{}", bytes.len());
        let read = Entry::from_bytes(entry.place(), &bytes).unwrap();
        assert_eq!(read, entry);
        assert!(all.iter().step_by(97).all(|address| read.may_have_address(*address)));
        let wrong =
            (1 << 20..(1 << 20) + 1_000).filter(|&other| read.may_have_address(address(other)));
        assert!(wrong.count() < 3);
        assert!(!read.may_have_address("2001:db8::1".parse().unwrap()));
    }

    #[test]
    fn an_entry_cut_anywhere_is_none_or_reads_without_harm() {
        let entry = entry(&["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()]);
        let bytes = entry.to_bytes();
        for length in 0..bytes.len() {
            if let Some(read) = Entry::from_bytes(entry.place(), &bytes[..length]) {
                read.may_have_address("10.0.0.1".parse().unwrap());
            }
        }
    }

    #[test]
    fn the_hash_of_an_address_stays_as_it_is() {
        assert_eq!(hash_of("abcd"), 0xce34_79bd, "FNV-1a of abcd");
    }
}
