//! Any segments into tables that are saved on the way: other tables, of any number, go on from what
//! was saved as if nothing had happened.

use super::flows::{segments, shared_out};
use std::net::IpAddr;
use std::sync::Arc;
use tractor_engine::capture::{KeptBytes, Packet};
use tractor_engine::decode::{
    Decoded, Decoder, DeepStacks, Endpoint, FragmentTable, Key, Layers, Moment, NameAnswer,
    PayloadPlace, Payloads, Placement, Reading, Segment, flags, marks, shard_of,
};
use tractor_engine::features::{ActivitySettings, Needs};
use tractor_engine::flows::{
    ChunkHead, ColumnWish, EarlyWish, Flow, FlowTable, Life, NoteOptions, TableCounts,
    TableOptions, Tracking, WatchOptions, flow_table,
};
use tractor_engine::limits::{
    COUNTED_PAYLOAD_BYTES, OPEN_FLOWS_MAX, PAYLOAD_BYTES_PER_SHARD_MAX, SHARDS,
};
use tractor_engine::profiles::Profile;
use tractor_engine::saved::Share;
use tractor_engine::time::{SECOND_NS, Timestamp};

/// Bytes before the segments: profile, options, chunks, and four that say where it is saved.
pub const CHOICES: usize = 7;

/// Workers of a phase.
const WORKERS: [usize; 3] = [1, 2, 4];

/// Choices, then segments as [`super::flows`] reads them.
pub fn check(bytes: &[u8]) {
    let Some(([profile, choice, chunk, saves @ ..], rest)) = bytes.split_first_chunk::<CHOICES>()
    else {
        return;
    };
    let profiles = Profile::all();
    let profile = &profiles[usize::from(*profile) % profiles.len()];
    let options = options(profile, *choice);
    let mut segments = segments(profile, rest, &Placement::default());
    segments.iter_mut().for_each(give_layers);
    if choice >> 7 == 1 {
        // Holes in what each side sends.
        for segment in &mut segments {
            (segment.sequence, segment.acknowledgement) =
                (segment.sequence * 60, segment.acknowledgement * 60);
        }
    }
    let chunks: Vec<_> = segments.chunks(usize::from(chunk % 60) + 1).collect();
    let whole = Run::of(&options, &chunks, |_| None);
    // At each boundary one number decides: whether it is saved there, and for how many.
    let cut = Run::of(&options, &chunks, |chunk| {
        let byte = saves[chunk % saves.len()].rotate_left(chunk as u32 / 4);
        (byte & 3 == 0).then(|| WORKERS[usize::from(byte >> 2) % WORKERS.len()])
    });
    assert_eq!(whole.told.len(), cut.told.len(), "{}, {choice:#x}", profile.name);
    for (one, other) in whole.told.iter().zip(&cut.told) {
        assert_eq!(one, other, "{}, {choice:#x}", profile.name);
    }
    // How many were open at once depends on the number of workers in any case.
    let counts = |run: &Run| TableCounts { open_flows_peak: 0, ..run.counts.clone() };
    assert_eq!(counts(&whole), counts(&cut), "{}, {choice:#x}", profile.name);
    let alone = Run::of(&options, &chunks, |_| Some(1));
    assert_eq!(alone.counts, whole.counts);
    assert_eq!(alone.told, whole.told);
}

/// More flows of one shard than payload is kept of, some of which end on the way: of which there is
/// none does not depend on where it is saved. Where they are control connections, half of what is kept is of
/// lines that do not end.
pub fn check_crowd(has_lines: bool) {
    let native = &Profile::all()[0];
    let watch = WatchOptions {
        payload_bytes: COUNTED_PAYLOAD_BYTES,
        early: vec![EarlyWish::default()],
        groups: has_lines,
        ..Default::default()
    };
    let options = TableOptions { watch: Some(watch), ..options(native, 0) };
    let (protocol, port, kept_bytes) = match has_lines {
        true => (6, 21, 2 * COUNTED_PAYLOAD_BYTES[0]),
        false => (17, 53, COUNTED_PAYLOAD_BYTES[0]),
    };
    let placement = Placement::default();
    let keys = (0..).map(|client| {
        let end = |address, port| Endpoint { address: Key::address_v4(address), port };
        Key::new(end(client, 5_000), end(u32::MAX, port), protocol, true, false, 0).0
    });
    let of_one_shard = keys.filter(|key| shard_of(placement.hash(key)) == 7);
    let count = PAYLOAD_BYTES_PER_SHARD_MAX / kept_bytes + 400;
    let segment = |(number, key): (usize, Key)| Segment {
        key,
        // Longer than a flow waits for its next packet.
        time: Timestamp(number as i64 * 140 * SECOND_NS / count as i64),
        payload_bytes: COUNTED_PAYLOAD_BYTES[0] as u32,
        marks: if has_lines { marks::TCP_HEADER } else { 0 },
        flags: flags::URG,
        ..Segment::default()
    };
    let segments: Vec<_> = of_one_shard.take(count).enumerate().map(segment).collect();
    let chunks: Vec<_> = segments.chunks(50).collect();
    let whole = Run::of(&options, &chunks, |_| None);
    assert!((1..300).contains(&whole.counts.without_payload), "{:?}", whole.counts);
    for workers in WORKERS {
        let cut = Run::of(&options, &chunks, |_| Some(workers));
        assert!(cut.told == whole.told, "{workers} workers");
        assert_eq!(cut.counts.without_payload, whole.counts.without_payload);
    }
}

/// A bit for each thing that may be wanted.
pub fn options(profile: &Profile, choice: u8) -> TableOptions {
    let is_wanted = |bit: u8| choice >> bit & 1 == 1;
    let activity = ActivitySettings { rule: profile.activity_rule, gap_ns: SECOND_NS };
    TableOptions {
        life: Life { packets_min: if is_wanted(0) { 3 } else { 1 }, ..profile.life },
        needs: profile.needs,
        activity,
        early_packets: if is_wanted(1) { 5 } else { 0 },
        window_ns: is_wanted(2).then_some(10 * SECOND_NS),
        window_rows: is_wanted(7).then(|| tracking(profile.needs, activity, Some(7))),
        open_flows_max: if is_wanted(3) { SHARDS * 2 } else { OPEN_FLOWS_MAX },
        watch: is_wanted(4).then(|| watch(activity, is_wanted(5))),
        counts_open: is_wanted(6),
        notes: is_wanted(4).then_some(NoteOptions { packets: true }),
    }
}

fn tracking(needs: Needs, activity: ActivitySettings, window_s: Option<i64>) -> Tracking {
    Tracking { needs, activity, window_ns: window_s.map(|window_s| window_s * SECOND_NS) }
}

fn watch(activity: ActivitySettings, wants_columns: bool) -> WatchOptions {
    let early = |packets, payload_bytes, after_ns| EarlyWish {
        packets,
        payload_bytes,
        after_ns,
        both_have_sent: false,
    };
    let column = |classifier, needs, window_s| {
        let tracking = tracking(needs, activity, window_s);
        ColumnWish { classifier, tracking }
    };
    let columns = [
        column(0, Needs::Times, None),
        column(1, Needs::All, Some(3)),
        column(2, Needs::Meter, None),
        column(2, Needs::Meter, Some(60)),
    ];
    WatchOptions {
        payload_bytes: [300, 100],
        packets: 6,
        early: vec![early(0, 0, 0), early(3, 0, 0), early(0, 40, 0), early(0, 0, 2 * SECOND_NS)],
        columns: if wants_columns { columns.to_vec() } else { Vec::new() },
        groups: true,
    }
}

/// Five VLANs, which their word of the key does not spell out.
fn deep_layers() -> Layers {
    let mut layers = Layers::default();
    (1..=5).for_each(|id| layers.push_vlan(id));
    layers
}

/// Some segments are of deeper layers.
pub fn give_layers(segment: &mut Segment) {
    if segment.time_to_live & 0x70 != 0 {
        return;
    }
    let key = &segment.key;
    segment.key = Key::new(
        key.endpoint(0),
        key.endpoint(1),
        key.protocol(),
        key.has_ports(),
        key.is_ipv6(),
        deep_layers().word(),
    )
    .0;
}

/// What came of a run: what was told of flows, each with its chunk, in an order of its own.
struct Run {
    told: Vec<(usize, String)>,
    counts: TableCounts,
}

impl Run {
    /// Feeds the chunks to one table at first; before each chunk, `saved_for` may have the state
    /// saved and go on with so many tables.
    fn of(
        options: &TableOptions,
        chunks: &[&[Segment]],
        saved_for: impl Fn(usize) -> Option<usize>,
    ) -> Self {
        let mut placement = Placement::default();
        let mut tables = vec![flow_table(options)];
        let mut run = Self { told: Vec::new(), counts: TableCounts::default() };
        let (mut position, mut clock) = (1, Timestamp::MIN);
        for (number, chunk) in chunks.iter().enumerate() {
            if let Some(workers) = saved_for(number) {
                // Another process has other hashes.
                placement = Placement::default();
                tables = gone_on(options, &tables, workers, clock, &placement);
            }
            let chunk: Vec<Segment> = chunk
                .iter()
                .map(|segment| Segment { hash: placement.hash(&segment.key), ..*segment })
                .collect();
            let (shares, greatest) = shared_out(&chunk, tables.len());
            let head = head(&chunk, number, position, clock, clock.max(greatest));
            for (table, share) in tables.iter_mut().zip(&shares) {
                table.push(share, &head, &mut |flow| run.tell(number, &flow));
                table.finish_chunk(&head, &mut |flow| run.tell(number, &flow));
                if number % 3 == 2 {
                    run.tell_counted(number, &mut **table);
                }
            }
            position += chunk.len() as u64;
            clock = head.clock_after;
        }
        for mut table in tables {
            table.finish_stream(clock, &mut |flow| run.tell(chunks.len(), &flow));
            run.tell_counted(chunks.len(), &mut *table);
            run.counts.merge(table.counts());
        }
        run.told.sort();
        run
    }

    fn tell(&mut self, chunk: usize, flow: &Flow) {
        self.told.push((chunk, format!("{flow:?}")));
    }

    fn tell_counted(&mut self, chunk: usize, table: &mut dyn FlowTable) {
        table.count_open(&mut |flow| self.told.push((chunk, format!("{flow:?}"))));
    }
}

/// So many tables that go on from what these hold.
fn gone_on(
    options: &TableOptions,
    tables: &[Box<dyn FlowTable>],
    peers: usize,
    clock: Timestamp,
    placement: &Placement,
) -> Vec<Box<dyn FlowTable>> {
    let parts: Vec<Vec<u8>> = tables.iter().map(|table| saved(&**table)).collect();
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let of_worker = |worker| {
        let mut table = flow_table(options);
        table.restore(&parts, Share { worker, peers }, placement).expect("what was saved");
        table
    };
    let restored: Vec<_> = (0..peers).map(of_worker).collect();
    assert_eq!(open(tables, clock), open(&restored, clock));
    let counts = |tables: &[Box<dyn FlowTable>]| {
        tables.iter().fold(TableCounts::default(), |mut sum, table| {
            sum.merge(table.counts());
            sum
        })
    };
    assert_eq!(counts(tables).flows, counts(&restored).flows);
    assert_eq!(counts(tables).open_flows_peak, counts(&restored).open_flows_peak);
    restored
}

pub fn saved(table: &dyn FlowTable) -> Vec<u8> {
    let mut saved = Vec::new();
    table.save(&mut saved);
    saved
}

/// The flows that are open, and the ids of those of which something may come.
fn open(tables: &[Box<dyn FlowTable>], clock: Timestamp) -> (Vec<String>, Vec<u64>) {
    let (mut flows, mut ids) = (Vec::new(), Vec::new());
    for table in tables {
        table.show_open(clock, &|_, _| true, &mut |flow| flows.push(format!("{flow:?}")));
        table.open_ids(&mut |id| ids.push(id));
    }
    flows.sort();
    ids.sort_unstable();
    (flows, ids)
}

/// A chunk's head with something of everything that heads have.
pub fn head(
    chunk: &[Segment],
    number: usize,
    first_position: u64,
    clock_before: Timestamp,
    clock_after: Timestamp,
) -> ChunkHead {
    let (mut bytes, mut places, mut answers) = (Vec::new(), Vec::new(), Vec::new());
    for (index, segment) in chunk.iter().enumerate() {
        // No two packets have the same.
        let payload =
            (0..segment.payload_bytes).map(|at| (at ^ index as u32 ^ number as u32) as u8);
        // Of some, no line ends.
        let ends_lines = segment.flags & flags::URG == 0;
        let payload = payload.map(|byte| if ends_lines || byte != b'\n' { byte } else { b' ' });
        places.push(PayloadPlace { address: bytes.len(), bytes: segment.payload_bytes });
        bytes.extend(payload);
        if segment.window & 3 == 0 {
            answers.push(answer(segment, index as u16));
        }
    }
    let layers = deep_layers();
    let link = |index: usize| [[number as u8, index as u8, 1, 2, 3, 4], [5; 6]];
    ChunkHead {
        payloads: Payloads::new(Arc::new(places), KeptBytes::copied(bytes)),
        answers,
        first_position,
        clock_before,
        clock_after,
        file: number as u32 / 5,
        file_runs: Vec::new(),
        deep_stacks: DeepStacks::from([(layers.word(), Arc::new(layers))]),
        link_addresses: (0..chunk.len()).map(link).collect(),
        questions: Vec::new(),
        ends_epoch: false,
        saves: None,
        is_end: false,
    }
}

fn answer(segment: &Segment, index: u16) -> NameAnswer {
    let ends: [IpAddr; 2] = [0, 1].map(|side| segment.key.address(side));
    NameAnswer {
        index,
        time: segment.time,
        client: (segment.window & 4 == 0).then_some(ends[0]),
        name: format!("{}.example", segment.window >> 3 & 7).into(),
        address: ends[1],
        seconds: u32::from(segment.time_to_live),
    }
}

/// Packets to a fragment table that is saved on the way, and to one that is not; how many fragments
/// there were. `random` gives numbers below another.
pub fn check_fragments(packets: &[(u16, &[u8])], random: &mut dyn FnMut(u64) -> u64) -> usize {
    let placement = Placement::default();
    let mut decoder = Decoder::new(Reading::OURS, placement.clone());
    let table = || FragmentTable::new(Reading::OURS, placement.clone());
    let (mut whole, mut tables, mut fragments) = (table(), vec![table()], 0);
    for (index, &(link_type, data)) in packets.iter().enumerate() {
        let time = Timestamp(index as i64 * SECOND_NS / 4);
        let original_bytes = data.len() as u32;
        let packet = Packet { time, original_bytes, snaplen_bytes: 0, link_type, data };
        let moment = Moment { time, clock: time, index: index as u16 };
        let Decoded::Fragment(fragment) = decoder.decode(&packet, moment) else { continue };
        fragments += 1;
        if random(3) == 0 {
            let parts: Vec<_> = tables.iter().map(saved_fragments).collect();
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            let peers = WORKERS[random(3) as usize];
            let of_worker = |worker| {
                let mut table = table();
                table.restore(&parts, Share { worker, peers }).expect("what was saved");
                for bytes in 0..parts[0].len() {
                    let cut = table.restore(&[&parts[0][..bytes]], Share::ALL);
                    assert!(cut.is_err(), "{bytes} bytes");
                }
                table
            };
            tables = (0..peers).map(of_worker).collect();
        }
        let worker = fragment.shard() % tables.len();
        let resolved = tables[worker].resolve(&fragment, time);
        assert_eq!(resolved, whole.resolve(&fragment, time), "packet {index}");
    }
    let mut counts = tables[0].counts.clone();
    tables[1..].iter().for_each(|table| counts.merge(&table.counts));
    assert_eq!(counts, whole.counts);
    fragments
}

fn saved_fragments(table: &FragmentTable) -> Vec<u8> {
    let mut saved = Vec::new();
    table.save(&mut saved);
    saved
}
