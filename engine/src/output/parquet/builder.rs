//! Rows on their way into columns.

use super::super::text::write_plain;
use super::table::{Notes, Table};
use crate::profiles::{Kind, Value};
use crate::time::MICROSECOND_NS;
use arrow_array::builder::{
    ArrayBuilder, Float64Builder, Int64Builder, ListBuilder, StringBuilder,
    TimestampNanosecondBuilder, UInt64Builder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use std::io;
use std::sync::Arc;

const UTC: &str = "UTC";

/// Of a text, before any is known.
const TEXT_BYTES: usize = 16;

/// From here on not every whole number is a float, and floats look otherwise as text.
const EXACT_WHOLE_MAX: u128 = 1 << 53;

/// Gathers rows as columns.
pub struct TableBuilder {
    schema: SchemaRef,
    columns: Vec<Builder>,
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
        Self { schema: Arc::new(Schema::new(fields)), columns, scratch: Vec::new(), rows: 0 }
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Rows gathered since the last table.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of what they hold, roughly.
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
        for (column, value) in self.columns.iter_mut().zip(cells) {
            column.append(value, &mut self.scratch);
        }
        self.rows += 1;
    }

    /// The rows gathered; the next table begins empty.
    ///
    /// # Errors
    /// When columns do not fit each other, which would be a defect.
    pub fn finish(&mut self) -> io::Result<Table> {
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
    pub fn copy_of(&self, columns: &[usize]) -> io::Result<Table> {
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
    Unsigned(UInt64Builder),
    Integer(Int64Builder),
    Float {
        column: Float64Builder,
        /// Whole numbers, by row, that a float would not give back as they look.
        beyond: Vec<(usize, i128)>,
    },
    Time {
        column: TimestampNanosecondBuilder,
        in_microseconds: bool,
    },
    Text(StringBuilder),
    Unsigneds(ListBuilder<UInt64Builder>),
    Floats(ListBuilder<Float64Builder>),
}

impl Builder {
    fn new(kind: Kind, rows: usize, text_bytes: usize) -> Self {
        match kind {
            Kind::Unsigned => Self::Unsigned(UInt64Builder::with_capacity(rows)),
            Kind::Integer => Self::Integer(Int64Builder::with_capacity(rows)),
            Kind::Float => {
                Self::Float { column: Float64Builder::with_capacity(rows), beyond: Vec::new() }
            }
            Kind::Time => {
                let column = TimestampNanosecondBuilder::with_capacity(rows).with_timezone(UTC);
                Self::Time { column, in_microseconds: false }
            }
            Kind::Text => Self::Text(StringBuilder::with_capacity(rows, text_bytes)),
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
            Self::Float { column, beyond } => {
                if let Some(whole) = whole_beyond_floats(value) {
                    beyond.push((column.len(), whole));
                }
                column.append_option(float(value));
            }
            Self::Time { column, in_microseconds } => column.append_option(match value {
                Value::Time(time) => Some(time.0),
                Value::MicrosecondTime(time) => {
                    *in_microseconds = true;
                    Some(time.floor_to(MICROSECOND_NS).0)
                }
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

    fn bytes(&self) -> usize {
        match self {
            Self::Unsigned(column) => column.len() * 8,
            Self::Integer(column) => column.len() * 8,
            Self::Float { column, .. } => column.len() * 8,
            Self::Time { column, .. } => column.len() * 8,
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
            Self::Unsigned(mut column) => Arc::new(column.finish()),
            Self::Integer(mut column) => Arc::new(column.finish()),
            Self::Float { mut column, .. } => Arc::new(column.finish()),
            Self::Time { mut column, .. } => Arc::new(column.finish()),
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
            Self::Unsigned(column) => Arc::new(column.finish_cloned()),
            Self::Integer(column) => Arc::new(column.finish_cloned()),
            Self::Float { column, .. } => Arc::new(column.finish_cloned()),
            Self::Time { column, .. } => Arc::new(column.finish_cloned()),
            Self::Text(column) => Arc::new(column.finish_cloned()),
            Self::Unsigneds(column) => Arc::new(column.finish_cloned()),
            Self::Floats(column) => Arc::new(column.finish_cloned()),
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

/// A whole number that is no float, or that looks otherwise as one.
#[inline]
fn whole_beyond_floats(value: &Value<'_>) -> Option<i128> {
    let whole = match value {
        Value::Integer(value) => i128::from(*value),
        Value::Unsigned(value) => i128::from(*value),
        _ => return None,
    };
    (whole.unsigned_abs() >= EXACT_WHOLE_MAX).then_some(whole)
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
