//! Values by index, in pages that never move: growing neither copies nor doubles.

use std::ops::{Index, IndexMut};

const PAGE_BITS: usize = 10;
const PAGE: usize = 1 << PAGE_BITS;

/// True for the last index of a page.
pub fn ends_page(index: usize) -> bool {
    (index + 1).is_multiple_of(PAGE)
}

/// A growing array; indices are first put in their order.
pub struct Slab<T> {
    pages: Vec<Vec<T>>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { pages: Vec::new() }
    }
}

impl<T> Slab<T> {
    /// Puts a value at `index`: one that has a value, or the next after all that have.
    #[inline]
    pub fn put(&mut self, index: usize, value: T) {
        if index >> PAGE_BITS == self.pages.len() {
            self.pages.push(Vec::with_capacity(PAGE));
        }
        let page = &mut self.pages[index >> PAGE_BITS];
        match page.get_mut(index & (PAGE - 1)) {
            Some(place) => *place = value,
            None => {
                debug_assert_eq!(page.len(), index & (PAGE - 1), "indices in order");
                page.push(value);
            }
        }
    }

    /// Frees the page of `index`, whose values must not be read any more.
    pub fn free_page_of(&mut self, index: usize) {
        if let Some(page) = self.pages.get_mut(index >> PAGE_BITS) {
            *page = Vec::new();
        }
    }

    #[inline]
    pub fn get(&self, index: usize) -> Option<&T> {
        self.pages.get(index >> PAGE_BITS).and_then(|page| page.get(index & (PAGE - 1)))
    }
}

impl<T> Index<usize> for Slab<T> {
    type Output = T;

    #[inline]
    fn index(&self, index: usize) -> &T {
        &self.pages[index >> PAGE_BITS][index & (PAGE - 1)]
    }
}

impl<T> IndexMut<usize> for Slab<T> {
    #[inline]
    fn index_mut(&mut self, index: usize) -> &mut T {
        &mut self.pages[index >> PAGE_BITS][index & (PAGE - 1)]
    }
}
