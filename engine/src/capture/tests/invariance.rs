//! The same packets and the same problem, whatever the reader and the chunk size.

use proptest::prelude::*;

use super::compressed::{gzip, lz4, zstd};
use super::writers::{pcap, pcap_header, pcapng, plain_record, record};
use super::{OneFile, read_in_order, read_in_ranges};

const CHUNKS_BYTES: [usize; 5] = [1, 16, 64, 1000, 1 << 20];

fn all_ways_agree(bytes: &[u8]) {
    let kept = OneFile::new(bytes);
    let Ok(file) = kept.open() else { return };
    let expected = read_in_order(&file, usize::MAX);
    for chunk_bytes in CHUNKS_BYTES {
        assert_eq!(read_in_order(&file, chunk_bytes), expected);
        assert_eq!(read_in_ranges(&file, chunk_bytes).0, expected);
    }
}

/// A record that any writer or attacker may have written: plain, with a capture for payload, with
/// fields that make no sense, or with a payload that shifts what follows.
fn any_record() -> impl Strategy<Value = Vec<u8>> {
    let data = proptest::collection::vec(any::<u8>(), 0..80);
    prop_oneof![
        4 => (0..99_u32, data.clone()).prop_map(|(number, data)| plain_record(number, &data)),
        2 => (0..20_u32, 0..30_usize).prop_map(|(packets, skip)| {
            let inner = pcap(packets);
            plain_record(packets, inner.get(skip..).unwrap_or_default())
        }),
        1 => (any::<[u32; 2]>(), any::<u32>(), data).prop_map(|([seconds, fraction], wire, data)| {
            record([seconds, fraction, data.len() as u32, wire], &data)
        }),
        1 => Just(plain_record(3, &[0; 400])),
    ]
}

fn any_header() -> impl Strategy<Value = Vec<u8>> {
    let magic = prop_oneof![Just(0xa1b2_c3d4), Just(0xa1b2_3c4d), Just(0xa1b2_cd34)];
    let version = prop_oneof![4 => Just((2, 4)), 1 => Just((2, 3)), 1 => Just((2, 0))];
    (magic, version).prop_map(|(magic, version)| pcap_header(magic, version))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn of_captures(
        header in any_header(),
        records in proptest::collection::vec(any_record(), 0..30),
        cut in 0..40_usize,
        tail in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut bytes = [header, records.concat()].concat();
        bytes.truncate(bytes.len().saturating_sub(cut).max(24));
        all_ways_agree(&bytes);
        bytes.extend(tail);
        all_ways_agree(&bytes);
    }

    #[test]
    fn of_anything(
        header in any_header(),
        noise in proptest::collection::vec(prop_oneof![3 => Just(0_u8), 1 => any::<u8>()], 0..600),
    ) {
        all_ways_agree(&[header, noise].concat());
    }

    #[test]
    fn of_damaged_and_compressed_files(
        changes in proptest::collection::vec((any::<u16>(), any::<u8>()), 0..4),
        format in 0..5,
    ) {
        let mut bytes = match format {
            0 => pcapng(),
            1 => pcap(30),
            2 => gzip(&pcapng()),
            3 => zstd(&pcap(30)),
            _ => lz4(&pcapng()),
        };
        for (place, byte) in changes {
            let place = usize::from(place) % bytes.len();
            bytes[place] = byte;
        }
        let kept = OneFile::new(&bytes);
        if let Ok(file) = kept.open() {
            let expected = read_in_order(&file, usize::MAX);
            for chunk_bytes in CHUNKS_BYTES {
                prop_assert_eq!(&read_in_order(&file, chunk_bytes), &expected);
            }
        }
    }
}

#[test]
fn of_a_capture_inside_a_packet() {
    let inner: Vec<u8> = (0..400).flat_map(|number| plain_record(number, &[7; 40])).collect();
    let mut bytes = pcap(4);
    for number in 0..5 {
        bytes.extend(plain_record(number, &inner));
    }
    let kept = OneFile::new(&bytes);
    let file = kept.open().unwrap();
    let expected = read_in_order(&file, 1000);
    assert_eq!(expected.0.len(), 9);
    let (content, wrong_guesses) = read_in_ranges(&file, 1000);
    assert_eq!(content, expected);
    assert!(wrong_guesses > 5, "the payloads did not look like records");
}

#[test]
fn guesses_are_right_where_nobody_is_hostile() {
    let kept = OneFile::new(&pcap_of_traffic());
    let (content, wrong_guesses) = read_in_ranges(&kept.open().unwrap(), 4096);
    assert_eq!((content.0.len(), content.1, wrong_guesses), (3000, None, 0));
}

/// Packets that begin with a MAC address and are longer than nothing.
fn pcap_of_traffic() -> Vec<u8> {
    let mut bytes = pcap_header(0xa1b2_c3d4, (2, 4));
    for number in 0..3000 {
        let mut data = vec![number as u8; 60 + number as usize * 7 % 500];
        data[..6].copy_from_slice(&[0x02, 0xfc, 0x11, 0x9e, 0x40, 0x01]);
        bytes.extend(plain_record(number, &data));
    }
    bytes
}

#[test]
fn what_is_appended_after_joining_is_not_read() {
    let bytes = pcap(400);
    let kept = OneFile::new(&bytes);
    let file = kept.open().unwrap();
    let chunk_bytes = bytes.len() / 8;
    let expected = read_in_ranges(&file, chunk_bytes);
    assert_eq!(expected.0.0.len(), 400);
    // Half a record behind a whole one, as a program that is still writing leaves it.
    let more = plain_record(7, &[7; 90]);
    std::fs::write(&kept.path, [&bytes[..], &more, &more[..30]].concat()).unwrap();
    assert_eq!(read_in_ranges(&file, chunk_bytes), expected);
}
