//! What the formats allow, and what is damage.

use super::super::{Format, Resolution};
use super::writers::{Blocks, pcap, pcap_header, pcapng, plain_record, record};
use super::{Kept, OneFile, content, read_in_order};
use crate::time::Timestamp;

const MICROSECONDS: u32 = 0xa1b2_c3d4;
const SECOND: u32 = 1_700_000_000;

fn one_packet(header: Vec<u8>, record: Vec<u8>) -> Kept {
    let (packets, problem) = content(&[header, record].concat());
    assert_eq!((packets.len(), problem), (1, None));
    packets[0].clone()
}

#[test]
fn a_plain_packet() {
    let header = pcap_header(MICROSECONDS, (2, 4));
    let packet = one_packet(header.clone(), record([SECOND, 5, 3, 9], b"abc"));
    let time = Timestamp::from_parts(SECOND.into(), 5_000);
    let data = b"abc".to_vec();
    assert_eq!(packet, Kept { time, original_bytes: 9, link_type: 1, data });
    assert_eq!(content(&header), (Vec::new(), None));
}

#[test]
fn unusual_fields_are_taken_as_they_are() {
    let header = pcap_header(MICROSECONDS, (2, 4));
    let packet = one_packet(header, record([u32::MAX, u32::MAX, 200, 7], &[1; 200]));
    let nanoseconds = i64::from(u32::MAX) * 1_000;
    assert_eq!(packet.time, Timestamp::from_parts(u32::MAX.into(), nanoseconds));
    assert_eq!((packet.original_bytes, packet.data.len()), (7, 200));
    let header = pcap_header(0xa1b2_3c4d, (2, 4));
    let packet = one_packet(header, record([SECOND, 5, 0, 0], b""));
    assert_eq!(packet.time, Timestamp::from_parts(SECOND.into(), 5));
}

#[test]
fn old_and_patched_records() {
    for version in [(2, 2), (2, 3), (543, 0)] {
        let packet =
            one_packet(pcap_header(MICROSECONDS, version), record([SECOND, 5, 9, 3], b"abc"));
        assert_eq!((packet.original_bytes, &*packet.data), (9, &b"abc"[..]), "{version:?}");
    }
    let patched = record([SECOND, 5, 3, 9], b"\0\0\0\x01\x08\0\x04\0abc");
    let packet = one_packet(pcap_header(0xa1b2_cd34, (2, 4)), patched);
    assert_eq!((packet.original_bytes, &*packet.data), (9, &b"abc"[..]));
}

#[test]
fn damage_is_named_with_its_place() {
    let mut bytes = pcap(3);
    let end = bytes.len();
    bytes.extend(record([SECOND, 0, 1500, 1500], &[1; 12]));
    let left =
        format!("truncated at byte {end}: a packet of 1500 bytes was announced and 12 are left");
    assert_eq!(content(&bytes).1, Some(left));
    bytes.truncate(end + 7);
    let cut = format!("truncated at byte {end}: a header of 16 bytes is cut after 7");
    assert_eq!(content(&bytes).1, Some(cut));
    bytes.truncate(end);
    bytes.extend(record([SECOND, 0, 262_145, 262_145], &[1; 300]));
    bytes.extend(plain_record(9, b"never read"));
    let (packets, problem) = content(&bytes);
    assert_eq!(packets.len(), 3);
    let long = format!("damaged at byte {end}: a packet of 262145 bytes is announced, ");
    assert_eq!(problem, Some(long + "more than the possible 262144"));
}

#[test]
fn every_block_of_pcapng() {
    let (packets, problem) = content(&pcapng());
    assert_eq!((packets.len(), problem), (8, None));
    assert_eq!(packets[..4], packets[4..], "the byte order made a difference");
    let [first, simple, fine, old, ..] = &packets[..] else { panic!("{packets:?}") };
    let time = Timestamp::from_parts(SECOND.into(), 0);
    assert_eq!((first.time, &*first.data), (time, &b"first"[..]));
    assert_eq!((simple.time, simple.original_bytes, simple.data.len()), (time, 60, 40));
    assert_eq!((fine.time, fine.link_type), (Timestamp(time.0 + 7), 113));
    assert_eq!((old.original_bytes, &*old.data), (9, &b"old!"[..]));
    assert_eq!(old.time, Timestamp((395_812_i64 << 32) * 1_000));
}

#[test]
fn damage_of_pcapng() {
    let write = Blocks { big_endian: true };
    let good = [write.section(), write.interface(1, 0, &[])].concat();
    let at = good.len();
    let beyond = write.block(6, &[write.words(&[0, 0, 0, 9, 9]), vec![0; 8]].concat());
    let mut mismatch = write.enhanced_packet(0, 0, b"abcd");
    mismatch.pop();
    mismatch.push(1);
    let cases = [
        (write.enhanced_packet(1, 0, b""), "a packet names interface 1, and the section has 1"),
        (beyond, "a packet of 9 bytes is announced in a block with room for 8"),
        (mismatch, "the two lengths of a block of type 0x6 differ"),
        (write.block(6, &[0; 16]), "a block of type 0x6 has 28 bytes, too few for its kind"),
        (write.words(&[6, 8, 8]), "a block of type 0x6 has 8 bytes, too few for its kind"),
        (write.words(&[6, 13, 0, 0]), "a block length of 13 is no multiple of 4"),
        (write.words(&[0x0a0d_0d0a, 28, 7]), "a section begins with an unknown byte order"),
        (
            write.words(&[6, u32::MAX, 0]),
            "a block of 4294967295 bytes is announced, more than the possible 16777216",
        ),
    ];
    for (block, cause) in cases {
        let (packets, problem) = content(&[good.clone(), block].concat());
        assert_eq!(packets, []);
        assert_eq!(problem, Some(format!("damaged at byte {at}: {cause}")));
    }
    let cut = content(&[good, write.words(&[6, 100, 1])].concat()).1;
    let left =
        format!("truncated at byte {at}: a block of 100 bytes was announced and 12 are left");
    assert_eq!(cut, Some(left));
}

#[test]
fn describes_what_it_read() {
    let kept = OneFile::new(&pcapng());
    let mut reader = kept.open().unwrap().open().unwrap();
    while !reader.read_chunk(10_000, &mut |_| {}).end_of_file {}
    let description = reader.describe();
    assert_eq!((description.format, description.version), (Format::PcapNg, (1, 0)));
    assert!(description.nanosecond && !description.big_endian);
    assert_eq!(description.interfaces.len(), 4);
    let cooked = description.interfaces[1];
    assert_eq!((cooked.link_name, cooked.snaplen), ("Linux cooked v1", 0));
    assert_eq!(cooked.resolution.to_string(), "1 ns");
    let kept = OneFile::new(&pcap(1));
    let description = kept.open().unwrap().open().unwrap().describe();
    assert_eq!((description.format, description.compression), (Format::Pcap, None));
    assert_eq!(description.interfaces[0].resolution, Resolution { base: 10, exponent: 6 });
}

#[test]
fn a_cut_never_shows_packets_that_the_whole_does_not() {
    for whole in [pcap(9), pcapng()] {
        let all = content(&whole).0;
        let mut before = 0;
        for cut in 0..whole.len() {
            let (packets, problem) = content(&whole[..cut]);
            assert!(packets.len() >= before && packets[..] == all[..packets.len()], "cut at {cut}");
            assert!(problem.is_some() || packets.len() < all.len());
            before = packets.len();
        }
        assert_eq!(before + 1, all.len());
    }
}

#[test]
fn a_file_that_shrinks_while_it_is_read() {
    let kept = OneFile::new(&pcap(9));
    let file = kept.open().unwrap();
    let two = pcap(2).len() as u64;
    std::fs::OpenOptions::new().write(true).open(&kept.path).unwrap().set_len(two).unwrap();
    let (packets, problem) = read_in_order(&file, 1000);
    let ranges = super::read_in_ranges(&file, 1000).0;
    assert_eq!(ranges, (packets.clone(), problem.clone()));
    assert_eq!(packets.len(), 2);
    let shorter = format!("truncated at byte {two}: the file became shorter while it was read");
    assert_eq!(problem.unwrap().cause, shorter);
}
