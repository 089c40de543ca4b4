//! Labels that stand beside captures: a CSV file with the columns `file` and `label`.

use super::csv::{open, sentence};
use crate::error::LearningError;
use crate::limits::LABELS_MAX;
use std::path::Path;

/// A line of such a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelLine {
    pub line: u64,
    /// A name as it stands there.
    pub file: String,
    pub label: String,
}

/// Reads all lines, in order.
///
/// # Errors
/// A sentence that names file, line and cause: it cannot be read, a column is not there, a name or label
/// is empty, a bound is met.
pub fn read_labels(file: &Path) -> Result<Vec<LabelLine>, LearningError> {
    let mut reader = open(file)?;
    let wrong = |error: csv::Error| sentence(file, &error);
    let header = reader.headers().map_err(wrong)?.clone();
    let place = |name: &str| {
        let found = header.iter().position(|other| other == name);
        found.ok_or_else(|| LearningError::file(file, format!("there is no column {name}")))
    };
    let (name_place, label_place) = (place("file")?, place("label")?);
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |place: usize, what: &str| match &record[place] {
            "" => Err(LearningError::line(file, line, format!("an empty {what}"))),
            text => Ok(text.to_owned()),
        };
        if lines.len() == LABELS_MAX {
            return Err(LearningError::file(file, format!("more than {LABELS_MAX} lines")));
        }
        let (name, label) = (cell(name_place, "file")?, cell(label_place, "label")?);
        lines.push(LabelLine { line, file: name, label });
    }
    Ok(lines)
}
