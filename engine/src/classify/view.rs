//! Flows as a plugin sees them: of what the host has, each classifier is shown what it asked for.

use super::{Needs, State, Subject, Wish};
use crate::flows::EndReason;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::ptr;
use tractor_plugin::abi::{self, tractor_bytes, tractor_flow, tractor_packet, tractor_text};

/// Memory for what is shown in one call, used again for the next.
#[derive(Default)]
pub struct View {
    flows: Vec<tractor_flow>,
    pointers: Vec<*const tractor_flow>,
    /// Packets that are shown otherwise than the host has them.
    packets: Vec<tractor_packet>,
}

/// What is shown in a call; points into a [`View`] and its subjects.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    flows: &'a [*const tractor_flow],
    lent: PhantomData<&'a Subject<'a>>,
}

impl<'a> Shown<'a> {
    pub fn flows(&self) -> &'a [*const tractor_flow] {
        self.flows
    }

    pub fn len(&self) -> usize {
        self.flows.len()
    }

    /// Each flow alone.
    pub fn one_by_one(self) -> impl Iterator<Item = Self> {
        self.flows.chunks(1).map(|flows| Self { flows, lent: PhantomData })
    }
}

impl View {
    pub fn show<'a>(&'a mut self, subjects: &'a [Subject<'a>], wish: &Wish) -> Shown<'a> {
        self.flows.clear();
        self.pointers.clear();
        self.packets.clear();
        // Where the packets of a flow begin in ours; they move while more come.
        let mut copied = Vec::new();
        for subject in subjects {
            let mut flow = shown(subject, wish);
            let packets = first_packets(subject, wish);
            flow.packet_count = packets.len() as u32;
            let kept = flow.payload.map(|bytes| bytes.length);
            if packets.iter().all(|packet| is_inside(packet, kept)) {
                flow.packet = pointer(packets);
            } else {
                copied.push((self.flows.len(), self.packets.len()));
                self.packets.extend(packets.iter().map(|packet| clipped(packet, kept)));
            }
            self.flows.push(flow);
        }
        for (flow, begin) in copied {
            self.flows[flow].packet = self.packets[begin..].as_ptr();
        }
        self.pointers.extend(self.flows.iter().map(ptr::from_ref));
        Shown { flows: &self.pointers, lent: PhantomData }
    }
}

fn shown(subject: &Subject<'_>, wish: &Wish) -> tractor_flow {
    let Needs { payload, features, names, .. } = wish.needs;
    let features = if features { subject.features } else { &[] };
    let payload_bytes = if payload { wish.payload_bytes as usize } else { 0 };
    let name = |name| text(if names { name } else { "" });
    let (state, closed_by, window_start_us) = match subject.state {
        State::Early => (abi::EARLY, 0, 0),
        State::Window { start_us, closed_by } => {
            (abi::WINDOW, closed_by.map_or(0, number_of), start_us)
        }
        State::Closed(reason) => (abi::CLOSED, number_of(reason), 0),
    };
    tractor_flow {
        size: size_of::<tractor_flow>() as u32,
        state,
        transport: subject.transport,
        ip_version: if subject.client.0.is_ipv4() { 4 } else { 6 },
        closed_by,
        client_ip: sixteen_bytes(subject.client.0),
        server_ip: sixteen_bytes(subject.server.0),
        client_port: subject.client.1,
        server_port: subject.server.1,
        reserved: 0,
        start_us: subject.start_us,
        end_us: subject.end_us,
        packets: subject.packets,
        bytes: subject.bytes,
        features: pointer(features),
        packet: ptr::null(),
        feature_count: features.len() as u32,
        packet_count: 0,
        payload: subject.payload.map(|bytes| clip(bytes, payload_bytes)),
        server_name: name(subject.server_name),
        user_agent: name(subject.user_agent),
        alpn: name(subject.alpn),
        ja3: name(subject.ja3),
        ja4: name(subject.ja4),
        server_name_from: if names { subject.server_name_from } else { abi::NAME_NONE },
        reserved2: 0,
        window_start_us,
    }
}

fn first_packets<'a>(subject: &Subject<'a>, wish: &Wish) -> &'a [tractor_packet] {
    let wished = if wish.needs.packets { wish.packets as usize } else { 0 };
    &subject.first_packets[..subject.first_packets.len().min(wished)]
}

/// Whether the place that a packet names, if any, is shown.
fn is_inside(packet: &tractor_packet, kept: [usize; 2]) -> bool {
    let kept = kept[usize::from(packet.direction != 0)];
    packet.payload_at == abi::NOT_KEPT || (packet.payload_at as usize) < kept
}

fn clipped(packet: &tractor_packet, kept: [usize; 2]) -> tractor_packet {
    match is_inside(packet, kept) {
        true => *packet,
        false => tractor_packet { payload_at: abi::NOT_KEPT, ..*packet },
    }
}

/// Why a flow ended, in the border's words.
fn number_of(reason: EndReason) -> u8 {
    match reason {
        EndReason::Fin => abi::CLOSED_BY_FIN,
        EndReason::Rst => abi::CLOSED_BY_RST,
        EndReason::Idle => abi::CLOSED_BY_IDLE,
        EndReason::Active => abi::CLOSED_BY_ACTIVE,
        EndReason::Reused => abi::CLOSED_BY_REUSED,
        EndReason::EndOfCapture => abi::CLOSED_BY_END_OF_CAPTURE,
        EndReason::Evicted => abi::CLOSED_BY_EVICTED,
    }
}

fn sixteen_bytes(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

/// Null where there is nothing.
fn pointer<T>(values: &[T]) -> *const T {
    if values.is_empty() { ptr::null() } else { values.as_ptr() }
}

/// What is empty points to a NUL: who takes it for a C string sees an empty one.
const EMPTY: &[u8; 1] = b"\0";

fn clip(bytes: &[u8], bytes_max: usize) -> tractor_bytes {
    let length = bytes.len().min(bytes_max);
    let data = if length == 0 { EMPTY.as_ptr() } else { bytes.as_ptr() };
    tractor_bytes { data, length }
}

fn text(text: &str) -> tractor_text {
    let tractor_bytes { data, length } = clip(text.as_bytes(), text.len());
    tractor_text { data: data.cast(), length }
}
