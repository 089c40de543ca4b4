//! Where the session of a flow may be found: by what flows of one piece of work have in common.

use super::Map;
use super::saved::sorted;
use super::session::{Handle, Kept};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Who asks, whom, at which port, over which protocol.
pub type Service = (u128, u128, u16, u8);

/// Client and registrable domain.
pub type Domain = (u128, Box<str>);

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct OfDomain {
    pub session: Handle,
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
    pub services: Map<Service, Handle>,
    /// Of BitTorrent, by client.
    #[serde(serialize_with = "sorted")]
    pub torrents: Map<u128, Handle>,
    /// Of BitTorrent, by a client's address and port.
    #[serde(serialize_with = "sorted")]
    pub torrent_sockets: Map<(u128, u16), Handle>,
    /// Entries that were left when all were last looked through.
    left: usize,
}

/// Entries more for which nothing is looked through.
const SLACK: usize = 1 << 12;

impl Found {
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
        self.domains.retain(|_, of| lives(&of.session));
        self.bursts.retain(|_, burst| lives(&burst.session));
        self.services.retain(|_, session| lives(session));
        self.torrents.retain(|_, session| lives(session));
        self.torrent_sockets.retain(|_, session| lives(session));
        self.left = self.entries();
    }
}
