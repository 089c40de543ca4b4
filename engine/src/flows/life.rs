//! How long a flow lives: the rules and spans a profile chooses and options override.

use crate::time::SECOND_NS;

/// Which family of rules ends a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifeRule {
    /// By TCP's own end, silence, an optional longest life, and reuse of the ports.
    Connection,
    /// As in the ISCX 2016 data set: by age, but a FIN may come late; file order as it is.
    Iscx,
}

/// A flow's life. All comparisons are strict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    pub rule: LifeRule,
    /// Longest silence.
    pub idle_ns: i64,
    /// Longest time from the first packet.
    pub active_ns: Option<i64>,
    /// For how long packets after a connection's end still count in its flow.
    pub linger_ns: i64,
}

impl Life {
    /// `native` and the corrected profiles.
    pub const CONNECTION: Self = Self {
        rule: LifeRule::Connection,
        idle_ns: 120 * SECOND_NS,
        active_ns: None,
        linger_ns: 5 * SECOND_NS,
    };

    /// `iscx` and `iscx-a2`: 15 s, and silence of an hour to free memory.
    pub const ISCX: Self = Self {
        rule: LifeRule::Iscx,
        idle_ns: 3_600 * SECOND_NS,
        active_ns: Some(15 * SECOND_NS),
        linger_ns: 0,
    };

    /// True when a time that goes back counts as the flow's own last time.
    pub fn clamps(&self) -> bool {
        self.rule == LifeRule::Connection
    }
}
