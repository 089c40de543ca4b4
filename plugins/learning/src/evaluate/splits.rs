//! Which rows are tested together, while a model learns from all others.

#[cfg(feature = "tables")]
use crate::error::LearningError;
use crate::random::Random;
use crate::table::Table;
use serde::{Deserialize, Serialize};
#[cfg(feature = "tables")]
use std::path::Path;

/// How rows are dealt to folds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// At random, each class alike in all folds. Flows of one session fall on both sides, so results are
    /// better than they will be on other traffic.
    Random,
    /// Each class cut into contiguous blocks of rows: what was captured together is tested together.
    Block,
    /// Captures whole: no flow of a tested capture was learned from.
    Capture,
    /// As a file has it.
    Given,
}

impl Split {
    pub fn name(self) -> &'static str {
        match self {
            Split::Random => "random",
            Split::Block => "block",
            Split::Capture => "capture",
            Split::Given => "given",
        }
    }
}

/// Flows of one capture on both sides of a split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leakage {
    /// Captures with rows in more than one fold.
    pub captures: usize,
    /// Rows of these captures.
    pub rows: usize,
}

/// By row, the number of its fold, less than `count`. A split by captures of a table that knows none is
/// one by blocks.
pub fn folds(table: &Table, split: Split, count: usize, seed: u64) -> Vec<u16> {
    match split {
        Split::Capture if !table.captures.is_empty() => by_capture(table, count),
        Split::Random => by_class(table, |rows, first| {
            Random::new(seed, u64::from(table.class_of()[rows[0]])).shuffle(rows);
            // Classes begin at different folds, so that small ones do not all meet in the first.
            (0..rows.len()).map(|place| (first + place) % count).collect()
        }),
        _ => by_class(table, |rows, _| {
            (0..rows.len()).map(|place| place * count / rows.len()).collect()
        }),
    }
}

/// Deals the rows of each class; `deal` is given them in order, and how many rows were dealt before.
fn by_class(table: &Table, deal: impl Fn(&mut [usize], usize) -> Vec<usize>) -> Vec<u16> {
    let mut folds = vec![0; table.rows()];
    let mut dealt = 0;
    for class in 0..table.classes.len() {
        let of_class = |row: &usize| usize::from(table.class_of()[*row]) == class;
        let mut rows: Vec<usize> = (0..table.rows()).filter(of_class).collect();
        if rows.is_empty() {
            continue;
        }
        for (place, fold) in deal(&mut rows, dealt).into_iter().enumerate() {
            folds[rows[place]] = fold as u16;
        }
        dealt += rows.len();
    }
    folds
}

/// The largest capture first, each to the fold that has the fewest rows of its most frequent class.
fn by_capture(table: &Table, count: usize) -> Vec<u16> {
    let classes = table.classes.len();
    let mut counts = vec![vec![0_usize; classes]; table.captures.len()];
    for (capture, class) in table.capture_of().iter().zip(table.class_of()) {
        counts[*capture as usize][usize::from(*class)] += 1;
    }
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by_key(|capture| std::cmp::Reverse(counts[*capture].iter().sum::<usize>()));
    let mut of_folds = vec![vec![0_usize; classes]; count];
    let mut fold_of = vec![0_u16; counts.len()];
    for capture in order {
        let most = (0..classes).rev().max_by_key(|class| counts[capture][*class]).unwrap_or(0);
        let load = |fold: &usize| (of_folds[*fold][most], of_folds[*fold].iter().sum::<usize>());
        let fold = (0..count).min_by_key(load).unwrap_or(0);
        fold_of[capture] = fold as u16;
        of_folds[fold].iter_mut().zip(&counts[capture]).for_each(|(sum, count)| *sum += count);
    }
    table.capture_of().iter().map(|capture| fold_of[*capture as usize]).collect()
}

/// How much of the table is on both sides of some fold's split.
pub fn leakage(table: &Table, folds: &[u16]) -> Leakage {
    let mut seen: Vec<(Option<u16>, bool, usize)> = vec![(None, false, 0); table.captures.len()];
    for (capture, fold) in table.capture_of().iter().zip(folds) {
        let (first, leaks, rows) = &mut seen[*capture as usize];
        *leaks |= first.is_some_and(|first| first != *fold);
        *first = Some(*fold);
        *rows += 1;
    }
    let leaking = || seen.iter().filter(|(_, leaks, _)| *leaks);
    Leakage { captures: leaking().count(), rows: leaking().map(|(_, _, rows)| rows).sum() }
}

/// Folds from a column of a CSV file with a header, one row for each of the table, in order.
///
/// # Errors
/// A sentence, if the file cannot be read, has no such column or other rows, or says more than is a fold.
#[cfg(feature = "tables")]
pub fn read_folds(file: &Path, column: &str, rows: usize) -> Result<Vec<u16>, LearningError> {
    let wrong = |why: String| LearningError::File { file: file.to_owned(), why };
    let opened = std::fs::File::open(file).map_err(LearningError::io("open", file))?;
    let mut reader = csv::Reader::from_reader(opened);
    let header = reader.headers().map_err(|error| wrong(error.to_string()))?;
    let place = header.iter().position(|name| name == column);
    let place = place.ok_or_else(|| wrong(format!("there is no column {column:?}")))?;
    let mut folds = Vec::new();
    for record in reader.records().take(rows + 1) {
        let record = record.map_err(|error| wrong(error.to_string()))?;
        let fold = record[place].parse().ok();
        let fold = fold.filter(|fold| usize::from(*fold) < crate::limits::FOLDS_MAX);
        let line = record.position().map_or(0, csv::Position::line);
        let no_fold =
            || LearningError::line(file, line, format!("{:?} is no fold", &record[place]));
        folds.push(fold.ok_or_else(no_fold)?);
    }
    match folds.len() == rows {
        true => Ok(folds),
        false => Err(wrong(format!("there are not as many rows as in the table, {rows}"))),
    }
}
