//! How good a model is: cross-validation over several ways to split, measures, and reports.
//!
//! Layout:
//! - `splits`: which rows are tested together
//! - `measures`: the confusion matrix and what follows from it
//! - `calibration`: whether probabilities are what they say
//! - `cross`: training and testing fold by fold
//! - `report`, `text`, `html`: all of it, to be read

mod calibration;
mod cross;
mod html;
mod measures;
mod report;
mod splits;
#[cfg(test)]
mod tests;
mod text;

pub use calibration::{Calibration, CalibrationBin};
pub(crate) use cross::cross_validate_telling;
pub use cross::{Evaluation, cross_validate};
pub use measures::{ClassMeasures, Confusion};
pub use report::{Report, one_capture};
#[cfg(feature = "tables")]
pub use splits::read_folds;
pub use splits::{Leakage, Split, folds, leakage};
