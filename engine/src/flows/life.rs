//! How long a flow lives: the rules and spans a profile chooses and options override.

use crate::time::{MILLISECOND_NS, SECOND_NS, Timestamp};
use serde::Serialize;

/// Which family of rules ends a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum LifeRule {
    /// By TCP's own end, silence, an optional longest life, and reuse of the ports.
    Connection,
    /// As in the ISCX 2016 data set: by age, but a FIN may come late; file order as it is.
    Iscx,
    /// As CICFlowMeter has it: by age, by FIN and by RST; the next flow of a key that grew too old
    /// has the same ends. File order as it is.
    Cic,
    /// As NFStream has it: by silence and age alone, and a packet's time is the stream clock.
    Nfstream,
}

/// A flow's life. All comparisons are strict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Life {
    pub rule: LifeRule,
    /// Longest silence.
    pub idle_ns: i64,
    /// Longest time from the first packet.
    pub active_ns: Option<i64>,
    /// For how long packets after a connection's end still count in its flow.
    pub linger_ns: i64,
    /// Flows with fewer packets are not shown.
    pub packets_min: u64,
}

impl Life {
    /// `native` and the corrected profiles.
    pub const CONNECTION: Self = Self {
        rule: LifeRule::Connection,
        idle_ns: 120 * SECOND_NS,
        active_ns: None,
        linger_ns: 5 * SECOND_NS,
        packets_min: 1,
    };

    /// `iscx` and `iscx-a2`: 15 s, and silence of an hour to free memory.
    pub const ISCX: Self = Self {
        rule: LifeRule::Iscx,
        idle_ns: 3_600 * SECOND_NS,
        active_ns: Some(15 * SECOND_NS),
        linger_ns: 0,
        packets_min: 1,
    };

    /// `cic`: 120 s, and silence of an hour after which a flow is set aside to free memory.
    pub const CIC: Self = Self {
        rule: LifeRule::Cic,
        idle_ns: 3_600 * SECOND_NS,
        active_ns: Some(120 * SECOND_NS),
        linger_ns: 0,
        packets_min: 2,
    };

    /// `nfstream`: 120 s of silence, 1,800 s of age.
    pub const NFSTREAM: Self = Self {
        rule: LifeRule::Nfstream,
        idle_ns: 120 * SECOND_NS - MILLISECOND_NS,
        active_ns: Some(1_800 * SECOND_NS - MILLISECOND_NS),
        linger_ns: 0,
        packets_min: 1,
    };

    /// The same with another longest silence.
    pub fn with_idle(self, idle_ns: i64) -> Self {
        Self { idle_ns: self.limit(idle_ns), ..self }
    }

    /// The same with another longest age.
    pub fn with_active(self, active_ns: i64) -> Self {
        Self { active_ns: Some(self.limit(active_ns)), ..self }
    }

    /// NFStream ends a flow at its limit, in whole milliseconds; the others beyond it.
    fn limit(&self, span_ns: i64) -> i64 {
        match self.rule {
            LifeRule::Nfstream => (span_ns - 1).div_euclid(MILLISECOND_NS) * MILLISECOND_NS,
            _ => span_ns,
        }
    }

    /// Whether TCP itself is followed: who is the client, when a connection ends.
    #[inline]
    pub fn follows_connections(&self) -> bool {
        self.rule == LifeRule::Connection
    }

    /// When a packet counts as having come in a flow whose packet before came at `last`.
    #[inline]
    pub fn time(&self, time: Timestamp, last: Timestamp, clock: Timestamp) -> Timestamp {
        match self.rule {
            LifeRule::Connection => time.max(last),
            LifeRule::Iscx | LifeRule::Cic => time,
            LifeRule::Nfstream => clock,
        }
    }
}
