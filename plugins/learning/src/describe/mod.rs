//! What a data set is like before anything learns from it: counts, ranges, what is missing, and its shape by
//! clusters and principal components.

mod clusters;
mod components;
#[cfg(test)]
mod tests;
mod text;

use crate::error::LearningError;
use crate::evaluate::{Leakage, Split, folds, leakage};
use crate::limits::MEANS_MAX;
use crate::scale::Scale;
use crate::table::{Profile, Table, Warnings};
use clusters::clusters;
use components::components;
use serde::{Deserialize, Serialize};

pub use clusters::Cluster;
pub use components::Component;

/// How a data set is described.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DescribeOptions {
    /// Clusters that are looked for; 0 for as many as there are classes.
    pub clusters: usize,
    pub seed: u64,
}

impl Default for DescribeOptions {
    fn default() -> Self {
        Self { clusters: 0, seed: 1 }
    }
}

/// A data set in numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    pub profile: Profile,
    pub rows: usize,
    /// Captures that rows come from; 0 where they are not known.
    pub captures: usize,
    /// Classes in their order, with their rows.
    pub classes: Vec<(String, usize)>,
    pub features: Vec<FeatureRange>,
    pub warnings: Warnings,
    /// Captures that ten folds at random would have on both sides; nothing where captures are not known.
    pub random_leakage: Option<Leakage>,
    /// Classes whose rows all come from one capture, where captures are known.
    pub classes_of_one_capture: Vec<String>,
    pub notes: Vec<String>,
    /// Of features standardised, the largest first.
    pub clusters: Vec<Cluster>,
    /// Of features standardised: the two directions in which rows differ most.
    pub components: Vec<Component>,
}

/// Values of a feature; those that are missing do not count but as such.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureRange {
    pub name: String,
    pub missing: usize,
    /// Nothing where all are missing.
    pub least: Option<f64>,
    pub median: Option<f64>,
    pub mean: Option<f64>,
    pub greatest: Option<f64>,
}

impl Description {
    /// # Errors
    /// A sentence, if more clusters are asked for than may be.
    pub fn of(table: &Table, options: &DescribeOptions) -> Result<Description, LearningError> {
        let wanted = if options.clusters == 0 { table.classes.len() } else { options.clusters };
        if options.clusters > MEANS_MAX {
            let why = format!("clusters is {wanted}, and {MEANS_MAX} may be");
            return Err(LearningError::Parameter(why));
        }
        let scaled = standardised(table);
        let counts = table.class_counts();
        Ok(Description {
            profile: table.profile.clone(),
            rows: table.rows(),
            captures: table.captures.len(),
            classes: table.classes.iter().cloned().zip(counts).collect(),
            features: (0..table.features.len()).map(|feature| range(table, feature)).collect(),
            warnings: table.warnings(),
            random_leakage: (!table.captures.is_empty())
                .then(|| leakage(table, &folds(table, Split::Random, 10, options.seed))),
            classes_of_one_capture: table.classes_of_one_capture(),
            notes: table.notes.clone(),
            clusters: clusters(table, &scaled, wanted.min(MEANS_MAX), options.seed),
            components: components(&scaled, &table.features),
        })
    }

    /// For people, some lines.
    pub fn text(&self) -> String {
        text::of(self)
    }
}

fn standardised(table: &Table) -> Vec<f32> {
    let scale = Scale::to_standard(table);
    let mut scaled = vec![0.0; table.values().len()];
    let width = table.features.len();
    let values = table.values_f32();
    for (row, scaled) in values.chunks_exact(width).zip(scaled.chunks_exact_mut(width)) {
        scale.apply(row, scaled);
    }
    scaled
}

fn range(table: &Table, feature: usize) -> FeatureRange {
    let width = table.features.len();
    let column = table.values().iter().skip(feature).step_by(width).copied();
    let mut numbers: Vec<f64> = column.filter(|value| !value.is_nan()).collect();
    numbers.sort_unstable_by(f64::total_cmp);
    let sum: f64 = numbers.iter().sum();
    FeatureRange {
        name: table.features[feature].clone(),
        missing: table.rows() - numbers.len(),
        least: numbers.first().copied(),
        // Of an even number, the lower of both in the middle.
        median: numbers.get(numbers.len().saturating_sub(1) / 2).copied(),
        mean: (!numbers.is_empty()).then(|| sum / numbers.len() as f64),
        greatest: numbers.last().copied(),
    }
}
