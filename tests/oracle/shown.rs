//! What a classifier is shown of flows, and when (section 10, and plugins/sdk/include/tractor_plugin.h): a line for
//! each call, as tests/cli/beside/watcher.c writes it.

use std::fmt::Write;
use std::net::IpAddr;

use super::cuts::{self, Cut};
use super::decode::TCP;
use super::life::{self, Closed, Flow, Packet};
use super::tcp::Connection;
use super::{Endpoint, Options};
use crate::support::capture::RawPacket;

const SIDE_BYTES: usize = 4_096;
const WAITING: usize = 16;
const GIVE_UP_BYTES: i64 = 1 << 20;
const SYN: u8 = 0x02;

/// What a classifier asks for. Times in nanoseconds; 0 is no wish.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    pub early: bool,
    pub closed: bool,
    pub window: i128,
    pub needs_payload: bool,
    pub needs_packets: bool,
    pub payload_bytes: usize,
    pub packets: usize,
    pub early_after: i128,
}

/// The calls about a flow, in their order.
pub struct Calls {
    pub flow: u64,
    pub lines: Vec<String>,
}

pub fn calls(packets: &[RawPacket], options: &Options, wish: &Wish) -> Vec<Calls> {
    let mut calls = Vec::new();
    for closed in life::flows(packets, options) {
        calls.push(Calls { flow: closed.flow.id(), lines: lines(&closed, options, wish) });
    }
    calls.sort_by_key(|calls| calls.flow);
    calls
}

fn lines(closed: &Closed, options: &Options, wish: &Wish) -> Vec<String> {
    let flow = &closed.flow;
    let by_handshake = !options.profile.is_data_set();
    // With the number of packets that have come when it is made: at one packet, windows end first.
    let mut calls: Vec<(usize, u8, String)> = Vec::new();
    if wish.window > 0 {
        let mut before = 0;
        for (start, run) in cuts::runs(&flow.packets, wish.window, Cut::Packets) {
            before += run.len();
            let is_last = before == flow.packets.len();
            let closed_by = if is_last { number_of(closed.reason) } else { 0 };
            let view = View::new(flow, before, by_handshake, wish);
            let line = view.line(2, closed_by, &run, start);
            calls.push((before + 1, 0, line));
        }
    }
    let first_bytes = |count: usize| View::new(flow, count, by_handshake, wish).first_bytes;
    let is_fulfilled = |count: &usize| {
        let has_bytes = wish.payload_bytes > 0
            && first_bytes(*count).iter().all(|side| side.bytes.len() >= wish.payload_bytes);
        let since = flow.packets[*count - 1].time - flow.packets[0].time;
        let has_no_wish = wish.packets == 0 && wish.payload_bytes == 0 && wish.early_after == 0;
        has_no_wish
            || wish.packets > 0 && *count >= wish.packets
            || has_bytes
            || wish.early_after > 0 && since >= wish.early_after
    };
    if let Some(count) = (1..=flow.packets.len()).find(is_fulfilled).filter(|_| wish.early) {
        let so_far = &flow.packets[..count];
        calls.push((count, 1, View::new(flow, count, by_handshake, wish).line(1, 0, so_far, 0)));
    }
    if wish.closed {
        let all = View::new(flow, flow.packets.len(), by_handshake, wish);
        let line = all.line(3, number_of(closed.reason), &flow.packets, 0);
        calls.push((flow.packets.len() + 1, 2, line));
    }
    calls.sort();
    calls.into_iter().map(|(_, _, line)| line).collect()
}

fn number_of(reason: &str) -> u8 {
    let reasons = ["fin", "rst", "idle", "active", "reused", "end_of_capture", "evicted"];
    let place = reasons.iter().position(|other| *other == reason);
    place.map_or(0, |place| place as u8 + 1)
}

/// A flow after some of its packets.
struct View<'a> {
    so_far: &'a [Packet],
    client: Endpoint,
    server: Endpoint,
    protocol: u8,
    wish: &'a Wish,
    /// Of the client, and of the server.
    first_bytes: [FirstBytes; 2],
}

impl<'a> View<'a> {
    fn new(flow: &'a Flow, count: usize, by_handshake: bool, wish: &'a Wish) -> Self {
        let so_far = &flow.packets[..count];
        let protocol = flow.key.protocol;
        let mut connection = Connection::default();
        for packet in so_far.iter().filter(|_| protocol == TCP) {
            let payload_bytes = packet.payload_bytes;
            connection.add(packet.sender, packet.receiver, packet.tcp.as_ref(), payload_bytes);
        }
        let by_rule = connection.client().filter(|_| by_handshake);
        let client = by_rule.map_or(flow.opener, |(client, _)| client);
        let [one, other] = flow.key.ends;
        let server = if client == one { other } else { one };
        let first_bytes = [true, false].map(|of_client| {
            let is_of = |packet: &&Packet| (packet.sender == client) == of_client;
            FirstBytes::of(so_far.iter().filter(is_of), protocol)
        });
        Self { so_far, client, server, protocol, wish, first_bytes }
    }

    /// `counted` are the packets that are counted: of the flow so far, or of a window.
    fn line(&self, state: u8, closed_by: u8, counted: &[Packet], window_start: i128) -> String {
        let micros = |time: i128| time.div_euclid(1_000);
        let mut line = String::new();
        let is_ipv4 = self.client.address.is_ipv4();
        let version = if is_ipv4 { 4 } else { 6 };
        let _ = write!(line, "{state} {} {version} {closed_by} ", self.protocol);
        hexadecimal(&mut line, &sixteen(self.client.address));
        hexadecimal(&mut line, &sixteen(self.server.address));
        let _ = write!(line, "{} {} ", self.client.port, self.server.port);
        let (first, last) = (&self.so_far[0], &self.so_far[self.so_far.len() - 1]);
        let _ = write!(line, "{} {} ", micros(first.time), micros(last.time));
        let is_of = |packet: &&Packet, of_client| (packet.sender == self.client) == of_client;
        for of_client in [true, false] {
            let count = counted.iter().filter(|packet| is_of(packet, of_client)).count();
            let _ = write!(line, "{count} ");
        }
        for of_client in [true, false] {
            let sent = counted.iter().filter(|packet| is_of(packet, of_client));
            let _ = write!(line, "{} ", sent.map(|packet| packet.ip_bytes).sum::<i128>());
        }
        let _ = write!(line, "{} ", micros(window_start));
        for side in 0..2 {
            hexadecimal(&mut line, self.shown_bytes(side));
        }
        let wanted = if self.wish.needs_packets { self.wish.packets.min(255) } else { 0 };
        let mut sent = [0; 2];
        for packet in self.so_far.iter().take(wanted) {
            let side = usize::from(packet.sender != self.client);
            let place = self.first_bytes[side].places[sent[side]];
            sent[side] += 1;
            let place = place.filter(|place| *place < self.shown_bytes(side).len());
            let since = ((packet.time - first.time) / 1_000).max(0);
            let (wire, payload) = (packet.ip_bytes, packet.payload_bytes);
            let flags = packet.tcp.map_or(0, |header| header.flags);
            let place = place.map_or(-1, |place| place as i64);
            let _ = write!(line, "{since},{wire},{payload},{side},{flags},{place} ");
        }
        line
    }

    fn shown_bytes(&self, side: usize) -> &[u8] {
        let bytes = &self.first_bytes[side].bytes;
        let wanted = if self.wish.needs_payload { self.wish.payload_bytes } else { 0 };
        &bytes[..bytes.len().min(wanted)]
    }
}

fn sixteen(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

fn hexadecimal(line: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(line, "{byte:02x}");
    }
    line.push(' ');
}

/// The first bytes of a side, and of each of its packets where its payload begins in them.
#[derive(Default)]
pub struct FirstBytes {
    pub bytes: Vec<u8>,
    places: Vec<Option<usize>>,
    /// The number of the stream's first byte, once known.
    begin: Option<u32>,
    /// Behind a hole: place, and what was captured.
    waiting: Vec<(usize, Vec<u8>)>,
    is_given_up: bool,
}

impl FirstBytes {
    pub fn of<'a>(packets: impl Iterator<Item = &'a Packet>, protocol: u8) -> Self {
        let mut all = Self::default();
        for packet in packets {
            let place = if protocol == TCP { all.segment(packet) } else { all.datagram(packet) };
            all.places.push(place);
        }
        all
    }

    fn datagram(&mut self, packet: &Packet) -> Option<usize> {
        let place = self.bytes.len();
        if packet.payload.is_empty() || place == SIDE_BYTES {
            return None;
        }
        self.bytes.extend(&packet.payload);
        self.bytes.truncate(SIDE_BYTES);
        Some(place)
    }

    fn segment(&mut self, packet: &Packet) -> Option<usize> {
        let header = packet.tcp?;
        let syn = u32::from(header.flags & SYN != 0);
        let number = header.sequence.wrapping_add(syn);
        if (syn == 1 || !packet.payload.is_empty()) && self.begin.is_none() {
            self.begin = Some(number);
        }
        let distance = i64::from(number.wrapping_sub(self.begin?) as i32);
        if packet.payload.is_empty() || distance < 0 || self.is_given_up {
            return None;
        }
        self.is_given_up = distance > GIVE_UP_BYTES;
        let place = distance as usize;
        if place >= SIDE_BYTES {
            return None;
        }
        if place <= self.bytes.len() {
            self.join(place, &packet.payload);
        } else {
            self.waiting.push((place, packet.payload.clone()));
        }
        self.waiting.sort_by_key(|(place, _)| *place);
        while self.waiting.first().is_some_and(|(place, _)| *place <= self.bytes.len()) {
            let (place, payload) = self.waiting.remove(0);
            self.join(place, &payload);
        }
        self.waiting.truncate(WAITING);
        Some(place)
    }

    /// Of bytes that come twice the first to be in order count.
    fn join(&mut self, place: usize, payload: &[u8]) {
        for (at, byte) in payload.iter().enumerate() {
            if place + at == self.bytes.len() && self.bytes.len() < SIDE_BYTES {
                self.bytes.push(*byte);
            }
        }
    }
}
