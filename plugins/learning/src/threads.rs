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

/// Hands such results to `take`, in order, and stops where that fails: no more of them are there at once than
/// threads, and no more work is done in vain.
///
/// # Errors
/// Those of `take`.
///
/// # Panics
/// If `work` does.
pub(crate) fn hand_on<T: Send, E>(
    count: usize,
    threads: usize,
    work: impl Fn(usize) -> T + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let at_once = threads.clamp(1, THREADS_MAX);
    for begin in (0..count).step_by(at_once) {
        let some = at_once.min(count - begin);
        map(some, threads, |number| work(begin + number)).into_iter().try_for_each(&mut take)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn results_are_handed_on_in_order_and_work_ends_where_they_are_refused() {
        for threads in [0, 1, 2, 7] {
            let (mut taken, done) = (Vec::new(), AtomicUsize::new(0));
            let work = |number| {
                done.fetch_add(1, Ordering::Relaxed);
                number
            };
            let take = |number| {
                taken.push(number);
                if number == 20 { Err("enough") } else { Ok(()) }
            };
            assert_eq!(super::hand_on(100_000, threads, work, take), Err("enough"));
            assert_eq!(taken, (0..=20).collect::<Vec<_>>());
            assert!(done.into_inner() <= 21 + threads);
        }
    }

    #[test]
    fn results_are_in_order_for_any_number_of_threads() {
        for threads in [0, 1, 2, 7] {
            let squares = super::map(100, threads, |number| number * number);
            assert!(squares.iter().enumerate().all(|(number, square)| number * number == *square));
            assert_eq!(squares.len(), 100);
        }
    }
}
