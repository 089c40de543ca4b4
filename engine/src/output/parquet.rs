//! Apache Parquet: typed columns, compressed with zstd.
//!
//! Times are timestamps of nanoseconds in UTC, texts are UTF-8. The key-value metadata of a file
//! tells the profile, its version and the program's: `tractor.profile`, `tractor.profile_version`,
//! `tractor.version`.

use super::RowWriter;
use super::cells::Cells;
use super::text::write_plain;
use crate::limits::{
    PARQUET_BATCH_ROWS, PARQUET_BATCHES_MAX, PARQUET_DICTIONARY_BYTES, PARQUET_GROUP_ROWS,
};
use crate::profiles::{Column, Kind, Layout, Row, Value};
use crate::time::MICROSECOND_NS;
use arrow_array::builder::{
    Float64Builder, Int64Builder, ListBuilder, StringBuilder, TimestampNanosecondBuilder,
    UInt64Builder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use std::io::{self, Write};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Writes rows as Parquet. Encoding has a thread of its own: it costs more than the rows do.
pub struct ParquetWriter {
    cells: Cells,
    columns: Vec<Builder>,
    scratch: Vec<u8>,
    rows: usize,
    schema: SchemaRef,
    encoder: Encoder,
}

impl ParquetWriter {
    /// # Errors
    /// When the destination does not take the first bytes.
    pub fn new(layout: Layout, to: impl Write + Send + 'static) -> io::Result<Self> {
        let fields: Vec<Field> = layout.columns().map(field).collect();
        let schema = Arc::new(Schema::new(fields));
        let to = ArrowWriter::try_new(to, Arc::clone(&schema), Some(properties(layout)));
        Ok(Self {
            cells: Cells::new(layout),
            columns: layout.columns().map(|column| Builder::new(column.kind)).collect(),
            scratch: Vec::new(),
            rows: 0,
            schema,
            encoder: Encoder::start(to.map_err(into_io)?),
        })
    }

    /// Hands on the rows that were gathered.
    fn hand_on(&mut self) -> io::Result<()> {
        let columns = self.columns.iter_mut().map(Builder::finish).collect();
        self.rows = 0;
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns);
        self.encoder.send(Message::Batch(batch.map_err(io::Error::other)?))
    }
}

impl RowWriter for ParquetWriter {
    fn write(&mut self, row: &Row<'_>) -> io::Result<()> {
        self.cells.of(row, |cells| {
            for (column, value) in self.columns.iter_mut().zip(cells) {
                column.append(value, &mut self.scratch);
            }
        });
        self.rows += 1;
        match self.rows == PARQUET_BATCH_ROWS {
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
    Batch(RecordBatch),
    /// No row follows: the footer is written.
    End,
}

/// The thread that encodes. Without [`Message::End`] it ends and leaves the file without a footer.
struct Encoder {
    to_thread: SyncSender<Message>,
    /// `None` when it was joined.
    thread: Option<JoinHandle<Result<()>>>,
}

impl Encoder {
    fn start(to: ArrowWriter<impl Write + Send + 'static>) -> Self {
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
            Some(Ok(result)) => result.map_err(into_io),
            // A defect there is one of this thread.
            Some(Err(panic)) => resume_unwind(panic),
            None => Ok(()),
        }
    }
}

fn encode(mut to: ArrowWriter<impl Write + Send>, messages: &Receiver<Message>) -> Result<()> {
    for message in messages {
        match message {
            Message::Batch(batch) => to.write(&batch)?,
            Message::End => {
                to.finish()?;
                return Ok(to.inner_mut().flush()?);
            }
        }
    }
    Ok(())
}

fn field(column: &Column) -> Field {
    let kind = match column.kind {
        Kind::Unsigned => DataType::UInt64,
        Kind::Integer => DataType::Int64,
        Kind::Float => DataType::Float64,
        Kind::Time => DataType::Timestamp(TimeUnit::Nanosecond, Some(UTC.into())),
        Kind::Text => DataType::Utf8,
        Kind::Unsigneds => list_of(DataType::UInt64),
        Kind::Floats => list_of(DataType::Float64),
    };
    Field::new(&column.name, kind, true)
}

/// A list as its builder names it.
fn list_of(kind: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(kind, true)))
}

const UTC: &str = "UTC";

fn properties(layout: Layout) -> WriterProperties {
    let profile = layout.profile();
    let about = [
        ("tractor.profile", profile.name.to_owned()),
        ("tractor.profile_version", profile.version.to_string()),
        ("tractor.version", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    let about = about.map(|(key, value)| KeyValue::new(key.to_owned(), value));
    let mut properties = WriterProperties::builder();
    // Hardly two rows have the same: a dictionary costs time and gains nothing.
    for column in layout.columns().filter(|column| column.kind == Kind::Time) {
        properties = properties.set_column_dictionary_enabled(column.name.as_str().into(), false);
    }
    properties
        // The fastest level.
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_dictionary_page_size_limit(PARQUET_DICTIONARY_BYTES)
        .set_max_row_group_row_count(Some(PARQUET_GROUP_ROWS))
        .set_key_value_metadata(Some(about.into()))
        .build()
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

/// Values of one column, of the rows since the last batch.
enum Builder {
    Unsigned(UInt64Builder),
    Integer(Int64Builder),
    Float(Float64Builder),
    Time(TimestampNanosecondBuilder),
    Text(StringBuilder),
    Unsigneds(ListBuilder<UInt64Builder>),
    Floats(ListBuilder<Float64Builder>),
}

impl Builder {
    fn new(kind: Kind) -> Self {
        let rows = PARQUET_BATCH_ROWS;
        match kind {
            Kind::Unsigned => Self::Unsigned(UInt64Builder::with_capacity(rows)),
            Kind::Integer => Self::Integer(Int64Builder::with_capacity(rows)),
            Kind::Float => Self::Float(Float64Builder::with_capacity(rows)),
            Kind::Time => {
                Self::Time(TimestampNanosecondBuilder::with_capacity(rows).with_timezone(UTC))
            }
            Kind::Text => Self::Text(StringBuilder::with_capacity(rows, rows * 16)),
            Kind::Unsigneds => Self::Unsigneds(ListBuilder::new(UInt64Builder::new())),
            Kind::Floats => Self::Floats(ListBuilder::new(Float64Builder::new())),
        }
    }

    /// Appends a value that the column's kind holds; any other would be missing.
    #[inline]
    fn append(&mut self, value: &Value<'_>, scratch: &mut Vec<u8>) {
        match self {
            Self::Unsigned(column) => column.append_option(unsigned(value)),
            Self::Integer(column) => column.append_option(match value {
                Value::Integer(value) => Some(*value),
                _ => None,
            }),
            Self::Float(column) => column.append_option(float(value)),
            Self::Time(column) => column.append_option(match value {
                Value::Time(time) => Some(time.0),
                Value::MicrosecondTime(time) => Some(time.floor_to(MICROSECOND_NS).0),
                _ => None,
            }),
            Self::Text(column) => append_text(column, value, scratch),
            Self::Unsigneds(column) => {
                let items = list_items(value).map(|item| unsigned(&item));
                items.for_each(|item| column.values().append_option(item));
                column.append(true);
            }
            Self::Floats(column) => {
                let items = list_items(value).map(|item| float(&item));
                items.for_each(|item| column.values().append_option(item));
                column.append(true);
            }
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Unsigned(column) => Arc::new(column.finish()),
            Self::Integer(column) => Arc::new(column.finish()),
            Self::Float(column) => Arc::new(column.finish()),
            Self::Time(column) => Arc::new(column.finish()),
            Self::Text(column) => Arc::new(column.finish()),
            Self::Unsigneds(column) => Arc::new(column.finish()),
            Self::Floats(column) => Arc::new(column.finish()),
        }
    }
}

#[inline]
fn unsigned(value: &Value<'_>) -> Option<u64> {
    match value {
        Value::Unsigned(value) => Some(*value),
        _ => None,
    }
}

#[inline]
fn float(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Float(value) => Some(*value),
        Value::Integer(value) => Some(*value as f64),
        Value::Unsigned(value) => Some(*value as f64),
        _ => None,
    }
}

/// The items of a list; none of anything else.
fn list_items<'a>(value: &Value<'a>) -> impl Iterator<Item = Value<'static>> + use<'a> {
    let list = match value {
        Value::List(list) => Some(*list),
        _ => None,
    };
    list.into_iter().flat_map(|list| list.values())
}

/// Appends a text as every text format has it, written to `scratch` first.
fn append_text(column: &mut StringBuilder, value: &Value<'_>, scratch: &mut Vec<u8>) {
    match value {
        Value::Null => column.append_null(),
        Value::Text(text) => column.append_value(text),
        value => {
            scratch.clear();
            write_plain(value, scratch);
            // What it writes is text.
            column.append_value(str::from_utf8(scratch).unwrap_or_default());
        }
    }
}
