//! The only clock of the engine. Nothing that a capture gives depends on it: it says when a job
//! began and how long a file has been quiet.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The time of day.
pub struct Clock;

impl Clock {
    /// Seconds since 1970, UTC; 0 on a machine whose clock stands before.
    pub fn unix_s() -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }
}

/// Time that has passed, whatever is done to the time of day.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    began: Instant,
}

impl Stopwatch {
    pub fn start() -> Self {
        Self { began: Instant::now() }
    }

    pub fn passed(&self) -> Duration {
        self.began.elapsed()
    }
}
