//! Which session (information connection) a flow belongs to; rules: room `sessions`.

use serde::{Deserialize, Serialize};

/// The rule by which a flow came to its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum JoinedBy {
    /// A control connection announced it.
    Ftp,
    Sip,
    Rtsp,
    Tftp,
    Pptp,
    Ike,
    /// Trackers, distributed hash table and peers of one client.
    BitTorrent,
    /// A DNS answer led to it.
    Dns,
    /// The same client, the same registrable domain.
    Page,
    /// A name seen in the same second.
    Burst,
    /// Another connection to the same service.
    Service,
}

impl JoinedBy {
    pub const ALL: [Self; 11] = [
        Self::Ftp,
        Self::Sip,
        Self::Rtsp,
        Self::Tftp,
        Self::Pptp,
        Self::Ike,
        Self::BitTorrent,
        Self::Dns,
        Self::Page,
        Self::Burst,
        Self::Service,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Ftp => "ftp",
            Self::Sip => "sip",
            Self::Rtsp => "rtsp",
            Self::Tftp => "tftp",
            Self::Pptp => "pptp",
            Self::Ike => "ike",
            Self::BitTorrent => "bittorrent",
            Self::Dns => "dns",
            Self::Page => "page",
            Self::Burst => "burst",
            Self::Service => "service",
        }
    }
}

/// A flow's session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grouped {
    /// Id of the flow that the session began with.
    pub session: u64,
    /// `None`: the session began with this flow.
    pub joined_by: Option<JoinedBy>,
}

/// What the row of a session tells of its flows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub flows: u64,
    /// The first that joined, at most
    /// [`SESSION_FLOWS_TOLD_MAX`](crate::limits::SESSION_FLOWS_TOLD_MAX).
    pub flow_ids: Vec<u64>,
    /// A bit for each rule by which one joined.
    pub rules: u16,
}

impl Group {
    /// The rules by which flows joined.
    pub fn rules(&self) -> impl Iterator<Item = JoinedBy> + use<> {
        let rules = self.rules;
        JoinedBy::ALL.into_iter().filter(move |&rule| rules & 1 << rule as u16 != 0)
    }
}
