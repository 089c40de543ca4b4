//! Gradient boosting of trees on binned features: second-order gains (Chen and Guestrin, "XGBoost", 2016),
//! trees grown leaf by leaf, the one that gains most first (Ke and others, "LightGBM", 2017).
//!
//! Of more than two classes each has a tree a round, and sums become probabilities by softmax; two
//! classes have one tree a round. A missing value goes left, as though it were less than every number.

mod grow;
mod histogram;
#[cfg(test)]
mod tests;

use crate::bins::Rows;
use crate::ensemble::{Ensemble, EnsembleBuilder, Node, Post, softmax};
use crate::forest::shares;
use crate::limits::{LEAF_FEATURES_MAX, TREES_MAX};
use crate::random::Random;
use crate::threads;
use grow::{Grower, Grown, GrownNode};
use serde::{Deserialize, Serialize};

/// How trees are boosted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoostingParameters {
    pub rounds: usize,
    /// What part of a tree's answer is added.
    pub shrinkage: f64,
    pub leaves_max: usize,
    /// Sum of second derivatives that a leaf has at least.
    pub leaf_hessian_min: f64,
    /// Added to the second derivatives of a leaf.
    pub penalty: f64,
    /// Part of the features that a tree is grown from.
    pub feature_part: f64,
    /// Part of the rows that a round's trees are grown from.
    pub row_part: f64,
}

impl Default for BoostingParameters {
    fn default() -> Self {
        Self {
            rounds: 400,
            shrinkage: 0.1,
            leaves_max: 63,
            leaf_hessian_min: 0.5,
            penalty: 1.0,
            feature_part: 0.5,
            row_part: 0.8,
        }
    }
}

impl BoostingParameters {
    /// What would be found to be too much after hours alone.
    pub(crate) fn check(&self, rows: usize, features: usize, classes: usize) -> Result<(), String> {
        let (rounds, leaves) = (self.rounds, self.leaves_max);
        let rounds_max = TREES_MAX / outputs(classes);
        if rounds > rounds_max {
            return Err(format!(
                "rounds (--trees) is {rounds}: with {classes} classes no more than {rounds_max} may be"
            ));
        }
        let leaves_max = LEAF_FEATURES_MAX / features;
        // No leaf is without a row.
        if leaves.min(rows) > leaves_max {
            return Err(format!(
                "leaves_max (--leaves) is {leaves}: with {features} features no more than {leaves_max} may be"
            ));
        }
        Ok(())
    }
}

/// Trees of a round.
fn outputs(classes: usize) -> usize {
    if classes == 2 { 1 } else { classes }
}

/// Rows whose probabilities are worked out on their own.
const BLOCK_ROWS: usize = 4_096;

/// Boosts trees, and says by feature how much its splits gained, all together 1.
///
/// The result depends on the seed and not on the number of threads.
pub(crate) fn grow(
    rows: &Rows,
    parameters: &BoostingParameters,
    seed: u64,
    threads: usize,
) -> Result<(Ensemble, Vec<f64>), String> {
    let is_binary = rows.classes == 2;
    let outputs = outputs(rows.classes);
    let post = if is_binary { Post::BinaryLogistic } else { Post::Softmax };
    let base = base(rows, outputs);
    let features = rows.bins.features();
    let mut builder = EnsembleBuilder::new(features, rows.classes, post, base.clone())?;
    let mut sums: Vec<f32> =
        base.iter().copied().cycle().take(rows.class_of.len() * outputs).collect();
    let mut gains = vec![0.0; features];
    for round in 0..parameters.rounds {
        let probabilities = probabilities(&sums, outputs, threads);
        let taken = taken_rows(rows.class_of.len(), parameters.row_part, seed, round);
        let grown = threads::map(outputs, threads, |output| {
            let target = if is_binary { 1 } else { output };
            let slopes = slopes(rows, &probabilities, outputs, output, target, &taken);
            let sequence = (round * outputs + output) as u64;
            Grower::new(rows, parameters, slopes).grow(&mut Random::new(seed, sequence))
        });
        for (output, tree) in grown.into_iter().enumerate() {
            gains.iter_mut().zip(&tree.gains).for_each(|(sum, gain)| *sum += gain);
            for (row, added) in tree.added.iter().enumerate() {
                sums[row * outputs + output] += added;
            }
            add(&mut builder, rows, tree, output as u16)?;
        }
    }
    Ok((builder.finish()?, shares(gains)))
}

/// Logarithms of the classes' shares: what is said of a row of which nothing is known.
fn base(rows: &Rows, outputs: usize) -> Vec<f32> {
    let mut counts = vec![0_u32; rows.classes];
    rows.class_of.iter().for_each(|class| counts[usize::from(*class)] += 1);
    let log = |count: u32| (f64::from(count.max(1)) / rows.class_of.len() as f64).ln();
    match outputs {
        1 => vec![(log(counts[1]) - log(counts[0])) as f32],
        _ => counts.into_iter().map(|count| log(count) as f32).collect(),
    }
}

/// Row by row, from sums.
fn probabilities(sums: &[f32], outputs: usize, threads: usize) -> Vec<f32> {
    let blocks: Vec<&[f32]> = sums.chunks(BLOCK_ROWS * outputs).collect();
    let done = threads::map(blocks.len(), threads, |block| {
        let mut probabilities = vec![0.0; blocks[block].len()];
        if outputs == 1 {
            let pairs = probabilities.iter_mut().zip(blocks[block]);
            pairs.for_each(|(probability, sum)| *probability = 1.0 / (1.0 + (-sum).exp()));
        } else {
            let rows = blocks[block].chunks_exact(outputs);
            rows.zip(probabilities.chunks_exact_mut(outputs))
                .for_each(|(sums, out)| softmax(sums, out));
        }
        probabilities
    });
    done.concat()
}

/// Whether a row is in this round's sample.
fn taken_rows(rows: usize, part: f64, seed: u64, round: usize) -> Vec<bool> {
    let mut random = Random::new(seed, u64::MAX - round as u64);
    (0..rows).map(|_| part >= 1.0 || random.unit() < part).collect()
}

/// First and second derivative of the loss of each row, by the sum of this output. Those of rows that are
/// not taken are nothing.
fn slopes(
    rows: &Rows,
    probabilities: &[f32],
    outputs: usize,
    output: usize,
    target: usize,
    taken: &[bool],
) -> Vec<[f32; 2]> {
    // Of softmax, second derivatives are scaled as in Friedman's K-class boosting (2001).
    let scale = if outputs == 1 { 1.0 } else { outputs as f32 / (outputs - 1) as f32 };
    let of_output = probabilities.iter().skip(output).step_by(outputs);
    let of_row = |((probability, class), taken): ((&f32, &u16), &bool)| {
        let is_target = f32::from(u8::from(usize::from(*class) == target));
        let hessian = (scale * probability * (1.0 - probability)).max(1e-16);
        if *taken { [probability - is_target, hessian] } else { [0.0, 0.0] }
    };
    of_output.zip(rows.class_of).zip(taken).map(of_row).collect()
}

fn add(builder: &mut EnsembleBuilder, rows: &Rows, tree: Grown, output: u16) -> Result<(), String> {
    let mut nodes = Vec::with_capacity(tree.nodes.len());
    for node in tree.nodes {
        nodes.push(match node {
            GrownNode::Leaf(weight) => Node::Leaf(builder.leaf(&[(output, weight)])?),
            GrownNode::Split { feature, code, left, right } => {
                Node::at_most(feature, rows.bins.upper(feature, code), left, right)
            }
        });
    }
    builder.tree(nodes)
}
