//! Any segments into the flow table: no packet is lost or counted twice, every flow is closed once
//! and in its time, and neither the chunks nor the number of tables change a flow.

use tractor_engine::classify::Plugins;
use tractor_engine::decode::{Endpoint, Key, Payloads, Placement, Segment, marks};
use tractor_engine::features::ActivitySettings;
use tractor_engine::flows::{ChunkHead, Flow, Life, LifeRule, TableOptions, flow_table};
use tractor_engine::limits::SHARDS;
use tractor_engine::profiles::{Layout, Profile, Row, Value};
use tractor_engine::time::{SECOND_NS, Timestamp};

/// Bytes that make one segment.
const SEGMENT_BYTES: usize = 8;

const TCP: u8 = 6;
const UDP: u8 = 17;

/// Profile and room, two lengths of chunks, then segments of eight bytes.
pub fn check(bytes: &[u8]) {
    let [choice, one, other, rest @ ..] = bytes else { return };
    let profiles = Profile::all();
    let profile = &profiles[usize::from(*choice) % profiles.len()];
    let options = TableOptions {
        life: Life { packets_min: 1, ..profile.life },
        needs: profile.needs,
        activity: ActivitySettings { rule: profile.activity_rule, gap_ns: SECOND_NS },
        // Room for one to four flows a shard: evictions are frequent.
        early_packets: 0,
        window_ns: None,
        window_rows: None,
        open_flows_max: SHARDS * (1 + usize::from(*choice >> 6)),
        watch: None,
        counts_open: false,
        notes: None,
    };
    let segments = segments(profile, rest, &Placement::default());
    let reference = close_all(&options, &segments, usize::from(*one) + 1, 1);
    let packets: u64 = reference.iter().map(Flow::packet_count).sum();
    let ip_bytes: u64 = reference.iter().map(|flow| flow.ip_bytes[0] + flow.ip_bytes[1]).sum();
    // CICFlowMeter discards a client's second FIN.
    if profile.life.rule != LifeRule::Cic {
        assert_eq!(packets, segments.len() as u64, "packets are kept");
        let sent: u64 = segments.iter().map(|segment| u64::from(segment.ip_bytes)).sum();
        assert_eq!(ip_bytes, sent);
    }
    for flow in &reference {
        check_columns(profile, flow);
    }
    let otherwise = close_all(&options, &segments, usize::from(*other) + 1, 3);
    let texts =
        |flows: &[Flow]| -> Vec<String> { flows.iter().map(|flow| format!("{flow:?}")).collect() };
    assert_eq!(texts(&reference), texts(&otherwise), "{}", profile.name);
}

/// The segments of all bytes, as the profile reads them.
pub fn segments(profile: &Profile, bytes: &[u8], placement: &Placement) -> Vec<Segment> {
    let mut time = Timestamp(SECOND_NS);
    let mut segments = Vec::new();
    for bytes in bytes.as_chunks::<SEGMENT_BYTES>().0 {
        time = time.plus(step_ns(bytes));
        let mut segment = segment(bytes, placement);
        segment.time = time.floor_to(profile.reading.time_unit_ns);
        if profile.life.rule == LifeRule::Cic {
            tell_direction_by_address(&mut segment);
        }
        segments.push(segment);
    }
    segments
}

/// As the reading of `cic` does.
fn tell_direction_by_address(segment: &mut Segment) {
    let equal = segment.key.endpoint(0).address == segment.key.endpoint(1).address;
    if equal && segment.marks & marks::FROM_LARGER != 0 {
        segment.marks ^= marks::FROM_LARGER | marks::SENDER_IS_LARGER;
    }
}

/// A value a column, of the column's kind, and no float that is no number.
fn check_columns(profile: &'static Profile, flow: &Flow) {
    let plugins = Plugins::none();
    let row = Row::new(flow, Some("class"), &plugins, profile.needs);
    let mut cells = Vec::new();
    let layout = Layout::of_flows(profile, true, true);
    layout.evaluate(&row, &mut cells);
    assert_eq!(cells.len(), layout.columns().count(), "{}", profile.name);
    for (column, cell) in layout.columns().zip(&cells) {
        assert!(column.kind.holds(cell), "{} of {}: {cell:?}", column.name, profile.name);
        let is_number = !matches!(cell, Value::Float(float) if !float.is_finite());
        assert!(is_number || profile.name == "cic", "{}", column.name);
    }
}

/// Nanoseconds to the packet before: mostly little, some negative, some longer than any time-out.
fn step_ns(bytes: &[u8; SEGMENT_BYTES]) -> i64 {
    let mantissa = i64::from(bytes[3] as i8);
    mantissa << (u32::from(bytes[2] & 15) * 3)
}

fn segment(bytes: &[u8; SEGMENT_BYTES], placement: &Placement) -> Segment {
    let [ends, flags, high, _, sequence, acknowledgement, payload, window] = *bytes;
    // Few ends, so that flows meet; equal ones too. Some come from a crowd that fills shards.
    let crowd = (u32::from(high >> 4 == 15) * u32::from(window)) << 8;
    let end = |number: u8| Endpoint {
        address: Key::address_v4(crowd + u32::from(number >> 1)),
        port: u16::from(number),
    };
    let protocol = if ends & 0xc0 == 0xc0 { UDP } else { TCP };
    let (key, from_larger) = Key::new(end(ends & 7), end(ends >> 3 & 7), protocol, true, false, 0);
    let is_tcp = protocol == TCP;
    Segment {
        key,
        time: Timestamp::MIN,
        clock: Timestamp::MIN,
        hash: placement.hash(&key),
        ip_bytes: 40 + u32::from(payload),
        payload_bytes: u32::from(payload),
        sequence: u32::from(sequence & 3) * u32::from(is_tcp),
        acknowledgement: u32::from(acknowledgement & 7) * u32::from(is_tcp),
        index: 0,
        window: u16::from(window) * u16::from(is_tcp),
        flags: flags * u8::from(is_tcp),
        marks: (u16::from(from_larger) * marks::FROM_LARGER)
            | (u16::from(is_tcp) * marks::TCP_HEADER)
            | marks::packed(payload & 63, 8 + u32::from(payload & 31)),
        time_to_live: acknowledgement,
    }
}

/// All flows in the order of their rows, from `workers` tables that share the shards.
fn close_all(
    options: &TableOptions,
    segments: &[Segment],
    chunk_packets: usize,
    workers: usize,
) -> Vec<Flow> {
    let mut tables: Vec<_> = (0..workers).map(|_| flow_table(options)).collect();
    let mut flows = Vec::new();
    let mut first_position = 1;
    let mut clock_before = Timestamp::MIN;
    for chunk in segments.chunks(chunk_packets) {
        let (shares, clock) = shared_out(chunk, workers);
        let clock_after = clock_before.max(clock);
        let head = ChunkHead {
            payloads: Payloads::default(),
            answers: Vec::new(),
            first_position,
            clock_before,
            clock_after,
            file: 0,
            file_runs: Vec::new(),
            deep_stacks: Default::default(),
            link_addresses: Vec::new(),
            questions: Vec::new(),
            ends_epoch: false,
            saves: None,
            is_end: false,
        };
        let mut closed = Vec::new();
        for (table, share) in tables.iter_mut().zip(&shares) {
            table.push(share, &head, &mut |flow| closed.push(flow));
            table.finish_chunk(&head, &mut |flow| closed.push(flow));
        }
        // What the order of rows relies on.
        assert!(closed.iter().all(|flow| flow.closed_at >= clock_before));
        assert!(closed.iter().all(|flow| flow.closed_at <= clock_after));
        flows.append(&mut closed);
        first_position += chunk.len() as u64;
        clock_before = clock_after;
    }
    for table in &mut tables {
        table.finish_stream(clock_before, &mut |flow| flows.push(flow));
        table.finish_stream(clock_before, &mut |_| panic!("a flow was left"));
        assert_eq!(table.counts().closed.iter().sum::<u64>(), table.counts().flows);
    }
    flows.sort_by_key(|flow| (flow.closed_at, flow.id));
    flows
}

/// The segments of each worker, with their places in the chunk, and the greatest time of all.
pub fn shared_out(chunk: &[Segment], workers: usize) -> (Vec<Vec<Segment>>, Timestamp) {
    let mut shares = vec![Vec::new(); workers];
    let mut clock = Timestamp::MIN;
    for (index, segment) in chunk.iter().enumerate() {
        clock = clock.max(segment.time);
        let segment = Segment { clock, index: index as u16, ..*segment };
        shares[segment.shard() % workers].push(segment);
    }
    (shares, clock)
}
