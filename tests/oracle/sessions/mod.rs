//! Which flows are one session (section 11): every flow asked in its turn, by going back over all that was said and
//! decided before.

pub mod control;
mod names;
mod rows;

use std::net::IpAddr;

use super::decode::UDP;
use super::key::Endpoint;
use super::life::{self, Closed, Packet};
use super::tcp::Connection;
use super::{Options, SECOND};
use crate::support::capture::RawPacket;
use control::{Said, What};
pub use names::registrable_domain;
pub use rows::{table, window_table};

/// How long a flow is waited for, in time and in packets.
const WAIT: i128 = 2 * SECOND;
const WAIT_PACKETS: u64 = 262_144;
/// How long a session without an open flow takes more.
const QUIET: i128 = 60 * SECOND;
const EXPECTED: i128 = 180 * SECOND;
const BURST: i128 = SECOND;
/// Of so many flows that were decided about last, domain and service lead to a session.
const REMEMBERED: usize = 262_144;
const PACKETS_READ: usize = 8;
/// GRE, ESP and AH.
const GRE: u8 = 47;
const IPSEC: [u8; 2] = [50, 51];
const IKE_PORT: u16 = 4_500;

pub const RULES: [&str; 11] =
    ["ftp", "sip", "rtsp", "tftp", "pptp", "ike", "bittorrent", "dns", "page", "burst", "service"];

/// What there is to do, in this order: clock, position, what comes before or behind the packet, flow.
type Place = (i128, u64, u8, u64);
const BEFORE: u8 = 0;
const READ: u8 = 1;
const BEHIND: u8 = 2;

/// What was decided about a flow.
#[derive(Clone, Debug)]
pub struct Decided {
    /// Its place in the list of flows.
    flow: usize,
    pub id: u64,
    pub session: u64,
    pub joined_by: Option<&'static str>,
    client: Endpoint,
    server: Endpoint,
    name: Option<String>,
    has_told: bool,
    /// The clock at its first packet.
    begin: i128,
    speaks_bittorrent: bool,
}

/// All flows, and what was decided about each, in the order in which it was.
pub struct Sessions {
    flows: Vec<Closed>,
    pub decided: Vec<Decided>,
    said: Vec<Said>,
    last_clock: i128,
    /// Whether SYN and SYN+ACK tell who the client is.
    by_handshake: bool,
}

pub fn sessions(records: &[RawPacket], options: &Options) -> Sessions {
    let mut flows = life::flows(records, options);
    flows.sort_by_key(|closed| closed.flow.id());
    let clocks = life::clocks(records, options);
    let mut agenda: Vec<(Place, usize, Option<usize>)> = Vec::new();
    for (place, closed) in flows.iter().enumerate() {
        agenda.push((turn(closed, &clocks), place, None));
        for (number, packet) in closed.flow.packets.iter().enumerate() {
            agenda.push((place_of(packet, READ, closed), place, Some(number)));
        }
    }
    agenda.sort();
    let last_clock = clocks.last().copied().unwrap_or(0);
    let by_handshake = !options.profile.is_data_set();
    let (decided, said) = (Vec::new(), Vec::new());
    let mut sessions = Sessions { flows, decided, said, last_clock, by_handshake };
    for (place, flow, packet) in agenda {
        match packet {
            Some(number) => {
                let new = control::said_by(&sessions.flows[flow].flow, number, by_handshake);
                let clock = place.0;
                sessions.said.extend(new.into_iter().map(|what| Said { what, clock, flow }));
            }
            None => sessions.decide(flow, place, 0),
        }
    }
    sessions
}

fn place_of(packet: &Packet, step: u8, closed: &Closed) -> Place {
    (packet.clock, packet.position, step, closed.flow.id())
}

/// When a flow is decided about, if none that waits for it comes before.
fn turn(closed: &Closed, clocks: &[i128]) -> Place {
    let (packets, id) = (&closed.flow.packets, closed.flow.id());
    let first = &packets[0];
    let tells = packets.iter().find(|packet| !names::told_by(packet).is_empty());
    let is_read = (1..=packets.len()).find(|count| is_read(&packets[..*count]));
    // As an end by a deadline: behind all packets of that clock.
    let deadline = first.clock + WAIT;
    let is_over = clocks.last().is_some_and(|clock| *clock > deadline);
    let waited = is_over.then_some((deadline, u64::MAX, BEFORE, id));
    let place = first.position + WAIT_PACKETS;
    let overtaken = clocks.get(place as usize - 1).map(|clock| (*clock, place, BEFORE, id));
    let last = packets[packets.len() - 1].position;
    let end = match closed.position {
        // By its own last packet, as a FIN of the data set does, or before another.
        Some(position) if position == last => (closed.clock, position, BEHIND, id),
        Some(position) => (closed.clock, position, BEFORE, id),
        None => (closed.clock, u64::MAX, BEFORE, id),
    };
    let by_packets = [tells, is_read.map(|count| &packets[count - 1])];
    let by_packets = by_packets.into_iter().flatten().map(|it| place_of(it, BEHIND, closed));
    by_packets.chain(waited).chain(overtaken).chain([end]).min().expect("each flow has an end")
}

/// Both sides have payload, or there are packets enough.
fn is_read(so_far: &[Packet]) -> bool {
    let first = so_far[0].sender;
    let has_payload = |of_first: bool| {
        let mut sent = so_far.iter().filter(|packet| (packet.sender == first) == of_first);
        sent.any(|packet| packet.payload_bytes > 0)
    };
    so_far.len() >= PACKETS_READ || has_payload(true) && has_payload(false)
}

impl Sessions {
    pub fn of(&self, flow: u64) -> Option<&Decided> {
        self.decided.iter().find(|decided| decided.id == flow)
    }

    fn so_far(&self, flow: usize, place: Place) -> &[Packet] {
        let closed = &self.flows[flow];
        let packets = &closed.flow.packets;
        let is_before = |packet: &&Packet| place_of(packet, READ, closed) < place;
        &packets[..packets.iter().take_while(is_before).count()]
    }

    fn decide(&mut self, flow: usize, place: Place, depth: usize) {
        let id = self.flows[flow].flow.id();
        if self.decided.iter().any(|decided| decided.flow == flow) {
            return;
        }
        let so_far = self.so_far(flow, place).to_vec();
        let protocol = self.flows[flow].flow.key.protocol;
        let seen = if is_read(&so_far) { &so_far[..] } else { &so_far[..1] };
        let (client, server) = ends(seen, self.by_handshake);
        let known = names::known(&self.flows, &so_far[0], self.by_handshake);
        let told = so_far.iter().flat_map(names::told_by).map(|told| told.name).next();
        let host = || {
            is_read(&so_far).then(|| names::host(&so_far, protocol, self.by_handshake)).flatten()
        };
        let has_told = told.is_some();
        let name = told.or_else(host).or_else(|| known.clone());
        let speaks_bittorrent = control::speaks_bittorrent(&so_far);
        let mut decided = Decided {
            flow,
            id,
            session: id,
            joined_by: None,
            client,
            server,
            name,
            has_told,
            begin: so_far[0].clock,
            speaks_bittorrent,
        };
        let begin = so_far[0].clock;
        for rule in RULES {
            let found = match rule {
                "bittorrent" => self.by_bittorrent(&decided, begin),
                "dns" if known.is_none() => None,
                "dns" => {
                    self.by_domain(&decided, begin).filter(|found| self.has_told(*found, &decided))
                }
                "page" => self.by_domain(&decided, begin),
                "burst" => self.by_burst(&decided, begin),
                "service" => self.by_service(&decided),
                _ => self.by_announcement(rule, &decided, &so_far[0], place, depth),
            };
            if let Some(session) = found.filter(|session| self.takes(*session, begin)) {
                (decided.session, decided.joined_by) = (session, Some(rule));
                break;
            }
        }
        self.decided.push(decided);
    }

    /// Whether a session takes a flow that begins then.
    fn takes(&self, session: u64, begin: i128) -> bool {
        let mut members = self.members(session);
        // What is still open ends later than that.
        members.any(|member| begin - self.flows[member.flow].clock <= QUIET)
    }

    fn members(&self, session: u64) -> impl Iterator<Item = &Decided> {
        self.decided.iter().filter(move |decided| decided.session == session)
    }

    /// The client's address of the flow that the session began with.
    fn client(&self, session: u64) -> IpAddr {
        self.members(session).next().expect("a session has a flow").client.address
    }

    fn by_announcement(
        &mut self,
        rule: &str,
        decided: &Decided,
        first: &Packet,
        place: Place,
        depth: usize,
    ) -> Option<u64> {
        let protocol = self.flows[decided.flow].flow.key.protocol;
        let is_meant = |said: &&Said| {
            said.flow != decided.flow
                && first.clock - said.clock <= EXPECTED
                && is_meant(&said.what, first, protocol)
        };
        // The last counts, whatever its protocol.
        let last = self.said.iter().rev().find(is_meant).filter(|said| said.what.rule() == rule)?;
        let by = last.flow;
        if depth < 8 {
            self.decide(by, place, depth + 1);
        }
        Some(self.decided.iter().find(|other| other.flow == by)?.session)
    }

    fn by_bittorrent(&self, decided: &Decided, begin: i128) -> Option<u64> {
        let ends = [decided.client, decided.server];
        let speaking = || self.decided.iter().rev().filter(|other| other.speaks_bittorrent);
        let takes = |other: &&Decided| self.takes(other.session, begin);
        let spoke_from = |end: &Endpoint| {
            let spoke = |other: &&Decided| {
                end.address == self.client(other.session)
                    && [other.client, other.server].contains(end)
            };
            speaking().find(spoke).filter(takes)
        };
        let is_at = |end: &Endpoint| {
            let mut all = speaking().filter(|_| decided.speaks_bittorrent);
            all.find(|other| end.address == self.client(other.session)).filter(takes)
        };
        let found = ends.iter().find_map(spoke_from).or_else(|| ends.iter().find_map(is_at));
        found.map(|other| other.session)
    }

    /// The last flow of its client about the same domain.
    fn by_domain(&self, decided: &Decided, begin: i128) -> Option<u64> {
        let mut last = self.decided.iter().rev().take(REMEMBERED);
        let found = last.find(|other| is_about_the_same(other, decided))?;
        self.takes(found.session, begin).then_some(found.session)
    }

    fn has_told(&self, session: u64, decided: &Decided) -> bool {
        self.members(session).any(|member| member.has_told && is_about_the_same(member, decided))
    }

    /// The last session that got its first name from a flow of that client.
    fn by_burst(&self, decided: &Decided, begin: i128) -> Option<u64> {
        decided.name.as_ref()?;
        let mut named: Vec<&Decided> = Vec::new();
        for other in self.decided.iter().filter(|other| other.name.is_some()) {
            if named.iter().all(|first| first.session != other.session) {
                named.push(other);
            }
        }
        let is_of_client = |first: &&&Decided| first.client.address == decided.client.address;
        let last = named.iter().rev().find(is_of_client)?;
        ((last.begin - begin).abs() <= BURST).then_some(last.session)
    }

    fn by_service(&self, decided: &Decided) -> Option<u64> {
        if decided.name.is_some() {
            return None;
        }
        let protocol = |decided: &Decided| self.flows[decided.flow].flow.key.protocol;
        let is_same = |other: &&Decided| {
            other.client.address == decided.client.address
                && other.server == decided.server
                && protocol(other) == protocol(decided)
        };
        Some(self.decided.iter().rev().take(REMEMBERED).find(is_same)?.session)
    }
}

/// Of one client, and about one registrable domain.
fn is_about_the_same(one: &Decided, other: &Decided) -> bool {
    let domain =
        |decided: &Decided| decided.name.as_deref().map(registrable_domain).map(str::to_owned);
    one.client.address == other.client.address && one.name.is_some() && domain(one) == domain(other)
}

/// Client and server as these packets tell them.
fn ends(seen: &[Packet], by_handshake: bool) -> (Endpoint, Endpoint) {
    let first = &seen[0];
    let mut connection = Connection::default();
    for packet in seen {
        connection.add(packet.sender, packet.receiver, packet.tcp.as_ref(), packet.payload_bytes);
    }
    let told = connection.client().filter(|_| by_handshake);
    let client = told.map_or(first.sender, |(client, _)| client);
    (client, if client == first.sender { first.receiver } else { first.sender })
}

/// Whether a flow is what was announced.
fn is_meant(what: &What, first: &Packet, protocol: u8) -> bool {
    let ends = [first.sender, first.receiver];
    let addresses = [first.sender.address, first.receiver.address];
    let is_between = |pair: [IpAddr; 2]| addresses == pair || addresses == [pair[1], pair[0]];
    // One end, and who is at the other.
    let has = |end: Endpoint, other: IpAddr| {
        ends[0] == end && addresses[1] == other || ends[1] == end && addresses[0] == other
    };
    match what {
        What::Ftp(end, None) | What::Rtsp(end) => ends.contains(end),
        What::Ftp(end, Some(client)) => has(*end, *client),
        What::Sip(end) => protocol == UDP && ends.contains(end),
        What::Tftp(end, server) => protocol == UDP && has(*end, *server),
        What::Pptp(pair) => protocol == GRE && is_between(*pair),
        What::Ike(client, server) => {
            let port = Endpoint { address: *server, port: IKE_PORT };
            is_between([*client, *server])
                && (IPSEC.contains(&protocol) || protocol == UDP && ends.contains(&port))
        }
    }
}
