//! Captures that are cut or wrong somewhere: what stands before the place is read, and the place is named.
//! `TRACTOR_CASES` is the number of cuts, and of seeds of other damage.

use std::path::Path;

use serde_json::Value;
use tempfile::tempdir;

use super::run::tractor;
use super::traffic::{office, plain, write};
use crate::binary::cases;
use crate::support::capture::RawPacket;
use crate::support::pcapng::{PcapngStyle, pcapng};
use crate::support::random::Random;
use crate::support::traffic::sample;

const PCAP_HEADER_BYTES: usize = 24;
const SECTION_HEADER_BYTES: usize = 28;
const CUT_EVERY_BYTES: usize = 7;
/// Enough for every kind of record.
const CUTS: u64 = 500;
/// Damaged files that one run reads.
const FILES_A_RUN: usize = 200;

/// As many packets as make a file of at least `CUT_EVERY_BYTES` bytes for each cut.
fn packets_to_cut() -> Vec<RawPacket> {
    let bytes = cases(CUTS) as usize * CUT_EVERY_BYTES;
    let mut taken = 0;
    let more = |packet: &RawPacket| {
        let before = taken;
        taken += packet.data.len();
        before < bytes
    };
    sample().into_iter().cycle().take_while(more).collect()
}

/// Where records begin, and where the last ends.
fn pcap_places(packets: &[RawPacket]) -> Vec<usize> {
    (0..=packets.len()).map(|count| plain(&packets[..count]).len()).collect()
}

/// The same for blocks, by the lengths they state.
fn pcapng_places(file: &[u8]) -> Vec<usize> {
    let mut places = Vec::new();
    let mut at = 0;
    while at < file.len() {
        let length: [u8; 4] = file[at + 4..at + 8].try_into().unwrap();
        at += u32::from_le_bytes(length) as usize;
        places.push(at);
    }
    places
}

/// Cuts a capture at every seventh byte.
fn assert_cut_anywhere_tells_where(file: &[u8], places: &[usize], header_bytes: usize) {
    let cuts = (0..file.len()).step_by(CUT_EVERY_BYTES).take(cases(CUTS) as usize);
    let cuts: Vec<usize> = cuts.chain([file.len()]).collect();
    let mut packets_before = 0;
    for cuts in cuts.chunks(FILES_A_RUN) {
        let packets = assert_pieces_tell_where(file, cuts, places, header_bytes);
        for (cut, packets) in cuts.iter().zip(packets) {
            let before = packets_before;
            assert!(packets >= before, "{packets} packets after {before}, cut at {cut}");
            packets_before = packets;
        }
    }
    assert_eq!(packets_before as usize, packets_to_cut().len());
}

/// Looks at some pieces in one run, and gives the numbers of their packets.
fn assert_pieces_tell_where(
    file: &[u8],
    cuts: &[usize],
    places: &[usize],
    header_bytes: usize,
) -> Vec<u64> {
    let folder = tempdir().unwrap();
    for &cut in cuts {
        write(folder.path(), &format!("cut-{cut:07}.pcap"), &file[..cut]);
    }
    let finished = tractor(folder.path(), &["info", ".", "--json"]);
    assert!(!finished.messages.contains("panicked"), "{}", finished.messages);
    let mut said: Vec<Value> = serde_json::from_str(&finished.output).unwrap();
    assert_eq!(said.len(), cuts.len());
    let is_hurt = said.iter().any(|about| !about["error"].is_null());
    assert_eq!(finished.code, Some(if is_hurt { 3 } else { 0 }), "{}", finished.messages);
    said.sort_by_key(|about| about["path"].as_str().unwrap().to_owned());
    for (about, &cut) in said.iter().zip(cuts) {
        assert!(about["path"].as_str().unwrap().contains(&format!("cut-{cut:07}")), "{about}");
        let begin = places.iter().rev().find(|&&place| place <= cut);
        match (about["error"].as_str(), begin) {
            (error, Some(begin)) if *begin == cut => assert_eq!(error, None, "{about}"),
            (Some(error), Some(begin)) if cut >= header_bytes => {
                let place = format!("truncated at byte {begin}: ");
                assert!(error.starts_with(&place), "{place} in {about}");
            }
            (error, _) => assert!(error.is_some_and(|error| !error.is_empty()), "{about}"),
        }
    }
    said.iter().map(|about| about["packets"].as_u64().unwrap_or(0)).collect()
}

#[test]
fn a_pcap_cut_anywhere_is_read_up_to_there() {
    let packets = packets_to_cut();
    let places = pcap_places(&packets);
    assert_cut_anywhere_tells_where(&plain(&packets), &places, PCAP_HEADER_BYTES);
}

#[test]
fn a_pcapng_cut_anywhere_is_read_up_to_there() {
    let file = pcapng(&packets_to_cut(), PcapngStyle::default());
    let places = pcapng_places(&file);
    assert_cut_anywhere_tells_where(&file, &places, SECTION_HEADER_BYTES);
}

/// As the file is, with some bytes or bits of it different.
fn flipped(file: &[u8], random: &mut Random) -> Vec<u8> {
    let mut file = file.to_vec();
    for _ in 0..1 + random.below(8) {
        // Half of them near the begin, where the headers are.
        let limit = if random.chance(50) { 200 } else { file.len() as u64 };
        let at = random.below(limit) as usize;
        file[at] = match random.below(3) {
            0 => file[at] ^ 1 << random.below(8),
            1 => random.bits() as u8,
            _ => random.pick(&[0, 0xff]),
        };
    }
    file
}

#[test]
fn flipped_bytes_never_break_the_program() {
    let big_endian = PcapngStyle { big_endian: true, section_packets: 50, ..Default::default() };
    let originals =
        [office(), pcapng(&sample(), PcapngStyle::default()), pcapng(&sample(), big_endian)];
    let seeds: Vec<u64> = (0..cases(FILES_A_RUN as u64)).collect();
    for seeds in seeds.chunks(FILES_A_RUN) {
        let folder = tempdir().unwrap();
        for &seed in seeds {
            let mut random = Random::seeded(seed);
            let file = flipped(&random.pick(&originals), &mut random);
            write(folder.path(), &format!("seed-{seed}.pcap"), &file);
        }
        assert_read_without_a_defect(folder.path());
    }
}

fn assert_read_without_a_defect(folder: &Path) {
    for workers in ["1", "2", "4"] {
        for command in [&["flows", ".", "--format", "none"][..], &["stats", "."]] {
            let finished = tractor(folder, &[command, &["--workers", workers]].concat());
            let said = &finished.messages;
            assert!(matches!(finished.code, Some(0 | 1 | 3)), "{:?}: {said}", finished.code);
            assert!(!said.contains("panicked"), "{said}");
            assert!(!said.contains("internal error"), "{said}");
            assert!(finished.took.as_secs() < 20, "{:?}: {said}", finished.took);
        }
    }
}
