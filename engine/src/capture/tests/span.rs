//! The times of the first and the last packet are those that reading everything gives.

use super::super::{Span, span_of};
use super::compressed::{gzip, lz4, zstd};
use super::writers::{Blocks, pcap, pcapng, plain_record};
use super::{OneFile, read_in_order};
use crate::limits::CHUNK_BYTES;
use crate::time::Timestamp;

const SECOND: u32 = 1_700_000_000;

/// A writer of pcap files in one byte order and resolution.
#[derive(Clone, Copy, Debug)]
struct Pcap {
    big_endian: bool,
    nanosecond: bool,
}

const ALL: [Pcap; 4] = [
    Pcap { big_endian: false, nanosecond: false },
    Pcap { big_endian: false, nanosecond: true },
    Pcap { big_endian: true, nanosecond: false },
    Pcap { big_endian: true, nanosecond: true },
];

impl Pcap {
    fn words(self, words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| Blocks { big_endian: self.big_endian }.word(*word)).collect()
    }

    fn header(self) -> Vec<u8> {
        let magic = if self.nanosecond { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
        let version = if self.big_endian { 2 << 16 | 4 } else { 4 << 16 | 2 };
        self.words(&[magic, version, 0, 0, 262_144, 1])
    }

    fn record(self, number: u32, data: &[u8]) -> Vec<u8> {
        let bytes = data.len() as u32;
        let fraction = number % 1_000_000;
        let header = self.words(&[SECOND + number / 100, fraction, bytes, bytes]);
        [header, data.to_vec()].concat()
    }

    /// Packets of different lengths, until there are as many bytes.
    fn file(self, bytes: usize) -> Vec<u8> {
        let mut file = self.header();
        for number in 1.. {
            file.extend(self.record(number, &vec![number as u8; number as usize * 37 % 1_500 + 1]));
            if file.len() >= bytes {
                return file;
            }
        }
        file
    }
}

/// What reading everything says.
fn read_through(bytes: &[u8]) -> Option<Span> {
    let file = OneFile::new(bytes);
    let packets = read_in_order(&file.open().ok()?, CHUNK_BYTES).0;
    let time = |packet: Option<&super::Kept>| packet.map(|packet| packet.time);
    Some(Span { first: time(packets.first()), last: time(packets.last()) })
}

fn span(bytes: &[u8]) -> Option<Span> {
    let file = OneFile::new(bytes);
    file.open().ok().map(|file| span_of(&file).unwrap())
}

/// The span of a file, which has one.
fn same_either_way(bytes: &[u8]) -> Span {
    let span = span(bytes);
    assert_eq!(span, read_through(bytes));
    span.unwrap()
}

#[test]
fn plain_files_of_every_kind_have_the_times_of_their_first_and_last_packet() {
    for kind in ALL {
        for bytes in [100, 10_000, 3 << 20] {
            let file = kind.file(bytes);
            let Span { first, last } = same_either_way(&file);
            let resolution_ns = if kind.nanosecond { 1 } else { 1_000 };
            assert_eq!(
                first,
                Some(Timestamp::from_parts(SECOND.into(), resolution_ns)),
                "{kind:?}"
            );
            assert!(last > first, "{kind:?} {bytes}");
        }
    }
}

#[test]
fn a_last_range_without_the_begin_of_a_record_is_stepped_over() {
    let [kind, ..] = ALL;
    let small = kind.file(CHUNK_BYTES - 5_000);
    // It reaches into the second range, and there is nothing but its payload.
    let long = kind.record(77, &vec![0; 200_000]);
    let file = [&small[..], &long].concat();
    assert!(file.len() > CHUNK_BYTES && small.len() < CHUNK_BYTES);
    assert_eq!(same_either_way(&file).last, Some(Timestamp::from_parts(SECOND.into(), 77_000)));
    // Exactly as long as two ranges, and a little shorter and longer.
    for bytes in 2 * CHUNK_BYTES - 20..2 * CHUNK_BYTES + 20 {
        let mut file = kind.file(2 * CHUNK_BYTES - 3_000);
        let left = bytes - file.len() - 16;
        file.extend(kind.record(9_999_999, &vec![7; left]));
        assert_eq!(file.len(), bytes);
        same_either_way(&file);
    }
}

#[test]
fn the_last_packet_is_the_last_in_the_file_whatever_its_time() {
    let [kind, ..] = ALL;
    let mut file = kind.file(3 << 20);
    file.extend(kind.record(5, b"earlier"));
    let Span { first, last } = same_either_way(&file);
    assert_eq!(first, Some(Timestamp::from_parts(SECOND.into(), 1_000)));
    assert_eq!(last, Some(Timestamp::from_parts(SECOND.into(), 5_000)));
}

#[test]
fn files_that_are_read_from_their_start_have_the_same_times() {
    for bytes in [pcap(300), pcapng(), ALL[1].file(3 << 20), long_pcapng()] {
        let expected = same_either_way(&bytes);
        for compress in [gzip, zstd, lz4] {
            assert_eq!(same_either_way(&compress(&bytes)), expected);
        }
        let compressed = gzip(&bytes);
        for cut in [compressed.len() / 2, compressed.len() - 1] {
            same_either_way(&compressed[..cut]);
        }
    }
}

/// Some 3 MB of one section.
fn long_pcapng() -> Vec<u8> {
    let write = Blocks { big_endian: true };
    let mut bytes = [write.section(), write.interface(1, 0, &[])].concat();
    for number in 0..3_000 {
        let ticks = 1_700_000_000_000_000 + number * 1_001;
        bytes.extend(write.enhanced_packet(0, ticks, &[number as u8; 1_000]));
    }
    bytes
}

#[test]
fn a_file_without_packets_has_no_times() {
    for kind in ALL {
        assert_eq!(same_either_way(&kind.header()), Span::default());
    }
    let write = Blocks { big_endian: false };
    assert_eq!(same_either_way(&write.section()), Span::default());
    for none in [&b""[..], b"no capture, but long enough to be one"] {
        assert_eq!(span(none), None);
    }
}

#[test]
fn cut_anywhere_the_last_whole_packet_counts() {
    for whole in [pcap(40), pcapng(), ALL[3].file(3_000)] {
        for cut in 0..whole.len() {
            assert_eq!(span(&whole[..cut]), read_through(&whole[..cut]), "cut at {cut}");
        }
    }
    let whole = ALL[2].file(3 << 20);
    for cut in (0..40).map(|step| whole.len() - 1 - step * 131) {
        same_either_way(&whole[..cut]);
    }
}

#[test]
fn damage_at_the_end_does_not_hide_what_stands_before_it() {
    for kind in ALL {
        let whole = kind.file((3 << 20) - 100_000);
        for tail in [&[0xff; 40][..], &[0; 15], &[0xff; 70_000]] {
            let damaged = [&whole[..], tail].concat();
            assert_eq!(same_either_way(&damaged), span(&whole).unwrap(), "{kind:?}");
        }
        // In the middle of the last range: what follows it is not known to be packets.
        let mut damaged = whole.clone();
        let place = whole.len() - 200_000;
        damaged[place..place + 100_000].fill(0xff);
        let Span { first, last } = same_either_way(&damaged);
        assert!(first < last && last < span(&whole).unwrap().last, "{kind:?}");
    }
}

/// Who reads from the start stops at the damage; the end of the capture is where its last packet is.
#[test]
fn damage_far_before_the_end_is_not_looked_for() {
    let whole = ALL[0].file(3 << 20);
    let mut damaged = whole.clone();
    damaged[100_000..200_000].fill(0xff);
    assert_eq!(span(&damaged), span(&whole));
}

#[test]
fn captures_inside_packets_are_not_taken_for_the_capture() {
    let [kind, ..] = ALL;
    let mut file = kind.header();
    let inner = (0..400_u32).flat_map(|number| plain_record(90_000 + number, &[1; 100]));
    let inner: Vec<u8> = inner.collect();
    for number in 0..60 {
        file.extend(kind.record(number, &inner));
    }
    assert!(file.len() > 2 * CHUNK_BYTES);
    same_either_way(&file);
}
