//! CSV with a header: quoted or not, lines ending in LF or CRLF.

use super::read::{Rows, number};
use crate::error::LearningError;
use csv::{ReaderBuilder, StringRecord, Trim};
use std::path::Path;

/// Rows that are looked at to tell columns of numbers from those of text.
const ROWS_LOOKED_AT: usize = 1_000;

pub(super) fn read(file: &Path, rows: &mut Rows) -> Result<(), LearningError> {
    let numbers = numeric_columns(file)?;
    let mut reader = open(file)?;
    let wrong = |error: csv::Error| sentence(file, &error);
    let header: Vec<String> = reader.headers().map_err(wrong)?.iter().map(str::to_owned).collect();
    let roles = rows.roles(file, &header, |place| numbers[place])?;
    let mut record = StringRecord::new();
    let mut values = vec![0.0; roles.features.len()];
    while reader.read_record(&mut record).map_err(wrong)? {
        let line = record.position().map_or(0, csv::Position::line);
        for (value, place) in values.iter_mut().zip(&roles.features) {
            let cell = &record[*place];
            *value = number(cell).ok_or_else(|| {
                let name = &header[*place];
                LearningError::line(file, line, format!("{cell:?} in column {name} is no number"))
            })?;
        }
        let capture = roles.capture.map(|place| &record[place]);
        rows.push((file, line), &values, &record[roles.class], capture)?;
    }
    Ok(())
}

/// By column, whether the first cell that is not empty is a number.
fn numeric_columns(file: &Path) -> Result<Vec<bool>, LearningError> {
    let mut reader = open(file)?;
    let columns = reader.headers().map_err(|error| sentence(file, &error))?.len();
    let mut is_number = vec![None; columns];
    for record in reader.records().take(ROWS_LOOKED_AT) {
        let record = record.map_err(|error| sentence(file, &error))?;
        for (is_number, cell) in is_number.iter_mut().zip(&record) {
            if is_number.is_none() && !matches!(cell, "" | "?") {
                *is_number = Some(number(cell).is_some());
            }
        }
    }
    Ok(is_number.into_iter().map(|is_number| is_number.unwrap_or(true)).collect())
}

pub(super) fn open(file: &Path) -> Result<csv::Reader<std::fs::File>, LearningError> {
    let opened = std::fs::File::open(file).map_err(LearningError::io("open", file))?;
    Ok(ReaderBuilder::new().trim(Trim::All).from_reader(opened))
}

pub(super) fn sentence(file: &Path, error: &csv::Error) -> LearningError {
    let line = error.position().map_or(0, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            let why = format!("{len} cells, and the header has {expected_len}");
            LearningError::line(file, line, why)
        }
        csv::ErrorKind::Utf8 { .. } => LearningError::line(file, line, "a cell is not UTF-8"),
        _ => LearningError::file(file, error.to_string()),
    }
}
