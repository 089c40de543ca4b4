//! Many cases, several at once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::scope;

/// Checks each number below `all`, a seed mostly, so many at once. A failure names its number, and no
/// further ones are begun.
pub fn check_each(all: u64, at_once: usize, check: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(0);
    let check_some = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= all {
                break;
            }
            if catch_unwind(AssertUnwindSafe(|| check(number))).is_err() {
                next.store(all, Ordering::Relaxed);
                panic!("number {number} fails, see above");
            }
        }
    };
    scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(check_some);
        }
    });
}

/// How many are best at once when each needs a processor.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}
