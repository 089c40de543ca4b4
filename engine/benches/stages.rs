//! What each stage costs a packet, apart from the dataflow: `cargo bench -p tractor-engine`.
//! Compare runs of one machine only.

// The builders of the tests of the whole program.
#[allow(dead_code, unused_imports)]
#[path = "../../tests/support/mod.rs"]
mod support;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use std::io;
use support::capture::{ETHERNET, PcapStyle, RawPacket, pcap};
use support::traffic::sample;
use tractor_engine::capture::{Input, Packet, join};
use tractor_engine::classify::Plugins;
use tractor_engine::decode::{Decoded, Decoder, Moment, Placement, Segment};
use tractor_engine::features::ActivitySettings;
use tractor_engine::flows::{ChunkHead, Flow, FlowTable, TableOptions, WatchOptions, flow_table};
use tractor_engine::limits::{
    CHUNK_BYTES, COUNTED_PAYLOAD_BYTES, NAME_PACKETS_MAX, OPEN_FLOWS_MAX,
};
use tractor_engine::output::{CsvWriter, RowWriter};
use tractor_engine::profiles::{Layout, Profile, Row};
use tractor_engine::saved::Share;
use tractor_engine::time::{SECOND_NS, Timestamp};

/// Packets of one chunk, as a worker meets them.
const PACKETS: usize = 8_192;

fn main() {
    divan::main();
}

/// The sample's packets again and again, each time later, with other addresses.
fn packets() -> Vec<RawPacket> {
    let sample = sample();
    let span_ns = sample.last().map_or(0, |packet| packet.time_ns) - sample[0].time_ns;
    let again = |number: usize| {
        let round = number / sample.len();
        let mut packet = sample[number % sample.len()].clone();
        packet.time_ns += (span_ns + SECOND_NS) * round as i64;
        // The second byte of both IPv4 addresses; other packets stay as they are.
        for at in [27, 31] {
            if packet.data.get(12..14) == Some(&[8, 0]) && packet.data.len() > at {
                packet.data[at] = packet.data[at].wrapping_add(round as u8);
            }
        }
        packet
    };
    (0..PACKETS).map(again).collect()
}

fn packet(raw: &RawPacket) -> Packet<'_> {
    Packet {
        time: Timestamp(raw.time_ns),
        original_bytes: raw.original_bytes,
        snaplen_bytes: 0,
        link_type: raw.link_type,
        data: &raw.data,
    }
}

fn native() -> &'static Profile {
    &Profile::all()[0]
}

fn segments(packets: &[RawPacket]) -> Vec<Segment> {
    let mut decoder = Decoder::new(native().reading, Placement::default());
    let mut clock = Timestamp::MIN;
    let place = |(index, raw): (usize, &RawPacket)| {
        let time = Timestamp(raw.time_ns);
        clock = clock.max(time);
        let moment = Moment { time, clock, index: index as u16 };
        match decoder.decode(&packet(raw), moment) {
            Decoded::Segment(segment) => Some(segment),
            _ => None,
        }
    };
    packets.iter().enumerate().filter_map(place).collect()
}

fn options() -> TableOptions {
    let profile = native();
    TableOptions {
        life: profile.life,
        needs: profile.needs,
        activity: ActivitySettings { rule: profile.activity_rule, gap_ns: SECOND_NS },
        early_packets: 0,
        window_ns: None,
        window_rows: None,
        open_flows_max: OPEN_FLOWS_MAX,
        watch: None,
        counts_open: false,
        notes: None,
    }
}

/// Of one chunk that is all there is.
fn head(segments: &[Segment]) -> ChunkHead {
    ChunkHead {
        first_position: 1,
        clock_before: Timestamp::MIN,
        clock_after: segments.last().map_or(Timestamp::MIN, |segment| segment.clock),
        file: 0,
        file_runs: Vec::new(),
        deep_stacks: Default::default(),
        link_addresses: Vec::new(),
        payloads: Default::default(),
        answers: Vec::new(),
        questions: Vec::new(),
        ends_epoch: true,
        saves: None,
        is_end: true,
    }
}

fn all_flows(segments: &[Segment]) -> Vec<Flow> {
    let mut table = flow_table(&options());
    let head = head(segments);
    let mut closed = Vec::new();
    table.push(segments, &head, &mut |flow| closed.push(flow));
    table.finish_chunk(&head, &mut |flow| closed.push(flow));
    table.finish_stream(head.clock_after, &mut |flow| closed.push(flow));
    closed
}

#[divan::bench]
fn sequential_read(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("bench.pcap");
    std::fs::write(&path, pcap(&packets(), ETHERNET, PcapStyle::default())).expect("room for it");
    let joined = join(&[Input::Path(path)]);
    bencher.counter(ItemsCount::new(PACKETS)).bench_local(|| {
        let mut reader = joined.files[0].open().expect("the file just written");
        let mut bytes = 0;
        while !reader
            .read_chunk(CHUNK_BYTES, &mut |packet| bytes += black_box(packet.data).len())
            .end_of_file
        {}
        bytes
    });
}

#[divan::bench]
fn decode(bencher: Bencher<'_, '_>) {
    let packets = packets();
    let mut decoder = Decoder::new(native().reading, Placement::default());
    bencher.counter(ItemsCount::new(PACKETS)).bench_local(|| {
        for raw in &packets {
            black_box(decoder.decode(&packet(raw), Moment::default()));
        }
    });
}

/// A new table for every chunk: opening and closing its flows counts, too.
#[divan::bench]
fn table(bencher: Bencher<'_, '_>) {
    let segments = segments(&packets());
    bencher.counter(ItemsCount::new(segments.len())).bench_local(|| all_flows(&segments));
}

/// A table full of open flows that classifiers watch, and how many there are.
fn open_table() -> (TableOptions, Box<dyn FlowTable>, usize) {
    let watch = WatchOptions {
        payload_bytes: COUNTED_PAYLOAD_BYTES,
        packets: NAME_PACKETS_MAX,
        ..WatchOptions::default()
    };
    let options = TableOptions { watch: Some(watch), counts_open: true, ..options() };
    let segments = segments(&packets());
    let mut table = flow_table(&options);
    table.push(&segments, &head(&segments), &mut |_| ());
    let mut flows = 0;
    table.open_ids(&mut |_| flows += 1);
    (options, table, flows)
}

/// Per open flow, not per packet.
#[divan::bench]
fn table_save(bencher: Bencher<'_, '_>) {
    let (_, table, flows) = open_table();
    bencher.counter(ItemsCount::new(flows)).bench_local(|| {
        let mut saved = Vec::new();
        table.save(&mut saved);
        saved
    });
}

/// Per open flow, not per packet.
#[divan::bench]
fn table_restore(bencher: Bencher<'_, '_>) {
    let (options, table, flows) = open_table();
    let mut saved = Vec::new();
    table.save(&mut saved);
    bencher.counter(ItemsCount::new(flows)).bench_local(|| {
        let mut table = flow_table(&options);
        let restored = table.restore(&[&saved], Share::ALL, &Placement::default());
        assert!(restored.is_ok(), "it was just saved");
        table
    });
}

/// Per row, not per packet.
#[divan::bench]
fn csv_row(bencher: Bencher<'_, '_>) {
    let flows = all_flows(&segments(&packets()));
    let mut writer = CsvWriter::new(Layout::of_flows(native(), false, false), io::sink());
    bencher.counter(ItemsCount::new(flows.len())).bench_local(|| {
        for flow in &flows {
            writer
                .write(&Row::new(flow, None, &Plugins::none(), native().needs))
                .expect("a sink takes all");
        }
    });
}
