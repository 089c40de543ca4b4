//! Training and testing, fold by fold.

use super::{Calibration, Confusion, Leakage, Split, leakage};
use crate::error::LearningError;
use crate::limits::FOLDS_MAX;
use crate::model::most_likely;
use crate::table::Table;
use crate::train::{Parameters, fit};
use serde::{Deserialize, Serialize};

/// What came out of one way to split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    pub split: Split,
    pub folds: usize,
    pub leakage: Leakage,
    /// Of all folds together.
    pub confusion: Confusion,
    pub calibration: Calibration,
    /// The mean over folds, as published results are.
    pub accuracy: f64,
    /// The mean over folds.
    pub macro_f1: f64,
}

/// Tests each fold with a model that learned from the others.
///
/// # Errors
/// A sentence, if folds are not as many as rows, or fewer than two have rows, or training fails.
pub fn cross_validate(
    table: &Table,
    parameters: &Parameters,
    (split, fold_of): (Split, &[u16]),
    seed: u64,
    threads: usize,
) -> Result<Evaluation, LearningError> {
    cross_validate_telling(table, parameters, (split, fold_of), seed, threads, &mut |_, _| {})
}

/// The same, and tells before each fold how many were tested, and of how many.
pub(crate) fn cross_validate_telling(
    table: &Table,
    parameters: &Parameters,
    (split, fold_of): (Split, &[u16]),
    seed: u64,
    threads: usize,
    tell: &mut dyn FnMut(usize, usize),
) -> Result<Evaluation, LearningError> {
    let rows_of = |fold: u16, is_tested: bool| {
        let rows = (0..table.rows()).filter(move |row| (fold_of[*row] == fold) == is_tested);
        rows.collect::<Vec<usize>>()
    };
    if fold_of.len() != table.rows() {
        let why = format!("has {} rows, and there are {} folds", table.rows(), fold_of.len());
        return Err(LearningError::Table(why));
    }
    let mut folds = fold_of.to_vec();
    folds.sort_unstable();
    folds.dedup();
    if folds.len() < 2 || folds.len() > FOLDS_MAX {
        let why = format!("has rows in {} folds, and 2 to {FOLDS_MAX} may be", folds.len());
        return Err(LearningError::Table(why));
    }
    let classes = table.classes.len();
    let mut evaluation = Evaluation {
        split,
        folds: folds.len(),
        leakage: leakage(table, fold_of),
        confusion: Confusion::new(classes),
        calibration: Calibration::default(),
        accuracy: 0.0,
        macro_f1: 0.0,
    };
    for (tested, fold) in folds.iter().enumerate() {
        tell(tested, folds.len());
        let learned = table.select(&rows_of(*fold, false));
        let tested = table.select(&rows_of(*fold, true));
        let fitted = fit(&learned, parameters, seed, threads)?;
        let mut probabilities = vec![0.0; tested.rows() * classes];
        fitted.model.predict_probabilities(&tested.values_f32(), &mut probabilities);
        let mut confusion = Confusion::new(classes);
        for (row, class) in probabilities.chunks_exact(classes).zip(tested.class_of()) {
            let predicted = most_likely(row);
            confusion.add(usize::from(*class), predicted);
            evaluation.calibration.add(usize::from(*class), predicted, row);
        }
        evaluation.accuracy += confusion.accuracy() / folds.len() as f64;
        evaluation.macro_f1 += confusion.macro_f1() / folds.len() as f64;
        evaluation.confusion.merge(&confusion);
    }
    Ok(evaluation)
}
