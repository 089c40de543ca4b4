//! Flows as they are shown to classifiers.

use crate::classify::{
    FirstPacket as LentPacket, NAME_BANNER, NAME_DNS, NAME_HOST, NAME_NONE, NAME_QUIC_SNI,
    NAME_SNI, State, Subject,
};
use crate::decode::names::{NameSource, Names};
use crate::flows::{ColumnWish, Earlier, FirstPacket, Flow};
use crate::prefetch::prefetch;
use crate::time::Timestamp;

/// A batch, as classifiers see it.
pub struct Shown {
    pub names: Vec<Names>,
    pub packets: Vec<LentPacket>,
    /// Of each flow, where its packets end in `packets`.
    pub ends: Vec<usize>,
}

/// A packet as it is lent to classifiers.
pub fn lent(packet: &FirstPacket, client_side: usize) -> LentPacket {
    LentPacket {
        time_us: (packet.since_ns / 1_000).max(0) as u64,
        wire_bytes: packet.ip_bytes,
        payload_bytes: packet.payload_bytes,
        direction: u8::from(usize::from(packet.side) != client_side),
        tcp_flags: packet.flags,
        reserved: [0; 2],
        payload_at: packet.payload_at,
    }
}

fn microseconds(time: Timestamp) -> i64 {
    time.0.div_euclid(1_000)
}

/// The flow or window as trackers of the classifier's own have it.
pub fn own_flow<'a>(flow: &'a Flow, wishes: &[ColumnWish], classifier: usize) -> Option<&'a Flow> {
    let mut columns = flow.seen.as_ref()?.columns.iter();
    columns.find(|(wish, _)| wishes[*wish].classifier == classifier).map(|(_, flow)| flow)
}

pub fn subject<'a>(
    flow: &'a Flow,
    own: Option<&'a Flow>,
    shown: &'a Shown,
    place: usize,
    features: &'a [f64],
) -> Subject<'a> {
    let begin = place.checked_sub(1).map_or(0, |before| shown.ends[before]);
    let names = &shown.names[place];
    let (client, server) = (flow.client(), flow.server());
    let by_direction = |pair: [u64; 2]| [pair[flow.forward()], pair[flow.backward()]];
    let payload = |side: usize| flow.seen.as_ref().map_or(&[][..], |seen| &seen.payload[side]);
    let text = |text: &'a Option<Box<str>>| text.as_deref().unwrap_or_default();
    let window = own.and_then(|own| own.window);
    let state = match (flow.is_shown_early(), window) {
        (true, Some(window)) => State::Window {
            start_us: microseconds(window.start),
            closed_by: window.is_last.then_some(flow.end_reason),
        },
        (true, None) => State::Early,
        (false, _) => State::Closed(flow.end_reason),
    };
    let earlier = flow.seen.as_ref().and_then(|seen| seen.earlier);
    let whole = earlier.unwrap_or(Earlier { start: flow.start, ..Earlier::default() });
    let whole = whole.and(flow.packets, flow.ip_bytes);
    let (packets, bytes) = match own.filter(|_| window.is_some()) {
        Some(own) => (own.packets, own.ip_bytes),
        None => (whole.packets, whole.ip_bytes),
    };
    Subject {
        state,
        transport: flow.protocol(),
        client: (client.0, client.1.unwrap_or(0)),
        server: (server.0, server.1.unwrap_or(0)),
        start_us: microseconds(whole.start),
        end_us: microseconds(flow.end),
        packets: by_direction(packets),
        bytes: by_direction(bytes),
        first_packets: &shown.packets[begin..shown.ends[place]],
        payload: [payload(flow.client_side), payload(1 - flow.client_side)],
        server_name: text(&names.server_name),
        user_agent: text(&names.user_agent),
        alpn: text(&names.alpn),
        ja3: text(&names.ja3),
        ja4: text(&names.ja4),
        server_name_from: number_of(names.server_name_from),
        features,
    }
}

/// What says the name, in the border's words.
fn number_of(source: NameSource) -> u32 {
    match source {
        NameSource::None => NAME_NONE,
        NameSource::Sni => NAME_SNI,
        NameSource::QuicSni => NAME_QUIC_SNI,
        NameSource::Host => NAME_HOST,
        NameSource::Dns => NAME_DNS,
        NameSource::Sip | NameSource::Greeting => NAME_BANNER,
    }
}

/// Asks for the memory that names and classifiers read of a flow.
pub fn fetch(flow: &Flow) {
    let Some(seen) = &flow.seen else { return };
    if let Some(first) = seen.packets.first() {
        prefetch(first, 4 * size_of::<FirstPacket>());
    }
    for begin in seen.payload.iter().filter_map(|payload| payload.first()) {
        prefetch(begin, 64);
    }
}
