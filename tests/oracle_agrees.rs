//! The program and the oracle give the same rows for traffic that is made to tell them apart, and the program gives
//! the same bytes however it is run.
//!
//! A failure names its seed and leaves the smallest capture that still fails in the target folder;
//! `TRACTOR_CASES=1000 cargo test oracle_agrees` looks for more.

use std::collections::BTreeSet;
use std::path::Path;

use crate::binary::{self, Means};
use crate::cli::conn_log;
use crate::oracle::table::Cell;
use crate::oracle::{self, Endpoint, Key, Options, Profile, SECOND};
use crate::support::capture::{ETHERNET, PcapStyle, RawPacket, pcap};
use crate::support::files::{self, Form};
use crate::support::frames::{ACK, Ip, SYN, TCP, Tcp, UDP, udp};
use crate::support::link_frames::frame;
use crate::support::pcapng::{PcapngStyle, pcapng};
use crate::support::random::Random;
use crate::support::shrink::shrink;
use crate::support::traffic::{ForeignMood, Mood, adversarial, foreign, sample};

const CHUNKS: [Option<usize>; 4] = [Some(64), Some(1_000), Some(65_536), None];
const WORKERS: [usize; 3] = [1, 2, 4];
const EARLY_PACKETS: [u8; 4] = [1, 3, 20, 255];
const WINDOWS: [i128; 5] = [SECOND / 1_000, SECOND / 2, SECOND, 10 * SECOND, 3_600 * SECOND];
const FORMS: [Form; 4] = [Form::One, Form::OnePacked, Form::Several, Form::Folder];

#[derive(Clone, Copy, Debug)]
pub struct Way {
    pub means: Means,
    pub form: Form,
    /// Of the cuts into files and their formats.
    pub files_seed: u64,
}

impl Way {
    pub fn any(random: &mut Random) -> Self {
        let means = Means { workers: random.pick(&WORKERS), chunk_bytes: random.pick(&CHUNKS) };
        Self { means, form: random.pick(&FORMS), files_seed: random.bits() }
    }

    pub fn all(random: &mut Random) -> Vec<Self> {
        let mut ways = Vec::new();
        for form in FORMS {
            let files_seed = random.bits();
            for workers in WORKERS {
                for chunk_bytes in CHUNKS {
                    let means = Means { workers, chunk_bytes };
                    ways.push(Self { means, form, files_seed });
                }
            }
        }
        ways
    }
}

#[test]
fn every_profile_agrees_on_adversarial_traffic() {
    for seed in 0..binary::cases(60) {
        let mut random = Random::seeded(seed);
        let mood = Mood::of(&mut random);
        let count = random.pick(&[3, 30, 400]);
        let packets = adversarial(&mut random, &mood, count);
        for &profile in binary::profiles() {
            let options = any_options(&mut random, profile);
            let ways = [Way::any(&mut random), Way::any(&mut random)];
            check(&format!("seed {seed}, {mood:?}"), &packets, &options, &ways);
        }
    }
}

#[test]
fn the_conn_log_agrees_on_adversarial_traffic() {
    let mut letters = BTreeSet::new();
    for seed in 0..binary::cases(60) {
        let mut random = Random::seeded(4_000_000 + seed);
        let mood = Mood::of(&mut random);
        let packets = adversarial(&mut random, &mood, 200);
        let options = Options {
            label: None,
            early_packets: 0,
            window: None,
            ..any_options(&mut random, Profile::Native)
        };
        let expected = oracle::conn_log(&packets, &options);
        let mut first: Option<String> = None;
        for _ in 0..2 {
            let way = Way::any(&mut random);
            let folder = tempfile::tempdir().expect("a folder for captures");
            let paths = files::write(folder.path(), &packets, way.form, &mut random);
            let printed = binary::flows_as("zeek", &paths, &options, way.means);
            let table = conn_log::as_csv(&printed.output);
            let difference = expected.difference(&table);
            assert_eq!(difference, None, "seed 4000000 + {seed}, {mood:?}\n{}", printed.command);
            assert_eq!(*first.get_or_insert_with(|| printed.output.clone()), printed.output);
            let history = expected.columns.iter().position(|name| name == "history").unwrap();
            letters.extend(
                expected
                    .rows
                    .iter()
                    .flat_map(|row| row[history].to_string().chars().collect::<Vec<_>>()),
            );
        }
    }
    assert!(letters.contains(&'C') && letters.contains(&'c'), "checksums that are wrong");
}

/// Else agreement would say little about them.
#[test]
fn the_adversary_reaches_every_state_and_every_letter() {
    let (mut states, mut letters) = (BTreeSet::new(), BTreeSet::new());
    for seed in 0..400 {
        let mut random = Random::seeded(3_000_000 + seed);
        let mood = Mood::of(&mut random);
        let packets = adversarial(&mut random, &mood, 400);
        let table = oracle::table(&packets, &Options::of(Profile::Native));
        let column = |name| table.columns.iter().position(|column| column == name).unwrap();
        let (state, history) = (column("conn_state"), column("history"));
        states.extend(table.rows.iter().map(|row| row[state].to_string()));
        letters.extend(
            table.rows.iter().flat_map(|row| row[history].to_string().chars().collect::<Vec<_>>()),
        );
    }
    let states: Vec<&str> = states.iter().map(String::as_str).collect();
    let all = "OTH REJ RSTO RSTOS0 RSTR RSTRH S0 S1 S2 S3 SF SH SHR";
    assert_eq!(states.join(" "), all);
    assert_eq!(letters.iter().collect::<String>(), "ADFGHIQRSTW^adfghiqrstw");
}

#[test]
fn adversarial_traffic_has_every_tunnel_and_some_in_others() {
    let mut found = BTreeSet::new();
    for seed in 0..60 {
        let mut random = Random::seeded(seed);
        let mood = Mood { tunnel_percent: 50, ..Mood::of(&mut random) };
        let packets = adversarial(&mut random, &mood, 100);
        let table = oracle::table(&packets, &Options::of(Profile::Native));
        let place = table.columns.iter().position(|column| column == "tunnel").expect("a column");
        found.extend(table.rows.iter().filter_map(|row| match &row[place] {
            Cell::Text(tunnels) => Some(tunnels.split(':').next()?.to_owned()),
            _ => None,
        }));
    }
    let kinds = "mpls pppoe gre pptp erspan ipip 6in4 4in6 6in6 vxlan geneve gtp teredo l2tp";
    for kind in kinds.split(' ') {
        assert!(found.contains(kind), "{kind} in {found:?}");
    }
    assert!(found.iter().any(|tunnels| tunnels.contains('/')), "{found:?}");
}

#[test]
fn every_way_of_running_gives_the_same_bytes() {
    for seed in 0..binary::cases(4).div_ceil(4) {
        let mut random = Random::seeded(1_000_000 + seed);
        let mood = Mood::of(&mut random);
        let packets = adversarial(&mut random, &mood, 400);
        let profile = random.pick(binary::profiles());
        let mut options = any_options(&mut random, profile);
        options.flows_max = 256;
        check(&format!("seed 1000000 + {seed}"), &packets, &options, &Way::all(&mut random));
    }
}

#[test]
fn early_packets_agree_however_they_are_run() {
    check_many_ways(6_000_000, binary::profiles(), |random, options| {
        (options.early_packets, options.window) = (random.pick(&EARLY_PACKETS), None);
    });
}

#[test]
fn windows_agree_however_they_are_run() {
    let profiles = binary::profiles().iter().copied();
    let profiles: Vec<Profile> = profiles.filter(|profile| profile.has_windows()).collect();
    check_many_ways(7_000_000, &profiles, |random, options| {
        (options.early_packets, options.window) = (0, Some(random.pick(&WINDOWS)));
    });
}

/// Every worker count, chunk size and form of files, but not each with each.
fn check_many_ways(seeds: u64, profiles: &[Profile], choose: impl Fn(&mut Random, &mut Options)) {
    let mut rows_of = vec![0; profiles.len()];
    for seed in seeds..seeds + binary::cases(8).div_ceil(4) {
        let mut random = Random::seeded(seed);
        let (mood, foreign_mood) = (Mood::of(&mut random), ForeignMood::of(&mut random));
        // Of the first kind the copied programs read little.
        let kinds =
            [adversarial(&mut random, &mood, 300), foreign(&mut random, &foreign_mood, 300)];
        for (packets, (place, &profile)) in
            kinds.iter().flat_map(|packets| profiles.iter().enumerate().map(move |p| (packets, p)))
        {
            let mut options = any_options(&mut random, profile);
            choose(&mut random, &mut options);
            rows_of[place] += oracle::table(packets, &options).rows.len();
            let ways: Vec<Way> = Way::all(&mut random).into_iter().step_by(5).collect();
            check(&format!("seed {seed}"), packets, &options, &ways);
        }
    }
    assert!(rows_of.iter().all(|rows| *rows > 5), "{profiles:?} have {rows_of:?} rows");
}

#[test]
fn full_shards_evict_their_oldest_flows() {
    for seed in 0..binary::cases(8).div_ceil(2) {
        let mut random = Random::seeded(2_000_000 + seed);
        let packets = crowd_of_one_shard(&mut random, 400);
        for &profile in binary::profiles() {
            let mut options = Options::of(profile);
            // Room for 2, 20 and 40 flows a shard: the sixteenth is 1, 1 and 2.
            options.flows_max = 256 * random.pick(&[2, 20, 40]);
            let ways = [Way::any(&mut random), Way::any(&mut random)];
            check(&format!("seed 2000000 + {seed}"), &packets, &options, &ways);
        }
    }
}

#[test]
fn a_full_memory_of_fragments_forgets_the_first_that_came() {
    let packets = fragments_of_one_shard(300);
    for profile in [Profile::Native, Profile::Iscx] {
        let mut random = Random::seeded(4);
        let ways = [Way::any(&mut random), Way::any(&mut random), Way::any(&mut random)];
        check("fragments", &packets, &Options::of(profile), &ways);
    }
}

/// All first fragments, then all later ones, of datagrams whose names live in one shard.
fn fragments_of_one_shard(datagrams: usize) -> Vec<RawPacket> {
    let address = |host: u32| std::net::Ipv4Addr::from_bits(0x0a00_0000 + host).into();
    // An identification has 16 bits only: more hosts give more names.
    let names =
        (0..4 << 16).map(|number| (address(1), address(2 + (number >> 16)), number & 0xffff, UDP));
    let of_one_shard = names.filter(|name| oracle::fragments::shard(name) == 77).take(datagrams);
    let (mut firsts, mut others) = (Vec::new(), Vec::new());
    for (port, (from, to, identification, _)) in of_one_shard.enumerate() {
        let ip = Ip { identification, ..Ip::new(from, to, UDP) };
        let pieces = ip.fragments(&udp(port as u16, 53, &[7; 24]), 16);
        let mut packets = pieces.iter().map(|piece| frame(ETHERNET, &[], piece));
        firsts.extend(packets.next());
        others.extend(packets);
    }
    assert_eq!((firsts.len(), others.len()), (datagrams, datagrams));
    let frames = firsts.into_iter().chain(others).enumerate();
    let time_ns = |place: usize| 1_700_000_000_000_000_000 + place as i64 * 1_000_000;
    frames.map(|(place, frame)| RawPacket::whole(time_ns(place), ETHERNET, frame)).collect()
}

#[test]
fn more_holes_than_are_kept_agree() {
    for seed in 0..binary::cases(20).min(200) {
        let mut random = Random::seeded(5_000_000 + seed);
        let packets = full_of_holes(&mut random, 80);
        let ways = [Way::any(&mut random), Way::any(&mut random)];
        check(&format!("seed 5000000 + {seed}"), &packets, &Options::of(Profile::Native), &ways);
    }
}

/// A part of a hole that comes late leaves as many holes as there were.
#[test]
fn holes_that_become_smaller_are_not_more_holes() {
    for holes in 14..20 {
        let piece = |place: u32| between(0, ACK, [1 + 10 * place, 10], 10);
        let mut sent = vec![
            between(0, SYN, [0, 0], 0),
            between(1, SYN | ACK, [9, 1], 0),
            between(0, ACK, [1, 10], 0),
        ];
        sent.extend((0..holes).map(|hole| piece(3 * hole + 2)));
        sent.extend([0, 3, 7, 1].map(piece));
        let mut random = Random::seeded(holes.into());
        let ways = [Way::any(&mut random), Way::any(&mut random)];
        check(&format!("{holes} holes"), &each_ms(&sent), &Options::of(Profile::Native), &ways);
    }
}

/// A connection of which every second segment or so is missing, or comes later; now and then some are acknowledged.
fn full_of_holes(random: &mut Random, segments: u32) -> Vec<RawPacket> {
    let first = u32::MAX - random.below(500) as u32;
    let mut sent = vec![
        between(0, SYN, [first, 0], 0),
        between(1, SYN | ACK, [9, first.wrapping_add(1)], 0),
        between(0, ACK, [first.wrapping_add(1), 10], 0),
    ];
    let mut late = Vec::new();
    for number in 0..segments {
        let sequence = first.wrapping_add(1 + 10 * number);
        let segment = between(0, ACK, [sequence, 10], 10);
        match random.below(20) {
            0..=9 => late.push(segment),
            10 if !late.is_empty() => {
                sent.push(late.swap_remove(random.below(late.len() as u64) as usize));
            }
            11 if random.chance(20) => {
                let reached = sequence.wrapping_sub(10 * random.below(30) as u32);
                sent.push(between(1, ACK, [10, reached], 0));
            }
            _ => sent.push(segment),
        }
    }
    each_ms(&sent)
}

/// A packet of one of two ends to the other, with its sequence and acknowledgement numbers.
fn between(from: usize, flags: u8, numbers: [u32; 2], payload: usize) -> Vec<u8> {
    let ends = [1, 2].map(|host| std::net::IpAddr::from([10, 0, 0, host]));
    let ports = if from == 0 { [1_000, 80] } else { [80, 1_000] };
    let header = Tcp {
        source_port: ports[0],
        destination_port: ports[1],
        sequence: numbers[0],
        acknowledgement: numbers[1],
        flags,
        window: 500,
        options: Vec::new(),
    };
    Ip::new(ends[from], ends[1 - from], TCP).packet(&header.segment(&vec![7; payload]))
}

fn each_ms(sent: &[Vec<u8>]) -> Vec<RawPacket> {
    let time_ns = |place: usize| 1_700_000_000_000_000_000 + place as i64 * 1_000_000;
    let frames = sent.iter().map(|packet| frame(ETHERNET, &[], packet)).enumerate();
    frames.map(|(place, frame)| RawPacket::whole(time_ns(place), ETHERNET, frame)).collect()
}

#[test]
fn the_sample_agrees() {
    for options in binary::all_profiles() {
        let mut random = Random::seeded(3);
        let ways = [Way::any(&mut random), Way::any(&mut random), Way::any(&mut random)];
        check("the sample", &sample(), &options, &ways);
    }
}

#[test]
fn every_profile_agrees_on_foreign_traffic() {
    for seed in 0..binary::cases(60) {
        let mut random = Random::seeded(3_000_000 + seed);
        let mood = ForeignMood::of(&mut random);
        let count = random.pick(&[3, 30, 300]);
        let packets = foreign(&mut random, &mood, count);
        for &profile in binary::profiles() {
            let options = any_options(&mut random, profile);
            let ways = [Way::any(&mut random), Way::any(&mut random)];
            check(&format!("seed 3000000 + {seed}, {mood:?}"), &packets, &options, &ways);
        }
    }
}

/// What a user may ask for; as the program is half of the time.
fn any_options(random: &mut Random, profile: Profile) -> Options {
    let mut options = Options::of(profile);
    if random.chance(40) {
        options.active = Some(random.pick(&[15, 1, 60]) * SECOND);
    }
    if random.chance(25) {
        options.idle = random.pick(&[1, 5, 30, 600]) * SECOND;
    }
    if random.chance(25) {
        options.activity_gap = random.pick(&[SECOND / 2, 5 * SECOND]);
    }
    if random.chance(40) {
        options.flows_max = random.pick(&[1, 256, 512, 5_120]);
    }
    match random.below(6) {
        0 => options.early_packets = random.pick(&EARLY_PACKETS),
        1 if profile.has_windows() => options.window = Some(random.pick(&WINDOWS)),
        _ => (),
    }
    // The copied programs have their own mind about tunnels.
    options.outer = random.chance(12) && !matches!(profile, Profile::Cic | Profile::Nfstream);
    if random.chance(20) {
        options.label = Some(random.pick(&["chat", "voice over IP", "a, \"b\""]).to_string());
    }
    options
}

/// Flows of one or a few packets whose keys all live in one shard.
fn crowd_of_one_shard(random: &mut Random, count: usize) -> Vec<RawPacket> {
    let mut packets = Vec::new();
    let mut time_ns = 1_700_000_000_000_000_000;
    while packets.len() < count {
        let ends = [1, 2].map(|host| Endpoint {
            address: std::net::Ipv4Addr::new(10, 0, 0, host).into(),
            port: random.between(1_000, 1_100) as u16,
        });
        if Key::new(ends[0], ends[1], UDP, true).shard() != 77 {
            continue;
        }
        let [from, to] = if random.chance(50) { [ends[0], ends[1]] } else { [ends[1], ends[0]] };
        let datagram = udp(from.port, to.port, &[]);
        let packet = Ip::new(from.address, to.address, UDP).packet(&datagram);
        time_ns += random.pick(&[0, 1, 1_000_000_000, 9_000_000_000, -2_000_000_000]);
        packets.push(RawPacket::whole(time_ns, ETHERNET, frame(ETHERNET, &[], &packet)));
    }
    packets
}

/// Panics with a small capture if a way of running gives another answer than the oracle, or than the first way.
fn check(name: &str, packets: &[RawPacket], options: &Options, ways: &[Way]) {
    let Some(difference) = disagreement(packets, options, ways) else { return };
    let small = shrink(packets.to_vec(), |fewer| disagreement(fewer, options, ways).is_some());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("disagreement-{}.capture", options.profile.name()));
    let file = match small[0].snaplen {
        // Only a pcap file says it.
        Some(snaplen) => {
            pcap(&small, small[0].link_type, PcapStyle { snaplen, ..PcapStyle::default() })
        }
        None => pcapng(&small, PcapngStyle::default()),
    };
    std::fs::write(&path, file).expect("a capture written");
    let smaller = disagreement(&small, options, ways).unwrap_or_default();
    panic!(
        "{name}: {options:?}\n{difference}\nstill so with {} packets, in {}:\n{smaller}",
        small.len(),
        path.display()
    );
}

fn disagreement(packets: &[RawPacket], options: &Options, ways: &[Way]) -> Option<String> {
    let expected = oracle::table(packets, options);
    let mut first_output: Option<String> = None;
    for way in ways {
        let folder = tempfile::tempdir().expect("a folder for captures");
        let mut random = Random::seeded(way.files_seed);
        let paths = files::write(folder.path(), packets, way.form, &mut random);
        let printed = binary::flows(&paths, options, way.means);
        let told =
            |what: String| Some(format!("{}\n{}\n{what}", printed.command, printed.messages));
        if !printed.success {
            return told("the program failed".into());
        }
        if let Some(difference) = expected.difference(&printed.output) {
            return told(difference);
        }
        let first = first_output.get_or_insert_with(|| printed.output.clone());
        if *first != printed.output {
            return told(format!("not the bytes of the first way, {:?}", ways[0]));
        }
    }
    None
}
