//! Random forests (Breiman, "Random forests", 2001) on binned features: each tree is grown on rows drawn
//! with replacement, each split by the best of a few features by the Gini index.
//!
//! A missing value goes left, as though it were less than every number; whether values are missing is so
//! a split of its own.

mod grow;
mod split;
#[cfg(test)]
mod tests;

use crate::bins::Rows;
use crate::ensemble::{Ensemble, EnsembleBuilder, Node, Post};
use crate::random::Random;
use crate::threads;
use grow::{Grower, Grown, GrownNode};
use serde::{Deserialize, Serialize};

/// How a forest is grown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForestParameters {
    pub trees: usize,
    /// Features that a split is chosen from; 0 for the square root of their number.
    pub features_per_split: usize,
    /// Rows, counted as often as drawn, that a leaf has at least.
    pub leaf_rows_min: u32,
    /// Steps from the root to the deepest leaf.
    pub depth_max: usize,
}

impl Default for ForestParameters {
    fn default() -> Self {
        Self { trees: 200, features_per_split: 0, leaf_rows_min: 1, depth_max: 64 }
    }
}

/// Grows a forest, and says by feature how much its splits gained, all together 1.
///
/// The result depends on the seed and not on the number of threads.
pub(crate) fn grow(
    rows: &Rows,
    parameters: &ForestParameters,
    seed: u64,
    threads: usize,
) -> Result<(Ensemble, Vec<f64>), String> {
    let mut gains = vec![0.0; rows.bins.features()];
    let base = vec![0.0; rows.classes];
    let mut builder = EnsembleBuilder::new(gains.len(), rows.classes, Post::Mean, base)?;
    let grown = |tree: usize| Grower::new(rows, parameters, Random::new(seed, tree as u64)).grow();
    threads::hand_on(parameters.trees, threads, grown, |tree| {
        gains.iter_mut().zip(&tree.gains).for_each(|(sum, gain)| *sum += gain);
        add(&mut builder, rows, tree)
    })?;
    Ok((builder.finish()?, shares(gains)))
}

fn add(builder: &mut EnsembleBuilder, rows: &Rows, tree: Grown) -> Result<(), String> {
    let mut nodes = Vec::with_capacity(tree.nodes.len());
    for node in tree.nodes {
        nodes.push(match node {
            GrownNode::Leaf(shares) => Node::Leaf(builder.leaf(&shares)?),
            GrownNode::Split { feature, code, left, right } => {
                Node::at_most(feature, rows.bins.upper(feature, code), left, right)
            }
        });
    }
    builder.tree(nodes)
}

/// Divided by their sum, and rounded to nine decimals: numbers of few digits are read from JSON as they
/// were written by every reader.
pub(crate) fn shares(mut gains: Vec<f64>) -> Vec<f64> {
    let total: f64 = gains.iter().sum();
    if total > 0.0 {
        gains.iter_mut().for_each(|gain| *gain = (*gain / total * 1e9).round() / 1e9);
    }
    gains
}
