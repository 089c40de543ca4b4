//! What the row of a session says: what its flows are together.

use super::merged::Merged;
use super::{SessionOptions, Waiting};
use crate::decode::Key;
use crate::decode::names::{NameSource, Names};
use crate::flows::{Choice, ClientBy, EndReason, Flow, Group, JoinedBy, Labelled, NotedPacket};
use crate::limits::{SESSION_FLOWS_TOLD_MAX, SESSION_WAIT_NS};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Bytes of flows that have a label, or a kind of traffic.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Vote {
    label: u16,
    /// Who said it first.
    classifier: u16,
    bytes: u64,
}

/// Of the session, not of its flows. Pairs are by direction: 0 from the session's client.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Described {
    id: u64,
    /// Of the first flow.
    key: Key,
    #[serde(deserialize_with = "crate::saved::side")]
    client_side: u8,
    /// Which file of the run held its first packet.
    file: u32,
    /// The label that it is counted under.
    pub counted: Option<u16>,
    server_name: Option<Box<str>>,
    group: Group,
    start: Timestamp,
    end: Timestamp,
    packets: [u64; 2],
    ip_bytes: [u64; 2],
    payload_bytes: [u64; 2],
    /// One of each label at most.
    labels: Vec<Vote>,
    classes: Vec<Vote>,
    merged: Option<Merged>,
    window: Option<Merged>,
    /// Windows that have rows.
    windows: u32,
}

impl Described {
    pub fn new(id: u64, waiting: &Waiting) -> Self {
        let &Waiting { key, client_side, time, file, .. } = waiting;
        Self {
            id,
            key,
            client_side,
            file,
            counted: None,
            server_name: None,
            group: Group::default(),
            start: time,
            end: time,
            packets: [0; 2],
            ip_bytes: [0; 2],
            payload_bytes: [0; 2],
            labels: Vec::new(),
            classes: Vec::new(),
            merged: None,
            window: None,
            windows: 0,
        }
    }

    /// Takes a flow that has joined.
    pub fn join(&mut self, flow: u64, rule: Option<JoinedBy>, waiting: &Waiting) {
        self.group.flows += 1;
        self.start = self.start.min(waiting.time);
        if let Some(rule) = rule {
            self.group.add_rule(rule);
        }
        if self.group.flow_ids.len() < SESSION_FLOWS_TOLD_MAX {
            self.group.flow_ids.push(flow);
        }
        if self.server_name.is_none() {
            self.server_name = waiting.name().map(Into::into);
        }
    }

    /// Takes what a flow, or a part of it, has at its end; volumes where packets are not merged.
    pub fn count(&mut self, flow: &Flow, forward_side: usize, with_volumes: bool) {
        if with_volumes {
            for direction in 0..2 {
                let side = forward_side ^ direction;
                self.packets[direction] += flow.packets[side];
                self.ip_bytes[direction] += flow.ip_bytes[side];
                self.payload_bytes[direction] += flow.payload_bytes[side];
            }
            self.start = self.start.min(flow.start);
            self.end = self.end.max(flow.end);
        }
        let Some(labelled) = &flow.labelled else { return };
        let bytes = flow.ip_bytes.iter().sum();
        vote(&mut self.labels, labelled.label.as_ref(), bytes);
        vote(&mut self.classes, labelled.traffic_class.as_ref(), bytes);
    }

    /// The label of most bytes.
    pub fn label(&self) -> Option<u16> {
        winner(&self.labels).map(|choice| choice.label)
    }

    /// Adds a packet; the row of the window that it ends.
    #[inline]
    pub fn add(
        &mut self,
        packet: &NotedPacket,
        forward_side: u8,
        options: &SessionOptions,
    ) -> Option<Flow> {
        let direction = usize::from(packet.side ^ forward_side);
        if options.timing {
            Merged::add(&mut self.merged, packet, direction, None, options);
        }
        let window_ns = options.window_ns?;
        let ended = Merged::add(&mut self.window, packet, direction, Some(window_ns), options)?;
        // By then everything that was before this packet has come (see `Sessions::finish_step`).
        let at = packet.clock.plus(SESSION_WAIT_NS);
        Some(self.window_row(&ended, window_ns, at, options))
    }

    /// Its last window and itself, at the stream clock `at`.
    pub fn rows(mut self, at: Timestamp, options: &SessionOptions, to: &mut dyn FnMut(Flow)) {
        if let (Some(window), Some(window_ns)) = (self.window.take(), options.window_ns) {
            to(self.window_row(&window, window_ns, at, options));
        }
        let group = std::mem::take(&mut self.group);
        let outline = Flow { labelled: Some(self.labelled()), ..self.outline(at, group) };
        to(match &self.merged {
            Some(merged) => merged.row(outline, options),
            None => outline,
        });
    }

    /// What the flows are called, and which they are, is of the whole session, which goes on.
    fn window_row(
        &mut self,
        window: &Merged,
        window_ns: i64,
        at: Timestamp,
        options: &SessionOptions,
    ) -> Flow {
        let part = self.windows;
        self.windows = part.saturating_add(1);
        window.window_row(self.outline(at, Group::default()), window_ns, part, options)
    }

    fn labelled(&self) -> Box<Labelled> {
        let names = Names {
            server_name: self.server_name.clone(),
            server_name_from: NameSource::None,
            ..Names::default()
        };
        let (label, traffic_class) = (winner(&self.labels), winner(&self.classes));
        Box::new(Labelled { label, traffic_class, names })
    }

    /// The session without what its packets tell and what it is called, as it is now.
    fn outline(&self, at: Timestamp, group: Group) -> Flow {
        Flow {
            id: self.id,
            key: self.key,
            deep_stack: None,
            client_side: self.client_side.into(),
            forward_side: 0,
            client_by: ClientBy::FirstPacket,
            counted_side: None,
            start: self.start,
            end: self.end,
            end_reason: EndReason::EndOfCapture,
            closed_at: at,
            file: self.file,
            packets: self.packets,
            ip_bytes: self.ip_bytes,
            payload_bytes: self.payload_bytes,
            trackers: Default::default(),
            early_packets: Vec::new(),
            window: None,
            seen: None,
            labelled: None,
            grouped: None,
            group: Some(Box::new(group)),
        }
    }
}

fn vote(votes: &mut Vec<Vote>, choice: Option<&Choice>, bytes: u64) {
    let Some(&Choice { label, classifier, .. }) = choice else { return };
    if let Some(vote) = votes.iter_mut().find(|vote| vote.label == label) {
        vote.bytes += bytes;
        vote.classifier = vote.classifier.min(classifier);
    } else {
        votes.push(Vote { label, classifier, bytes });
    }
}

/// The label of most bytes, of equal ones the first of the run; how sure it is, is its share of the bytes
/// that have one.
fn winner(votes: &[Vote]) -> Option<Choice> {
    let best = votes.iter().max_by_key(|vote| (vote.bytes, u16::MAX - vote.label))?;
    let all: u64 = votes.iter().map(|vote| vote.bytes).sum();
    let confidence = if all == 0 { 1.0 } else { (best.bytes as f64 / all as f64) as f32 };
    let Vote { label, classifier, .. } = *best;
    Some(Choice { label, classifier, confidence, evidence: None })
}
