//! Where the session of a flow may be found: by what flows of one piece of work have in common.

use super::Map;
use super::saved::sorted;
use super::session::{Handle, Kept};
use crate::decode::Endpoint;
use crate::limits::SESSION_FOUND_FLOWS_MAX;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Who asks, whom, at which port, over which protocol: in words, so that an entry is one line of the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Service([u64; 5]);

impl Service {
    pub fn new(client: u128, server: Endpoint, protocol: u8) -> Self {
        let [client, address] = [client, server.address].map(|of| [(of >> 64) as u64, of as u64]);
        let what = u64::from(server.port) << 8 | u64::from(protocol);
        Self([client[0], client[1], address[0], address[1], what])
    }
}

/// Client and registrable domain.
pub type Domain = (u128, Box<str>);

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct OfService {
    pub session: Handle,
    /// How many flows had been decided about before the last that was about it.
    pub turn: u64,
}

const _: () = assert!(size_of::<(Service, OfService)>() == 64);

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct OfDomain {
    pub session: Handle,
    /// As of a service.
    pub turn: u64,
    /// A DNS answer told the domain.
    pub was_told: bool,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Burst {
    pub session: Handle,
    /// When its first flow with a name began.
    pub began: Timestamp,
}

/// The last session of each; it may have ended.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Found {
    #[serde(serialize_with = "sorted")]
    pub domains: Map<Domain, OfDomain>,
    /// By client.
    #[serde(serialize_with = "sorted")]
    pub bursts: Map<u128, Burst>,
    #[serde(serialize_with = "sorted")]
    pub services: Map<Service, OfService>,
    /// Of BitTorrent, by client.
    #[serde(serialize_with = "sorted")]
    pub torrents: Map<u128, Handle>,
    /// Of BitTorrent, by a client's address and port.
    #[serde(serialize_with = "sorted")]
    pub torrent_sockets: Map<(u128, u16), Handle>,
    /// Flows that have been decided about.
    pub turn: u64,
    /// Entries that were left when all were last looked through.
    left: usize,
}

/// A session that goes on for ever would be found by ever more.
fn is_known(then: u64, now: u64) -> bool {
    now.saturating_sub(then) <= SESSION_FOUND_FLOWS_MAX
}

/// Entries more for which nothing is looked through.
const SLACK: usize = 1 << 12;

impl Found {
    /// The session to which flows for this service come, if it takes some.
    pub fn of_service(&self, service: &Service) -> Option<&Handle> {
        let of = self.services.get(service).filter(|of| is_known(of.turn, self.turn));
        of.map(|of| &of.session)
    }

    pub fn of_domain(&self, domain: &Domain) -> Option<&OfDomain> {
        self.domains.get(domain).filter(|of| is_known(of.turn, self.turn))
    }

    fn entries(&self) -> usize {
        self.domains.len()
            + self.bursts.len()
            + self.services.len()
            + self.torrents.len()
            + self.torrent_sockets.len()
    }

    /// Keeps the memory in proportion to what leads to sessions that go on.
    pub fn forget_ended(&mut self, sessions: &Kept) {
        if self.entries() <= 2 * self.left + SLACK {
            return;
        }
        let lives = |session: &Handle| sessions.has(session);
        let turn = self.turn;
        self.domains.retain(|_, of| is_known(of.turn, turn) && lives(&of.session));
        self.bursts.retain(|_, burst| lives(&burst.session));
        self.services.retain(|_, of| is_known(of.turn, turn) && lives(&of.session));
        self.torrents.retain(|_, session| lives(session));
        self.torrent_sockets.retain(|_, session| lives(session));
        self.left = self.entries();
    }
}
