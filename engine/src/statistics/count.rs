//! What is counted, and under which key.

use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Under what a flow counts. Every flow counts once under each kind it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum StatisticKey {
    /// IP protocol number.
    Protocol(u8),
    Client(IpAddr),
    Server(IpAddr),
    /// Protocol and port of the server; TCP, UDP and SCTP only.
    Port(u8, u16),
    /// Index into the run's labels; `None`: no classifier knew it.
    Label(Option<u16>),
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
