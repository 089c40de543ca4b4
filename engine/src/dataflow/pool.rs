//! Vectors used again: fresh memory costs the kernel more than a packet costs us.

use super::failure::lock;
use std::sync::Mutex;

/// Emptied vectors that keep their memory, for any thread.
pub struct Pool<T> {
    spare: Mutex<Spare<T>>,
    bytes_max: usize,
}

struct Spare<T> {
    vectors: Vec<Vec<T>>,
    bytes: usize,
    /// Vectors that were taken and have not come back.
    lent: usize,
}

impl<T> Pool<T> {
    /// A pool that keeps so many bytes.
    pub fn new(bytes_max: usize) -> Self {
        let spare = Spare { vectors: Vec::new(), bytes: 0, lent: 0 };
        Self { spare: Mutex::new(spare), bytes_max }
    }

    /// An empty vector, one with memory if there is any.
    pub fn take(&self) -> Vec<T> {
        let mut spare = lock(&self.spare);
        let vector = spare.vectors.pop().unwrap_or_default();
        spare.bytes -= bytes_of(&vector);
        spare.lent += 1;
        vector
    }

    /// Takes a vector back; what is in it is dropped. Beyond the bound its memory is, too, and that of a
    /// vector that nobody has taken: in a run that lasts, a pool that is only given to would fill up.
    pub fn give(&self, mut vector: Vec<T>) {
        vector.clear();
        let bytes = bytes_of(&vector);
        let mut spare = lock(&self.spare);
        let was_lent = spare.lent > 0;
        spare.lent = spare.lent.saturating_sub(1);
        if was_lent && bytes > 0 && spare.bytes + bytes <= self.bytes_max {
            spare.bytes += bytes;
            spare.vectors.push(vector);
        }
    }
}

fn bytes_of<T>(vector: &Vec<T>) -> usize {
    vector.capacity() * size_of::<T>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_memory_up_to_its_bound() {
        let pool = Pool::<u64>::new(1_000);
        assert_eq!(pool.take().capacity(), 0);
        assert_eq!(pool.take().capacity(), 0);
        pool.give(Vec::with_capacity(100));
        pool.give(Vec::with_capacity(100));
        assert_eq!(pool.take().capacity(), 100);
        assert_eq!(pool.take().capacity(), 0, "the second was beyond the bound");
        pool.give(vec![1; 125]);
        assert_eq!((pool.take(), pool.take().capacity()), (vec![], 0));
    }

    #[test]
    fn keeps_no_more_than_it_has_lent() {
        let pool = Pool::<u64>::new(1 << 20);
        let lent = [pool.take(), pool.take()];
        (0..100).for_each(|_| pool.give(Vec::with_capacity(100)));
        assert_eq!([0; 3].map(|_| pool.take().capacity()), [100, 100, 0]);
        drop(lent);
    }
}
