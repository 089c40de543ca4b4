//! The cells of rows, in memory that is used again.

use crate::profiles::{Profile, Row, Value, emptied};

/// Evaluates one row after the other.
pub struct Cells {
    profile: &'static Profile,
    with_id: bool,
    cells: Vec<Value<'static>>,
}

impl Cells {
    pub fn new(profile: &'static Profile, with_id: bool) -> Self {
        Self { profile, with_id, cells: Vec::new() }
    }

    /// Hands the row's value of each column of [`Profile::table`] to `with`.
    pub fn of<T>(&mut self, row: &Row<'_>, with: impl FnOnce(&[Value<'_>]) -> T) -> T {
        let mut cells = emptied(std::mem::take(&mut self.cells));
        self.profile.evaluate(row, self.with_id, &mut cells);
        let result = with(&cells);
        self.cells = emptied(cells);
        result
    }
}
