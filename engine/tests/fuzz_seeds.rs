//! What the fuzz targets check, for small valid inputs and many seeded mutations of them, so that
//! `cargo test` covers it. `TRACTOR_CASES=100000` looks for more.

mod fuzz;

// The builders of the tests of the whole program.
#[allow(dead_code, unused_imports)]
#[path = "../../tests/support/mod.rs"]
mod support;

use std::io::Write;
use support::capture::{ETHERNET, PcapStyle, RawPacket, pcap};
use support::pcapng::{PcapngStyle, pcapng};
use support::random::Random;
use support::traffic::{Mood, adversarial};

fn cases(usual: u64) -> u64 {
    std::env::var("TRACTOR_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(usual)
}

/// Some packets of any link type, and any damage.
fn packets(random: &mut Random, count: usize) -> Vec<RawPacket> {
    let mood = Mood::of(random);
    adversarial(random, &mood, count)
}

/// Changes a few bytes, or cuts, doubles or moves a piece.
fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    const HOSTILE: [u8; 6] = [0, 1, 0x7f, 0x80, 0xfe, 0xff];
    for _ in 0..random.below(6) {
        if bytes.is_empty() {
            return;
        }
        let at = random.below(bytes.len() as u64) as usize;
        let end = (at + 1 + random.below(40) as usize).min(bytes.len());
        match random.below(8) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let piece = bytes[at..end].to_vec();
                let to = random.below(bytes.len() as u64) as usize;
                drop(bytes.splice(to..to, piece));
            }
            3 => bytes[at..end].fill(random.pick(&HOSTILE)),
            4 => bytes[at] ^= 1 << random.below(8),
            // Headers are where it matters.
            5 => bytes[at % 64.min(end)] = random.bits() as u8,
            6 => bytes[at] = random.pick(&HOSTILE),
            _ => bytes[at] = random.bits() as u8,
        }
    }
}

/// Runs a check for each seed; a failure names the seed.
fn for_seeds(usual: u64, check: impl Fn(&mut Random)) {
    for seed in 0..cases(usual) {
        let mut random = Random::seeded(seed);
        let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&mut random)));
        assert!(checked.is_ok(), "seed {seed} fails, see above");
    }
}

#[test]
fn any_bytes_as_a_capture_file() {
    for_seeds(400, |random| {
        let count = random.pick(&[0, 1, 9, 60]);
        let all = packets(random, count);
        let ethernet: Vec<_> =
            all.iter().filter(|packet| packet.link_type == ETHERNET).cloned().collect();
        let big_endian = random.chance(50);
        let mut file = match random.below(5) {
            0 | 1 => {
                let style = PcapngStyle { big_endian, resolution: None, ..PcapngStyle::default() };
                pcapng(&all, style)
            }
            _ => pcap(&ethernet, ETHERNET, PcapStyle { big_endian, ..PcapStyle::default() }),
        };
        mutate(random, &mut file);
        let mut file = packed(random, file);
        if random.chance(30) {
            mutate(random, &mut file);
        }
        fuzz::capture::check(&file);
    });
}

/// The file as it is, or compressed.
fn packed(random: &mut Random, file: Vec<u8>) -> Vec<u8> {
    match random.below(6) {
        0 => {
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            writer.write_all(&file).and_then(|()| writer.finish()).expect("room in memory")
        }
        1 => zstd::encode_all(&*file, 1).expect("room in memory"),
        2 => {
            let mut writer = lz4_flex::frame::FrameEncoder::new(Vec::new());
            writer.write_all(&file).expect("room in memory");
            writer.finish().expect("room in memory")
        }
        _ => file,
    }
}

#[test]
fn any_bytes_as_a_packet() {
    for_seeds(400, |random| {
        for mut packet in packets(random, 20) {
            mutate(random, &mut packet.data);
            let missing = random.pick(&[0, 0, 1, 40, 100_000]);
            fuzz::decode::check(packet.link_type, missing, &packet.data);
        }
        let noise = random.below(120) as usize;
        fuzz::decode::check_bytes(&random.bytes(noise));
    });
}

#[test]
fn any_segments_in_the_flow_table() {
    for_seeds(400, |random| {
        let count = random.pick(&[10, 100, 1_000]);
        let mut bytes = random.bytes(3 + 8 * count);
        // Mostly short steps forward, and flags that occur.
        for segment in bytes[3..].as_chunks_mut::<8>().0 {
            segment[1] = random.pick(&[0x02, 0x12, 0x10, 0x10, 0x18, 0x11, 0x04, segment[1]]);
            segment[2] = segment[2] & 0xf0 | random.pick(&[0, 5, 7, 9, 10, 11, 12]);
            segment[3] = random.pick(&[0, 1, 1, 2, 100, segment[3]]);
        }
        fuzz::flows::check(&bytes);
    });
}
