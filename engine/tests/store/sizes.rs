use super::support::random::Random;
use super::support::traffic::sample;
use super::*;
use tractor_engine::profiles::Profile;
use tractor_engine::store::Index;

/// Times that the sample is repeated, each a minute later with other addresses.
const ROUNDS: usize = 1_500;

/// Bytes a flow that the store may have, and the index.
const STORE_BYTES: u64 = 350;
const INDEX_BYTES: u64 = 60;

fn many_flows() -> Vec<RawPacket> {
    let sample = sample();
    let mut random = Random::seeded(5);
    let mut packets = Vec::with_capacity(sample.len() * ROUNDS);
    for round in 0..ROUNDS {
        let bits = random.bits();
        for packet in &sample {
            let mut packet = packet.clone();
            packet.time_ns += round as i64 * 60_000_000_000 + random.below(1_000) as i64;
            // Both IPv4 addresses; other packets stay as they are.
            for (place, at) in [27, 28, 31, 32].into_iter().enumerate() {
                if packet.data.get(12..14) == Some(&[8, 0]) && packet.data.len() > at {
                    packet.data[at] ^= (bits >> (8 * place)) as u8;
                }
            }
            packets.push(packet);
        }
    }
    packets.sort_by_key(|packet| packet.time_ns);
    packets
}

fn bytes_below(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    entries
        .map(|entry| match entry.file_type().expect("a kind of file").is_dir() {
            true => bytes_below(&entry.path()),
            false => entry.metadata().expect("a file").len(),
        })
        .sum()
}

#[test]
fn flows_take_no_more_room_than_they_may() {
    let data = tempfile::tempdir().expect("a temporary folder");
    let capture = data.path().join("many.pcapng");
    write_capture(&capture, &many_flows());
    let folder = data.path().join("jobs/1");
    let native = &Profile::all()[0];
    let options = RunOptions { names: true, ..RunOptions::new(native) };
    let reader = store(&folder, Layout::of_flows(native, false, false), &capture, &options);
    let flows = reader.rows();
    assert!(flows > 40_000, "{flows}");
    drop(Index::open(data.path()).expect("an index"));
    let stored = bytes_below(&folder) / flows;
    let indexed = bytes_below(&data.path().join("index")) / flows;
    println!("{flows} flows: {stored} bytes each in segments, {indexed} in the index");
    assert!(stored <= STORE_BYTES && indexed <= INDEX_BYTES, "{stored} and {indexed}");
}
