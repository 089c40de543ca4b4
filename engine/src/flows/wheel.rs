//! A lazy timing wheel: packets do not touch it; an entry that comes due looks the flow's real
//! deadline up and moves on if it is later.

use crate::time::Timestamp;

/// An open flow by index, and which of the flows that lived there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub index: u32,
    pub generation: u32,
}

struct Bucket {
    /// No entry is due before; `MAX` when empty.
    earliest: Timestamp,
    entries: Vec<Entry>,
}

const BUCKETS: i64 = 512;

/// Entries between naming an entry's memory and visiting it.
const FETCH_AHEAD: usize = 16;

pub struct Wheel {
    buckets: Vec<Bucket>,
    width_ns: i64,
    /// Number of the bucket up to which everything has been swept.
    swept: i64,
    entries: usize,
    scratch: Vec<Entry>,
}

impl Wheel {
    /// A wheel for deadlines at most `span_ns` after the clock.
    pub fn new(span_ns: i64) -> Self {
        let bucket = || Bucket { earliest: Timestamp(i64::MAX), entries: Vec::new() };
        Self {
            buckets: std::iter::repeat_with(bucket).take(BUCKETS as usize).collect(),
            // Half the wheel for the span: a deadline never laps the sweep.
            width_ns: (span_ns / (BUCKETS / 2)).max(1),
            swept: i64::MIN,
            entries: 0,
            scratch: Vec::new(),
        }
    }

    fn number(&self, deadline: Timestamp) -> i64 {
        deadline.0.div_euclid(self.width_ns)
    }

    pub fn len(&self) -> usize {
        self.entries
    }

    pub fn schedule(&mut self, entry: Entry, deadline: Timestamp) {
        let number = self.number(deadline).max(self.swept);
        let bucket = &mut self.buckets[number.rem_euclid(BUCKETS) as usize];
        bucket.earliest = bucket.earliest.min(deadline);
        bucket.entries.push(entry);
        self.entries += 1;
    }

    /// Visits every entry that may be due before `clock`. `visit` answers with the deadline of an
    /// entry that is still open and not due, `None` to forget it. `fetch` hears of it a little before.
    pub fn sweep(
        &mut self,
        clock: Timestamp,
        fetch: impl Fn(Entry),
        mut visit: impl FnMut(Entry) -> Option<Timestamp>,
    ) {
        let now = self.number(clock);
        let from = self.swept.max(now.saturating_sub(BUCKETS - 1));
        for number in from..=now {
            let place = number.rem_euclid(BUCKETS) as usize;
            self.swept = number;
            if self.buckets[place].earliest >= clock {
                continue;
            }
            let mut due = std::mem::take(&mut self.scratch);
            std::mem::swap(&mut due, &mut self.buckets[place].entries);
            self.buckets[place].earliest = Timestamp(i64::MAX);
            self.entries -= due.len();
            for (turn, &entry) in due.iter().enumerate() {
                if let Some(&ahead) = due.get(turn + FETCH_AHEAD) {
                    fetch(ahead);
                }
                if let Some(deadline) = visit(entry) {
                    self.schedule(entry, deadline);
                }
            }
            due.clear();
            self.scratch = due;
        }
        self.swept = self.swept.max(now);
    }

    /// Drops entries whose flow is gone, so that flows evicted in a flood leave no memory behind.
    pub fn retain(&mut self, mut is_open: impl FnMut(Entry) -> bool) {
        for bucket in &mut self.buckets {
            bucket.entries.retain(|&entry| is_open(entry));
        }
        self.entries = self.buckets.iter().map(|bucket| bucket.entries.len()).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every deadline is visited exactly when the clock has passed it, whatever the clock's jumps.
    #[test]
    fn visits_what_is_due_and_nothing_else() {
        for step in [1, 7, 999, 50_000, 10_000_000] {
            let mut wheel = Wheel::new(100_000);
            let mut deadlines = vec![];
            let mut clock = -3_000_000i64;
            let mut random = 12345u64;
            for round in 0..2_000u32 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let deadline = Timestamp(clock + (random >> 33) as i64 % 100_001);
                wheel.schedule(Entry { index: round, generation: 0 }, deadline);
                deadlines.push(Some(deadline));
                clock += (random >> 20) as i64 % step;
                wheel.sweep(
                    Timestamp(clock),
                    |_| {},
                    |entry| {
                        let deadline = deadlines[entry.index as usize]?;
                        if deadline < Timestamp(clock) {
                            deadlines[entry.index as usize] = None;
                            return None;
                        }
                        Some(deadline)
                    },
                );
                let late = deadlines.iter().flatten().filter(|at| **at < Timestamp(clock)).count();
                assert_eq!(late, 0, "step {step}, round {round}");
            }
            assert_eq!(wheel.len(), deadlines.iter().flatten().count());
        }
    }
}
