//! What is counted, and under which key.

use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

/// The two letters of a country (ISO 3166).
pub type Country = [u8; 2];

/// Where an address is; `None`: nobody knows.
pub type CountryOf = Arc<dyn Fn(IpAddr) -> Option<Country> + Send + Sync>;

/// Under what a flow counts. Every flow counts once under each kind it has; without a label it is
/// under `Unlabelled`, so that these and `Label` together have every flow once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Of sessions, not of flows: index of the label that most of a session has into the run's labels, if
    /// it has one.
    Session(Option<u16>),
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
    Session,
}

impl Kind {
    pub const COUNT: usize = Self::Session as usize + 1;

    /// Whether there are few keys of the kind, under which many flows count.
    pub fn has_few_keys(self) -> bool {
        matches!(
            self,
            Self::Protocol | Self::Unlabelled | Self::Label | Self::Country | Self::Session
        )
    }
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
            Self::Session(_) => Kind::Session,
        }
    }

    /// The key as numbers: kind, version of IP, and the rest, but for a name. Keys are hashed a dozen
    /// times for each flow, and millions of them sorted at the end of a run.
    fn numbers(&self) -> (u8, u8, u128) {
        let (version, rest) = match self {
            Self::Protocol(number) | Self::Unlabelled(number) => (0, u128::from(*number)),
            Self::Client(IpAddr::V4(address)) | Self::Server(IpAddr::V4(address)) => {
                (4, u128::from(address.to_bits()))
            }
            Self::Client(IpAddr::V6(address)) | Self::Server(IpAddr::V6(address)) => {
                (6, address.to_bits())
            }
            Self::Port(number, port) => (0, u128::from(*number) << 16 | u128::from(*port)),
            Self::Label(label) => (0, u128::from(*label)),
            Self::Session(Some(label)) => (1, u128::from(*label)),
            Self::Country(None) | Self::Domain(_) | Self::Session(None) => (0, 0),
            Self::Country(Some(letters)) => (1, u128::from(u16::from_be_bytes(*letters))),
        };
        (self.kind() as u8, version, rest)
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Domain(name) => Some(name),
            _ => None,
        }
    }
}

/// By kind; then addresses, ports and labels by their numbers, names by their letters.
impl Ord for StatisticKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers().cmp(&other.numbers()).then_with(|| self.name().cmp(&other.name()))
    }
}

impl PartialOrd for StatisticKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for StatisticKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Domain(name) => name.hash(state),
            _ => {
                let (kind, version, rest) = self.numbers();
                let before = u128::from(kind) << 120 | u128::from(version) << 112;
                state.write_u128(before ^ rest);
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_in_which_people_expect_them() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let sorted = [
            StatisticKey::Protocol(6),
            StatisticKey::Protocol(17),
            StatisticKey::Client(address("9.0.0.0")),
            StatisticKey::Client(address("10.0.0.1")),
            StatisticKey::Client(address("::1")),
            StatisticKey::Client(address("2001:db8::")),
            StatisticKey::Server(address("0.0.0.0")),
            StatisticKey::Port(6, 443),
            StatisticKey::Port(17, 53),
            StatisticKey::Unlabelled(6),
            StatisticKey::Label(9),
            StatisticKey::Country(None),
            StatisticKey::Country(Some(*b"AA")),
            StatisticKey::Country(Some(*b"DE")),
            StatisticKey::Domain("a".into()),
            StatisticKey::Domain("ab".into()),
        ];
        for (one, first) in sorted.iter().enumerate() {
            for (other, second) in sorted.iter().enumerate() {
                assert_eq!(first.cmp(second), one.cmp(&other), "{first:?}, {second:?}");
                assert_eq!(first == second, one == other);
            }
        }
    }
}
