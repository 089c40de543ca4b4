//! What can be read of a run while it goes on: counts, and the flows that are open.

// A test that unwraps what it must have says so by failing there.
#![allow(clippy::unwrap_used)]

mod questions;
mod statistics;

// The builders of the tests of the whole program.
#[allow(dead_code, unused_imports)]
#[path = "../../../tests/support/mod.rs"]
mod support;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::capture::{PcapStyle, RawPacket, pcap};
use support::plugins::plugin;
use support::random::Random;
use support::traffic::payloads::client_hello;
use support::traffic::talk::{Side, Talk};
use support::traffic::{Mood, adversarial};
use tractor_engine::capture::{Input, join};
use tractor_engine::classify::{PluginOptions, Plugins};
use tractor_engine::dataflow::{Progress, RunOptions, Summary, run};
use tractor_engine::output::RowWriter;
use tractor_engine::profiles::Profile;

const START_US: i64 = 1_700_000_000_000_000;

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn plain(packets: &[RawPacket]) -> Vec<u8> {
    pcap(packets, 1, PcapStyle::default())
}

/// The address that every flow of [`talks`] has at one of its ends.
fn common() -> IpAddr {
    IpAddr::from([10, 0, 0, 1])
}

/// Conversations of some ten seconds each, over some minutes: many are open at any time, some end and
/// some fall silent, and some are seen from a server's word on.
fn talks(seed: u64, count: usize) -> Vec<RawPacket> {
    let mut random = Random::seeded(seed);
    let mut packets = Vec::new();
    for number in 0..count {
        let other = IpAddr::from([10, 0, 1, random.below(9) as u8]);
        let port = 40_000 + number as u16;
        let server_port = random.pick(&[53, 443, 8_080]);
        let mut ends = [SocketAddr::new(common(), port), SocketAddr::new(other, server_port)];
        if random.chance(30) {
            let (client, server) = (other, common());
            ends = [SocketAddr::new(client, port), SocketAddr::new(server, server_port)];
        }
        let at_us = START_US + random.below(400_000_000) as i64;
        let mut talk = Talk::new(ends[0], ends[1], at_us, 20_000 + random.below(900_000) as i64);
        if server_port == 53 {
            (0..=random.below(4)).for_each(|_| talk.udp(Side::Client, b"question"));
        } else {
            if random.chance(80) {
                talk.handshake();
            }
            let name = format!("{}.example.org", random.below(4));
            talk.data(Side::Client, &client_hello(&name, &[7; 32]));
            talk.data(Side::Server, b"answer");
            talk.wait(random.below(8_000_000) as i64);
            talk.data(Side::Client, b"more");
            if random.chance(60) {
                talk.close();
            }
        }
        packets.append(&mut talk.packets);
    }
    packets.sort_by_key(|packet| packet.time_ns);
    packets
}

/// Traffic that trips over every rule of flows.
fn strange(seed: u64, count: usize) -> Vec<RawPacket> {
    let mut random = Random::seeded(seed);
    let mood = Mood { link_types: vec![1], ..Mood::of(&mut random) };
    adversarial(&mut random, &mood, count)
}

/// A classifier that says at a flow's fourth packet that it is `early`, takes that back for some, and
/// calls others `late` when they have ended; none where there is no C compiler.
fn plugins(folder: &Path) -> Arc<Plugins> {
    let flow = "unsigned sum = flow->client_port + flow->server_port; \
        if (flow->state == TRACTOR_EARLY) { if (sum % 3) host->tag(tags, at, 0, 0.5f, \"early\"); } \
        else if (sum % 5 == 0) host->tag(tags, at, TRACTOR_TAKE_BACK, 0, \"\"); \
        else if (sum % 5 == 1) host->tag(tags, at, 1, 0.9f, \"late\");";
    let macros = [
        ("WHEN", "TRACTOR_WHEN_EARLY | TRACTOR_WHEN_CLOSED"),
        ("NEEDS", "TRACTOR_NEEDS_PACKETS | TRACTOR_NEEDS_NAMES"),
        ("PACKETS", "4"),
        ("LABELS", "{\"web\", \"early\"}, {\"web\", \"udp\"}"),
        ("FLOW", flow),
    ];
    let Some(file) = plugin(folder, "a.so", &macros) else { return Arc::new(Plugins::none()) };
    let options = PluginOptions { files: vec![file], ..PluginOptions::default() };
    let plugins = Plugins::load(&options, |wanted| Err(wanted.to_owned()));
    assert_eq!(plugins.classifiers().len(), 1);
    Arc::new(plugins)
}

fn options(
    profile: &str,
    workers: usize,
    chunk_bytes: usize,
    plugins: &Arc<Plugins>,
) -> RunOptions {
    let profile = Profile::all().iter().find(|one| one.name == profile).unwrap();
    let mut options = RunOptions::new(profile);
    (options.workers, options.chunk_bytes) = (workers, chunk_bytes);
    options.plugins = Arc::clone(plugins);
    options.names = profile.has_labels();
    options
}

fn run_on(
    capture: &Path,
    options: &RunOptions,
    writer: Box<dyn RowWriter>,
    progress: &Arc<Progress>,
) -> Summary {
    let joined = join(&[Input::Path(capture.to_owned())]);
    run(joined, options, Some(writer), progress).unwrap()
}
