//! Compressed files: recognised by their bytes, kept as far as they go.

use std::io::Write;

use super::content;
use super::writers::pcap;

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

pub(super) fn lz4(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn one_or_several_pieces() {
    let whole = pcap(300);
    let expected = content(&whole);
    let (first, second) = whole.split_at(4_000);
    for compress in [gzip, zstd, lz4] {
        assert_eq!(content(&compress(&whole)), expected);
        let pieces = [compress(first), compress(&[]), compress(second)].concat();
        assert_eq!(content(&pieces), expected);
    }
    let skippable = [&b"\x5a\x2a\x4d\x18\x03\0\0\0abc"[..], &zstd(&whole)].concat();
    assert_eq!(content(&skippable), expected);
}

#[test]
fn every_cut_keeps_what_is_before() {
    let whole = pcap(60);
    let all = content(&whole).0;
    for (name, compress) in [("gzip", gzip as fn(&[u8]) -> _), ("zstd", zstd), ("lz4", lz4)] {
        let compressed: Vec<u8> = compress(&whole);
        let mut before = 0;
        for cut in 4..compressed.len() {
            let (packets, problem) = content(&compressed[..cut]);
            assert!(packets.len() >= before && packets[..] == all[..packets.len()]);
            let problem = problem.expect(name);
            assert!(problem.contains(name), "{name} cut at {cut}: {problem}");
            before = packets.len();
        }
    }
}

#[test]
fn what_follows_is_a_warning() {
    let whole = pcap(5);
    let expected = content(&whole).0;
    let follows = "the uncompressed data: bytes that are no gzip data follow";
    for (compressed, cause) in
        [(gzip(&whole), follows), (zstd(&whole), "zstd"), (lz4(&whole), "lz4")]
    {
        for tail in [&b"rubbish, and some more of it"[..], &[0; 512]] {
            let (packets, problem) = content(&[&*compressed, tail].concat());
            assert_eq!(packets, expected);
            let problem = problem.unwrap();
            assert!(
                problem.starts_with(&format!("damaged at byte {} of", whole.len())),
                "{problem}"
            );
            assert!(problem.contains(cause), "{problem}");
        }
    }
}

#[test]
fn what_is_no_capture_inside() {
    let causes =
        [gzip(b"Hello"), gzip(b""), b"\x1f\x8b\x08".to_vec()].map(|bytes| content(&bytes).1);
    let causes = causes.map(Option::unwrap);
    assert_eq!(causes[0], "not a capture file inside the gzip data (begins with 48 65 6c 6c)");
    assert_eq!(causes[1], "nothing is inside the gzip data");
    assert_eq!(causes[2], "the gzip data ends too early");
}
