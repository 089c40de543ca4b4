//! Small states with at least one of each thing that is saved, the same in every run.

use super::flows::{segments, shared_out};
use super::saved::{give_layers, head, options, saved};
use tractor_engine::capture::Packet;
use tractor_engine::decode::{
    Control, Decoded, Decoder, Endpoint, Expectation, FragmentTable, Key, Moment, Place, Placement,
    Reading,
};
use tractor_engine::features::{ActivityRule, ActivitySettings, Needs};
use tractor_engine::flows::{
    Flow, FlowTable, Life, LifeRule, Note, Noted, NotedAt, NotedPacket, Opened, TableOptions, What,
    flow_table,
};
use tractor_engine::profiles::Profile;
use tractor_engine::saved::{Reader, SAVED_FORMAT, SavedError, Share, Writer};
use tractor_engine::sessions::{SessionOptions, Sessions};
use tractor_engine::statistics::{Count, StatisticKey, Tables};
use tractor_engine::time::Timestamp;

/// How a new stage reads what was saved.
type Restore = Box<dyn Fn(&[u8]) -> Result<(), SavedError>>;

/// What was saved of one stage.
struct State {
    saved: Vec<u8>,
    restore: Restore,
}

/// The sum of the bytes of all states: it changes with the layout of anything that is saved.
const SUM: u32 = 3_796_897_788;

/// Bytes of the checksum behind each state.
const SUM_BYTES: usize = 4;

/// Layout and sum go together.
pub fn check_layout() {
    check_rare_things();
    let states = states();
    let mut bytes = Vec::new();
    // The sum of what ends with its own sum is always the same.
    states.iter().for_each(|state| bytes.extend(&state.saved[..state.saved.len() - SUM_BYTES]));
    let (bytes, sum) = (bytes.len(), crc32fast::hash(&bytes));
    assert_eq!(
        (SAVED_FORMAT, sum),
        (4, SUM),
        "the layout of what is saved has changed ({bytes} bytes): raise SAVED_FORMAT, and note both here"
    );
}

/// Whatever is cut off or changed is refused; also where the checksum is right nothing panics.
pub fn check_damage(random: &mut dyn FnMut(u64) -> u64) {
    for State { saved, restore } in states() {
        assert_eq!(restore(&saved), Ok(()));
        for length in 0..saved.len() {
            assert!(restore(&saved[..length]).is_err(), "{length} bytes");
            let is_whole = length + SUM_BYTES == saved.len();
            if random(10) == 0 || is_whole {
                let cut = restore(&summed(saved[..length].to_vec()));
                assert_eq!(cut.is_ok(), is_whole, "{length} bytes");
            }
        }
        for _ in 0..1_000 {
            let mut damaged = saved.clone();
            let place = random(saved.len() as u64) as usize;
            damaged[place] ^= 1 << random(8);
            assert!(restore(&damaged).is_err());
            for _ in 0..random(3) {
                let place = random(saved.len() as u64) as usize;
                damaged[place] = [0, 0xff, 0x7f, 0x80][random(4) as usize];
            }
            damaged.truncate(saved.len() - SUM_BYTES);
            // It may still be something that can be read.
            let _ = restore(&summed(damaged));
        }
    }
}

/// The bytes with their checksum behind them.
fn summed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

fn states() -> Vec<State> {
    let mut states = Vec::new();
    for options in fixed_options() {
        let (table, flows) = table(&options);
        let restore = move |saved: &[u8]| {
            flow_table(&options).restore(&[saved], Share::ALL, &Placement::default())
        };
        states.push(State { saved: saved(&*table), restore: Box::new(restore) });
        states.push(closed(&flows));
    }
    states.push(fragments());
    states.push(tables());
    states.push(sessions());
    states
}

/// What is rare is there: else its layout could change without anybody being told.
fn check_rare_things() {
    let mut texts = String::new();
    for options in fixed_options() {
        let (mut table, _) = table(&options);
        table.finish_stream(Timestamp::MIN, &mut |flow| texts += &format!("{flow:?}"));
    }
    let rare = [
        "deep_stack: Some",
        "before: Some",
        "ended: Some",
        "rare: Some",
        "known_name: Some",
        "window: Some",
        "EarlyPacket",
        "FirstPacket",
        "Meter(",
        "LinkAddresses(",
        "counted_side: Some",
        "is_beside: true",
    ];
    for thing in rare {
        assert!(texts.contains(thing), "{thing}");
    }
}

/// The profiles' own rules may change without the layout.
fn fixed_options() -> Vec<TableOptions> {
    let native = options(&Profile::all()[0], 0b1111_0111);
    let with = |rule, needs| TableOptions {
        life: Life { rule, ..Life::CONNECTION },
        needs,
        ..native.clone()
    };
    vec![
        with(LifeRule::Connection, Needs::All),
        with(LifeRule::Iscx, Needs::Times),
        with(LifeRule::Cic, Needs::Meter),
        with(LifeRule::Nfstream, Needs::Frames),
    ]
}

/// A table in the middle of a stream, and the flows that have left it.
fn table(options: &TableOptions) -> (Box<dyn FlowTable>, Vec<Flow>) {
    // Some of many ends, and a step now and then that is longer than a flow's life; then many of one.
    let of_many = (0..70u32).flat_map(|number| {
        let mixed = number.wrapping_mul(0x9e37_79b1);
        let step = if number % 30 == 29 { [12, 2] } else { [9, 1] };
        let flags = [0x02, 0x12, 0x10, 0x18, 0x11, 0x04][(mixed >> 8) as usize % 6];
        let ends = (mixed >> 16) as u8 & 0xdb;
        let rest = [mixed as u8, (mixed >> 4) as u8, (mixed >> 12) as u8, (mixed >> 20) as u8];
        [ends, flags, step[0], step[1], rest[0], rest[1], rest[2], rest[3]]
    });
    let of_one = (0..150u8).flat_map(|number| {
        let step = if number == 140 { [9, 12] } else { [5, 1] };
        [10, 0x18, step[0], step[1], number & 3, 1, number & 7, number & 1]
    });
    let bytes: Vec<u8> = of_many.chain(of_one).collect();
    let placement = Placement::default();
    let mut segments = segments(&Profile::all()[0], &bytes, &placement);
    for segment in &mut segments {
        give_layers(segment);
        segment.hash = placement.hash(&segment.key);
    }
    let mut table = flow_table(options);
    let mut flows = Vec::new();
    let mut clock = Timestamp::MIN;
    for (number, chunk) in segments.chunks(30).enumerate() {
        let (shares, greatest) = shared_out(chunk, 1);
        let head = head(chunk, number, 1 + 30 * number as u64, clock, clock.max(greatest));
        table.push(&shares[0], &head, &mut |flow| flows.push(flow));
        table.finish_chunk(&head, &mut |flow| flows.push(flow));
        clock = head.clock_after;
        if number == 1 {
            table.count_open(&mut |_| ());
        }
    }
    flows.sort_by_key(|flow| (flow.closed_at, flow.id, flow.window.map(|window| window.part)));
    (table, flows)
}

/// Flows that wait for their turn as rows.
fn closed(flows: &[Flow]) -> State {
    let mut saved = Vec::new();
    let mut writer = Writer::new(&mut saved);
    let flows: Vec<Flow> =
        flows.iter().take(5).map(|flow| Flow { seen: None, ..flow.clone() }).collect();
    assert!(!flows.is_empty());
    writer.put(&flows);
    writer.finish();
    let texts = format!("{flows:?}");
    let whole = saved.clone();
    let restore = move |saved: &[u8]| {
        let mut reader = Reader::new(saved)?;
        let flows: Vec<Flow> = reader.get()?;
        assert!(saved != whole || format!("{flows:?}") == texts, "the same flows");
        reader.finish()
    };
    State { saved, restore: Box::new(restore) }
}

/// A table that remembers a first fragment and has seen a later one without.
fn fragments() -> State {
    let new = || FragmentTable::new(Reading::OURS, Placement::default());
    let (mut table, mut saved) = (new(), Vec::new());
    let mut decoder = Decoder::new(Reading::OURS, Placement::default());
    for (identification, field) in [(1u8, 0x20), (2, 0x01)] {
        let mut data = vec![0x45, 0, 0, 36, 0, identification, field, 0, 64, 17, 0, 0];
        data.extend([10, 0, 0, 1, 10, 0, 0, 2, 0, 53, 0, 53, 0, 16, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
        let original_bytes = data.len() as u32;
        // Raw IP.
        let packet = Packet {
            time: Timestamp(7),
            original_bytes,
            snaplen_bytes: 0,
            link_type: 101,
            data: &data,
        };
        let Decoded::Fragment(fragment) = decoder.decode(&packet, Moment::default()) else {
            panic!("a fragment");
        };
        table.resolve(&fragment, packet.time);
    }
    table.save(&mut saved);
    State { saved, restore: Box::new(move |saved| new().restore(&[saved], Share::ALL)) }
}

/// A key of each kind: those of one kind are saved in no order.
fn tables() -> State {
    let address = |last| std::net::IpAddr::from([10, 0, 0, last]);
    let mut tables = Tables::default();
    let keys = [
        StatisticKey::Protocol(6),
        StatisticKey::Client(address(1)),
        StatisticKey::Server(address(2)),
        StatisticKey::Port(6, 443),
        StatisticKey::Unlabelled(6),
        StatisticKey::Label(3),
        StatisticKey::Country(Some(*b"DE")),
        StatisticKey::Domain("a.example".into()),
        StatisticKey::Session(Some(3)),
    ];
    for key in keys {
        tables.apply(key, &Count { flows: 1, packets: 200, bytes: -3 });
    }
    tables.close_step(1 << 32 | 9);
    let mut saved = Vec::new();
    tables.save(&mut saved);
    State { saved, restore: Box::new(|saved| Tables::default().restore(saved)) }
}

/// A session whose flow has ended, one whose flow goes on, and a flow that waits; a packet waits, too.
fn sessions() -> State {
    let activity = ActivitySettings { rule: ActivityRule::Exact, gap_ns: 1 };
    let life = Life::CONNECTION;
    let options = SessionOptions { life, rows: true, timing: true, window_ns: Some(5), activity };
    let note = |position, flow, what| {
        let at = NotedAt { clock: Timestamp(position as i64), position };
        Note { at, flow, what }
    };
    let opened = |flow: u64, known_name: Option<&str>| {
        let end = |address, port| Endpoint { address: Key::address_v4(address), port };
        let (client, server) = (end(0x0a00_0001, flow as u16), end(0x0a00_0002, 21));
        let key = Key::new(client, server, 6, true, false, 0).0;
        let time = Timestamp(flow as i64);
        let known_name = known_name.map(Into::into);
        note(flow, flow, What::Opened(Opened { key, client_side: 0, time, file: 1, known_name }))
    };
    let place = Place::Endpoint { address: 7, port: 9, protocol: 6 };
    let read = |name: &str| What::Read { client_side: 0, server_name: Some(name.into()) };
    let notes = vec![
        opened(1, None),
        note(1, 1, What::Is(Control::BitTorrent)),
        note(1, 1, What::Announced(Expectation { place, peer: Some(8) })),
        note(2, 1, read("a.example")),
        opened(3, Some("b.example")),
        note(4, 3, What::Told("c.example".into())),
        note(5, 1, What::Ended),
        opened(6, Some("d.example")),
    ];
    let packet = |position, flow| {
        let time = Timestamp(position as i64 * 2);
        NotedPacket { position, flow, time, clock: time, ip_bytes: 60, payload_bytes: 20, side: 1 }
    };
    let packets = vec![packet(1, 1), packet(3, 3), packet(6, 6), packet(7, 3)];
    let mut sessions = Sessions::new(options);
    sessions.take(vec![Noted { notes, packets }], Timestamp(14), false);
    sessions.finish_step(false, &mut |_| ());
    let mut saved = Vec::new();
    sessions.save(&mut saved);
    State { saved, restore: Box::new(move |saved| Sessions::new(options).restore(saved)) }
}
