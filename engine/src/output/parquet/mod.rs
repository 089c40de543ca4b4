//! Apache Parquet: typed columns, compressed with zstd.
//!
//! Times are timestamps of nanoseconds in UTC, texts are UTF-8. The key-value metadata of a file
//! tells the profile, its version and the program's: `tractor.profile`, `tractor.profile_version`,
//! `tractor.version`.

mod builder;
mod numbers;
mod table;

pub use builder::TableBuilder;
pub use table::{EncodedTable, Table, TableEncoder, TableView};

use super::cells::{CellWriter, Evaluated};
use crate::limits::{
    PARQUET_BATCH_ROWS, PARQUET_BATCHES_MAX, PARQUET_DICTIONARY_BYTES, PARQUET_GROUP_ROWS,
};
use crate::profiles::{Kind, Layout, Value};
use arrow_schema::{DataType, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use std::io::{self, Write};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Writes rows as Parquet. Encoding has a thread of its own: it costs more than the rows do.
pub type ParquetWriter = Evaluated<ParquetBatches>;

impl ParquetWriter {
    /// # Errors
    /// When the destination does not take the first bytes.
    pub fn new(layout: Layout, to: impl Write + Send + 'static) -> io::Result<Self> {
        Ok(Self::of(layout, ParquetBatches::new(layout, to)?))
    }
}

/// Whose rows a file has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    pub profile: String,
    pub profile_version: String,
    /// The version of the program that worked the rows out.
    pub version: String,
}

impl About {
    pub fn of(layout: Layout) -> Self {
        let profile = layout.profile();
        Self {
            profile: profile.name.to_owned(),
            profile_version: profile.version.to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// As the key-value metadata of a file has it.
    fn pairs(&self) -> [(&'static str, String); 3] {
        [
            ("tractor.profile", self.profile.clone()),
            ("tractor.profile_version", self.profile_version.clone()),
            ("tractor.version", self.version.clone()),
        ]
    }
}

/// Gathers cells and hands them to the encoder.
pub struct ParquetBatches {
    gathered: TableBuilder,
    encoder: Encoder,
}

impl ParquetBatches {
    fn new(layout: Layout, to: impl Write + Send + 'static) -> io::Result<Self> {
        let columns = layout.columns().map(|column| (column.name.as_str(), column.kind));
        let gathered = TableBuilder::new(columns, PARQUET_BATCH_ROWS);
        let to = ParquetFile::of_schema(gathered.schema(), &About::of(layout), to)?;
        Ok(Self { gathered, encoder: Encoder::start(to) })
    }

    /// Hands on the rows that were gathered.
    fn hand_on(&mut self) -> io::Result<()> {
        self.encoder.send(Message::Rows(self.gathered.finish()?))
    }
}

impl CellWriter for ParquetBatches {
    fn write_cells(&mut self, cells: &[Value<'_>]) -> io::Result<()> {
        self.gathered.append(cells);
        match self.gathered.rows() == PARQUET_BATCH_ROWS {
            true => self.hand_on(),
            false => Ok(()),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.hand_on()?;
        self.encoder.send(Message::End)?;
        self.encoder.join()
    }
}

enum Message {
    Rows(Table),
    /// No row follows: the footer is written.
    End,
}

/// The thread that encodes. Without [`Message::End`] it ends and leaves the file without a footer.
struct Encoder {
    to_thread: SyncSender<Message>,
    /// `None` when it was joined.
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Encoder {
    fn start(to: ParquetFile<impl Write + Send + 'static>) -> Self {
        let (to_thread, messages) = sync_channel(PARQUET_BATCHES_MAX);
        let thread = Some(std::thread::spawn(move || encode(to, &messages)));
        Self { to_thread, thread }
    }

    fn send(&mut self, message: Message) -> io::Result<()> {
        match self.to_thread.send(message) {
            Ok(()) => Ok(()),
            // It ended before its time, and says why.
            Err(_) => self.join().and(Err(io::Error::other("the encoder has ended"))),
        }
    }

    fn join(&mut self) -> io::Result<()> {
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            // A defect there is one of this thread.
            Some(Err(panic)) => resume_unwind(panic),
            None => Ok(()),
        }
    }
}

fn encode(mut to: ParquetFile<impl Write + Send>, messages: &Receiver<Message>) -> io::Result<()> {
    for message in messages {
        match message {
            Message::Rows(table) => to.write(&table)?,
            Message::End => return to.finish(),
        }
    }
    Ok(())
}

/// A file that takes tables of the same columns.
pub struct ParquetFile<W: Write + Send> {
    to: ArrowWriter<W>,
}

impl<W: Write + Send> ParquetFile<W> {
    /// For tables with the columns of `like`.
    ///
    /// # Errors
    /// When the destination does not take the first bytes.
    pub fn new(like: &Table, about: &About, to: W) -> io::Result<Self> {
        Self::of_schema(&like.schema(), about, to)
    }

    fn of_schema(schema: &SchemaRef, about: &About, to: W) -> io::Result<Self> {
        let properties = properties(schema)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_max_row_group_row_count(Some(PARQUET_GROUP_ROWS))
            .set_key_value_metadata(Some(key_values(about.pairs())))
            .build();
        let to = ArrowWriter::try_new(to, Arc::clone(schema), Some(properties));
        Ok(Self { to: to.map_err(into_io)? })
    }

    /// # Errors
    /// When the destination does not take the rows, or their columns are others.
    pub fn write(&mut self, table: &Table) -> io::Result<()> {
        self.to.write(table.batch()).map_err(into_io)
    }

    /// Writes the footer.
    ///
    /// # Errors
    /// As [`ParquetFile::write`].
    pub fn finish(&mut self) -> io::Result<()> {
        self.to.finish().map_err(into_io)?;
        self.to.inner_mut().flush()
    }
}

/// How columns are encoded, wherever they go.
fn properties(schema: &SchemaRef) -> WriterPropertiesBuilder {
    let mut properties = WriterProperties::builder();
    // Hardly two rows have the same: a dictionary costs time and gains nothing.
    let is_time = |kind: &DataType| matches!(kind, DataType::Timestamp(..));
    for field in schema.fields().iter().filter(|field| is_time(field.data_type())) {
        properties = properties.set_column_dictionary_enabled(field.name().as_str().into(), false);
    }
    properties
        // The fastest level.
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_dictionary_page_size_limit(PARQUET_DICTIONARY_BYTES)
}

fn key_values<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> Vec<KeyValue> {
    pairs.into_iter().map(|(key, value)| KeyValue::new(key.to_owned(), value)).collect()
}

/// The cause as the destination told it, where it was the destination.
fn into_io(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(cause) => *cause,
            Err(cause) => io::Error::other(cause),
        },
        error => io::Error::other(error),
    }
}

/// Whether the kinds of values a column of a table may have are known.
fn known(kind: Option<Kind>) -> io::Result<Kind> {
    kind.ok_or_else(|| io::Error::other("a column has a type that is not known"))
}
