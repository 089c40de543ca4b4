//! Active and idle periods: what gaps over a threshold cut a flow into.

use super::{Gaps, Moments};
use crate::time::Timestamp;

/// How active periods are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActivityRule {
    /// From the first to the last packet of each period; the last period counts.
    Exact,
    /// As in the ISCX 2016 data set: each period up to the packet after the gap that ends it; the
    /// last period is not counted.
    Iscx,
}

/// Lengths of periods, with their number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Periods {
    pub count: u64,
    sum_ns: i64,
    gaps: Gaps,
}

impl Periods {
    fn add(&mut self, length_ns: i64) {
        self.count += 1;
        self.sum_ns = self.sum_ns.saturating_add(length_ns);
        self.gaps.add(length_ns);
    }

    pub fn moments(&self) -> Option<Moments> {
        self.gaps.moments(self.count, self.sum_ns)
    }
}

/// Active and idle periods of a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    pub active: Periods,
    pub idle: Periods,
    period_start: Timestamp,
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
            ActivityRule::Exact => last,
            ActivityRule::Iscx => time,
        };
        self.active.add(end.since(self.period_start));
        self.idle.add(time.since(last));
        self.period_start = time;
    }

    /// The flow ends with a packet at `last`.
    pub fn close(&mut self, rule: ActivityRule, last: Timestamp) {
        if rule == ActivityRule::Exact {
            self.active.add(last.since(self.period_start));
        }
    }
}
