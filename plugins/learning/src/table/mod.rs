//! Labelled flows in memory: what is trained from, evaluated on and described.

#[cfg(feature = "tables")]
mod arff;
mod build;
#[cfg(feature = "tables")]
mod csv;
pub mod iscx;
#[cfg(feature = "tables")]
mod labels;
mod manifest;
#[cfg(feature = "tables")]
mod parquet;
#[cfg(feature = "tables")]
mod read;
#[cfg(test)]
mod tests;
mod warnings;
#[cfg(feature = "tables")]
mod write;

pub use build::TableBuilder;
#[cfg(feature = "tables")]
pub use labels::{LabelLine, read_labels};
pub use manifest::{DatasetManifest, KEY as MANIFEST_KEY};
#[cfg(feature = "tables")]
pub use read::{ReadOptions, is_identity, read};
pub use warnings::Warnings;
#[cfg(feature = "tables")]
pub use write::Format;

use crate::file::{FlowLife, Input};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The profile that features are of. A model refuses features of another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Empty where it is not known.
    pub name: String,
    pub version: u32,
}

impl fmt::Display for Profile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.as_str() {
            "" => formatter.write_str("unknown"),
            name => write!(formatter, "{name}/{}", self.version),
        }
    }
}

/// A data set. Rows keep the order that they had in their files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    pub profile: Profile,
    /// Names of the columns of `values`, in order.
    pub features: Vec<String>,
    /// Sorted, so that numbers of classes do not depend on the order of rows.
    pub classes: Vec<String>,
    /// The captures that rows come from, in order of appearance; empty where no file says it.
    pub captures: Vec<String>,
    /// How the flows were cut, where a file says it.
    pub flow_life: Option<FlowLife>,
    /// Captures with their hashes, where a file says them.
    pub inputs: Vec<Input>,
    /// What was done to the data while reading, a sentence each.
    pub notes: Vec<String>,
    /// Row by row; a missing value is NaN, and no value is infinite.
    values: Vec<f64>,
    class_of: Vec<u16>,
    /// By row, the number of its capture; as long as `class_of`, or empty.
    capture_of: Vec<u32>,
}

impl Table {
    pub fn rows(&self) -> usize {
        self.class_of.len()
    }

    /// Values of one row, in the order of `features`.
    pub fn row(&self, row: usize) -> &[f64] {
        let width = self.features.len();
        &self.values[row * width..(row + 1) * width]
    }

    /// All values, row by row.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The values as models take them: row by row, single precision.
    pub fn values_f32(&self) -> Vec<f32> {
        self.values.iter().map(|value| *value as f32).collect()
    }

    /// By row, the number of its class.
    pub fn class_of(&self) -> &[u16] {
        &self.class_of
    }

    /// By row, the number of its capture; empty where captures are not known.
    pub fn capture_of(&self) -> &[u32] {
        &self.capture_of
    }

    /// By class, the number of its rows.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        self.class_of.iter().for_each(|class| counts[usize::from(*class)] += 1);
        counts
    }

    /// Classes whose rows all come from one capture; none where captures are not known, and none of one
    /// capture alone.
    pub fn classes_of_one_capture(&self) -> Vec<String> {
        if self.captures.len() < 2 {
            return Vec::new();
        }
        let mut seen: Vec<(Option<u32>, bool)> = vec![(None, true); self.classes.len()];
        for (capture, class) in self.capture_of.iter().zip(&self.class_of) {
            let (first, is_alone) = &mut seen[usize::from(*class)];
            *is_alone &= *first.get_or_insert(*capture) == *capture;
        }
        let named = self.classes.iter().zip(seen);
        named.filter(|(_, (_, is_alone))| *is_alone).map(|(class, _)| class.clone()).collect()
    }

    /// These rows alone, in this order, with all classes kept.
    ///
    /// # Panics
    /// If a number is not one of a row.
    pub fn select(&self, rows: &[usize]) -> Table {
        let capture_of = match self.capture_of.as_slice() {
            [] => Vec::new(),
            known => rows.iter().map(|row| known[*row]).collect(),
        };
        Table {
            values: rows.iter().flat_map(|row| self.row(*row)).copied().collect(),
            class_of: rows.iter().map(|row| self.class_of[*row]).collect(),
            capture_of,
            profile: self.profile.clone(),
            features: self.features.clone(),
            classes: self.classes.clone(),
            captures: self.captures.clone(),
            flow_life: self.flow_life,
            inputs: self.inputs.clone(),
            notes: self.notes.clone(),
        }
    }

    /// What to know of the data before results are believed.
    pub fn warnings(&self) -> Warnings {
        warnings::of(self)
    }
}
