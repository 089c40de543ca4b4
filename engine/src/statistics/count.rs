//! What is counted, and under which key.

use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::sync::Arc;

/// The two letters of a country (ISO 3166).
pub type Country = [u8; 2];

/// Where an address is; `None`: nobody knows.
pub type CountryOf = Arc<dyn Fn(IpAddr) -> Option<Country> + Send + Sync>;

/// Under what a flow counts. Every flow counts once under each kind it has; without a label it is
/// under `Unlabelled`, so that these and `Label` together have every flow once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum StatisticKey {
    /// IP protocol number.
    Protocol(u8),
    Client(IpAddr),
    Server(IpAddr),
    /// Protocol and port of the server; TCP, UDP and SCTP only.
    Port(u8, u16),
    /// No classifier knew it: its IP protocol number.
    Unlabelled(u8),
    /// Index into the run's labels.
    Label(u16),
    /// Of the server's address; kept only where someone can tell.
    Country(Option<Country>),
    /// The name of the server, where it has one; kept only of flows that count while they are open.
    Domain(Box<str>),
}

/// The kinds of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Protocol,
    Client,
    Server,
    Port,
    Unlabelled,
    Label,
    Country,
    Domain,
}

impl Kind {
    pub const COUNT: usize = Self::Domain as usize + 1;
}

impl StatisticKey {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Protocol(_) => Kind::Protocol,
            Self::Client(_) => Kind::Client,
            Self::Server(_) => Kind::Server,
            Self::Port(..) => Kind::Port,
            Self::Unlabelled(_) => Kind::Unlabelled,
            Self::Label(_) => Kind::Label,
            Self::Country(_) => Kind::Country,
            Self::Domain(_) => Kind::Domain,
        }
    }
}

/// Sums over flows. Signed, since a count may be taken back.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Count {
    pub flows: i64,
    pub packets: i64,
    /// IP bytes.
    pub bytes: i64,
}

impl Count {
    /// A flow of which no packets are counted yet.
    pub const FLOW: Self = Self { flows: 1, packets: 0, bytes: 0 };

    pub fn add(&mut self, other: &Self) {
        self.flows += other.flows;
        self.packets += other.packets;
        self.bytes += other.bytes;
    }

    pub fn subtract(&mut self, other: &Self) {
        self.flows -= other.flows;
        self.packets -= other.packets;
        self.bytes -= other.bytes;
    }

    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}
