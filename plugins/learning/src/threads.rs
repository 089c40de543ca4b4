//! Doing many things on a few threads, with results in order.

use crate::limits::THREADS_MAX;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// As many as there are processors.
pub fn available() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Results of `work` for each number below `count`, in order, whichever thread came to it.
///
/// # Panics
/// If `work` does.
pub(crate) fn map<T: Send>(
    count: usize,
    threads: usize,
    work: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let threads = threads.clamp(1, THREADS_MAX).min(count);
    if threads <= 1 {
        return (0..count).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let take = || {
        let numbers = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
        let numbers = numbers.take_while(|number| *number < count);
        numbers.map(|number| (number, work(number))).collect::<Vec<_>>()
    };
    let mut done: Vec<(usize, T)> = thread::scope(|scope| {
        let helpers: Vec<_> = (1..threads).map(|_| scope.spawn(take)).collect();
        let mut done = take();
        for helper in helpers {
            match helper.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_are_in_order_for_any_number_of_threads() {
        for threads in [0, 1, 2, 7] {
            let squares = super::map(100, threads, |number| number * number);
            assert!(squares.iter().enumerate().all(|(number, square)| number * number == *square));
            assert_eq!(squares.len(), 100);
        }
    }
}
