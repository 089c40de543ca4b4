//! Multinomial logistic regression on standardised features, with a small quadratic penalty, found by
//! accelerated gradient descent (Nesterov, 1983; restarts by O'Donoghue and Candès, 2015). A missing
//! value counts as the mean of the feature.

use crate::ensemble::softmax;
use crate::scale::Scale;
use crate::table::Table;
use crate::threads;
use serde::{Deserialize, Serialize};

/// How weights are found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogisticParameters {
    pub steps: usize,
    /// Of the squared weights, per row.
    pub penalty: f64,
}

impl Default for LogisticParameters {
    fn default() -> Self {
        Self { steps: 300, penalty: 1e-5 }
    }
}

/// Weights of each class.
#[derive(Clone, Debug, PartialEq)]
pub struct Logistic {
    pub(crate) scale: Scale,
    pub(crate) classes: usize,
    /// Class by class: one for each feature, and one that is added.
    pub(crate) weights: Vec<f32>,
}

/// Rows whose gradient is summed on its own, so that sums do not depend on the number of threads.
const BLOCK_ROWS: usize = 2_048;

impl Logistic {
    pub(crate) fn learn(
        table: &Table,
        parameters: &LogisticParameters,
        threads: usize,
    ) -> Logistic {
        let scale = Scale::to_standard(table);
        let width = table.features.len();
        let mut rows = vec![1.0; table.rows() * (width + 1)];
        let values = table.values_f32();
        for (row, scaled) in values.chunks_exact(width).zip(rows.chunks_exact_mut(width + 1)) {
            scale.apply(row, &mut scaled[..width]);
        }
        let classes = table.classes.len();
        let data = Data { rows: &rows, width: width + 1, class_of: table.class_of(), classes };
        let weights = descend(&data, parameters, threads);
        let weights = weights.into_iter().map(|weight| weight as f32).collect();
        Logistic { scale, classes, weights }
    }

    pub fn features(&self) -> usize {
        self.scale.features()
    }

    pub fn classes(&self) -> usize {
        self.classes
    }

    /// See `Model::predict_probabilities`.
    pub(crate) fn probabilities(&self, rows: &[f32], probabilities: &mut [f32]) {
        let width = self.features();
        let mut scaled = vec![1.0; width + 1];
        let mut sums = vec![0.0; self.classes];
        let outs = probabilities.chunks_exact_mut(self.classes);
        for (row, out) in rows.chunks_exact(width).zip(outs) {
            self.scale.apply(row, &mut scaled[..width]);
            for (sum, weights) in sums.iter_mut().zip(self.weights.chunks_exact(width + 1)) {
                *sum = scaled.iter().zip(weights).map(|(value, weight)| value * weight).sum();
            }
            softmax(&sums, out);
        }
    }
}

struct Data<'a> {
    rows: &'a [f32],
    width: usize,
    class_of: &'a [u16],
    classes: usize,
}

impl Data<'_> {
    /// Of the mean loss of all rows.
    fn gradient(&self, weights: &[f64], penalty: f64, threads: usize) -> Vec<f64> {
        let blocks = self.class_of.len().div_ceil(BLOCK_ROWS);
        let of_blocks = threads::map(blocks, threads, |block| self.of_block(weights, block));
        let mut gradient: Vec<f64> = weights.iter().map(|weight| 2.0 * penalty * weight).collect();
        for block in of_blocks {
            let rows = self.class_of.len() as f64;
            gradient.iter_mut().zip(block).for_each(|(sum, part)| *sum += part / rows);
        }
        gradient
    }

    fn of_block(&self, weights: &[f64], block: usize) -> Vec<f64> {
        let mut gradient = vec![0.0; weights.len()];
        let mut sums = vec![0.0_f32; self.classes];
        let mut shares = vec![0.0_f32; self.classes];
        let begin = block * BLOCK_ROWS;
        let end = self.class_of.len().min(begin + BLOCK_ROWS);
        for number in begin..end {
            let row = &self.rows[number * self.width..(number + 1) * self.width];
            for (sum, weights) in sums.iter_mut().zip(weights.chunks_exact(self.width)) {
                let products = row.iter().zip(weights);
                *sum =
                    products.map(|(value, weight)| f64::from(*value) * weight).sum::<f64>() as f32;
            }
            softmax(&sums, &mut shares);
            shares[usize::from(self.class_of[number])] -= 1.0;
            for (share, gradient) in shares.iter().zip(gradient.chunks_exact_mut(self.width)) {
                let pairs = gradient.iter_mut().zip(row);
                pairs.for_each(|(sum, value)| *sum += f64::from(share * value));
            }
        }
        gradient
    }

    /// A bound of the curvature: half of the greatest eigenvalue of the features' covariance, by power
    /// iteration (Böhning, "Multinomial logistic regression algorithm", 1992).
    fn curvature(&self) -> f64 {
        let mut direction = vec![1.0; self.width];
        let mut greatest = 1.0;
        for _ in 0..20 {
            let mut next = vec![0.0; self.width];
            for row in self.rows.chunks_exact(self.width) {
                let along: f64 =
                    row.iter().zip(&direction).map(|(value, part)| f64::from(*value) * part).sum();
                next.iter_mut().zip(row).for_each(|(sum, value)| *sum += along * f64::from(*value));
            }
            greatest = next.iter().map(|part| part * part).sum::<f64>().sqrt();
            direction = next.into_iter().map(|part| part / greatest.max(1e-300)).collect();
        }
        // Power iteration comes from below.
        0.5 * 1.1 * greatest / self.class_of.len() as f64
    }
}

fn descend(data: &Data, parameters: &LogisticParameters, threads: usize) -> Vec<f64> {
    let step = 1.0 / (data.curvature() + 2.0 * parameters.penalty);
    let mut weights = vec![0.0; data.width * data.classes];
    let mut ahead = weights.clone();
    let mut momentum = 1.0_f64;
    for _ in 0..parameters.steps {
        let gradient = data.gradient(&ahead, parameters.penalty, threads);
        let next: Vec<f64> =
            ahead.iter().zip(&gradient).map(|(weight, slope)| weight - step * slope).collect();
        // Momentum that leads uphill is dropped.
        let moved = next.iter().zip(&weights).map(|(next, weight)| next - weight);
        let uphill: f64 = moved.zip(&gradient).map(|(moved, slope)| moved * slope).sum();
        momentum = if uphill > 0.0 { 1.0 } else { momentum };
        let grown = (1.0 + (1.0 + 4.0 * momentum * momentum).sqrt()) / 2.0;
        let pull = (momentum - 1.0) / grown;
        momentum = grown;
        ahead = next.iter().zip(&weights).map(|(next, old)| next + pull * (next - old)).collect();
        weights = next;
    }
    weights
}
