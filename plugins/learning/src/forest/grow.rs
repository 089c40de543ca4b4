//! One tree of a forest, from its root down.

use super::ForestParameters;
use super::split::{Best, Splitter};
use crate::bins::Rows;
use crate::random::Random;

/// A tree before its leaves are numbered.
pub(super) struct Grown {
    pub nodes: Vec<GrownNode>,
    /// By feature, by how much its splits made the Gini index less, weighted by rows.
    pub gains: Vec<f64>,
}

pub(super) enum GrownNode {
    /// Rows whose code of the feature is at most this one go left.
    Split { feature: usize, code: u8, left: u32, right: u32 },
    /// Classes and their shares.
    Leaf(Vec<(u16, f32)>),
}

/// Grows one tree.
pub(super) struct Grower<'a> {
    rows: &'a Rows<'a>,
    parameters: &'a ForestParameters,
    random: Random,
    splitter: Splitter<'a>,
    /// Rows in the bag, those of a node side by side.
    order: Vec<u32>,
    /// By row, how often it was drawn.
    drawn: Vec<u32>,
    grown: Grown,
}

/// A node whose rows are known and which is a leaf or a split as yet.
struct Waiting {
    number: u32,
    begin: usize,
    end: usize,
    depth: usize,
}

impl<'a> Grower<'a> {
    pub fn new(rows: &'a Rows<'a>, parameters: &'a ForestParameters, mut random: Random) -> Self {
        let count = rows.class_of.len();
        let mut drawn = vec![0_u32; count];
        (0..count).for_each(|_| drawn[random.below(count)] += 1);
        let order = (0..count as u32).filter(|row| drawn[*row as usize] > 0).collect();
        let splitter = Splitter::new(rows, parameters);
        let gains = vec![0.0; rows.bins.features()];
        let grown = Grown { nodes: vec![GrownNode::Leaf(Vec::new())], gains };
        Grower { rows, parameters, random, splitter, order, drawn, grown }
    }

    pub fn grow(mut self) -> Grown {
        let mut waiting = vec![Waiting { number: 0, begin: 0, end: self.order.len(), depth: 0 }];
        while let Some(node) = waiting.pop() {
            let mut counts = vec![0_u32; self.rows.classes];
            for row in &self.order[node.begin..node.end] {
                counts[usize::from(self.rows.class_of[*row as usize])] += self.drawn[*row as usize];
            }
            let may_split = node.depth < self.parameters.depth_max;
            let best = may_split.then(|| self.best(&node, &counts)).flatten();
            let Some(best) = best else {
                self.grown.nodes[node.number as usize] = GrownNode::Leaf(shares(&counts));
                continue;
            };
            self.grown.gains[best.feature] += best.gain;
            let middle = node.begin + self.part(&node, &best);
            let left = self.grown.nodes.len() as u32;
            for (number, begin, end) in [(left, node.begin, middle), (left + 1, middle, node.end)] {
                self.grown.nodes.push(GrownNode::Leaf(Vec::new()));
                waiting.push(Waiting { number, begin, end, depth: node.depth + 1 });
            }
            let (feature, code) = (best.feature, best.code);
            let split = GrownNode::Split { feature, code, left, right: left + 1 };
            self.grown.nodes[node.number as usize] = split;
        }
        self.grown
    }

    fn best(&mut self, node: &Waiting, counts: &[u32]) -> Option<Best> {
        let is_pure = counts.iter().filter(|count| **count > 0).count() < 2;
        let order = &self.order[node.begin..node.end];
        if is_pure {
            return None;
        }
        self.splitter.best(order, &self.drawn, counts, &mut self.random)
    }

    /// Puts rows that go left in front, and says how many they are.
    fn part(&mut self, node: &Waiting, best: &Best) -> usize {
        let codes = self.rows.coded.feature(best.feature);
        let order = &mut self.order[node.begin..node.end];
        let mut left = 0;
        for place in 0..order.len() {
            if codes[order[place] as usize] <= best.code {
                order.swap(left, place);
                left += 1;
            }
        }
        left
    }
}

fn shares(counts: &[u32]) -> Vec<(u16, f32)> {
    let total: u32 = counts.iter().sum();
    let present = counts.iter().enumerate().filter(|(_, count)| **count > 0);
    present.map(|(class, count)| (class as u16, *count as f32 / total as f32)).collect()
}
