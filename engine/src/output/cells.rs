//! The cells of rows, in memory that is used again.

use super::{RowWriter, Saved};
use crate::profiles::{Layout, Row, Value, emptied};
use std::io;

/// Takes the cells of rows in their final order, wherever they come from.
pub trait CellWriter: Send {
    /// Writes one row: a value a column.
    ///
    /// # Errors
    /// When the destination does not take it.
    fn write_cells(&mut self, cells: &[Value<'_>]) -> io::Result<()>;

    /// As [`RowWriter::flush`].
    ///
    /// # Errors
    /// As [`CellWriter::write_cells`].
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// As [`RowWriter::save`].
    ///
    /// # Errors
    /// As [`CellWriter::write_cells`].
    fn save(&mut self, done: Saved) -> io::Result<()> {
        self.flush()?;
        done(&[]);
        Ok(())
    }

    /// Writes what is left. Called once, after the last row.
    ///
    /// # Errors
    /// As [`CellWriter::write_cells`].
    fn finish(&mut self) -> io::Result<()>;
}

/// Works out the cells of rows and hands them to a format.
pub struct Evaluated<C> {
    pub(super) cells: Cells,
    pub(super) to: C,
}

impl<C: CellWriter> Evaluated<C> {
    /// For a format that takes the layout's columns.
    pub fn of(layout: Layout, to: C) -> Self {
        Self { cells: Cells::new(layout), to }
    }
}

impl<C: CellWriter> RowWriter for Evaluated<C> {
    fn write(&mut self, row: &Row<'_>) -> io::Result<()> {
        let to = &mut self.to;
        self.cells.of(row, |cells| to.write_cells(cells))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }

    fn save(&mut self, done: Saved) -> io::Result<()> {
        self.to.save(done)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.to.finish()
    }
}

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
