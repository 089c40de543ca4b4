//! Putting an ensemble together. Whatever comes in, what comes out can be applied without a panic.

use super::{Comparison, Ensemble, Node, Post, Split};
use crate::limits::{
    CLASSES_MAX, FEATURES_MAX, LEAF_WEIGHTS_MAX, NODES_MAX, TREE_DEPTH_MAX, TREES_MAX,
};
use std::collections::HashMap;

/// Takes leaves and trees. Leaves of the same weights are one.
#[derive(Debug)]
pub struct EnsembleBuilder {
    ensemble: Ensemble,
    known: HashMap<Vec<(u16, u32)>, u32>,
    nodes: usize,
}

impl EnsembleBuilder {
    /// # Errors
    /// A sentence, if numbers are beyond their bounds or do not go together.
    pub fn new(
        features: usize,
        classes: usize,
        post: Post,
        base: Vec<f32>,
    ) -> Result<Self, String> {
        if features == 0 || features > FEATURES_MAX {
            return Err(format!("{features} features, and 1 to {FEATURES_MAX} may be"));
        }
        if classes == 0 || classes > CLASSES_MAX {
            return Err(format!("{classes} classes, and 1 to {CLASSES_MAX} may be"));
        }
        let is_binary = matches!(post, Post::Binary | Post::BinaryLogistic);
        let expected = if is_binary { 1 } else { classes };
        if base.len() != expected || (is_binary && classes != 2) {
            return Err(format!("{} sums for {classes} classes", base.len()));
        }
        let ensemble = Ensemble {
            features,
            classes,
            post,
            base,
            trees: Vec::new(),
            leaf_begins: vec![0],
            weights: Vec::new(),
        };
        Ok(EnsembleBuilder { ensemble, known: HashMap::new(), nodes: 0 })
    }

    /// The number of the leaf with these weights.
    ///
    /// # Errors
    /// A sentence, if a weight is of no sum or there are too many.
    pub fn leaf(&mut self, weights: &[(u16, f32)]) -> Result<u32, String> {
        let key: Vec<(u16, u32)> =
            weights.iter().map(|(sum, weight)| (*sum, weight.to_bits())).collect();
        if let Some(leaf) = self.known.get(&key) {
            return Ok(*leaf);
        }
        let sums = self.ensemble.sums();
        if let Some((sum, _)) = weights.iter().find(|(sum, _)| usize::from(*sum) >= sums) {
            return Err(format!("a leaf of class {sum}, and there are {sums}"));
        }
        if self.ensemble.weights.len() + weights.len() > LEAF_WEIGHTS_MAX
            || self.ensemble.leaves() >= NODES_MAX
        {
            return Err(format!("more than {LEAF_WEIGHTS_MAX} weights in leaves"));
        }
        let leaf = self.ensemble.leaves() as u32;
        self.ensemble.weights.extend(weights);
        self.ensemble.leaf_begins.push(self.ensemble.weights.len() as u32);
        self.known.insert(key, leaf);
        Ok(leaf)
    }

    /// Adds a tree whose first node is its root.
    ///
    /// # Errors
    /// A sentence, if it is no tree, is too deep, or names features or leaves that there are not.
    pub fn tree(&mut self, nodes: Vec<Node>) -> Result<(), String> {
        self.nodes += nodes.len();
        if self.ensemble.trees.len() >= TREES_MAX || self.nodes > NODES_MAX {
            return Err(format!("more than {TREES_MAX} trees or {NODES_MAX} nodes"));
        }
        self.check(&nodes)?;
        self.ensemble.trees.push(nodes);
        Ok(())
    }

    /// # Errors
    /// A sentence, if there is no tree.
    pub fn finish(self) -> Result<Ensemble, String> {
        match self.ensemble.trees.len() {
            0 => Err("no tree".to_owned()),
            _ => Ok(self.ensemble),
        }
    }

    fn check(&self, nodes: &[Node]) -> Result<(), String> {
        let mut depth_of: Vec<Option<usize>> = vec![None; nodes.len()];
        let root = depth_of.first_mut().ok_or("a tree without nodes")?;
        *root = Some(0);
        for (number, node) in nodes.iter().enumerate() {
            let depth = depth_of[number].ok_or_else(|| format!("node {number} has no parent"))?;
            match node {
                Node::Leaf(leaf) if *leaf as usize >= self.ensemble.leaves() => {
                    return Err(format!("node {number} names leaf {leaf}"));
                }
                Node::Leaf(_) => {}
                Node::Split(split) => {
                    self.check_split(number, split)?;
                    if depth >= TREE_DEPTH_MAX {
                        return Err(format!("a tree deeper than {TREE_DEPTH_MAX} steps"));
                    }
                    for child in [split.yes, split.no] {
                        // Each node comes behind its one parent, so that there are no rings.
                        let known = (child as usize > number)
                            .then(|| depth_of.get_mut(child as usize))
                            .flatten()
                            .filter(|known| known.is_none());
                        let known =
                            known.ok_or_else(|| format!("node {number} has the child {child}"))?;
                        *known = Some(depth + 1);
                    }
                }
            }
        }
        Ok(())
    }

    fn check_split(&self, number: usize, split: &Split) -> Result<(), String> {
        if usize::from(split.feature) >= self.ensemble.features {
            return Err(format!("node {number} names feature {}", split.feature));
        }
        // Nothing is less than minus infinity, and no rank says so.
        let is_strict = matches!(split.comparison, Comparison::Less | Comparison::GreaterOrEqual);
        let is_least = is_strict && split.threshold == f32::NEG_INFINITY;
        match split.threshold.is_nan() || is_least {
            true => Err(format!("node {number} compares with {}", split.threshold)),
            false => Ok(()),
        }
    }
}
