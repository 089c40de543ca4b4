//! Formats: what becomes of rows. A writer runs on a thread of its own, off the workers'.

mod arff;
mod cells;
mod csv;
mod discard;
mod jsonl;
mod parquet;
mod text;
mod zeek;

pub use arff::ArffWriter;
pub use csv::CsvWriter;
pub use discard::DiscardWriter;
pub use jsonl::JsonLinesWriter;
pub use parquet::ParquetWriter;
pub use zeek::ZeekWriter;

use crate::profiles::Row;
use std::io;

/// Takes rows in their final order.
pub trait RowWriter: Send {
    /// Writes one row.
    ///
    /// # Errors
    /// When the destination does not take it; the run ends then.
    fn write(&mut self, row: &Row<'_>) -> io::Result<()>;

    /// Writes what is left. Called once, after the last row.
    ///
    /// # Errors
    /// As [`RowWriter::write`].
    fn finish(&mut self) -> io::Result<()>;
}
