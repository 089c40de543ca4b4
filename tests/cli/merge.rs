//! `--merge`: captures that overlap are one stream, by packet time. The order is found again here, naively.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::tempdir;

use super::run::{Finished, Table, flows, in_folder, program, start_command, tractor};
use super::traffic::{datagram, office, plain, write};
use crate::binary::{self, cases};
use crate::oracle::{self, Options, Profile};
use crate::support::capture::RawPacket;
use crate::support::files::{gzip, write_one};
use crate::support::pcapng::{PcapngStyle, pcapng};
use crate::support::random::Random;
use crate::support::traffic::{Mood, adversarial, sample};

const WORKERS: [&str; 3] = ["1", "2", "4"];
const CHUNKS: [&str; 4] = ["1", "300", "5000", "1048576"];
const SECOND_NS: i64 = 1_000_000_000;

/// The stream of files that stand in the order in which they are joined.
fn merged(files: &[Vec<RawPacket>]) -> Vec<RawPacket> {
    let mut taken = vec![0; files.len()];
    let mut stream = Vec::new();
    loop {
        let mut least: Option<(i64, usize)> = None;
        for (number, file) in files.iter().enumerate() {
            let Some(packet) = file.get(taken[number]) else { continue };
            if least.is_none_or(|(time_ns, _)| packet.time_ns < time_ns) {
                least = Some((packet.time_ns, number));
            }
        }
        let Some((_, number)) = least else { return stream };
        stream.push(files[number][taken[number]].clone());
        taken[number] += 1;
    }
}

/// Deals packets to files, in runs of some length; the files are in the order in which they are joined.
fn dealt(packets: &[RawPacket], random: &mut Random) -> Vec<Vec<RawPacket>> {
    let mut files = vec![Vec::new(); 1 + random.below(7) as usize];
    let stays_percent = random.pick(&[0, 50, 95]);
    let mut number = 0;
    for packet in packets {
        if !random.chance(stays_percent) {
            number = random.below(files.len() as u64) as usize;
        }
        files[number].push(packet.clone());
    }
    files.sort_by_key(|file| file.first().map_or(i64::MAX, |packet| packet.time_ns));
    files
}

fn run(folder: &Path, paths: &[PathBuf], more: &[&str]) -> Finished {
    let paths: Vec<&str> = paths.iter().filter_map(|path| path.to_str()).collect();
    tractor(folder, &[&["flows", "--merge", "--no-plugins"], &paths[..], more].concat())
}

#[test]
fn overlapping_files_are_interleaved_by_time() {
    let mut differs = 0;
    for seed in 0..cases(30) {
        let mut random = Random::seeded(8_000_000 + seed);
        let mood = Mood::of(&mut random);
        let packets = adversarial(&mut random, &mood, 200);
        let files = dealt(&packets, &mut random);
        let folder = tempdir().unwrap();
        let numbered = files.iter().enumerate();
        let paths: Vec<PathBuf> = numbered
            .map(|(number, file)| {
                let packed = random.chance(30);
                write_one(folder.path(), number, file, packed, &mut random)
            })
            .collect();
        let profile = random.pick(&[Profile::Native, Profile::Iscx]);
        let options = Options::of(profile);
        let stream = merged(&files);
        let expected = oracle::table(&stream, &options);
        // Every profile: as one file that has the packets in this order.
        let one = write_one(folder.path(), 99, &stream, false, &mut random);
        for profile in binary::profiles() {
            let how = ["--profile", profile.name()];
            let finished = run(folder.path(), &paths, &how);
            let whole = run(folder.path(), std::slice::from_ref(&one), &how);
            assert_eq!(finished.output, whole.output, "seed {seed}, {how:?}");
        }
        let joined = oracle::table(&files.concat(), &options);
        differs += usize::from(joined.rows.len() != expected.rows.len());
        let mut first: Option<String> = None;
        for workers in WORKERS {
            let chunk_bytes = random.pick(&CHUNKS);
            let how = ["--profile", profile.name(), "--workers", workers];
            let how = [&how[..], &["--chunk-bytes", chunk_bytes]].concat();
            let finished = run(folder.path(), &paths, &how);
            assert_eq!(finished.code, Some(0), "seed {seed}: {}", finished.messages);
            let difference = expected.difference(&finished.output);
            assert_eq!(difference, None, "seed {seed}, {how:?}");
            let bytes = first.get_or_insert_with(|| finished.output.clone());
            assert_eq!(*bytes, finished.output, "seed {seed}, {how:?}");
        }
    }
    assert!(differs > 0, "one after the other they are another stream");
}

#[test]
fn a_time_that_goes_back_stays_where_it_is_in_its_file() {
    let at = |second: i64, port| datagram(second * SECOND_NS, port, b"");
    let folder = tempdir().unwrap();
    // The packet at second 1 waits behind that at second 5.
    write(folder.path(), "a.pcap", &plain(&[at(0, 1), at(5, 2), at(1, 3), at(9, 4)]));
    write(folder.path(), "b.pcap", &plain(&[at(0, 5), at(2, 6), at(5, 7), at(6, 8)]));
    let by_id = |inputs: &[&str]| {
        let table = Table::of(&flows(folder.path(), &[inputs, &["--merge"]].concat()));
        let ids = table.numbers("flow_id").into_iter();
        let mut rows: Vec<_> = ids.zip(table.numbers("client_port")).collect();
        rows.sort_unstable();
        rows.into_iter().map(|(_, port)| port).collect::<Vec<_>>()
    };
    // Ties go to the file that is joined first, and that is the one named first.
    assert_eq!(by_id(&["a.pcap", "b.pcap"]), [1, 5, 6, 2, 3, 7, 8, 4]);
    assert_eq!(by_id(&["b.pcap", "a.pcap"]), [5, 1, 6, 7, 2, 3, 8, 4]);
}

#[test]
fn one_file_is_the_same_with_and_without() {
    let folder = tempdir().unwrap();
    write(folder.path(), "a.pcap", &office());
    write(folder.path(), "b.pcapng.gz", &gzip(&pcapng(&sample(), PcapngStyle::default())));
    for name in ["a.pcap", "b.pcapng.gz"] {
        let plainly = flows(folder.path(), &[name]);
        for workers in WORKERS {
            let how = [name, "--merge", "--workers", workers, "--chunk-bytes", "3000"];
            assert_eq!(flows(folder.path(), &how), plainly, "{how:?}");
        }
    }
}

#[test]
fn a_damaged_file_ends_and_the_others_go_on() {
    let packets = sample();
    let mut random = Random::seeded(3);
    let mut files = vec![Vec::new(), Vec::new(), Vec::new()];
    for packet in &packets {
        files[random.below(3) as usize].push(packet.clone());
    }
    files.sort_by_key(|file| file[0].time_ns);
    let folder = tempdir().unwrap();
    write(folder.path(), "0.pcap", &plain(&files[0]));
    write(folder.path(), "2.pcap.gz", &gzip(&plain(&files[2])));
    let kept = files[1].len() / 2;
    let place = plain(&files[1][..kept]).len();
    write(folder.path(), "1.pcap", &plain(&files[1])[..place + 20]);
    // Damaged before its first packet.
    write(folder.path(), "3.pcap", &plain(&files[1])[..24 + 5]);
    files[1].truncate(kept);
    let expected = oracle::table(&merged(&files), &Options::of(Profile::Native));
    for workers in WORKERS {
        for chunk_bytes in CHUNKS {
            let how = ["--workers", workers, "--chunk-bytes", chunk_bytes];
            let finished = tractor(folder.path(), &[&["flows", ".", "--merge"], &how[..]].concat());
            assert_eq!(finished.code, Some(3), "{how:?}: {}", finished.messages);
            assert_eq!(expected.difference(&finished.output), None, "{how:?}");
            let messages: Vec<&str> = finished.messages.lines().collect();
            let told = |name: &str, place: usize| {
                let what = format!("{name}: truncated at byte {place}: ");
                messages.iter().position(|line| line.contains(&what))
            };
            let (first, last) = (told("1.pcap", place), told("3.pcap", 24));
            assert!(first.is_some() && first < last, "{how:?}: {}", finished.messages);
            assert_eq!(finished.messages.matches("truncated").count(), 2, "{messages:?}");
        }
    }
}

#[test]
fn a_flow_has_the_class_of_the_file_that_began_it() {
    let folder = tempdir().unwrap();
    let (web, chat) = ("web_24-11-2026-03-51.pcap", "chat_24-11-2026-03-52.pcap");
    // Each port is one flow. Of three, one is seen by both, and at the same time.
    let seen = |missed: u16| {
        let ports = (0..200u16).filter(|port| port % 3 != missed);
        plain(&ports.map(|port| datagram(port.into(), port, b"")).collect::<Vec<_>>())
    };
    write(folder.path(), web, &seen(1));
    write(folder.path(), chat, &seen(2));
    for workers in WORKERS {
        for chunk_bytes in CHUNKS {
            let how = [".", "--merge", "--workers", workers, "--chunk-bytes", chunk_bytes];
            let table = Table::of(&flows(folder.path(), &how));
            let ports = table.numbers("client_port");
            assert_eq!(ports.len(), 200);
            for (port, class) in ports.into_iter().zip(table.column("class")) {
                // Ties go to the file that is joined first: here by its name.
                let expected = if port % 3 == 2 { "web" } else { "chat" };
                assert_eq!(class, expected, "port {port}, {how:?}");
            }
        }
    }
}

/// The sample, dealt to three files that overlap.
fn overlapping() -> [Vec<RawPacket>; 3] {
    let mut random = Random::seeded(5);
    let mut files = [Vec::new(), Vec::new(), Vec::new()];
    for packet in sample() {
        files[random.below(3) as usize].push(packet);
    }
    files
}

/// Merges inputs of which standard input is a pipe that has `b.pcap`, and `pipe` one that has `c.pcap`.
fn merged_from_pipes(folder: &Path, inputs: &[&str], workers: &str) -> Finished {
    let pipe = folder.join("pipe");
    let capture = gzip(&std::fs::read(folder.join("c.pcap")).unwrap());
    let writer = std::thread::spawn(move || std::fs::write(pipe, capture));
    let mut cat = in_folder(folder, "cat");
    let mut cat = cat.arg("b.pcap").stdout(Stdio::piped()).spawn().unwrap();
    let input = cat.stdout.take().unwrap();
    let how = [&["flows", "--merge", "--workers", workers], inputs].concat();
    let finished = start_command(&mut program(folder, &how), input.into());
    let finished = finished.finish(Duration::from_secs(60));
    assert_eq!(finished.code, Some(0), "{how:?}: {}", finished.messages);
    writer.join().unwrap().unwrap();
    cat.wait().unwrap();
    finished
}

#[test]
fn pipes_are_merged_like_files() {
    let folder = tempdir().unwrap();
    let names = ["a.pcap", "b.pcap", "c.pcap"];
    for (name, file) in names.into_iter().zip(overlapping()) {
        write(folder.path(), name, &plain(&file));
    }
    let expected = flows(folder.path(), &[&names[..], &["--merge"]].concat());
    assert_ne!(expected, flows(folder.path(), &names), "they overlap");
    assert!(in_folder(folder.path(), "mkfifo").arg("pipe").status().unwrap().success());
    for inputs in [["a.pcap", "-", "pipe"], ["pipe", "a.pcap", "-"]] {
        for workers in WORKERS {
            let finished = merged_from_pipes(folder.path(), &inputs, workers);
            assert_eq!(finished.output, expected, "{inputs:?}, {workers} workers");
        }
    }
}

#[test]
fn standard_input_is_merged_once() {
    let folder = tempdir().unwrap();
    let [one, other, _] = overlapping();
    write(folder.path(), "a.pcap", &plain(&one));
    write(folder.path(), "b.pcap", &plain(&other));
    let input = File::open(folder.path().join("a.pcap")).unwrap();
    let mut command = program(folder.path(), &["flows", "--merge", "-", "-", "b.pcap"]);
    let finished = start_command(&mut command, input.into()).finish(Duration::from_secs(60));
    assert_eq!(finished.code, Some(3), "{finished:?}");
    let complaint = "error: standard input: it can be read only once\n";
    assert!(finished.messages.starts_with(complaint), "{finished:?}");
    assert_eq!(finished.output, flows(folder.path(), &["a.pcap", "b.pcap", "--merge"]));
}

#[test]
fn more_files_than_are_open_at_once_are_named() {
    let folder = tempdir().unwrap();
    for number in 0..258 {
        let packets = [number, 1_000 + number].map(|after_ns| datagram(after_ns, 7, b""));
        write(folder.path(), &format!("{number:03}.pcap"), &plain(&packets));
    }
    let finished = tractor(folder.path(), &["flows", ".", "--merge"]);
    assert_eq!(finished.code, Some(3), "{}", finished.messages);
    assert_eq!(Table::of(&finished.output).numbers("packets_fwd"), [512]);
    for name in ["256.pcap", "257.pcap"] {
        assert!(finished.messages.contains(&format!("{name}: it overlaps")), "{finished:?}");
    }
    // One after the other they are read, however many.
    for number in 0..258 {
        let packets = [number * 9, number * 9 + 1].map(|after_ns| datagram(after_ns, 7, b""));
        write(folder.path(), &format!("{number:03}.pcap"), &plain(&packets));
    }
    let table = Table::of(&flows(folder.path(), &[".", "--merge"]));
    assert_eq!(table.numbers("packets_fwd"), [516]);
}

#[test]
fn statistics_merge_too() {
    let folder = tempdir().unwrap();
    // In one stream a flow; one after the other, the silence of each file would end it.
    let at = |minute: i64| datagram(minute * 60 * SECOND_NS, 7, b"");
    write(folder.path(), "a.pcap", &plain(&[at(0), at(3)]));
    write(folder.path(), "b.pcap", &plain(&[at(1), at(2)]));
    let flows_of = |more: &[&str]| {
        let finished = tractor(folder.path(), &[&["stats", ".", "--json"], more].concat());
        assert_eq!(finished.code, Some(0), "{}", finished.messages);
        let said: Value = serde_json::from_str(&finished.output).unwrap();
        said["flows"].as_u64()
    };
    assert_eq!((flows_of(&[]), flows_of(&["--merge"])), (Some(2), Some(1)));
}
