//! Parquet: columns of numbers as they are, text for the class and the capture.

use super::Profile;
use super::manifest::{DatasetManifest, KEY, PROFILE_KEYS};
use super::read::Rows;
use crate::error::LearningError;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, types};
use arrow_schema::DataType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fmt::Display;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

const BATCH_ROWS: usize = 8_192;

pub(super) fn read(file: &Path, rows: &mut Rows) -> Result<(), LearningError> {
    let opened = File::open(file).map_err(LearningError::io("open", file))?;
    let builder = guarded(file, || ParquetRecordBatchReaderBuilder::try_new(opened))?;
    let fields = builder.schema().fields().clone();
    let header: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
    let notes = builder.metadata().file_metadata().key_value_metadata();
    let note = |key: &str| notes?.iter().find(|pair| pair.key == key)?.value.as_deref();
    rows.manifest(file, said(note).map_err(|why| LearningError::file(file, why))?)?;
    let roles = rows.roles(file, &header, |place| fields[place].data_type().is_numeric())?;
    let mut reader = guarded(file, || builder.with_batch_size(BATCH_ROWS).build())?;
    let mut values = vec![0.0; roles.features.len()];
    let mut line = 0;
    while let Some(batch) = guarded(file, || reader.next().transpose())? {
        let no_number = |place: &usize| {
            let why = format!("column {} holds no numbers", header[*place]);
            LearningError::file(file, why)
        };
        let columns: Vec<Vec<f64>> = (roles.features.iter())
            .map(|place| numbers(batch.column(*place)).ok_or_else(|| no_number(place)))
            .collect::<Result<_, _>>()?;
        let text_of = |place: usize| {
            texts(batch.column(place)).ok_or_else(|| {
                LearningError::file(file, format!("column {} holds no text", header[place]))
            })
        };
        let classes = text_of(roles.class)?;
        let captures = roles.capture.map(text_of).transpose()?;
        for row in 0..batch.num_rows() {
            line += 1;
            values.iter_mut().zip(&columns).for_each(|(value, column)| *value = column[row]);
            let capture = captures.as_ref().map(|captures| captures[row].as_str());
            rows.push((file, line), &values, &classes[row], capture)?;
        }
    }
    Ok(())
}

/// A decoder is written for files that somebody made to be read: it panics at some that are damaged.
fn guarded<T, E: Display>(
    file: &Path,
    decode: impl FnOnce() -> Result<T, E>,
) -> Result<T, LearningError> {
    match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(decoded) => decoded.map_err(|error| LearningError::file(file, error.to_string())),
        Err(_) => Err(LearningError::file(file, "the decoder of Parquet broke down")),
    }
}

/// What a file says of itself by its metadata.
fn said<'a>(note: impl Fn(&str) -> Option<&'a str>) -> Result<DatasetManifest, String> {
    if let Some(text) = note(KEY) {
        return serde_json::from_str(text).map_err(|error| format!("its manifest: {error}"));
    }
    let [name, version] = PROFILE_KEYS.map(note);
    let version = version.and_then(|version| version.parse().ok());
    let profile =
        name.zip(version).map(|(name, version)| Profile { name: name.to_owned(), version });
    Ok(DatasetManifest { profile: profile.unwrap_or_default(), ..DatasetManifest::default() })
}

/// A column's numbers; null is NaN.
fn numbers(column: &ArrayRef) -> Option<Vec<f64>> {
    fn all<T: types::ArrowPrimitiveType>(
        column: &ArrayRef,
        number: impl Fn(T::Native) -> f64,
    ) -> Option<Vec<f64>> {
        let column = column.as_primitive_opt::<T>()?;
        Some(column.iter().map(|value| value.map_or(f64::NAN, &number)).collect())
    }
    match column.data_type() {
        DataType::Float64 => all::<types::Float64Type>(column, |value| value),
        DataType::Float32 => all::<types::Float32Type>(column, f64::from),
        DataType::Int64 => all::<types::Int64Type>(column, |value| value as f64),
        DataType::Int32 => all::<types::Int32Type>(column, f64::from),
        DataType::Int16 => all::<types::Int16Type>(column, f64::from),
        DataType::Int8 => all::<types::Int8Type>(column, f64::from),
        DataType::UInt64 => all::<types::UInt64Type>(column, |value| value as f64),
        DataType::UInt32 => all::<types::UInt32Type>(column, f64::from),
        DataType::UInt16 => all::<types::UInt16Type>(column, f64::from),
        DataType::UInt8 => all::<types::UInt8Type>(column, f64::from),
        _ => None,
    }
}

/// A column's texts; null is empty.
fn texts(column: &ArrayRef) -> Option<Vec<String>> {
    let owned = |value: Option<&str>| value.unwrap_or_default().to_owned();
    match column.data_type() {
        DataType::Utf8 => Some(column.as_string::<i32>().iter().map(owned).collect()),
        DataType::LargeUtf8 => Some(column.as_string::<i64>().iter().map(owned).collect()),
        DataType::Utf8View => Some(column.as_string_view().iter().map(owned).collect()),
        _ => None,
    }
}
