//! Which session (information connection) a flow belongs to; rules: room `sessions`.

use crate::decode::Control;
use serde::{Deserialize, Serialize};

/// The rule by which a flow came to its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JoinedBy {
    /// A flow of that protocol announced it, or, of BitTorrent, is of the same client.
    Control(Control),
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
    pub fn all() -> impl Iterator<Item = Self> {
        let others = [Self::Dns, Self::Page, Self::Burst, Self::Service];
        Control::ALL.into_iter().map(Self::Control).chain(others)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Control(control) => control.name(),
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
    pub fn add_rule(&mut self, rule: JoinedBy) {
        let place = JoinedBy::all().take_while(|one| *one != rule).count();
        self.rules |= 1 << place;
    }

    /// The rules by which flows joined.
    pub fn rules(&self) -> impl Iterator<Item = JoinedBy> + use<> {
        let rules = self.rules;
        let is_there = move |place: usize| rules & 1 << place != 0;
        JoinedBy::all().enumerate().filter(move |(place, _)| is_there(*place)).map(|(_, rule)| rule)
    }
}
