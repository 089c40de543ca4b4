//! Rows on their way into columns.

use super::super::text::write_plain;
use super::numbers::{Form, Number, Numbers, UTC};
use super::table::{Notes, Table};
use crate::profiles::{Kind, Value};
use crate::time::{MICROSECOND_NS, Timestamp};
use arrow_array::builder::{
    ArrayBuilder, Float64Builder, ListBuilder, StringBuilder, UInt64Builder,
};
use arrow_array::types::{Float64Type, Int64Type, UInt64Type};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use std::io;
use std::sync::Arc;

/// Of a text, before any is known.
const TEXT_BYTES: usize = 16;

/// From here on not every whole number is a float, and floats look otherwise as text.
const EXACT_WHOLE_MAX: u128 = 1 << 53;

/// Rows whose numbers wait to go to their columns together. A row has a hundred values: one by one
/// they would touch a hundred places in memory, and each for eight bytes.
const ROWS_AT_ONCE: usize = 16;

/// Gathers rows as columns.
pub struct TableBuilder {
    schema: SchemaRef,
    columns: Vec<Builder>,
    /// Columns of numbers and times, whose values wait.
    of_numbers: Vec<usize>,
    /// All others.
    of_more: Vec<usize>,
    /// Row by row, a value for each of `of_numbers`.
    waiting: Vec<Number>,
    scratch: Vec<u8>,
    rows: usize,
}

impl TableBuilder {
    /// For columns of these names and kinds; there is room for some rows.
    pub fn new<'a>(columns: impl IntoIterator<Item = (&'a str, Kind)>, rows: usize) -> Self {
        let (fields, columns): (Vec<Field>, Vec<Builder>) = columns
            .into_iter()
            .map(|(name, kind)| (field(name, kind), Builder::new(kind, rows, rows * TEXT_BYTES)))
            .unzip();
        let (of_numbers, of_more) = (0..columns.len()).partition(|&at| columns[at].is_of_numbers());
        Self {
            schema: Arc::new(Schema::new(fields)),
            columns,
            of_numbers,
            of_more,
            waiting: Vec::new(),
            scratch: Vec::new(),
            rows: 0,
        }
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Rows gathered since the last table.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of what they hold, roughly: without the numbers of the last rows.
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(Builder::bytes).sum()
    }

    /// The place of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.schema.index_of(name).ok()
    }

    /// Appends a row: values that the columns' kinds hold.
    #[inline]
    pub fn append(&mut self, cells: &[Value<'_>]) {
        self.waiting.extend(self.of_numbers.iter().map(|&at| Number::of(&cells[at])));
        for &at in &self.of_more {
            self.columns[at].append(&cells[at], &mut self.scratch);
        }
        self.rows += 1;
        if self.rows.is_multiple_of(ROWS_AT_ONCE) {
            self.fill();
        }
    }

    /// Moves what waits to its columns.
    fn fill(&mut self) {
        let width = self.of_numbers.len();
        for (place, &at) in self.of_numbers.iter().enumerate() {
            let rows = self.waiting.chunks_exact(width);
            self.columns[at].append_numbers(rows.map(|row| row[place]));
        }
        self.waiting.clear();
    }

    /// The rows gathered; the next table begins empty.
    ///
    /// # Errors
    /// When columns do not fit each other, which would be a defect.
    pub fn finish(&mut self) -> io::Result<Table> {
        self.fill();
        let notes = self.notes();
        let rows = std::mem::take(&mut self.rows);
        let columns = self.columns.iter_mut().map(|column| column.finish(rows)).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns);
        Ok(Table::new(batch.map_err(io::Error::other)?, notes))
    }

    /// Some columns of the rows gathered, which stay.
    ///
    /// # Errors
    /// As [`TableBuilder::finish`].
    pub fn copy_of(&mut self, columns: &[usize]) -> io::Result<Table> {
        self.fill();
        let schema = self.schema.project(columns).map_err(io::Error::other)?;
        let arrays = columns.iter().map(|&column| self.columns[column].copy()).collect();
        let batch = RecordBatch::try_new(Arc::new(schema), arrays).map_err(io::Error::other)?;
        Ok(Table::new(batch, self.notes().of(columns)))
    }

    fn notes(&self) -> Notes {
        let mut notes = Notes::default();
        for (place, column) in self.columns.iter().enumerate() {
            match column {
                Builder::Time { in_microseconds: true, .. } => notes.microseconds.push(place),
                Builder::Float { beyond, .. } => {
                    notes.exact.extend(beyond.iter().map(|&(row, value)| (place, row, value)));
                }
                _ => {}
            }
        }
        notes
    }
}

fn field(name: &str, kind: Kind) -> Field {
    let kind = match kind {
        Kind::Unsigned => DataType::UInt64,
        Kind::Integer => DataType::Int64,
        Kind::Float => DataType::Float64,
        Kind::Time => DataType::Timestamp(TimeUnit::Nanosecond, Some(UTC.into())),
        Kind::Text => DataType::Utf8,
        Kind::Unsigneds => list_of(DataType::UInt64),
        Kind::Floats => list_of(DataType::Float64),
    };
    Field::new(name, kind, true)
}

/// A list as its builder names it.
fn list_of(kind: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(kind, true)))
}

/// What a column of that type holds; `None` for one that is not ours.
pub(super) fn kind_of(field: &Field) -> Option<Kind> {
    match field.data_type() {
        DataType::UInt64 => Some(Kind::Unsigned),
        DataType::Int64 => Some(Kind::Integer),
        DataType::Float64 => Some(Kind::Float),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => Some(Kind::Time),
        DataType::Utf8 => Some(Kind::Text),
        DataType::List(item) => match item.data_type() {
            DataType::UInt64 => Some(Kind::Unsigneds),
            DataType::Float64 => Some(Kind::Floats),
            _ => None,
        },
        _ => None,
    }
}

/// Values of one column, of the rows since the last table.
enum Builder {
    Unsigned(Numbers),
    Integer(Numbers),
    Float {
        column: Numbers,
        /// Whole numbers, by row, that a float would not give back as they look.
        beyond: Vec<(usize, i128)>,
    },
    Time {
        column: Numbers,
        in_microseconds: bool,
    },
    Text(StringBuilder),
    Unsigneds(ListBuilder<UInt64Builder>),
    Floats(ListBuilder<Float64Builder>),
}

impl Builder {
    fn new(kind: Kind, rows: usize, text_bytes: usize) -> Self {
        match kind {
            Kind::Unsigned => Self::Unsigned(Numbers::new(rows)),
            Kind::Integer => Self::Integer(Numbers::new(rows)),
            Kind::Float => Self::Float { column: Numbers::new(rows), beyond: Vec::new() },
            Kind::Time => Self::Time { column: Numbers::new(rows), in_microseconds: false },
            Kind::Text => Self::Text(StringBuilder::with_capacity(rows, text_bytes)),
            Kind::Unsigneds => Self::Unsigneds(ListBuilder::new(UInt64Builder::new())),
            Kind::Floats => Self::Floats(ListBuilder::new(Float64Builder::new())),
        }
    }

    /// Whether its values are numbers or times.
    fn is_of_numbers(&self) -> bool {
        !matches!(self, Self::Text(_) | Self::Unsigneds(_) | Self::Floats(_))
    }

    /// Appends values to a column of numbers or times; those of another kind would be missing.
    fn append_numbers(&mut self, numbers: impl Iterator<Item = Number> + Clone) {
        match self {
            Self::Unsigned(column) => column.append(Form::Unsigned, numbers, |_, _| None),
            Self::Integer(column) => column.append(Form::Integer, numbers, |_, _| None),
            Self::Float { column, beyond } => column.append(Form::Float, numbers, |row, number| {
                let whole = number.whole()?;
                if whole.unsigned_abs() >= EXACT_WHOLE_MAX {
                    beyond.push((row, whole));
                }
                Some((whole as f64).to_bits())
            }),
            Self::Time { column, in_microseconds } => {
                column.append(Form::Time, numbers, |_, Number { form, bits }| {
                    let is_coarse = form == Form::MicrosecondTime;
                    *in_microseconds |= is_coarse;
                    let time = Timestamp(bits as i64).floor_to(MICROSECOND_NS);
                    is_coarse.then_some(time.0 as u64)
                });
            }
            Self::Text(_) | Self::Unsigneds(_) | Self::Floats(_) => {}
        }
    }

    /// Appends a value to a column of texts or lists.
    #[inline]
    fn append(&mut self, value: &Value<'_>, scratch: &mut Vec<u8>) {
        match self {
            Self::Text(column) => append_text(column, value, scratch),
            Self::Unsigneds(column) => {
                let items = list_items(value).map(|item| match item {
                    Value::Unsigned(item) => Some(item),
                    _ => None,
                });
                items.for_each(|item| column.values().append_option(item));
                column.append(true);
            }
            Self::Floats(column) => {
                let items = list_items(value).map(|item| match item {
                    Value::Float(item) => Some(item),
                    item => Number::of(&item).whole().map(|item| item as f64),
                });
                items.for_each(|item| column.values().append_option(item));
                column.append(true);
            }
            Self::Unsigned(_) | Self::Integer(_) | Self::Float { .. } | Self::Time { .. } => {}
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Unsigned(column)
            | Self::Integer(column)
            | Self::Float { column, .. }
            | Self::Time { column, .. } => column.bits.len() * 8,
            Self::Text(column) => column.len() * 4 + column.values_slice().len(),
            Self::Unsigneds(column) => column.len() * 4 + column.values_ref().len() * 8,
            Self::Floats(column) => column.len() * 4 + column.values_ref().len() * 8,
        }
    }

    /// The column; what is appended next finds room for as many rows.
    fn finish(&mut self, rows: usize) -> ArrayRef {
        // A builder that has given its memory away would find its next by doubling.
        let empty = Self::new(self.kind(), rows, self.text_bytes());
        match std::mem::replace(self, empty) {
            Self::Unsigned(column) => column.array::<UInt64Type>(),
            Self::Integer(column) => column.array::<Int64Type>(),
            Self::Float { column, .. } => column.array::<Float64Type>(),
            Self::Time { column, .. } => column.times(),
            Self::Text(mut column) => Arc::new(column.finish()),
            Self::Unsigneds(mut column) => Arc::new(column.finish()),
            Self::Floats(mut column) => Arc::new(column.finish()),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Unsigned(_) => Kind::Unsigned,
            Self::Integer(_) => Kind::Integer,
            Self::Float { .. } => Kind::Float,
            Self::Time { .. } => Kind::Time,
            Self::Text(_) => Kind::Text,
            Self::Unsigneds(_) => Kind::Unsigneds,
            Self::Floats(_) => Kind::Floats,
        }
    }

    fn text_bytes(&self) -> usize {
        match self {
            Self::Text(column) => column.values_slice().len(),
            _ => 0,
        }
    }

    fn copy(&self) -> ArrayRef {
        match self {
            Self::Unsigned(column) => column.copy().array::<UInt64Type>(),
            Self::Integer(column) => column.copy().array::<Int64Type>(),
            Self::Float { column, .. } => column.copy().array::<Float64Type>(),
            Self::Time { column, .. } => column.copy().times(),
            Self::Text(column) => Arc::new(column.finish_cloned()),
            Self::Unsigneds(column) => Arc::new(column.finish_cloned()),
            Self::Floats(column) => Arc::new(column.finish_cloned()),
        }
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
