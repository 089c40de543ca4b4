//! What comes out of foreign captures is read by other programs, in every format with as many rows.
//!
//! `TRACTOR_PYTHON` names a Python that has them, else python3 is asked; a reader that is not there is skipped.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{captures, is_long};
use crate::binary;
use crate::cli::run::in_place;

/// Taken of all captures when time matters.
const EVERY: usize = 20;
const IS_NOT_THERE: i32 = 77;

/// Formats, and what reads them.
const FORMATS: [(&str, &[&str]); 4] = [
    ("csv", &["csv"]),
    ("jsonl", &["json"]),
    ("parquet", &["pandas", "polars", "duckdb"]),
    ("arff", &["scipy", "liac"]),
];

/// What was written for a capture, and how many rows it has.
struct Written {
    capture: PathBuf,
    /// Without the ending, which is the format's name.
    stem: PathBuf,
    rows: usize,
}

#[test]
fn every_format_of_foreign_captures_is_read_with_as_many_rows() {
    let every = if is_long() { 1 } else { EVERY };
    let folder = tempfile::tempdir().expect("a folder");
    let captures = captures().into_iter().step_by(every).enumerate();
    let written: Vec<Written> =
        captures.filter_map(|(place, capture)| write(place, capture, folder.path())).collect();
    for (format, readers) in FORMATS {
        for reader in readers.iter().filter(|_| !written.is_empty()) {
            let Some(counts) = row_counts(reader, format, &written) else { continue };
            let differing: Vec<String> = written
                .iter()
                .zip(&counts)
                .filter(|(written, rows)| written.rows != **rows)
                .map(|(written, rows)| format!("{} {rows}", written.capture.display()))
                .collect();
            assert!(differing.is_empty(), "{reader}: {}", differing.join("\n"));
            eprintln!("{reader}: {} captures compared", counts.len());
        }
    }
}

/// Each capture in one profile and every format. None when no format has rows, because the file cannot be read.
fn write(place: usize, capture: PathBuf, folder: &Path) -> Option<Written> {
    let profiles = binary::profiles();
    let profile = profiles[place % profiles.len()].name();
    let stem = folder.join(place.to_string());
    let codes = FORMATS.map(|(format, _)| {
        let mut command = in_place();
        command.arg("flows").arg(&capture);
        command.args(["--profile", profile, "--label", "a", "--format", format, "-o"]);
        let output = command.arg(stem.with_extension(format)).output().expect("the program");
        output.status.code()
    });
    assert!(codes.iter().all(|code| *code == codes[0]), "{}: {codes:?}", capture.display());
    let text = std::fs::read_to_string(stem.with_extension("csv")).ok()?;
    Some(Written { capture, stem, rows: text.lines().count() - 1 })
}

/// `None`, and the reason is printed, when the reader is not there.
fn row_counts(reader: &str, format: &str, written: &[Written]) -> Option<Vec<usize>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/row_counts.py");
    let python = std::env::var("TRACTOR_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let files = written.iter().map(|written| written.stem.with_extension(format));
    let output = match Command::new(&python).arg(script).arg(reader).args(files).output() {
        Ok(output) => output,
        Err(cause) => {
            eprintln!("skipped {reader}: {python}: {cause}");
            return None;
        }
    };
    let messages = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(IS_NOT_THERE) {
        eprintln!("skipped {reader}: {}", messages.trim());
        return None;
    }
    assert!(output.status.success(), "{reader}: {messages}");
    let counts = String::from_utf8(output.stdout).expect("numbers");
    Some(counts.lines().map(|line| line.parse().expect("a number")).collect())
}
