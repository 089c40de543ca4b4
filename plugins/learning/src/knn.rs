//! Nearest neighbours (Cover and Hart, 1967): Euclidean distance of features scaled to 0 to 1, every row
//! compared. A missing value counts as the mean of the feature.

use crate::scale::Scale;
use crate::table::Table;
use crate::threads;
use serde::{Deserialize, Serialize};

/// How many neighbours are asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NearestParameters {
    pub neighbours: usize,
}

impl Default for NearestParameters {
    fn default() -> Self {
        Self { neighbours: 1 }
    }
}

/// Rows that were learned, by heart.
#[derive(Clone, Debug, PartialEq)]
pub struct Nearest {
    pub(crate) scale: Scale,
    pub(crate) neighbours: usize,
    pub(crate) classes: usize,
    /// Scaled, row by row.
    pub(crate) rows: Vec<f32>,
    pub(crate) class_of: Vec<u16>,
    /// Threads that answer for many rows.
    pub(crate) threads: usize,
}

/// Rows that one thread takes on at a time.
const BLOCK_ROWS: usize = 64;

impl Nearest {
    pub(crate) fn learn(table: &Table, parameters: &NearestParameters, threads: usize) -> Nearest {
        let scale = Scale::to_unit(table);
        let mut rows = vec![0.0; table.values().len()];
        let width = table.features.len();
        let values = table.values_f32();
        for (row, scaled) in values.chunks_exact(width).zip(rows.chunks_exact_mut(width)) {
            scale.apply(row, scaled);
        }
        let neighbours = parameters.neighbours.clamp(1, table.rows());
        let class_of = table.class_of().to_vec();
        Nearest { scale, neighbours, classes: table.classes.len(), rows, class_of, threads }
    }

    pub fn features(&self) -> usize {
        self.scale.features()
    }

    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Shares of the classes among the neighbours; see `Model::predict_probabilities`.
    pub(crate) fn probabilities(&self, rows: &[f32], probabilities: &mut [f32]) {
        let width = self.features();
        let blocks: Vec<&[f32]> = rows.chunks(BLOCK_ROWS * width).collect();
        let answers = threads::map(blocks.len(), self.threads, |block| {
            blocks[block].chunks_exact(width).flat_map(|row| self.of_row(row)).collect::<Vec<_>>()
        });
        for (out, answer) in probabilities.chunks_mut(BLOCK_ROWS * self.classes).zip(answers) {
            out.copy_from_slice(&answer);
        }
    }

    fn of_row(&self, row: &[f32]) -> Vec<f32> {
        let mut scaled = vec![0.0; row.len()];
        self.scale.apply(row, &mut scaled);
        // The nearest first; of those as near, the first of the table.
        let mut nearest: Vec<(f32, usize)> = Vec::with_capacity(self.neighbours + 1);
        for (number, other) in self.rows.chunks_exact(row.len()).enumerate() {
            let distance = distance(&scaled, other);
            let is_full = nearest.len() == self.neighbours;
            if is_full && nearest.last().is_some_and(|(farthest, _)| distance >= *farthest) {
                continue;
            }
            let place = nearest.partition_point(|(known, _)| *known <= distance);
            nearest.insert(place, (distance, number));
            nearest.truncate(self.neighbours);
        }
        let mut shares = vec![0.0; self.classes];
        for (_, number) in &nearest {
            shares[usize::from(self.class_of[*number])] += 1.0 / nearest.len() as f32;
        }
        shares
    }
}

/// Squared. Four sums at a time, so that the compiler may add them at once.
fn distance(left: &[f32], right: &[f32]) -> f32 {
    let (left_fours, left_rest) = left.as_chunks::<4>();
    let (right_fours, right_rest) = right.as_chunks::<4>();
    let mut sums = [0.0_f32; 4];
    for (left, right) in left_fours.iter().zip(right_fours) {
        for (sum, (left, right)) in sums.iter_mut().zip(left.iter().zip(right)) {
            *sum += (left - right) * (left - right);
        }
    }
    let rest =
        left_rest.iter().zip(right_rest).map(|(left, right)| (left - right) * (left - right));
    sums.iter().sum::<f32>() + rest.sum::<f32>()
}
