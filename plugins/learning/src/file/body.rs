//! The binary part of a model file. A byte says the kind; then, for trees:
//!
//! features, classes (u32), post (u8), base (count and f32), leaves (count, then of each the number of
//! weights as u16; then all sums as u16, then all weights as f32), trees (count, then of each the number
//! of nodes as u32), and of all nodes, one list behind the other: what they are (u8), features or leaves
//! (u32), thresholds (f32), and children (u32 each) of splits. Lists of one kind side by side are what
//! zstd packs best.

use super::bytes::Bytes;
use crate::ensemble::{Comparison, Ensemble, EnsembleBuilder, Node, Post, Split};
use crate::error::LearningError;
use crate::knn::Nearest;
use crate::limits::{CLASSES_MAX, FEATURES_MAX};
use crate::logistic::Logistic;
use crate::model::Model;
use crate::scale::Scale;

const TREES: u8 = 1;
const NEAREST: u8 = 2;
const LOGISTIC: u8 = 3;

const POSTS: [Post; 6] =
    [Post::None, Post::Mean, Post::Softmax, Post::Logistic, Post::BinaryLogistic, Post::Binary];

/// Of a node: a leaf, or the place of its comparison, with this bit if it holds for what is missing.
const LEAF: u8 = 0xff;
const MISSING_HOLDS: u8 = 0x80;

pub(super) fn write(model: &Model) -> Vec<u8> {
    let mut to = Vec::new();
    match model {
        Model::Trees(trees) => write_trees(&trees.ensemble, &mut to),
        Model::Nearest(nearest) => {
            to.push(NEAREST);
            write_scale(&nearest.scale, nearest.classes, &mut to);
            to.extend((nearest.neighbours as u32).to_le_bytes());
            to.extend((nearest.class_of.len() as u32).to_le_bytes());
            to.extend(nearest.rows.iter().flat_map(|value| value.to_le_bytes()));
            to.extend(nearest.class_of.iter().flat_map(|class| class.to_le_bytes()));
        }
        Model::Logistic(logistic) => {
            to.push(LOGISTIC);
            write_scale(&logistic.scale, logistic.classes, &mut to);
            to.extend(logistic.weights.iter().flat_map(|weight| weight.to_le_bytes()));
        }
    }
    to
}

pub(super) fn read(body: &[u8]) -> Result<Model, LearningError> {
    let mut bytes = Bytes::new(body);
    let kind = bytes.u8()?;
    let model = match kind {
        TREES => read_trees(&mut bytes)?,
        NEAREST => {
            let (scale, classes) = read_scale(&mut bytes)?;
            let neighbours = bytes.u32()? as usize;
            let count = bytes.u32()? as usize;
            let rows = bytes.f32s(count.saturating_mul(scale.features()))?;
            let class_of = bytes.u16s(count)?;
            let is_class = |class: &u16| usize::from(*class) < classes;
            if neighbours == 0 || neighbours > count || !class_of.iter().all(is_class) {
                return Err(LearningError::damaged(bytes.offset(), "neighbours that are not"));
            }
            // Whoever applies models has threads of its own: each worker of a run has one.
            let threads = 1;
            Model::Nearest(Nearest { scale, neighbours, classes, rows, class_of, threads })
        }
        LOGISTIC => {
            let (scale, classes) = read_scale(&mut bytes)?;
            let weights = bytes.f32s((scale.features() + 1) * classes)?;
            Model::Logistic(Logistic { scale, classes, weights })
        }
        _ => return Err(LearningError::damaged(0, format!("a model of kind {kind}"))),
    };
    match bytes.left() {
        0 => Ok(model),
        left => Err(LearningError::damaged(bytes.offset(), format!("{left} bytes too many"))),
    }
}

fn write_scale(scale: &Scale, classes: usize, to: &mut Vec<u8>) {
    to.extend((scale.features() as u32).to_le_bytes());
    to.extend((classes as u32).to_le_bytes());
    for numbers in [&scale.offsets, &scale.factors, &scale.missing] {
        to.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    }
}

fn read_scale(bytes: &mut Bytes) -> Result<(Scale, usize), LearningError> {
    let at = bytes.offset();
    let (features, classes) = (bytes.u32()? as usize, bytes.u32()? as usize);
    if !(1..=FEATURES_MAX).contains(&features) || !(1..=CLASSES_MAX).contains(&classes) {
        return Err(LearningError::damaged(at, format!("{features} features, {classes} classes")));
    }
    let (offsets, factors) = (bytes.f32s(features)?, bytes.f32s(features)?);
    Ok((Scale { offsets, factors, missing: bytes.f32s(features)? }, classes))
}

fn write_trees(ensemble: &Ensemble, to: &mut Vec<u8>) {
    let number = |count: usize| (count as u32).to_le_bytes();
    let place = |post: Post| POSTS.iter().position(|other| *other == post).unwrap_or(0) as u8;
    to.push(TREES);
    to.extend(number(ensemble.features()));
    to.extend(number(ensemble.classes()));
    to.push(place(ensemble.post()));
    to.extend(number(ensemble.base().len()));
    to.extend(ensemble.base().iter().flat_map(|base| base.to_le_bytes()));
    let leaves = || (0..ensemble.leaves() as u32).map(|leaf| ensemble.leaf(leaf));
    to.extend(number(ensemble.leaves()));
    to.extend(leaves().flat_map(|weights| (weights.len() as u16).to_le_bytes()));
    to.extend(leaves().flatten().flat_map(|(sum, _)| sum.to_le_bytes()));
    to.extend(leaves().flatten().flat_map(|(_, weight)| weight.to_le_bytes()));
    to.extend(number(ensemble.trees().len()));
    to.extend(ensemble.trees().iter().flat_map(|tree| number(tree.len())));
    let nodes = || ensemble.trees().iter().flatten();
    to.extend(nodes().map(what));
    to.extend(nodes().flat_map(|node| match node {
        Node::Leaf(leaf) => leaf.to_le_bytes(),
        Node::Split(split) => u32::from(split.feature).to_le_bytes(),
    }));
    let splits = || {
        nodes().filter_map(|node| match node {
            Node::Split(split) => Some(split),
            Node::Leaf(_) => None,
        })
    };
    to.extend(splits().flat_map(|split| split.threshold.to_le_bytes()));
    to.extend(splits().flat_map(|split| split.yes.to_le_bytes()));
    to.extend(splits().flat_map(|split| split.no.to_le_bytes()));
}

fn what(node: &Node) -> u8 {
    let Node::Split(split) = node else { return LEAF };
    let place = Comparison::ALL.iter().position(|other| *other == split.comparison);
    place.unwrap_or(0) as u8 | if split.missing_holds { MISSING_HOLDS } else { 0 }
}

fn read_trees(bytes: &mut Bytes) -> Result<Model, LearningError> {
    let at = bytes.offset();
    let damaged = |why: String| LearningError::damaged(at, why);
    let (features, classes) = (bytes.u32()? as usize, bytes.u32()? as usize);
    let post = POSTS.get(usize::from(bytes.u8()?)).copied();
    let post = post.ok_or_else(|| damaged("sums that become nothing known".to_owned()))?;
    let sums = bytes.u32()? as usize;
    let base = bytes.f32s(sums)?;
    let mut builder = EnsembleBuilder::new(features, classes, post, base).map_err(damaged)?;
    read_leaves(bytes, &mut builder)?;
    let trees = bytes.u32()? as usize;
    let node_counts = bytes.u32s(trees)?;
    let all = node_counts.iter().map(|count| *count as usize).sum();
    let whats = bytes.take(all)?;
    let features_or_leaves = bytes.u32s(all)?;
    let splits = whats.iter().filter(|what| **what != LEAF).count();
    let thresholds = bytes.f32s(splits)?;
    let (yes, no) = (bytes.u32s(splits)?, bytes.u32s(splits)?);
    let mut split = 0;
    let mut nodes = whats.iter().zip(features_or_leaves).map(|(what, number)| {
        if *what == LEAF {
            return Some(Node::Leaf(number));
        }
        let node = Node::Split(Split {
            feature: u16::try_from(number).ok()?,
            comparison: *Comparison::ALL.get(usize::from(*what & !MISSING_HOLDS))?,
            missing_holds: what & MISSING_HOLDS != 0,
            threshold: thresholds[split],
            yes: yes[split],
            no: no[split],
        });
        split += 1;
        Some(node)
    });
    for count in node_counts {
        let tree: Option<Vec<Node>> = nodes.by_ref().take(count as usize).collect();
        let tree = tree.ok_or_else(|| damaged("a node of no known kind".to_owned()))?;
        builder.tree(tree).map_err(damaged)?;
    }
    let ensemble = builder.finish().map_err(damaged)?;
    Model::of_trees(ensemble).map_err(damaged)
}

fn read_leaves(bytes: &mut Bytes, builder: &mut EnsembleBuilder) -> Result<(), LearningError> {
    let at = bytes.offset();
    let count = bytes.u32()? as usize;
    let weight_counts = bytes.u16s(count)?;
    let all = weight_counts.iter().map(|count| usize::from(*count)).sum();
    let sums = bytes.u16s(all)?;
    let weights = bytes.f32s(all)?;
    let pairs: Vec<(u16, f32)> = sums.into_iter().zip(weights).collect();
    let mut rest = pairs.as_slice();
    for (number, count) in weight_counts.into_iter().enumerate() {
        let (leaf, behind) = rest.split_at(usize::from(count));
        rest = behind;
        // Leaves that were one when they were written are one again: numbers stay what they were.
        let given = builder.leaf(leaf).map_err(|why| LearningError::damaged(at, why))?;
        if given as usize != number {
            return Err(LearningError::damaged(at, format!("leaf {number} is there twice")));
        }
    }
    Ok(())
}
