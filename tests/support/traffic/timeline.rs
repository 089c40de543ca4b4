//! When the adversary's packets come: mostly soon, now and then exactly at, or one nanosecond beside, the moment at
//! which a time-out of some flow runs out, and in some moods before the packets that stand before them.

use crate::support::random::Random;

const SECOND_NS: i64 = 1_000_000_000;

/// Activity gap, linger and activity gap of `cic`, active time-out of `iscx`, life of a first fragment, idle time-out
/// (and age of a flow of `cic`), age of a flow of `nfstream`; `iscx` and `cic` go idle last.
const LIMITS_NS: [i64; 9] = [
    SECOND_NS,
    SECOND_NS,
    5 * SECOND_NS,
    5 * SECOND_NS,
    15 * SECOND_NS,
    30 * SECOND_NS,
    120 * SECOND_NS,
    1_800 * SECOND_NS,
    3_600 * SECOND_NS,
];
const MARKS: usize = 24;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeMood {
    /// Never back.
    Forward,
    /// Back by less than any time-out.
    Jitter,
    /// Back by anything.
    Wild,
}

pub struct Timeline {
    mood: TimeMood,
    now: i64,
    /// Times of earlier packets, and whose they were.
    marks: Vec<(i64, usize)>,
}

impl Timeline {
    pub fn new(mood: TimeMood, start_ns: i64) -> Self {
        Self { mood, now: start_ns, marks: Vec::new() }
    }

    /// The time of the next packet, and the conversation (one of `count`) that it should belong to.
    pub fn next(&mut self, random: &mut Random, count: usize) -> (i64, usize) {
        let anyone = random.below(count as u64) as usize;
        let (time, who) = match random.below(100) {
            0..=14 => (self.now, anyone),
            15..=22 => (self.now + 1, anyone),
            23..=64 => (self.now + random.between(0, 40_000_000), anyone),
            65..=79 => (self.now + random.between(0, 2 * SECOND_NS), anyone),
            80..=95 if !self.marks.is_empty() => self.at_a_limit(random),
            _ => (self.now - random.between(0, self.mood.longest_way_back()), anyone),
        };
        let time = if self.mood == TimeMood::Forward { time.max(self.now) } else { time };
        // The oldest classic captures begin in 1970: no time before it.
        let time = time.max(0);
        // A packet from the past may be one stray, or the clock that the rest goes on with.
        if time > self.now || random.chance(40) {
            self.now = time;
        }
        self.remember(random, time, who % count);
        (time, who % count)
    }

    /// A time chosen from outside, as far as the mood allows it.
    pub fn leap(&mut self, time: i64) -> i64 {
        self.now = if self.mood == TimeMood::Forward { time.max(self.now) } else { time };
        self.now
    }

    fn at_a_limit(&self, random: &mut Random) -> (i64, usize) {
        let (time, who) = random.pick(&self.marks);
        // The long limits end every flow there is: rarely.
        let limits = if random.chance(15) { &LIMITS_NS[..] } else { &LIMITS_NS[..5] };
        // Of each unit that a profile works in: nanoseconds, microseconds, milliseconds.
        let beside = random.pick(&[-1, 0, 0, 1, 1]) * random.pick(&[1, 1, 1_000, 1_000_000]);
        (time + random.pick(limits) + beside, who)
    }

    fn remember(&mut self, random: &mut Random, time: i64, who: usize) {
        if self.marks.len() < MARKS {
            self.marks.push((time, who));
        } else {
            let place = random.below(MARKS as u64) as usize;
            self.marks[place] = (time, who);
        }
    }
}

impl TimeMood {
    fn longest_way_back(self) -> i64 {
        match self {
            Self::Forward => 0,
            Self::Jitter => SECOND_NS,
            Self::Wild => 300 * SECOND_NS,
        }
    }
}
