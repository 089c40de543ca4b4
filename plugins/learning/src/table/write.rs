//! Writing a table: the features, the class as `class1`, and the capture as `capture` where captures are
//! known.

use super::manifest::{DatasetManifest, KEY, PROFILE_KEYS};
use super::{Table, arff};
use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// Names of the columns behind the features, which every reader here understands.
const CLASS: &str = "class1";
const CAPTURE: &str = "capture";

const BATCH_ROWS: usize = 65_536;

/// Formats of data sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The only one that holds the manifest.
    Parquet,
    Csv,
    Arff,
}

impl Format {
    /// By the ending of a file's name.
    pub fn of(file: &Path) -> Option<Format> {
        match file.extension()?.to_str()? {
            "parquet" => Some(Format::Parquet),
            "csv" => Some(Format::Csv),
            "arff" => Some(Format::Arff),
            _ => None,
        }
    }
}

impl Table {
    /// Writes all rows, in their order.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn write(&self, format: Format, to: Box<dyn Write + Send>) -> io::Result<()> {
        match format {
            Format::Parquet => write_parquet(self, to),
            Format::Csv => write_csv(self, to),
            Format::Arff => arff::write(self, io::BufWriter::new(to)),
        }
    }

    /// The name of a row's capture, where captures are known.
    pub(super) fn capture(&self, row: usize) -> Option<&str> {
        let capture = self.capture_of.get(row)?;
        self.captures.get(*capture as usize).map(String::as_str)
    }

    pub(super) fn class(&self, row: usize) -> &str {
        &self.classes[usize::from(self.class_of[row])]
    }
}

fn write_parquet(table: &Table, to: Box<dyn Write + Send>) -> io::Result<()> {
    let manifest = serde_json::to_string(&DatasetManifest::of(table)).map_err(io::Error::other)?;
    let [profile, version] = PROFILE_KEYS;
    let notes = [
        (KEY, manifest),
        (profile, table.profile.name.clone()),
        (version, table.profile.version.to_string()),
    ];
    let notes = notes.map(|(key, value)| KeyValue::new(key.to_owned(), value)).to_vec();
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_key_value_metadata(Some(notes))
        .build();
    let first = batch(table, 0..table.rows().min(BATCH_ROWS))?;
    let mut writer = ArrowWriter::try_new(to, first.schema(), Some(properties))?;
    writer.write(&first)?;
    for begin in (BATCH_ROWS..table.rows()).step_by(BATCH_ROWS) {
        writer.write(&batch(table, begin..table.rows().min(begin + BATCH_ROWS))?)?;
    }
    writer.into_inner()?.flush()
}

/// Some rows as columns; what is missing is null.
fn batch(table: &Table, rows: std::ops::Range<usize>) -> io::Result<RecordBatch> {
    let known = |value: f64| Some(value).filter(|value| !value.is_nan());
    let mut columns: Vec<(&str, ArrayRef, bool)> = Vec::new();
    for (place, name) in table.features.iter().enumerate() {
        let values: Float64Array = rows.clone().map(|row| known(table.row(row)[place])).collect();
        columns.push((name, Arc::new(values), true));
    }
    let classes: StringArray = rows.clone().map(|row| Some(table.class(row))).collect();
    columns.push((CLASS, Arc::new(classes), false));
    if !table.captures.is_empty() {
        let captures: StringArray = rows.map(|row| table.capture(row)).collect();
        columns.push((CAPTURE, Arc::new(captures), false));
    }
    RecordBatch::try_from_iter_with_nullable(columns).map_err(io::Error::other)
}

fn write_csv(table: &Table, to: Box<dyn Write + Send>) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(to);
    let capture = (!table.captures.is_empty()).then_some(CAPTURE);
    writer.write_record(table.features.iter().map(String::as_str).chain([CLASS]).chain(capture))?;
    for row in 0..table.rows() {
        for value in table.row(row) {
            // Shortest digits that are read as the same number.
            let cell = if value.is_nan() { String::new() } else { value.to_string() };
            writer.write_field(cell)?;
        }
        writer.write_field(table.class(row))?;
        if let Some(capture) = table.capture(row) {
            writer.write_field(capture)?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush()
}
