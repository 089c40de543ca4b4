//! Formats: what becomes of rows. A writer runs on a thread of its own, off the workers'.

mod arff;
mod cells;
mod csv;
mod discard;
mod jsonl;
mod parquet;
mod text;
mod zeek;

pub use self::csv::{CsvLines, CsvWriter};
pub use arff::ArffWriter;
pub use cells::{CellWriter, Evaluated};
pub use discard::DiscardWriter;
pub use jsonl::{JsonLines, JsonLinesWriter};
pub use parquet::{
    About, EncodedTable, ParquetBatches, ParquetFile, ParquetWriter, Table, TableBuilder,
    TableEncoder, TableView,
};
pub use zeek::ZeekWriter;

use crate::flows::Question;
use crate::profiles::Row;
use crate::time::Timestamp;
use std::io;

/// Is told where the rows so far are, once that lasts.
pub type Saved = Box<dyn FnOnce(&[u8]) + Send>;

/// Takes rows in their final order.
pub trait RowWriter: Send {
    /// Writes one row.
    ///
    /// # Errors
    /// When the destination does not take it; the run ends then.
    fn write(&mut self, row: &Row<'_>) -> io::Result<()>;

    /// Takes the answer to a question: the flows it is about that are open behind the rows that were
    /// written so far, in the order in which they began. What they have gathered is missing: of a row
    /// only id, ends, times, packets, bytes, label, names and class can be read. `left_out` more
    /// were too many for an answer.
    ///
    /// # Errors
    /// As [`RowWriter::write`].
    fn answer(
        &mut self,
        _question: &Question,
        _open: &mut dyn Iterator<Item = Row<'_>>,
        _left_out: u64,
    ) -> io::Result<()> {
        Ok(())
    }

    /// Is told, where windows have rows beside those of flows, that all rows which end before that time
    /// have been written.
    ///
    /// # Errors
    /// As [`RowWriter::write`].
    fn pass(&mut self, _clock: Timestamp) -> io::Result<()> {
        Ok(())
    }

    /// Hands on what was written so far: a followed folder may be silent for long.
    ///
    /// # Errors
    /// As [`RowWriter::write`].
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Makes all rows so far last, and tells then where they are: as much as is needed to cut off all
    /// that comes later, and to go on from there.
    ///
    /// # Errors
    /// As [`RowWriter::write`].
    fn save(&mut self, done: Saved) -> io::Result<()> {
        self.flush()?;
        done(&[]);
        Ok(())
    }

    /// Writes what is left. Called once, after the last row.
    ///
    /// # Errors
    /// As [`RowWriter::write`].
    fn finish(&mut self) -> io::Result<()>;
}
