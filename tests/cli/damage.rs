//! Captures that are cut or wrong somewhere: what stands before the place is read, and the place is named.

use serde_json::Value;
use tempfile::tempdir;

use super::run::tractor;
use super::traffic::{office, plain, write};
use crate::support::capture::RawPacket;
use crate::support::pcapng::{PcapngStyle, pcapng};
use crate::support::random::Random;
use crate::support::traffic::sample;

const PCAP_HEADER_BYTES: usize = 24;
const SECTION_HEADER_BYTES: usize = 28;
const EVERY: usize = 7;

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

/// Cuts a capture everywhere and looks at all pieces in one run.
fn assert_cut_anywhere_tells_where(file: &[u8], places: &[usize], header_bytes: usize) {
    let folder = tempdir().unwrap();
    let cuts: Vec<usize> = (0..file.len()).step_by(EVERY).chain([file.len()]).collect();
    for &cut in &cuts {
        write(folder.path(), &format!("cut-{cut:07}.pcap"), &file[..cut]);
    }
    let finished = tractor(folder.path(), &["info", ".", "--json"]);
    assert_eq!(finished.code, Some(3), "{}", finished.messages);
    assert!(!finished.messages.contains("panicked"), "{}", finished.messages);
    let mut said: Vec<Value> = serde_json::from_str(&finished.output).unwrap();
    assert_eq!(said.len(), cuts.len());
    said.sort_by_key(|about| about["path"].as_str().unwrap().to_owned());
    let mut packets_before = 0;
    for (about, &cut) in said.iter().zip(&cuts) {
        assert!(about["path"].as_str().unwrap().contains(&format!("cut-{cut:07}")), "{about}");
        let packets = about["packets"].as_u64().unwrap_or(0);
        assert!(packets >= packets_before, "{packets} packets after {packets_before}: {about}");
        packets_before = packets;
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
    let all = said.last().and_then(|about| about["packets"].as_u64());
    assert_eq!(all, Some(CUT_PACKETS as u64));
}

/// Enough for every kind of record, and few enough for a file each seven bytes.
const CUT_PACKETS: usize = 24;

#[test]
fn a_pcap_cut_anywhere_is_read_up_to_there() {
    let packets = &sample()[..CUT_PACKETS];
    let places = pcap_places(packets);
    assert_cut_anywhere_tells_where(&plain(packets), &places, PCAP_HEADER_BYTES);
}

#[test]
fn a_pcapng_cut_anywhere_is_read_up_to_there() {
    let file = pcapng(&sample()[..CUT_PACKETS], PcapngStyle::default());
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
    let variants = if std::env::var_os("TRACTOR_LONG").is_some() { 2_000 } else { 200 };
    let folder = tempdir().unwrap();
    let big_endian = PcapngStyle { big_endian: true, section_packets: 50, ..Default::default() };
    let originals =
        [office(), pcapng(&sample(), PcapngStyle::default()), pcapng(&sample(), big_endian)];
    for seed in 0..variants {
        let mut random = Random::seeded(seed);
        let file = flipped(&random.pick(&originals), &mut random);
        write(folder.path(), &format!("seed-{seed}.pcap"), &file);
    }
    let per_run = variants.div_ceil(200);
    for workers in ["1", "2", "4"] {
        for command in [&["flows", ".", "--format", "none"][..], &["stats", "."]] {
            let finished = tractor(folder.path(), &[command, &["--workers", workers]].concat());
            let said = &finished.messages;
            assert!(matches!(finished.code, Some(0 | 1 | 3)), "{:?}: {said}", finished.code);
            assert!(!said.contains("panicked"), "{said}");
            assert!(!said.contains("internal error"), "{said}");
            assert!(finished.took.as_secs() < 20 * per_run, "{:?}: {said}", finished.took);
        }
    }
}
