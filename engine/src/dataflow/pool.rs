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
}

impl<T> Pool<T> {
    /// A pool that keeps so many bytes.
    pub fn new(bytes_max: usize) -> Self {
        let spare = Spare { vectors: Vec::new(), bytes: 0 };
        Self { spare: Mutex::new(spare), bytes_max }
    }

    /// An empty vector, one with memory if there is any.
    pub fn take(&self) -> Vec<T> {
        let mut spare = lock(&self.spare);
        let vector = spare.vectors.pop().unwrap_or_default();
        spare.bytes -= bytes_of(&vector);
        vector
    }

    /// Takes a vector back; what is in it is dropped. Beyond the bound its memory is, too.
    pub fn give(&self, mut vector: Vec<T>) {
        vector.clear();
        let bytes = bytes_of(&vector);
        let mut spare = lock(&self.spare);
        if bytes > 0 && spare.bytes + bytes <= self.bytes_max {
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
        pool.give(Vec::with_capacity(100));
        pool.give(Vec::with_capacity(100));
        assert_eq!(pool.take().capacity(), 100);
        assert_eq!(pool.take().capacity(), 0, "the second was beyond the bound");
        pool.give(vec![1; 125]);
        assert_eq!((pool.take(), pool.take().capacity()), (vec![], 0));
    }
}
