//! The rules by which flows come to sessions, in their order.

use super::described::Described;
use super::found::{Burst, Domain, OfDomain, OfService, Service};
use super::session::{Handle, Session};
use super::{Member, Sessions, Waiting, domain};
use crate::decode::{Control, Endpoint, Key};
use crate::flows::JoinedBy;
use crate::limits::{SESSION_BURST_NS, SESSION_GAP_NS};
use crate::time::Timestamp;

/// A session, and why a flow comes to it.
type Joined = (Handle, JoinedBy);

/// Flows that announce flows that announce others.
const CHAIN_MAX: usize = 8;

/// What the client of such a flow asks for.
pub(super) fn service(key: &Key, client_side: u8) -> Service {
    let [client, server] = [client_side, 1 - client_side].map(|side| key.endpoint(side.into()));
    Service::new(client.address, server, key.protocol())
}

impl Waiting {
    fn client(&self) -> Endpoint {
        self.key.endpoint(self.client_side.into())
    }

    fn server(&self) -> Endpoint {
        self.key.endpoint(1 - usize::from(self.client_side))
    }

    fn service(&self) -> Service {
        service(&self.key, self.client_side)
    }

    /// What it is about: what it told, else what it asks for, else what had led to it.
    pub(super) fn name(&self) -> Option<&str> {
        self.told.as_deref().or(self.server_name.as_deref()).or(self.known_name.as_deref())
    }
}

impl Sessions {
    /// Gives a flow that waits its session.
    pub(super) fn decide(&mut self, flow: u64) {
        self.decide_of_chain(flow, CHAIN_MAX);
    }

    /// The same where so many announcements of announcements are followed.
    fn decide_of_chain(&mut self, flow: u64, chain: usize) {
        let Some(waiting) = self.waiting.remove(flow) else { return };
        let client = waiting.client().address;
        let domain = waiting.name().map(|name| (client, domain::registrable(name)));
        let joined = self
            .expected(flow, &waiting, chain)
            .or_else(|| self.of_torrent(&waiting))
            .or_else(|| self.of_domain(&waiting, domain.as_ref()))
            .or_else(|| self.of_burst(&waiting))
            .or_else(|| self.of_service(&waiting));
        let joined_by = joined.map(|(_, rule)| rule);
        let session = joined.map_or_else(|| self.begin(flow, &waiting), |(session, _)| session);
        let Some(members) = self.sessions.get_mut(&session) else { return };
        if joined.is_some() && members.open_flows == 0 {
            self.due.remove(&(members.due, session));
        }
        members.open_flows += 1;
        if let Some(described) = &mut members.described {
            described.join(flow, joined_by, &waiting);
        }
        let forward_side = members.forward_side(&waiting.key, waiting.client_side);
        let control = waiting.control;
        self.members.insert(flow, Member { session, joined_by, forward_side, control });
        self.remember(&waiting, session, domain);
    }

    /// A session begins with that flow.
    fn begin(&mut self, flow: u64, waiting: &Waiting) -> Handle {
        let described = self.options.rows.then(|| Described::new(flow, waiting));
        if described.is_some() {
            *self.changes.entry(None).or_default() += 1;
        }
        self.sessions.put(Session::new(flow, waiting.client().address, described))
    }

    /// Whether a session takes a flow that begins at that stream clock.
    fn takes(&self, session: &Handle, opened: Timestamp) -> bool {
        self.sessions.get(session).is_some_and(|session| {
            let is_near = || opened <= session.quiet_since.plus(SESSION_GAP_NS);
            !session.is_over && (session.open_flows > 0 || is_near())
        })
    }

    /// A control connection announced it.
    fn expected(&mut self, flow: u64, waiting: &Waiting, chain: usize) -> Option<Joined> {
        let chain = chain.checked_sub(1)?;
        let by = self.expectations.of(&waiting.key, flow, waiting.opened)?;
        let control = match self.waiting.get(by) {
            Some(waits) => waits.control,
            None => self.members.get(&by).and_then(|member| member.control),
        };
        let rule = JoinedBy::Control(control?);
        self.decide_of_chain(by, chain);
        let session = self.members.get(&by)?.session;
        self.takes(&session, waiting.opened).then_some((session, rule))
    }

    /// It is of a BitTorrent client: by its bytes and the client's address, or by the client's socket,
    /// which trackers and the distributed hash table have told to others.
    fn of_torrent(&self, waiting: &Waiting) -> Option<Joined> {
        let ends = [waiting.client(), waiting.server()];
        let sockets = &self.found.torrent_sockets;
        let takes = |session: &&Handle| self.takes(session, waiting.opened);
        let at_socket = |end: &Endpoint| sockets.get(&(end.address, end.port)).filter(takes);
        let by_socket = || ends.iter().find_map(at_socket);
        let torrents = &self.found.torrents;
        let at_address = |end: &Endpoint| torrents.get(&end.address).filter(takes);
        let by_address = || ends.iter().find_map(at_address);
        let session = match waiting.control {
            Some(Control::BitTorrent) => by_socket().or_else(by_address),
            _ if sockets.is_empty() || !waiting.key.has_ports() => None,
            _ => by_socket(),
        };
        session.map(|session| (*session, JoinedBy::Control(Control::BitTorrent)))
    }

    /// Another of the client's flows was about the same domain.
    fn of_domain(&self, waiting: &Waiting, domain: Option<&Domain>) -> Option<Joined> {
        let found = self.found.of_domain(domain?)?;
        let rule = match found.was_told && waiting.known_name.is_some() {
            true => JoinedBy::Dns,
            false => JoinedBy::Page,
        };
        self.takes(&found.session, waiting.opened).then_some((found.session, rule))
    }

    /// It has a name, and the client's last session began with one in the same second.
    fn of_burst(&self, waiting: &Waiting) -> Option<Joined> {
        waiting.name()?;
        let &Burst { session, began } = self.found.bursts.get(&waiting.client().address)?;
        let is_near = waiting.opened.since(began).abs() <= SESSION_BURST_NS;
        (is_near && self.takes(&session, waiting.opened)).then_some((session, JoinedBy::Burst))
    }

    /// It has no name, and is to the same port of the same server.
    fn of_service(&self, waiting: &Waiting) -> Option<Joined> {
        if waiting.name().is_some() {
            return None;
        }
        let &session = self.found.of_service(&waiting.service())?;
        self.takes(&session, waiting.opened).then_some((session, JoinedBy::Service))
    }

    /// Has flows to come find the session.
    fn remember(&mut self, waiting: &Waiting, session: Handle, domain: Option<Domain>) {
        let (client, turn) = (waiting.client(), self.found.turn);
        self.found.turn += 1;
        if let Some(domain) = domain {
            let before = self.found.of_domain(&domain);
            let was_told =
                before.is_some_and(|before| before.was_told && before.session == session);
            let was_told = was_told || waiting.told.is_some();
            self.found.domains.insert(domain, OfDomain { session, turn, was_told });
            let is_named = self.sessions.get_mut(&session).map(|one| &mut one.is_named);
            if is_named.is_some_and(|is_named| !std::mem::replace(is_named, true)) {
                let burst = Burst { session, began: waiting.opened };
                self.found.bursts.insert(client.address, burst);
            }
        }
        self.found.services.insert(waiting.service(), OfService { session, turn });
        if waiting.control == Some(Control::BitTorrent) {
            // Who began is the client of the torrent, too.
            let own = self.sessions.get(&session).map_or(client.address, |one| one.client);
            self.found.torrents.insert(own, session);
            let ends = [client, waiting.server()];
            let sockets = ends.iter().filter(|end| end.address == own && end.port > 0);
            self.found
                .torrent_sockets
                .extend(sockets.map(|end| ((end.address, end.port), session)));
        }
    }
}
