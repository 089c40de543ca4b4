//! The cells of rows, in memory that is used again.

use crate::profiles::{Layout, Row, Value, emptied};

/// Evaluates one row after the other.
pub struct Cells {
    layout: Layout,
    cells: Vec<Value<'static>>,
}

impl Cells {
    pub fn new(layout: Layout) -> Self {
        Self { layout, cells: Vec::new() }
    }

    /// Hands the row's value of each column of the layout to `with`.
    pub fn of<T>(&mut self, row: &Row<'_>, with: impl FnOnce(&[Value<'_>]) -> T) -> T {
        let mut cells = emptied(std::mem::take(&mut self.cells));
        self.layout.evaluate(row, &mut cells);
        let result = with(&cells);
        self.cells = emptied(cells);
        result
    }
}
