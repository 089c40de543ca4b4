//! One boosted tree, leaf by leaf.

use super::BoostingParameters;
use super::histogram::{Best, Histogram};
use crate::bins::Rows;
use crate::random::Random;

/// A tree, and what it adds to the sum of each row.
pub(super) struct Grown {
    pub nodes: Vec<GrownNode>,
    pub added: Vec<f32>,
    /// By feature.
    pub gains: Vec<f64>,
}

#[derive(Clone, Copy)]
pub(super) enum GrownNode {
    /// Rows whose code of the feature is at most this one go left.
    Split {
        feature: usize,
        code: u8,
        left: u32,
        right: u32,
    },
    Leaf(f32),
}

pub(super) struct Grower<'a> {
    rows: &'a Rows<'a>,
    parameters: &'a BoostingParameters,
    /// By row.
    slopes: Vec<[f32; 2]>,
    features: Vec<usize>,
    /// Rows, those of a leaf side by side.
    order: Vec<u32>,
    /// Derivatives in the order of some leaf's rows.
    gathered: Vec<[f32; 2]>,
    nodes: Vec<GrownNode>,
    gains: Vec<f64>,
}

/// A leaf that might be split.
struct Leaf {
    node: usize,
    begin: usize,
    end: usize,
    sums: [f64; 2],
    /// Its best split, and what that of its children is found by; nothing where no split gains. Other leaves
    /// keep no histogram, which is the most that a tree takes.
    open: Option<(Best, Histogram)>,
}

impl<'a> Grower<'a> {
    pub fn new(
        rows: &'a Rows<'a>,
        parameters: &'a BoostingParameters,
        slopes: Vec<[f32; 2]>,
    ) -> Self {
        let features = rows.bins.features();
        Grower {
            rows,
            parameters,
            features: (0..features).collect(),
            order: (0..slopes.len() as u32).filter(|row| slopes[*row as usize][1] > 0.0).collect(),
            slopes,
            gathered: Vec::new(),
            nodes: vec![GrownNode::Leaf(0.0)],
            gains: vec![0.0; features],
        }
    }

    pub fn grow(mut self, random: &mut Random) -> Grown {
        self.choose_features(random);
        let mut root = Histogram::new(self.rows.bins.features());
        let all = 0..self.order.len();
        self.count(&mut root, all.start, all.end);
        let mut leaves = vec![self.leaf(0, all.start, all.end, root)];
        while leaves.len() < self.parameters.leaves_max {
            let gain = |leaf: &Leaf| leaf.open.as_ref().map_or(0.0, |(best, _)| best.gain);
            let most = (0..leaves.len()).reduce(|most, other| {
                if gain(&leaves[other]) > gain(&leaves[most]) { other } else { most }
            });
            let open = most.and_then(|most| Some((most, leaves[most].open.take()?)));
            let Some((place, (best, histogram))) = open else { break };
            let leaf = leaves.swap_remove(place);
            leaves.extend(self.split(&leaf, best, histogram));
        }
        for leaf in &leaves {
            let [first, second] = leaf.sums;
            let weight = -first / (second + self.parameters.penalty) * self.parameters.shrinkage;
            self.nodes[leaf.node] = GrownNode::Leaf(weight as f32);
        }
        let added = (0..self.slopes.len()).map(|row| self.weight_of(row)).collect();
        Grown { nodes: self.nodes, added, gains: self.gains }
    }

    /// A part of the features, in order.
    fn choose_features(&mut self, random: &mut Random) {
        let all = self.features.len();
        let chosen = (all as f64 * self.parameters.feature_part).ceil() as usize;
        if chosen < all {
            random.shuffle(&mut self.features);
            self.features.truncate(chosen.max(1));
            self.features.sort_unstable();
        }
    }

    fn count(&mut self, histogram: &mut Histogram, begin: usize, end: usize) {
        let rows = &self.order[begin..end];
        self.gathered.clear();
        self.gathered.extend(rows.iter().map(|row| self.slopes[*row as usize]));
        histogram.count(self.rows.coded, &self.features, rows, &self.gathered);
    }

    fn leaf(&self, node: usize, begin: usize, end: usize, histogram: Histogram) -> Leaf {
        let mut sums = [0.0; 2];
        for row in &self.order[begin..end] {
            let [first, second] = self.slopes[*row as usize];
            sums = [sums[0] + f64::from(first), sums[1] + f64::from(second)];
        }
        let best = histogram.best(&self.features, sums, self.parameters);
        Leaf { node, begin, end, sums, open: best.map(|best| (best, histogram)) }
    }

    /// Counts rows of the smaller child; the other's are what remains.
    fn split(&mut self, leaf: &Leaf, best: Best, mut large: Histogram) -> [Leaf; 2] {
        self.gains[best.feature] += best.gain;
        let codes = self.rows.coded.feature(best.feature);
        let order = &mut self.order[leaf.begin..leaf.end];
        let mut middle = 0;
        for place in 0..order.len() {
            if codes[order[place] as usize] <= best.code {
                order.swap(middle, place);
                middle += 1;
            }
        }
        let middle = leaf.begin + middle;
        let left = self.nodes.len();
        self.nodes.extend([GrownNode::Leaf(0.0); 2]);
        let (feature, code) = (best.feature, best.code);
        self.nodes[leaf.node] =
            GrownNode::Split { feature, code, left: left as u32, right: left as u32 + 1 };
        let is_left_small = middle - leaf.begin <= leaf.end - middle;
        let (begin, end) = if is_left_small { (leaf.begin, middle) } else { (middle, leaf.end) };
        let mut small = Histogram::new(self.rows.bins.features());
        self.count(&mut small, begin, end);
        large.take_off(&self.features, &small);
        let (of_left, of_right) = if is_left_small { (small, large) } else { (large, small) };
        [
            self.leaf(left, leaf.begin, middle, of_left),
            self.leaf(left + 1, middle, leaf.end, of_right),
        ]
    }

    /// What the tree says of a row, in the sample or not.
    fn weight_of(&self, row: usize) -> f32 {
        let mut node = 0;
        loop {
            match self.nodes[node] {
                GrownNode::Leaf(weight) => return weight,
                GrownNode::Split { feature, code, left, right } => {
                    let is_left = self.rows.coded.feature(feature)[row] <= code;
                    node = if is_left { left } else { right } as usize;
                }
            }
        }
    }
}
