//! What the fuzz targets check, for small valid inputs and many seeded mutations of them, so that
//! `cargo test` covers it. `TRACTOR_CASES=100000` looks for more.

mod fuzz;

// The builders of the tests of the whole program.
#[allow(dead_code, unused_imports)]
#[path = "../../tests/support/mod.rs"]
mod support;

use std::io::Write;
use support::at_once::{check_each, processors};
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

/// Runs a check for each seed, on all processors.
fn for_seeds(usual: u64, check: impl Fn(&mut Random) + Sync) {
    check_each(cases(usual), processors(), |seed| check(&mut Random::seeded(seed)));
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
        let bytes = segments(random, 3, count);
        fuzz::flows::check(&bytes);
    });
}

/// Segments as [`fuzz::flows`] reads them: mostly short steps forward, and flags that occur.
fn segments(random: &mut Random, before: usize, count: usize) -> Vec<u8> {
    let mut bytes = random.bytes(before + 8 * count);
    for segment in bytes[before..].as_chunks_mut::<8>().0 {
        segment[1] = random.pick(&[0x02, 0x12, 0x10, 0x10, 0x18, 0x11, 0x04, segment[1]]);
        segment[2] = segment[2] & 0xf0 | random.pick(&[0, 5, 7, 9, 10, 11, 12]);
        segment[3] = random.pick(&[0, 1, 1, 2, 100, segment[3]]);
    }
    bytes
}

#[test]
fn flows_go_on_after_their_tables_were_saved_for_any_number_of_workers() {
    for_seeds(300, |random| {
        let count = random.pick(&[10, 100, 500]);
        let bytes = segments(random, fuzz::saved::CHOICES, count);
        fuzz::saved::check(&bytes);
    });
}

#[test]
fn of_which_flows_there_is_no_payload_does_not_depend_on_where_tables_were_saved() {
    fuzz::saved::check_crowd(false);
    fuzz::saved::check_crowd(true);
}

#[test]
fn fragments_find_their_ports_after_their_tables_were_saved() {
    let mut resolved = 0;
    for seed in 0..cases(60) {
        let mut random = Random::seeded(seed);
        let all = packets(&mut random, 200);
        let packets: Vec<_> =
            all.iter().map(|packet| (packet.link_type, packet.data.as_slice())).collect();
        resolved += fuzz::saved::check_fragments(&packets, &mut |limit| random.below(limit));
    }
    assert!(resolved > 0, "there are fragments");
}

#[test]
fn whatever_is_damaged_of_what_was_saved_is_refused() {
    let mut random = Random::seeded(1);
    fuzz::layout::check_damage(&mut |limit| random.below(limit));
}

#[test]
fn the_layout_of_what_is_saved_changes_only_with_its_number() {
    fuzz::layout::check_layout();
}

/// What a flow may begin with, each as one packet.
fn first_packets() -> Vec<Vec<u8>> {
    let hello = b"\x16\x03\x01\x00\x4d\x01\x00\x00\x49\x03\x03................................\x00\
        \x00\x04\x13\x01\xc0\x2f\x01\x00\x00\x1c\x00\x00\x00\x0d\x00\x0b\x00\x00\x08a.ex.com\
        \x00\x10\x00\x05\x00\x03\x02h2\x00\x0d\x00\x00";
    let parts = b"\x16\xfe\xfd\x00\x00\x00\x00\x00\x00\x00\x01\x00\x3f\x01\x00\x00\x33\x00\x00\x00\
        \x00\x00\x00\x00\x33\xfe\xfd................................\x00\x00\x00\x02\xc0\x2b\
        \x01\x00\x00\x08\x00\x0d\x00\x04\x00\x02\x04\x03";
    let google =
        b"\x09connect-Q043\x01hash-of-12--\xa0\x01\x00\x04CHLO\x01\0\0\0SNI\0\x04\0\0\0a.ex";
    let quic = b"\xc0\x00\x00\x00\x01\x04abcd\x00\x00\x20....................................";
    let answer = b"\x01\x02\x81\x80\x00\x01\x00\x02\x00\x00\x00\x00\x01a\x02ex\x00\x00\x01\x00\x01\
        \xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x09\x00\x04\x01b\xc0\x0e\x01b\xc0\x0e\x00\x01\x00\x01\
        \x00\x00\x00\x09\x00\x04\x7f\x00\x00\x01";
    let texts: [&[u8]; 7] = [
        b"GET http://u@a.ex:80/ HTTP/1.1\r\nHost: [::1]:80\r\nUser-Agent: b\r\n c\r\n\r\n",
        b"CONNECT a.ex:443 HTTP/1.1\r\n\r\n",
        b"INVITE sip:u@a.ex;lr SIP/2.0\r\nTo: <sips:v@b.ex>\r\n\r\n",
        b"220-a.ex.com ESMTP\r\n",
        b"* OK [CAPABILITY] a.ex.com\r\n",
        b"+OK <1.2@a.ex.com>\r\n",
        b"SSH-2.0-OpenSSH_9.9 x\r\n",
    ];
    let others: [&[u8]; 5] = [hello, parts, google, quic, answer];
    texts.iter().chain(&others).map(|bytes| bytes.to_vec()).collect()
}

#[test]
fn any_bytes_as_the_first_of_a_flow() {
    let seeds = first_packets();
    for_seeds(4_000, |random| {
        let mut bytes = vec![random.below(3) as u8];
        for _ in 0..1 + random.below(4) {
            let mut packet = seeds[random.below(seeds.len() as u64) as usize].clone();
            if random.chance(70) {
                mutate(random, &mut packet);
            }
            packet.truncate(255);
            bytes.extend([random.below(2) as u8, packet.len() as u8]);
            bytes.extend(packet);
        }
        fuzz::names::check_bytes(&bytes);
        let noise = random.below(120) as usize;
        fuzz::names::check_bytes(&random.bytes(noise));
    });
}
