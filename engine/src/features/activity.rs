//! Active and idle periods: what gaps over a threshold cut a flow into.

use super::{Gaps, Moments};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How active periods are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ActivityRule {
    /// From the first to the last packet of each period; the last period counts.
    Exact,
    /// As CICFlowMeter has it: as exact, but periods of no length or less do not count, nor does
    /// the last one.
    Cic,
    /// As in the ISCX 2016 data set: each period up to the packet after the gap that ends it; the
    /// last period is not counted.
    Iscx,
}

/// Lengths of periods, with their number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Periods {
    count: u64,
    sum_ns: i64,
    gaps: Gaps,
}

impl Periods {
    fn add(&mut self, length_ns: i64) {
        self.count += 1;
        self.sum_ns = self.sum_ns.saturating_add(length_ns);
        self.gaps.add(length_ns);
    }

    fn moments(&self) -> Option<Moments> {
        self.gaps.moments(self.count, self.sum_ns)
    }
}

/// Active and idle periods of a flow. Those that have ended stand apart: most flows have none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    period_start: Timestamp,
    /// The last active period of a flow that has ended, where it counts.
    last_period_ns: Option<i64>,
    ended: Option<Box<EndedPeriods>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct EndedPeriods {
    active: Periods,
    idle: Periods,
}

impl Activity {
    /// Of a flow that begins.
    pub fn open(time: Timestamp) -> Self {
        Self { period_start: time, ..Self::default() }
    }

    /// A gap over the threshold, between `last` and `time`.
    #[cold]
    pub fn add_idle(&mut self, rule: ActivityRule, last: Timestamp, time: Timestamp) {
        let end = match rule {
            ActivityRule::Exact | ActivityRule::Cic => last,
            ActivityRule::Iscx => time,
        };
        let ended = self.ended.get_or_insert_default();
        let length_ns = end.since(self.period_start);
        if length_ns > 0 || rule != ActivityRule::Cic {
            ended.active.add(length_ns);
        }
        ended.idle.add(time.since(last));
        self.period_start = time;
    }

    /// The flow ends with a packet at `last`.
    pub fn close(&mut self, rule: ActivityRule, last: Timestamp) {
        if rule == ActivityRule::Exact {
            self.last_period_ns = Some(last.since(self.period_start));
        }
    }

    /// The active periods of a flow that has ended.
    pub fn active(&self) -> Option<Moments> {
        let mut periods = self.ended.as_ref().map_or_else(Periods::default, |ended| ended.active);
        self.last_period_ns.into_iter().for_each(|length_ns| periods.add(length_ns));
        periods.moments()
    }

    pub fn idle(&self) -> Option<Moments> {
        self.ended.as_ref()?.idle.moments()
    }
}
