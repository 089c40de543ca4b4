//! The first principal components (Pearson, 1901), by power iteration on the covariance.

use serde::{Deserialize, Serialize};

const COMPONENTS: usize = 2;
const ROUNDS: usize = 300;

/// A direction in which rows differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// Its part of all variance.
    pub part: f64,
    /// Features and their weights, of length 1 together, the heaviest first and positive.
    pub weights: Vec<(String, f64)>,
}

/// Of rows of mean 0, as wide as there are names.
pub(super) fn components(rows: &[f32], names: &[String]) -> Vec<Component> {
    let width = names.len();
    let mut covariance = vec![0.0; width * width];
    for row in rows.chunks_exact(width) {
        for (left, line) in row.iter().zip(covariance.chunks_exact_mut(width)) {
            let products = line.iter_mut().zip(row);
            products.for_each(|(sum, right)| *sum += f64::from(*left) * f64::from(*right));
        }
    }
    let total: f64 = (0..width).map(|place| covariance[place * width + place]).sum();
    let mut components = Vec::new();
    while components.len() < COMPONENTS.min(width) {
        let (variance, direction) = greatest(&covariance, width);
        if variance <= total * 1e-12 {
            break;
        }
        // What lies in this direction is taken out, and the next one is looked for in the rest.
        for (line, left) in covariance.chunks_exact_mut(width).zip(&direction) {
            let parts = line.iter_mut().zip(&direction);
            parts.for_each(|(sum, right)| *sum -= variance * left * right);
        }
        let mut weights: Vec<(String, f64)> = names.iter().cloned().zip(direction).collect();
        weights.sort_by(|left, right| right.1.abs().total_cmp(&left.1.abs()));
        let sign = weights[0].1.signum();
        weights.iter_mut().for_each(|(_, weight)| *weight *= sign);
        components.push(Component { part: variance / total, weights });
    }
    components
}

fn greatest(covariance: &[f64], width: usize) -> (f64, Vec<f64>) {
    // A beginning that is at right angles to hardly anything.
    let mut direction: Vec<f64> =
        (0..width).map(|place| 1.0 + (place as f64 * 0.7).sin()).collect();
    let mut variance = 0.0;
    for _ in 0..ROUNDS {
        let lines = covariance.chunks_exact(width);
        let product = |line: &[f64]| line.iter().zip(&direction).map(|(a, b)| a * b).sum::<f64>();
        let next: Vec<f64> = lines.map(product).collect();
        variance = next.iter().map(|part| part * part).sum::<f64>().sqrt();
        if variance <= 0.0 {
            break;
        }
        direction = next.into_iter().map(|part| part / variance).collect();
    }
    (variance, direction)
}
