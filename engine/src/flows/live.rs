//! Which open flows count already: what live statistics are told between one epoch and the next.

use super::wheel::Entry;
use crate::decode::Key;
use serde::{Deserialize, Serialize};

/// A flow that counts from now on while it is open, or one that does not count any more, since it
/// has ended and is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedOpen {
    pub id: u64,
    pub key: Key,
    #[serde(deserialize_with = "crate::saved::side")]
    pub client_side: usize,
    pub counts: bool,
}

/// What has changed since the last epoch. Flows that opened and ended in one are never told.
#[derive(Default)]
pub struct Live {
    pub opened: Vec<Entry>,
    pub forgotten: Vec<CountedOpen>,
}

impl Live {
    pub fn len(&self) -> usize {
        self.opened.len() + self.forgotten.len()
    }
}
