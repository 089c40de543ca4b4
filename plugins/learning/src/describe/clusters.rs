//! k-means (Lloyd, 1982), begun as k-means++ (Arthur and Vassilvitskii, 2007).

use crate::random::Random;
use crate::table::Table;
use serde::{Deserialize, Serialize};

/// Rounds after which it is left as it is.
const ROUNDS_MAX: usize = 50;

/// Rows that are near one another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cluster {
    pub rows: usize,
    /// Root of the mean squared distance from its middle, in standard deviations.
    pub radius: f64,
    /// The class that most of its rows are of, and how many.
    pub class: String,
    pub class_rows: usize,
}

/// Clusters of rows, `scaled` as wide as the table has features; the largest first.
pub(super) fn clusters(table: &Table, scaled: &[f32], count: usize, seed: u64) -> Vec<Cluster> {
    let width = table.features.len();
    let rows: Vec<&[f32]> = scaled.chunks_exact(width).collect();
    let mut middles = begin(&rows, count, &mut Random::new(seed, 0));
    let mut of_row = vec![0; rows.len()];
    for round in 0..ROUNDS_MAX {
        let mut has_changed = round == 0;
        for (row, cluster) in rows.iter().zip(&mut of_row) {
            let (nearest, _) = nearest(row, &middles);
            has_changed |= std::mem::replace(cluster, nearest) != nearest;
        }
        if !has_changed {
            break;
        }
        middles = means(&rows, &of_row, middles);
    }
    let mut clusters = Vec::new();
    for (number, middle) in middles.iter().enumerate() {
        let members = || (0..rows.len()).filter(|row| of_row[*row] == number);
        let mut counts = vec![0; table.classes.len()];
        members().for_each(|row| counts[usize::from(table.class_of()[row])] += 1);
        let size: usize = counts.iter().sum();
        if size == 0 {
            continue;
        }
        let squares: f64 = members().map(|row| distance(rows[row], middle)).sum();
        let most = (0..counts.len()).rev().max_by_key(|class| counts[*class]).unwrap_or(0);
        clusters.push(Cluster {
            rows: size,
            radius: (squares / size as f64).sqrt(),
            class: table.classes[most].clone(),
            class_rows: counts[most],
        });
    }
    clusters.sort_by_key(|cluster| std::cmp::Reverse(cluster.rows));
    clusters
}

/// Rows drawn as middles, the more likely the farther from those that were drawn.
fn begin(rows: &[&[f32]], count: usize, random: &mut Random) -> Vec<Vec<f64>> {
    let as_middle = |row: usize| rows[row].iter().map(|value| f64::from(*value)).collect();
    let mut middles: Vec<Vec<f64>> = vec![as_middle(random.below(rows.len()))];
    let mut far: Vec<f64> = rows.iter().map(|row| distance(row, &middles[0])).collect();
    while middles.len() < count {
        let total: f64 = far.iter().sum();
        if total <= 0.0 {
            break;
        }
        let mut left = random.unit() * total;
        let drawn = far.iter().position(|distance| {
            left -= distance;
            left < 0.0
        });
        let middle: Vec<f64> = as_middle(drawn.unwrap_or(rows.len() - 1));
        far.iter_mut().zip(rows).for_each(|(far, row)| *far = far.min(distance(row, &middle)));
        middles.push(middle);
    }
    middles
}

/// A cluster that lost all rows stays where it was.
fn means(rows: &[&[f32]], of_row: &[usize], mut middles: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let width = rows.first().map_or(0, |row| row.len());
    let mut sums = vec![(0_usize, vec![0.0; width]); middles.len()];
    for (row, cluster) in rows.iter().zip(of_row) {
        let (count, sum) = &mut sums[*cluster];
        *count += 1;
        sum.iter_mut().zip(*row).for_each(|(sum, value)| *sum += f64::from(*value));
    }
    for (middle, (count, sum)) in middles.iter_mut().zip(sums).filter(|(_, (count, _))| *count > 0)
    {
        *middle = sum.into_iter().map(|sum| sum / count as f64).collect();
    }
    middles
}

/// Of those as near, the first.
fn nearest(row: &[f32], middles: &[Vec<f64>]) -> (usize, f64) {
    let mut best = (0, f64::INFINITY);
    for (number, middle) in middles.iter().enumerate() {
        let distance = distance(row, middle);
        if distance < best.1 {
            best = (number, distance);
        }
    }
    best
}

/// Squared.
fn distance(row: &[f32], middle: &[f64]) -> f64 {
    row.iter().zip(middle).map(|(value, middle)| (f64::from(*value) - middle).powi(2)).sum()
}
