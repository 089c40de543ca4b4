//! Nodes as small as they can be. Children stand side by side, so that a node names one of them; a leaf
//! names itself and always goes there, so that rows may be stepped together until none moves.

use super::coder::{ALWAYS, Coder};
use super::{Ensemble, Node};
use std::collections::VecDeque;

/// A node in some number of bytes.
pub(super) trait Packed: Copy + Default + Send + Sync {
    /// Greatest numbers of a node in its tree, and of a column.
    const NODE_MAX: usize;
    const COLUMN_MAX: usize;

    fn pack(left: usize, column: usize, limit: u8) -> Self;
    fn left(self) -> u32;
    fn column(self) -> usize;
    fn limit(self) -> u8;

    /// The node that comes next for a row of these codes.
    #[inline(always)]
    fn step<const COLUMNS: usize>(self, codes: &[u8; COLUMNS]) -> u32 {
        // The remainder says to the compiler what is so anyway.
        let code = codes[self.column() % COLUMNS];
        self.left() + u32::from(code > self.limit())
    }
}

/// Four bytes: left child (16 bits), column (8), limit (8).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Narrow(u32);

impl Packed for Narrow {
    const NODE_MAX: usize = u16::MAX as usize;
    const COLUMN_MAX: usize = u8::MAX as usize;

    fn pack(left: usize, column: usize, limit: u8) -> Self {
        Narrow((left as u32) << 16 | (column as u32) << 8 | u32::from(limit))
    }

    #[inline(always)]
    fn left(self) -> u32 {
        self.0 >> 16
    }

    #[inline(always)]
    fn column(self) -> usize {
        (self.0 >> 8 & 0xff) as usize
    }

    #[inline(always)]
    fn limit(self) -> u8 {
        self.0 as u8
    }
}

/// Eight bytes, for trees of more nodes and rows of more columns.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wide {
    left: u32,
    column: u16,
    limit: u8,
}

impl Packed for Wide {
    const NODE_MAX: usize = u32::MAX as usize;
    const COLUMN_MAX: usize = u16::MAX as usize;

    fn pack(left: usize, column: usize, limit: u8) -> Self {
        Wide { left: left as u32, column: column as u16, limit }
    }

    #[inline(always)]
    fn left(self) -> u32 {
        self.left
    }

    #[inline(always)]
    fn column(self) -> usize {
        usize::from(self.column)
    }

    #[inline(always)]
    fn limit(self) -> u8 {
        self.limit
    }
}

/// All trees, one behind the other.
#[derive(Clone, Debug)]
pub(super) struct Forest<P> {
    nodes: Vec<P>,
    /// By node, its leaf; of a split, nothing.
    leaves: Vec<u32>,
    begins: Vec<usize>,
}

impl<P: Packed> Forest<P> {
    /// Nothing, where a tree is too large or columns are too many for nodes of this size.
    pub fn pack(ensemble: &Ensemble, coder: &Coder) -> Option<Self> {
        let largest = ensemble.trees.iter().map(Vec::len).max().unwrap_or_default();
        // One node more than there are, which the last leaf may not step to, but could name.
        if largest > P::NODE_MAX || coder.columns() > P::COLUMN_MAX + 1 {
            return None;
        }
        let nodes = Vec::with_capacity(ensemble.nodes());
        let mut forest = Forest { nodes, leaves: Vec::new(), begins: vec![0] };
        ensemble.trees.iter().for_each(|tree| forest.add(tree, coder));
        Some(forest)
    }

    /// Nodes and leaves of each tree.
    pub fn trees(&self) -> impl Iterator<Item = (&[P], &[u32])> {
        self.begins
            .windows(2)
            .map(|ends| (&self.nodes[ends[0]..ends[1]], &self.leaves[ends[0]..ends[1]]))
    }

    /// In breadth order: what most rows come by stands together.
    fn add(&mut self, tree: &[Node], coder: &Coder) {
        let mut waiting = VecDeque::from([0_u32]);
        let mut given = 1;
        let mut number = 0;
        while let Some(node) = waiting.pop_front() {
            match &tree[node as usize] {
                Node::Leaf(leaf) => {
                    self.nodes.push(P::pack(number, 0, ALWAYS));
                    self.leaves.push(*leaf);
                }
                Node::Split(split) => {
                    let question = coder.question(split);
                    self.nodes.push(P::pack(given, question.column, question.limit));
                    self.leaves.push(0);
                    given += 2;
                    waiting.extend(match question.yes_is_left {
                        true => [split.yes, split.no],
                        false => [split.no, split.yes],
                    });
                }
            }
            number += 1;
        }
        self.begins.push(self.nodes.len());
    }
}
