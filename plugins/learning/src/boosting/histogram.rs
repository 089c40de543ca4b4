//! Sums of derivatives by feature and code, and the best split that they show.

use super::BoostingParameters;
use crate::bins::Coded;

/// Places of a feature: as many as a byte has values.
const PLACES: usize = 256;

/// A bin of less is one without rows: differences of sums are seldom quite 0.
const NOTHING: f64 = 1e-9;

/// Of the rows of a node, first and second derivatives.
#[derive(Clone, Debug)]
pub(super) struct Histogram {
    /// Feature by feature.
    sums: Vec<[[f64; 2]; PLACES]>,
}

/// Where a leaf is split.
#[derive(Clone, Copy, Debug)]
pub(super) struct Best {
    pub feature: usize,
    pub code: u8,
    pub gain: f64,
}

impl Histogram {
    pub fn new(features: usize) -> Self {
        Histogram { sums: vec![[[0.0; 2]; PLACES]; features] }
    }

    /// Counts rows whose derivatives are `slopes`, in the order of `rows`, by these features.
    pub fn count(&mut self, coded: &Coded, features: &[usize], rows: &[u32], slopes: &[[f32; 2]]) {
        for feature in features {
            let codes = coded.feature(*feature);
            let sums = &mut self.sums[*feature];
            *sums = [[0.0; 2]; PLACES];
            for (row, [first, second]) in rows.iter().zip(slopes) {
                let sum = &mut sums[usize::from(codes[*row as usize])];
                sum[0] += f64::from(*first);
                sum[1] += f64::from(*second);
            }
        }
    }

    /// Takes off what another counted, so that what remains is of the other child.
    pub fn take_off(&mut self, features: &[usize], other: &Histogram) {
        for feature in features {
            let pairs = self.sums[*feature].iter_mut().zip(&other.sums[*feature]);
            pairs.for_each(|(sum, off)| *sum = [sum[0] - off[0], sum[1] - off[1]]);
        }
    }

    /// The split that makes the loss least, if any gains.
    pub fn best(
        &self,
        features: &[usize],
        [first, second]: [f64; 2],
        parameters: &BoostingParameters,
    ) -> Option<Best> {
        let penalty = parameters.penalty;
        // Below what is left over of differences no side is one.
        let least = parameters.leaf_hessian_min.max(1e-6);
        let score = |first: f64, second: f64| first * first / (second + penalty);
        let unsplit = score(first, second);
        let mut best: Option<Best> = None;
        for feature in features {
            let mut left = [0.0; 2];
            let mut last = None;
            for (code, sum) in self.sums[*feature].iter().enumerate() {
                if sum[1] <= NOTHING {
                    continue;
                }
                let right = [first - left[0], second - left[1]];
                if let Some(last) = last.replace(code)
                    && left[1] >= least
                    && right[1] >= least
                {
                    let gain = score(left[0], left[1]) + score(right[0], right[1]) - unsplit;
                    if gain > best.map_or(NOTHING, |best| best.gain) {
                        // In the middle of bins without rows, but nothing joins what is missing.
                        let middle = if last == 0 { 0 } else { last + (code - 1 - last) / 2 };
                        best = Some(Best { feature: *feature, code: middle as u8, gain });
                    }
                }
                left = [left[0] + sum[0], left[1] + sum[1]];
            }
        }
        best
    }
}
