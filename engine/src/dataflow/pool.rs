//! Vectors used again: fresh memory costs the kernel more than a packet costs us.

use super::failure::lock;
use crate::limits::{SPARE_VECTOR_BYTES_MAX, SPARE_VECTORS_MAX};
use std::sync::Mutex;

/// Emptied vectors that keep their memory, for any thread.
pub struct Pool<T> {
    spare: Mutex<Vec<Vec<T>>>,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { spare: Mutex::default() }
    }
}

impl<T> Pool<T> {
    /// An empty vector, one with memory if there is any.
    pub fn take(&self) -> Vec<T> {
        lock(&self.spare).pop().unwrap_or_default()
    }

    /// Takes a vector back; what is in it is dropped. Beyond the bounds its memory is, too.
    pub fn give(&self, mut vector: Vec<T>) {
        vector.clear();
        let bytes = vector.capacity() * size_of::<T>();
        let mut spare = lock(&self.spare);
        if bytes > 0 && bytes <= SPARE_VECTOR_BYTES_MAX && spare.len() < SPARE_VECTORS_MAX {
            spare.push(vector);
        }
    }
}
