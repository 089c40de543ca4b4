//! One row, node by node, by the words of the definition.

use super::{Comparison, Ensemble, Node, Split};

impl Split {
    /// Whether the comparison holds for a value.
    pub fn holds(&self, value: f32) -> bool {
        if value.is_nan() && self.missing_holds {
            return true;
        }
        match self.comparison {
            Comparison::LessOrEqual => value <= self.threshold,
            Comparison::Less => value < self.threshold,
            Comparison::GreaterOrEqual => value >= self.threshold,
            Comparison::Greater => value > self.threshold,
            Comparison::Equal => value == self.threshold,
            Comparison::NotEqual => value != self.threshold,
        }
    }
}

impl Ensemble {
    /// Probabilities of one row, slowly: what quicker ways are compared with.
    ///
    /// # Panics
    /// If the row has fewer values than there are features, or `probabilities` not one place for each
    /// class.
    pub fn probabilities_of_row(&self, row: &[f32], probabilities: &mut [f32]) {
        let mut sums = self.base.clone();
        for tree in &self.trees {
            let mut place = 0;
            let leaf = loop {
                match &tree[place as usize] {
                    Node::Leaf(leaf) => break *leaf,
                    Node::Split(split) => {
                        let holds = split.holds(row[usize::from(split.feature)]);
                        place = if holds { split.yes } else { split.no };
                    }
                }
            };
            for (sum, weight) in self.leaf(leaf) {
                sums[usize::from(*sum)] += weight;
            }
        }
        self.post.finish(&sums, self.trees.len(), probabilities);
    }
}
