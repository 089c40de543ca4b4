//! Rows as columns: what a block of the store holds.

use super::builder::kind_of;
use super::{About, into_io, key_values, known};
use crate::limits::TABLE_DICTIONARY_BYTES;
use crate::profiles::{Kind, List, Value};
use crate::time::Timestamp;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampNanosecondType, UInt64Type};
use arrow_array::{Array, ListArray, PrimitiveArray, RecordBatch, RecordBatchOptions, StringArray};
use arrow_schema::{DataType, Schema, SchemaRef};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, Encoding, PageType};
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use std::collections::HashSet;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// What the types of columns do not tell of their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Notes {
    /// Places of columns whose times are printed with six decimals.
    pub microseconds: Vec<usize>,
    /// Whole numbers that floats do not give back as they look: column, row, number.
    pub exact: Vec<(usize, usize, i128)>,
}

const MICROSECONDS_KEY: &str = "tractor.microseconds";
const EXACT_KEY: &str = "tractor.exact";

impl Notes {
    /// Those of some columns, at their new places.
    pub fn of(&self, columns: &[usize]) -> Self {
        let place = |column: usize| columns.iter().position(|&chosen| chosen == column);
        let microseconds = self.microseconds.iter().filter_map(|&column| place(column)).collect();
        let exact = self.exact.iter();
        let exact = exact.filter_map(|&(column, row, value)| Some((place(column)?, row, value)));
        Self { microseconds, exact: exact.collect() }
    }

    fn pairs(&self) -> Vec<(&'static str, String)> {
        let joined = |items: Vec<String>| items.join(" ");
        let microseconds = self.microseconds.iter().map(usize::to_string).collect();
        let exact = self.exact.iter().map(|(column, row, value)| format!("{column}:{row}:{value}"));
        let pairs =
            [(MICROSECONDS_KEY, joined(microseconds)), (EXACT_KEY, joined(exact.collect()))];
        pairs.into_iter().filter(|(_, text)| !text.is_empty()).collect()
    }

    /// From what [`Notes::pairs`] gave; what is none of it is left out.
    fn parse(microseconds: &str, exact: &str) -> Self {
        let triple = |text: &str| {
            let mut parts = text.split(':');
            let (column, row, value) = (parts.next()?, parts.next()?, parts.next()?);
            Some((column.parse().ok()?, row.parse().ok()?, value.parse().ok()?))
        };
        Self {
            microseconds: microseconds.split(' ').filter_map(|text| text.parse().ok()).collect(),
            exact: exact.split(' ').filter_map(triple).collect(),
        }
    }
}

/// Rows as columns. Copies share the memory.
#[derive(Clone)]
pub struct Table {
    batch: RecordBatch,
    notes: Notes,
}

impl Table {
    pub(super) fn new(batch: RecordBatch, notes: Notes) -> Self {
        Self { batch, notes }
    }

    pub(super) fn batch(&self) -> &RecordBatch {
        &self.batch
    }

    pub(super) fn schema(&self) -> SchemaRef {
        self.batch.schema()
    }

    pub fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// The columns' names, in order.
    pub fn names(&self) -> Vec<String> {
        self.batch.schema_ref().fields().iter().map(|field| field.name().clone()).collect()
    }

    /// The place of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.batch.schema_ref().index_of(name).ok()
    }

    /// Some of the columns.
    ///
    /// # Errors
    /// When there is no such column.
    pub fn of(&self, columns: &[usize]) -> io::Result<Self> {
        let batch = self.batch.project(columns).map_err(io::Error::other)?;
        Ok(Self { batch, notes: self.notes.of(columns) })
    }

    /// The values.
    ///
    /// # Errors
    /// When a column is of no kind that rows have.
    pub fn view(&self) -> io::Result<TableView<'_>> {
        let fields = self.batch.schema_ref().fields().iter();
        let columns =
            fields.zip(self.batch.columns()).enumerate().map(|(place, (field, array))| {
                Ok(match known(kind_of(field))? {
                    Kind::Unsigned => Column::Unsigned(array.as_primitive()),
                    Kind::Integer => Column::Integer(array.as_primitive()),
                    Kind::Float => match self.exact_of(place) {
                        exact if exact.is_empty() => Column::Float(array.as_primitive()),
                        exact => Column::ExactFloat(array.as_primitive(), exact),
                    },
                    Kind::Time if self.notes.microseconds.contains(&place) => {
                        Column::MicrosecondTime(array.as_primitive())
                    }
                    Kind::Time => Column::Time(array.as_primitive()),
                    Kind::Text => Column::Text(array.as_string()),
                    Kind::Unsigneds => Column::Unsigneds(array.as_list()),
                    Kind::Floats => Column::Floats(array.as_list()),
                })
            });
        Ok(TableView { columns: columns.collect::<io::Result<_>>()? })
    }

    fn exact_of(&self, place: usize) -> Vec<(usize, i128)> {
        let exact = self.notes.exact.iter().filter(|(column, ..)| *column == place);
        exact.map(|&(_, row, value)| (row, value)).collect()
    }
}

/// Encodes tables of the same columns, each as a whole Parquet file with one row group.
///
/// They are written once and read seldom, so encodings are chosen by time more than by size: to
/// compress all with zstd takes twice as long and saves a sixth.
pub struct TableEncoder {
    about: About,
    /// Columns of which an earlier table had so many values that their dictionary ran full: to look
    /// for equal ones costs time and gains nothing.
    without_dictionary: HashSet<ColumnPath>,
}

impl TableEncoder {
    pub fn new(about: About) -> Self {
        Self { about, without_dictionary: HashSet::new() }
    }

    /// The bytes depend on this table and those before it.
    ///
    /// # Errors
    /// When the encoder does not take the rows, which would be a defect.
    pub fn encode(&mut self, table: &Table) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let properties = self.properties(table);
        let writer = ArrowWriter::try_new(&mut bytes, table.schema(), Some(properties));
        let mut writer = writer.map_err(into_io)?;
        writer.write(&table.batch).map_err(into_io)?;
        let metadata = writer.close().map_err(into_io)?;
        let columns = metadata.row_groups().iter().flat_map(RowGroupMetaData::columns);
        let overflowed = columns.filter(|column| has_plain_values(column));
        self.without_dictionary.extend(overflowed.map(|column| column.column_path().clone()));
        Ok(bytes)
    }

    fn properties(&self, table: &Table) -> WriterProperties {
        let pairs = self.about.pairs().into_iter().chain(table.notes.pairs());
        let mut properties = WriterProperties::builder()
            // Nobody asks for them there.
            .set_statistics_enabled(EnabledStatistics::None)
            .set_offset_index_disabled(true)
            .set_max_row_group_row_count(None)
            .set_dictionary_page_size_limit(TABLE_DICTIONARY_BYTES)
            .set_compression(Compression::LZ4_RAW)
            .set_key_value_metadata(Some(key_values(pairs)));
        for field in table.batch.schema_ref().fields() {
            let path = ColumnPath::from(field.name().as_str());
            let is_distinct = self.without_dictionary.contains(&path);
            let Some((encoding, compression)) = plain_form(field.data_type(), is_distinct) else {
                continue;
            };
            properties = properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path.clone(), encoding)
                .set_column_compression(path, compression);
        }
        properties.build()
    }
}

/// How a column without a dictionary is written; `None`: it has one. Differences of whole numbers are
/// small already, and of texts that are all different, as addresses are, hardly anything repeats.
fn plain_form(kind: &DataType, is_distinct: bool) -> Option<(Encoding, Compression)> {
    match kind {
        DataType::UInt64 | DataType::Int64 | DataType::Timestamp(..) => {
            Some((Encoding::DELTA_BINARY_PACKED, Compression::UNCOMPRESSED))
        }
        DataType::Float64 if is_distinct => {
            Some((Encoding::BYTE_STREAM_SPLIT, Compression::LZ4_RAW))
        }
        DataType::Utf8 if is_distinct => {
            Some((Encoding::DELTA_LENGTH_BYTE_ARRAY, Compression::UNCOMPRESSED))
        }
        _ => None,
    }
}

/// Whether values stand in full, since there was no dictionary or it ran full.
fn has_plain_values(column: &ColumnChunkMetaData) -> bool {
    let pages = column.page_encoding_stats().into_iter().flatten();
    pages
        .filter(|page| page.page_type != PageType::DICTIONARY_PAGE)
        .any(|page| page.encoding == Encoding::PLAIN)
}

/// The values of a table, by column and row.
pub struct TableView<'a> {
    columns: Vec<Column<'a>>,
}

enum Column<'a> {
    Unsigned(&'a PrimitiveArray<UInt64Type>),
    Integer(&'a PrimitiveArray<Int64Type>),
    Float(&'a PrimitiveArray<Float64Type>),
    /// With whole numbers by row, in order.
    ExactFloat(&'a PrimitiveArray<Float64Type>, Vec<(usize, i128)>),
    Time(&'a PrimitiveArray<TimestampNanosecondType>),
    MicrosecondTime(&'a PrimitiveArray<TimestampNanosecondType>),
    Text(&'a StringArray),
    Unsigneds(&'a ListArray),
    Floats(&'a ListArray),
}

impl<'a> TableView<'a> {
    /// The value of a column in a row, both counted from 0; there must be such.
    pub fn value(&self, column: usize, row: usize) -> Value<'a> {
        self.columns[column].value(row)
    }

    /// Pushes the values of a row.
    pub fn cells(&self, row: usize, cells: &mut Vec<Value<'a>>) {
        cells.extend(self.columns.iter().map(|column| column.value(row)));
    }
}

impl<'a> Column<'a> {
    fn value(&self, row: usize) -> Value<'a> {
        match self {
            Self::Unsigned(values) => is_there(*values, row, |row| values.value(row).into()),
            Self::Integer(values) => {
                is_there(*values, row, |row| Value::Integer(values.value(row)))
            }
            Self::Float(values) => is_there(*values, row, |row| Value::Float(values.value(row))),
            Self::ExactFloat(values, exact) => is_there(*values, row, |row| {
                match exact.binary_search_by_key(&row, |(row, _)| *row) {
                    Ok(found) => whole(exact[found].1),
                    Err(_) => Value::Float(values.value(row)),
                }
            }),
            Self::Time(values) => {
                is_there(*values, row, |row| Value::Time(Timestamp(values.value(row))))
            }
            Self::MicrosecondTime(values) => {
                is_there(*values, row, |row| Value::MicrosecondTime(Timestamp(values.value(row))))
            }
            Self::Text(values) => is_there(*values, row, |row| Value::Text(values.value(row))),
            Self::Unsigneds(lists) => {
                let items = lists.values().as_primitive::<UInt64Type>().values();
                Value::List(List::of_unsigneds(&items[range_of(lists, row)]))
            }
            Self::Floats(lists) => {
                let items = lists.values().as_primitive::<Float64Type>().values();
                Value::List(List::of_floats(&items[range_of(lists, row)]))
            }
        }
    }
}

/// The value of a row, where there is one.
fn is_there<'a>(
    values: &dyn Array,
    row: usize,
    value: impl FnOnce(usize) -> Value<'a>,
) -> Value<'a> {
    if values.is_null(row) { Value::Null } else { value(row) }
}

fn whole(value: i128) -> Value<'static> {
    match i64::try_from(value) {
        Ok(value) => Value::Integer(value),
        Err(_) => Value::Unsigned(value as u64),
    }
}

fn range_of(lists: &ListArray, row: usize) -> std::ops::Range<usize> {
    let offsets = lists.value_offsets();
    offsets[row] as usize..offsets[row + 1] as usize
}

/// A table as [`TableEncoder`] made it, of which any columns can be read.
pub struct EncodedTable {
    bytes: Bytes,
    metadata: ArrowReaderMetadata,
}

impl EncodedTable {
    /// # Errors
    /// When the bytes are no such file.
    pub fn open(bytes: Vec<u8>) -> io::Result<Self> {
        let bytes = Bytes::from(bytes);
        let metadata = guarded(|| {
            ArrowReaderMetadata::load(&bytes, ArrowReaderOptions::new()).map_err(into_io)
        })?;
        for field in metadata.schema().fields() {
            known(kind_of(field))?;
        }
        Ok(Self { bytes, metadata })
    }

    pub fn rows(&self) -> u64 {
        self.metadata.metadata().file_metadata().num_rows().unsigned_abs()
    }

    /// The columns' names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.metadata.schema().fields().iter().map(|field| field.name().as_str())
    }

    /// The place of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.metadata.schema().index_of(name).ok()
    }

    /// Whose rows they are.
    pub fn about(&self) -> About {
        let note = |key| self.note(key).unwrap_or_default().to_owned();
        About {
            profile: note("tractor.profile"),
            profile_version: note("tractor.profile_version"),
            version: note("tractor.version"),
        }
    }

    /// Decodes some columns, which stand in the order of the file.
    ///
    /// # Errors
    /// When the bytes are no such columns.
    pub fn read(&self, columns: &[usize]) -> io::Result<Table> {
        self.table(columns, None)
    }

    /// The same of some rows alone, which are given in order.
    ///
    /// # Errors
    /// As [`EncodedTable::read`].
    pub fn read_rows(&self, columns: &[usize], rows: &[usize]) -> io::Result<Table> {
        self.table(columns, Some(rows))
    }

    fn table(&self, columns: &[usize], rows: Option<&[usize]>) -> io::Result<Table> {
        let mut columns = columns.to_vec();
        columns.sort_unstable();
        columns.dedup();
        let batch = guarded(|| self.batch(&columns, rows))?;
        let exact = self.note(EXACT_KEY).unwrap_or_default();
        let notes = Notes::parse(self.note(MICROSECONDS_KEY).unwrap_or_default(), exact);
        let mut notes = notes.of(&columns);
        if let Some(rows) = rows {
            notes.exact.retain_mut(|(_, row, _)| {
                let place = rows.binary_search(row);
                *row = place.unwrap_or(0);
                place.is_ok()
            });
        }
        Ok(Table { batch, notes })
    }

    fn batch(&self, columns: &[usize], chosen: Option<&[usize]>) -> io::Result<RecordBatch> {
        let all = usize::try_from(self.rows()).map_err(io::Error::other)?;
        let rows = chosen.map_or(all, <[usize]>::len);
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), columns.to_vec());
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(
            self.bytes.clone(),
            self.metadata.clone(),
        );
        if let Some(chosen) = chosen {
            let runs = chosen.chunk_by(|row, next| row + 1 == *next);
            let runs = runs.map(|run| run[0]..run[0] + run.len());
            builder = builder.with_row_selection(RowSelection::from_consecutive_ranges(runs, all));
        }
        let mut batches =
            builder.with_projection(mask).with_batch_size(rows.max(1)).build().map_err(into_io)?;
        let schema = self.metadata.schema().project(columns).map_err(io::Error::other)?;
        // Without what the file notes: it is no part of the columns.
        let schema = Arc::new(Schema::new(schema.fields));
        let batch = match batches.next() {
            Some(batch) => {
                let columns = batch.map_err(io::Error::other)?.columns().to_vec();
                let options = RecordBatchOptions::new().with_row_count(Some(rows));
                RecordBatch::try_new_with_options(schema, columns, &options)
                    .map_err(io::Error::other)?
            }
            None => RecordBatch::new_empty(schema),
        };
        match batch.num_rows() == rows {
            true => Ok(batch),
            false => Err(io::Error::other("rows are missing")),
        }
    }

    fn note(&self, key: &str) -> Option<&str> {
        let notes = self.metadata.metadata().file_metadata().key_value_metadata()?;
        notes.iter().find(|note| note.key == key)?.value.as_deref()
    }
}

/// A decoder is written for files that somebody made to be read: whatever else it does with others,
/// it ends nobody's thread.
fn guarded<T>(decode: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    catch_unwind(AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err(io::Error::other("the decoder of Parquet broke down")))
}
