//! Rows depend on the packets and their order, not on files, packing, workers or chunks.

use std::fs::File;
use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use tempfile::{TempDir, tempdir};

use super::profiles::PROFILES;
use super::run::{Table, flows, program, start_command};
use super::traffic::{datagram, many_flows, office, plain, segment, write};
use crate::support::capture::{ETHERNET, PcapStyle, RawPacket, pcap};
use crate::support::files::gzip;
use crate::support::pcapng::{PcapngStyle, pcapng};
use crate::support::random::Random;
use crate::support::traffic::sample;

fn zstd(file: &[u8]) -> Vec<u8> {
    zstd::encode_all(file, 3).unwrap()
}

fn lz4(file: &[u8]) -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(file).unwrap();
    encoder.finish().unwrap()
}

/// The sample as one file and, in a folder, as several that only their times bring in order.
fn office_in_pieces() -> TempDir {
    let folder = tempdir().unwrap();
    let packets = sample();
    write(folder.path(), "whole.pcap", &plain(&packets));
    std::fs::create_dir_all(folder.path().join("in/deeper")).unwrap();
    write(folder.path(), "in/z.pcap", &plain(&packets[..70]));
    write(folder.path(), "in/y.pcap.gz", &gzip(&plain(&packets[70..140])));
    write(folder.path(), "in/deeper/x.pcapng", &pcapng(&packets[140..200], PcapngStyle::default()));
    write(folder.path(), "in/w.pcap.zst", &zstd(&plain(&packets[200..270])));
    write(folder.path(), "in/a.pcap.lz4", &lz4(&plain(&packets[270..])));
    write(folder.path(), "in/b.pcap", &plain(&[]));
    write(folder.path(), "in/notes.txt", b"no capture");
    folder
}

#[test]
fn several_files_are_joined_by_time() {
    let folder = office_in_pieces();
    let whole = flows(folder.path(), &["whole.pcap"]);
    assert!(whole.lines().count() > 20);
    let pieces = ["in/a.pcap.lz4", "in/w.pcap.zst", "in/y.pcap.gz"];
    let others = ["in/z.pcap", "in/deeper/x.pcapng", "in/b.pcap"];
    for inputs in [
        &["in"][..],
        &["in/*.pcap", "in/*.gz", "in/*.zst", "in/*.lz4", "in/deeper"],
        &["in/*.pcap*", "in/deep?r/*"],
        &["in/[awyz].*", "in/deeper/x.pcapng"],
        &[&pieces[..], &others].concat(),
        &[&others[..], &pieces].concat(),
    ] {
        for workers in ["1", "2", "4"] {
            let rows = flows(folder.path(), &[inputs, &["--workers", workers]].concat());
            assert_eq!(rows, whole, "{inputs:?} with {workers} workers");
        }
    }
}

#[test]
fn packing_and_standard_input_change_nothing() {
    let folder = tempdir().unwrap();
    let capture = office();
    write(folder.path(), "a.pcap", &capture);
    // What is packed is seen from the bytes, whatever the name says.
    for (name, packed) in [
        ("gz", gzip(&capture)),
        ("b.pcap.zst", zstd(&capture)),
        ("c.pcap.lz4", lz4(&capture)),
        ("d.txt", capture.clone()),
        ("e.gz", zstd(&capture)),
        ("f", pcapng(&sample(), PcapngStyle::default())),
        ("g", gzip(&pcapng(&sample(), PcapngStyle { big_endian: true, ..Default::default() }))),
    ] {
        let expected = flows(folder.path(), &["a.pcap"]);
        write(folder.path(), name, &packed);
        assert_eq!(flows(folder.path(), &[name]), expected, "{name}");
        for workers in ["1", "2", "4"] {
            let arguments = ["flows", "-", "--workers", workers, "--chunk-bytes", "1000"];
            let input = Stdio::from(File::open(folder.path().join(name)).unwrap());
            let running = start_command(&mut program(folder.path(), &arguments), input);
            let finished = running.finish(Duration::from_secs(60));
            assert_eq!(finished.code, Some(0), "{name}: {finished:?}");
            assert_eq!(finished.output, expected, "{name} on standard input, {workers} workers");
        }
    }
}

#[test]
fn a_flow_that_crosses_files_is_one_flow() {
    let folder = tempdir().unwrap();
    let packets: Vec<RawPacket> =
        (0..9).map(|number| datagram(number * 1_000_000, 4_000, &[7; 30])).collect();
    write(folder.path(), "3.pcap", &plain(&packets[..3]));
    write(folder.path(), "2.pcap", &plain(&packets[3..6]));
    write(folder.path(), "1.pcap", &plain(&packets[6..]));
    for profile in ["native", "iscx"] {
        let table = Table::of(&flows(folder.path(), &[".", "--with-id", "--profile", profile]));
        assert_eq!(table.column("flow_id"), ["1"], "{profile}");
        let duration = if profile == "native" { "duration_us" } else { "duration" };
        assert_eq!(table.column(duration), ["8000"], "{profile}");
    }
    let table = Table::of(&flows(folder.path(), &["1.pcap", "2.pcap", "3.pcap"]));
    assert_eq!(table.column("packets_fwd"), ["9"]);
}

#[test]
fn rows_do_not_depend_on_workers_or_chunks() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    write(folder.path(), "b.pcapng", &pcapng(&sample(), PcapngStyle::default()));
    write(folder.path(), "c.pcap", &plain(&many_flows(2_000)));
    for name in ["a.pcap", "b.pcapng", "c.pcap"] {
        for profile in PROFILES {
            let usual = ["flows", name, "--profile", profile];
            let expected = flows(folder.path(), &[&usual[1..], &["--workers", "1"]].concat());
            for workers in ["1", "2", "4"] {
                for chunk_bytes in ["64", "1000", "524288"] {
                    let how = ["--workers", workers, "--chunk-bytes", chunk_bytes];
                    let rows = flows(folder.path(), &[&usual[1..], &how].concat());
                    assert_eq!(rows, expected, "{name} {profile} {how:?}");
                }
            }
        }
    }
}

/// Packets whose payload is records, headers and whole files, so that a guess where a record begins goes wrong.
fn captures_in_captures(random: &mut Random, style: PcapStyle) -> Vec<u8> {
    let packets: Vec<RawPacket> = (0..400)
        .map(|number| {
            let inner: Vec<RawPacket> = (0..random.below(12))
                .map(|inside| datagram(number * 1_000_000 + inside as i64, 9_000, b"inside"))
                .collect();
            let mut payload = pcap(&inner, ETHERNET, style);
            // Begin with a record, in the middle of one, or with the whole file.
            let dropped = random.pick(&[0, 24, 24, 24, 31, 40]).min(payload.len());
            payload.drain(..dropped);
            let kept = payload.len() - random.below(17).min(payload.len() as u64) as usize;
            payload.truncate(kept);
            let port = 1_000 + (number % 50) as u16;
            match random.chance(50) {
                true => datagram(number * 1_000_000, port, &payload),
                false => segment(number * 1_000_000, port, &payload),
            }
        })
        .collect();
    pcap(&packets, ETHERNET, style)
}

#[test]
fn captures_inside_packets_are_payload_for_any_number_of_workers() {
    let folder = tempdir().unwrap();
    let mut random = Random::seeded(11);
    for big_endian in [false, true] {
        let style = PcapStyle { big_endian, ..PcapStyle::default() };
        write(folder.path(), "hostile.pcap", &captures_in_captures(&mut random, style));
        let expected = flows(folder.path(), &["hostile.pcap", "--workers", "1"]);
        let packets = Table::of(&expected).numbers("packets_fwd");
        assert_eq!(packets.iter().sum::<u64>(), 400);
        for workers in ["1", "2", "4"] {
            for chunk_bytes in ["16", "64", "100", "333", "1000", "4096"] {
                let how = ["hostile.pcap", "--workers", workers, "--chunk-bytes", chunk_bytes];
                assert_eq!(flows(folder.path(), &how), expected, "{how:?}");
            }
        }
    }
}
