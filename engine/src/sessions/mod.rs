//! Sessions (information connections): the flows that one application uses for one piece of work.
//!
//! One plain stage, fed with what the flow tables noted, in stream order. Every flow comes to one session,
//! once: when its first bytes have been read, when it ends, or when it has waited long enough. So a
//! session depends on the packets before that place alone, and a flow's row can tell it. The rules are
//! section 11 of FLOWS.md; each is a function of `rules.rs`.

mod described;
mod domain;
mod expectations;
mod found;
mod merged;
mod packets;
mod rules;
mod saved;
mod session;
#[cfg(test)]
mod tests;
mod waiting;

use crate::decode::{Control, Key};
use crate::features::ActivitySettings;
use crate::flows::{Flow, Grouped, JoinedBy, Life, Note, Noted, NotedAt, What};
use crate::limits::{
    ENDED_CONTROLS_MAX, EXPECTATION_LIFE_NS, SESSION_GAP_NS, SESSION_WAIT_NS,
    SESSION_WAIT_PACKETS_MAX, WAITING_SESSIONS_MAX,
};
use crate::time::Timestamp;
use expectations::Expectations;
use found::Found;
use packets::Packets;
use serde::{Deserialize, Serialize};
use session::{Handle, Kept};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use waiting::WaitingFlows;

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// What a run wants of its sessions.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SessionOptions {
    /// How the packets of several flows are one stream.
    pub life: Life,
    /// Whether sessions have rows, and are counted by label; else flows tell theirs, and that is all.
    pub rows: bool,
    /// Whether timing and volume are of all its packets; else it has volumes, when its flows have ended.
    pub timing: bool,
    /// Its windows of that length have rows.
    pub window_ns: Option<i64>,
    pub activity: ActivitySettings,
}

impl SessionOptions {
    /// Whether every packet matters.
    pub fn wants_packets(&self) -> bool {
        self.timing || self.window_ns.is_some()
    }
}

/// A flow that waits for its session.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Waiting {
    opened: Timestamp,
    time: Timestamp,
    file: u32,
    key: Key,
    #[serde(deserialize_with = "crate::saved::side")]
    client_side: u8,
    control: Option<Control>,
    /// The name that its client had been told for its server.
    known_name: Option<Arc<str>>,
    /// The name that it told its client.
    told: Option<Arc<str>>,
    server_name: Option<Box<str>>,
}

/// A flow that has a session.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Member {
    session: Handle,
    joined_by: Option<JoinedBy>,
    /// The side that counts as the session's client.
    #[serde(deserialize_with = "crate::saved::side")]
    forward_side: u8,
    control: Option<Control>,
}

/// All sessions of a run.
pub struct Sessions {
    options: SessionOptions,
    waiting_sessions_max: usize,
    waiting: WaitingFlows,
    members: Map<u64, Member>,
    /// Flows that have ended, each behind the position of the last packet of it that may wait.
    ended: VecDeque<(u64, u64)>,
    /// Control connections that have ended, each behind the clock till which what they announced may come.
    ended_controls: VecDeque<(Timestamp, u64)>,
    sessions: Kept,
    /// Sessions without an open flow that take more, by when they end.
    due: BTreeSet<(Timestamp, Handle)>,
    /// The same of those that take no more.
    over: BTreeSet<(Timestamp, Handle)>,
    expectations: Expectations,
    found: Found,
    packets: Packets,
    clock: Timestamp,
    /// Sessions by label, as they have changed since the last call of [`Sessions::take_changes`].
    changes: BTreeMap<Option<u16>, i64>,
}

/// The places of notes in the order of the stream; what was noted of a flow at one place stays in its order.
fn in_order(notes: &[Note]) -> impl Iterator<Item = u32> + use<> {
    // Notes are large: these are moved instead. They stand in a few runs that are in order.
    let places = (0..).zip(notes);
    let mut order: Vec<_> = places.map(|(place, note)| (note.at, note.flow, place)).collect();
    order.sort();
    order.into_iter().map(|(.., place)| place)
}

impl Sessions {
    pub fn new(options: SessionOptions) -> Self {
        Self {
            options,
            waiting_sessions_max: WAITING_SESSIONS_MAX,
            waiting: WaitingFlows::default(),
            members: Map::default(),
            ended: VecDeque::new(),
            ended_controls: VecDeque::new(),
            sessions: Kept::default(),
            due: BTreeSet::new(),
            over: BTreeSet::new(),
            expectations: Expectations::default(),
            found: Found::default(),
            packets: Packets::default(),
            clock: Timestamp::MIN,
            changes: BTreeMap::new(),
        }
    }

    /// Takes what the tables noted in a step, at whose end the stream clock is `clock`.
    pub fn take(&mut self, noted: Vec<Noted>, clock: Timestamp, is_end: bool) {
        let mut notes = Vec::new();
        let mut packets = Vec::with_capacity(noted.len());
        for Noted { notes: mut of_one, packets: of_it } in noted {
            match notes.is_empty() {
                true => notes = of_one,
                false => notes.append(&mut of_one),
            }
            packets.push(of_it);
        }
        self.packets.add(packets);
        self.fetch(&notes);
        for place in in_order(&notes) {
            let Note { at, flow, what } = &mut notes[place as usize];
            self.be_at(*at);
            self.hear(*at, *flow, std::mem::replace(what, What::Ended));
        }
        self.clock = clock;
        self.be_at(NotedAt { clock, position: self.packets.last().unwrap_or_default() });
        if is_end {
            while let Some((first, _)) = self.waiting.first() {
                self.decide(first);
            }
        }
        self.found.forget_ended(&self.sessions);
    }

    /// Asks for the memory that will be needed: these look-ups do not depend on one another, so that
    /// the processor waits for several at a time.
    fn fetch(&self, notes: &[Note]) {
        for Note { flow, what, .. } in notes {
            let session = match what {
                What::Opened(opened) => {
                    let service = rules::service(&opened.key, opened.client_side);
                    self.found.of_service(&service)
                }
                What::Ended => self.members.get(flow).map(|member| &member.session),
                _ => None,
            };
            if let Some(session) = session {
                self.sessions.fetch(session);
            }
        }
    }

    /// The session of a flow that has one.
    pub fn of(&self, flow: u64) -> Option<Grouped> {
        let Member { session, joined_by, .. } = self.members.get(&flow)?;
        Some(Grouped { session: session.id, joined_by: *joined_by })
    }

    /// Takes what a flow that has ended, or a part of it, says of its session.
    pub fn count(&mut self, flow: &Flow) {
        if !self.options.rows {
            return;
        }
        let Some(member) = self.members.get(&flow.id) else { return };
        let session = self.sessions.get_mut(&member.session);
        let Some(described) = session.and_then(|session| session.described.as_mut()) else {
            return;
        };
        described.count(flow, member.forward_side.into(), !self.options.timing);
        let label = described.label();
        if label != described.counted {
            *self.changes.entry(described.counted).or_default() -= 1;
            *self.changes.entry(label).or_default() += 1;
            described.counted = label;
        }
    }

    /// Merges the packets of flows that have their session, and gives the rows of sessions and windows
    /// that are over; to be called behind all else of a step.
    pub fn finish_step(&mut self, is_end: bool, to: &mut dyn FnMut(Flow)) {
        let before = self.waiting.first().map_or(u64::MAX, |(first, _)| first);
        let Self { options, members, sessions, packets, .. } = self;
        packets.merge(before, options, members, sessions, to);
        let has_merged = |(position, _): &mut (u64, u64)| *position < before;
        while let Some((_, flow)) = self.ended.pop_front_if(has_merged) {
            self.members.remove(&flow);
        }
        let clock = self.clock;
        let is_late = |(until, _): &mut (Timestamp, u64)| *until < clock;
        while let Some((_, flow)) = self.ended_controls.pop_front_if(is_late) {
            self.members.remove(&flow);
        }
        while let Some((at, session)) = self.pop_due(is_end) {
            let removed = self.sessions.remove(&session);
            if let Some(described) = removed.and_then(|session| session.described) {
                described.rows(at.min(self.clock), &self.options, to);
            }
        }
    }

    /// The next session whose row is due.
    fn pop_due(&mut self, is_end: bool) -> Option<(Timestamp, Handle)> {
        let of_both = [self.due.first(), self.over.first()];
        let next = *of_both.into_iter().flatten().min()?;
        if next.0 >= self.clock && !is_end {
            return None;
        }
        if !self.due.remove(&next) {
            self.over.remove(&next);
        }
        Some(next)
    }

    /// How many sessions more, or fewer, are under which label.
    pub fn take_changes(&mut self) -> impl Iterator<Item = (Option<u16>, i64)> + use<> {
        std::mem::take(&mut self.changes).into_iter().filter(|(_, sessions)| *sessions != 0)
    }

    /// Decides about flows that have waited long enough before a place of the stream.
    fn be_at(&mut self, at: NotedAt) {
        while let Some((first, waiting)) = self.waiting.first()
            && (waiting.opened.plus(SESSION_WAIT_NS) < at.clock
                || at.position != u64::MAX
                    && at.position >= first.saturating_add(SESSION_WAIT_PACKETS_MAX))
        {
            self.decide(first);
        }
    }

    fn hear(&mut self, at: NotedAt, flow: u64, what: What) {
        match what {
            What::Opened(opened) => {
                let waiting = Waiting {
                    opened: at.clock,
                    time: opened.time,
                    file: opened.file,
                    key: opened.key,
                    client_side: opened.client_side,
                    control: None,
                    known_name: opened.known_name,
                    told: None,
                    server_name: None,
                };
                self.waiting.insert(flow, waiting);
            }
            What::Is(control) => {
                if let Some(waiting) = self.waiting.get_mut(flow) {
                    waiting.control = Some(control);
                } else if let Some(member) = self.members.get_mut(&flow) {
                    member.control = Some(control);
                }
            }
            What::Announced(expectation) => self.expectations.add(expectation, flow, at.clock),
            What::Told(name) => {
                if let Some(waiting) = self.waiting.get_mut(flow) {
                    waiting.told.get_or_insert(name);
                    self.decide(flow);
                }
            }
            What::Read { client_side, server_name } => {
                if let Some(waiting) = self.waiting.get_mut(flow) {
                    (waiting.client_side, waiting.server_name) = (client_side, server_name);
                    self.decide(flow);
                }
            }
            What::Ended => self.end(flow, at),
        }
    }

    fn end(&mut self, flow: u64, at: NotedAt) {
        self.decide(flow);
        let Some(&member) = self.members.get(&flow) else { return };
        self.keep_ended(flow, &member, at.clock);
        let Some(session) = self.sessions.get_mut(&member.session) else { return };
        session.open_flows -= 1;
        session.quiet_since = session.quiet_since.max(at.clock);
        if session.open_flows == 0 {
            session.due = session.quiet_since.plus(SESSION_GAP_NS + SESSION_WAIT_NS);
            self.due.insert((session.due, member.session));
            self.end_beyond_bound(at.clock);
        }
    }

    /// Keeps a flow that has ended till its packets have been merged, and, where it is a control connection, till
    /// nothing that it announced can come.
    fn keep_ended(&mut self, flow: u64, member: &Member, clock: Timestamp) {
        let last = self.packets.last().unwrap_or_default();
        if member.control.is_none_or(|control| control == Control::BitTorrent) {
            self.ended.push_back((last, flow));
            return;
        }
        // A flow that waits is one that began while it was expected.
        let until = clock.plus(EXPECTATION_LIFE_NS + SESSION_WAIT_NS);
        self.ended_controls.push_back((until, flow));
        if self.ended_controls.len() > ENDED_CONTROLS_MAX
            && let Some((_, first)) = self.ended_controls.pop_front()
        {
            self.members.entry(first).and_modify(|member| member.control = None);
            self.ended.push_back((last, first));
        }
    }

    /// Beyond the bound the session that has waited for longest takes no more flows; its packets are
    /// all merged when a flow of the same time has its session.
    fn end_beyond_bound(&mut self, clock: Timestamp) {
        if self.due.len() <= self.waiting_sessions_max {
            return;
        }
        let Some((due, handle)) = self.due.pop_first() else { return };
        let Some(session) = self.sessions.get_mut(&handle) else { return };
        (session.is_over, session.due) = (true, due.min(clock.plus(SESSION_WAIT_NS)));
        self.over.insert((session.due, handle));
    }
}
