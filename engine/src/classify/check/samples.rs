//! Invented flows, in families: one family is shown in one trial, so that a crash names it.

use super::super::{FirstPacket, NAME_HOST, NAME_NONE, NAME_SNI, NOT_KEPT, State, Subject, Wish};
use super::payloads::{Talk, noise, talks};
use crate::flows::EndReason;
use std::net::IpAddr;

/// Of clients.
const FIRST_PORT: u16 = 40_000;

/// What flows of a family are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Usual,
    Cut,
    Empty,
    Odd,
    /// Without the columns that were asked for.
    Missing,
}

/// What stands in memory behind what is shown: nothing of it may matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// The rest of what was cut off, for whoever reads on.
    Rest,
    /// What no payload has.
    Other,
}

/// How much of it: bytes of each payload, of each name, packets, features.
const BEHIND: (usize, usize, usize, usize) = (256, 64, 4, 8);

/// A flow of one's own.
#[derive(Clone, Debug)]
pub struct Sample {
    pub family: Family,
    /// For people.
    pub name: String,
    pub state: State,
    transport: u8,
    ends: [(IpAddr, u16); 2],
    packets: [u64; 2],
    bytes: [u64; 2],
    first_packets: Vec<FirstPacket>,
    payload: [Vec<u8>; 2],
    /// The same before anything was cut off.
    whole: [Vec<u8>; 2],
    /// Something stands behind payload, names, packets and features.
    has_behind: bool,
    /// Server name, user agent, ALPN, JA3, JA4.
    names: [String; 5],
    name_from: u32,
    features: Vec<f64>,
}

impl Sample {
    pub fn subject(&self) -> Subject<'_> {
        let shown = |all: usize, behind: usize| if self.has_behind { all - behind } else { all };
        let (bytes, letters, packets, features) = BEHIND;
        let payload = |side: usize| &self.payload[side][..shown(self.payload[side].len(), bytes)];
        let [server_name, user_agent, alpn, ja3, ja4] =
            self.names.each_ref().map(|name| &name[..shown(name.len(), letters)]);
        Subject {
            state: self.state,
            transport: self.transport,
            client: self.ends[0],
            server: self.ends[1],
            start_us: 1_700_000_000_000_000,
            end_us: 1_700_000_003_000_000,
            packets: self.packets,
            bytes: self.bytes,
            first_packets: &self.first_packets[..shown(self.first_packets.len(), packets)],
            payload: [payload(0), payload(1)],
            server_name,
            user_agent,
            alpn,
            ja3,
            ja4,
            server_name_from: self.name_from,
            features: &self.features[..shown(self.features.len(), features)],
        }
    }

    /// The same flow, as such a classifier is shown it, with something behind.
    pub fn with_behind(&self, behind: Behind, wish: &Wish) -> Self {
        let (bytes, letters, packets, features) = BEHIND;
        let (byte, letter, value) = match behind {
            Behind::Rest => (0, "a", 0.0),
            Behind::Other => (0xff, "~", f64::MAX),
        };
        let mut sample = Self { has_behind: true, ..self.clone() };
        for (payload, whole) in sample.payload.iter_mut().zip(&sample.whole) {
            payload.truncate(wish.payload_bytes as usize);
            let end = payload.len() + bytes;
            if behind == Behind::Rest {
                payload.extend_from_slice(whole.get(payload.len()..).unwrap_or_default());
            }
            payload.resize(end, byte);
        }
        for name in &mut sample.names {
            name.push_str(&letter.repeat(letters));
        }
        sample.first_packets.truncate(wish.packets as usize);
        let packet = FirstPacket {
            time_us: u64::from(byte),
            wire_bytes: byte.into(),
            payload_bytes: byte.into(),
            direction: byte & 1,
            tcp_flags: byte,
            reserved: [0; 2],
            payload_at: 0,
        };
        sample.first_packets.extend([packet].repeat(packets));
        sample.features.extend([value].repeat(features));
        sample
    }
}

/// The flows for a classifier with those wishes; only states that it wants to see.
pub fn samples(wish: &Wish) -> Vec<Sample> {
    let mut all = Vec::new();
    for (number, talk) in talks().into_iter().enumerate() {
        let usual = sample(number, &talk, wish);
        all.extend(lengths(&usual).map(|length| cut(&usual, length)));
        all.extend(empty(&usual));
        all.extend(odd(&usual));
        all.extend(missing(&usual));
        all.push(usual);
    }
    all.extend([1, 2, 47, 50, 58, 132, 255].map(|transport| other(transport, wish)));
    let states: Vec<State> = states(wish);
    let all = all.into_iter().enumerate();
    all.map(|(place, mut sample)| {
        sample.state = states[place % states.len()];
        // Clients' ports are all there are, modulo what a plugin may look at.
        if sample.ends[0].1 >= FIRST_PORT {
            sample.ends[0].1 = FIRST_PORT + place as u16;
        }
        sample
    })
    .collect()
}

fn states(wish: &Wish) -> Vec<State> {
    let window = |closed_by| State::Window { start_us: 1_700_000_000_000_000, closed_by };
    let wanted = [
        (wish.early, State::Early),
        (wish.windows, window(None)),
        (wish.windows, window(Some(EndReason::Fin))),
        (wish.closed, State::Closed(EndReason::Fin)),
        (wish.closed, State::Closed(EndReason::Idle)),
        (wish.closed, State::Closed(EndReason::EndOfCapture)),
    ];
    wanted.into_iter().filter_map(|(is_wanted, state)| is_wanted.then_some(state)).collect()
}

fn sample(number: usize, (name, transport, port, client, server): &Talk, wish: &Wish) -> Sample {
    let address = |last: u8| match number % 3 {
        2 => IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(last)]),
        _ => IpAddr::from([192, 0, 2, last]),
    };
    let payload = [client.clone(), server.clone()];
    let is_named = number < 2;
    let text = |text: &str| if is_named { text.to_owned() } else { String::new() };
    Sample {
        family: Family::Usual,
        name: (*name).to_owned(),
        state: State::Early,
        transport: *transport,
        ends: [(address(1), FIRST_PORT), (address(2), *port)],
        packets: [5, 7],
        bytes: [5 * 40 + client.len() as u64, 7 * 40 + server.len() as u64],
        first_packets: packets(&payload),
        whole: payload.clone(),
        payload,
        has_behind: false,
        names: ["www.example.com", "Mozilla/5.0", "h2", "0123456789abcdef0123456789abcdef", ""]
            .map(text),
        name_from: [NAME_HOST, NAME_SNI].get(number).copied().unwrap_or(NAME_NONE),
        features: (0..wish.column_names.len()).map(|column| (column * 7 + number) as f64).collect(),
    }
}

/// A packet without payload, then the payload in two, each way.
fn packets(payload: &[Vec<u8>; 2]) -> Vec<FirstPacket> {
    let mut packets = Vec::new();
    for (direction, bytes) in payload.iter().enumerate() {
        let half = bytes.len() / 2;
        for (at, length) in [(0, 0), (0, half), (half, bytes.len() - half)] {
            packets.push(FirstPacket {
                time_us: 1_000 * packets.len() as u64,
                wire_bytes: 40 + length as u32,
                payload_bytes: length as u32,
                direction: direction as u8,
                tcp_flags: if length > 0 { 0x18 } else { 0x02 },
                reserved: [0; 2],
                payload_at: if length > 0 { at as u32 } else { NOT_KEPT },
            });
        }
    }
    packets
}

/// Every length of the head, where parsers fall; then fewer.
fn lengths(usual: &Sample) -> impl Iterator<Item = usize> + use<> {
    let whole = usual.payload[0].len();
    (0..whole).filter(move |length| *length < 48 || length % 17 == 0 || whole - length < 4)
}

fn cut(usual: &Sample, length: usize) -> Sample {
    let payload = usual.payload.each_ref().map(|bytes| bytes[..length.min(bytes.len())].to_vec());
    Sample {
        family: Family::Cut,
        name: format!("{} cut to {length} bytes", usual.name),
        first_packets: packets(&payload),
        payload,
        ..usual.clone()
    }
}

fn empty(usual: &Sample) -> [Sample; 3] {
    let of = |name: &str| Sample {
        family: Family::Empty,
        name: format!("{} {name}", usual.name),
        ..usual.clone()
    };
    [
        Sample { payload: Default::default(), first_packets: Vec::new(), ..of("without payload") },
        Sample {
            first_packets: Vec::new(),
            packets: [0; 2],
            bytes: [0; 2],
            ..of("without packets")
        },
        Sample { names: Default::default(), name_from: NAME_NONE, ..of("without names") },
    ]
}

fn odd(usual: &Sample) -> [Sample; 4] {
    let of = |name: &str| Sample {
        family: Family::Odd,
        name: format!("{} {name}", usual.name),
        ..usual.clone()
    };
    let long = || "a.".repeat(1_000);
    let [client, server] = usual.ends;
    [
        Sample { packets: [u64::MAX; 2], bytes: [u64::MAX; 2], ..of("with huge counters") },
        Sample { names: std::array::from_fn(|_| long()), name_from: 99, ..of("with long names") },
        Sample {
            names: std::array::from_fn(|_| "\u{e4}\u{1f980}%s%n\u{1}".to_owned()),
            ..of("with odd names")
        },
        Sample { ends: [(server.0, 0), (client.0, u16::MAX)], ..of("with odd ports") },
    ]
}

fn missing(usual: &Sample) -> [Sample; 3] {
    let of = |name: &str, features: Vec<f64>| Sample {
        family: Family::Missing,
        name: format!("{} {name}", usual.name),
        features,
        ..usual.clone()
    };
    let all = |value: f64| vec![value; usual.features.len()];
    [
        of("whose features are all missing", all(f64::NAN)),
        of("without features", Vec::new()),
        of("with huge features", all(f64::MAX)),
    ]
}

/// A flow of a protocol without ports.
fn other(transport: u8, wish: &Wish) -> Sample {
    let talk = ("", transport, 0, noise(u64::from(transport), 64), Vec::new());
    let usual = sample(5, &talk, wish);
    let ends = usual.ends.map(|(address, _)| (address, 0));
    Sample { name: format!("IP protocol {transport}"), ends, ..usual }
}
