//! Questions about flows that are open while a run goes on.

use crate::decode::Key;
use std::net::IpAddr;

/// A question, by the number that whoever asked knows it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    pub id: u64,
    pub about: About,
}

/// Which flows are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum About {
    /// Index into the run's labels.
    Label(u16),
    /// Of either end.
    Address(IpAddr),
}

impl About {
    /// Whether a flow is one of those. `label` tells which it has so far.
    pub fn is(&self, key: &Key, label: impl FnOnce() -> Option<u16>) -> bool {
        match *self {
            Self::Label(wanted) => label() == Some(wanted),
            Self::Address(address) => (0..2).any(|side| key.address(side) == address),
        }
    }
}
