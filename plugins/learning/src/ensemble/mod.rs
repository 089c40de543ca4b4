//! Trees as they are applied, whoever grew them: own forests, own boosting, and models of others that
//! came as ONNX.
//!
//! Layout:
//! - `mod`: trees as nodes with numbers to compare with. This form is the truth, and is what is stored
//! - `build`: putting one together, with its checks
//! - `coder`: rows as bytes, so that a comparison with any threshold is one of bytes
//! - `packed`: nodes of four bytes, siblings side by side
//! - `apply`: a block of rows through one tree after another
//! - `scalar`: one row by the words of the first form, which `apply` must equal

mod apply;
mod build;
mod coder;
mod packed;
mod scalar;
#[cfg(test)]
mod tests;

pub use apply::Applied;
pub use build::EnsembleBuilder;

/// How a node compares a row's value with its threshold: in single precision, as ONNX Runtime does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    LessOrEqual,
    Less,
    GreaterOrEqual,
    Greater,
    Equal,
    NotEqual,
}

impl Comparison {
    pub const ALL: [Self; 6] = [
        Self::LessOrEqual,
        Self::Less,
        Self::GreaterOrEqual,
        Self::Greater,
        Self::Equal,
        Self::NotEqual,
    ];
}

/// What becomes of the sums of all trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Post {
    /// They are the probabilities.
    None,
    /// They are divided by the number of trees.
    Mean,
    /// exp of each, divided by their sum.
    Softmax,
    /// 1 / (1 + exp(-x)) of each.
    Logistic,
    /// Of one sum x, for two classes: 1 - p and p, with p = 1 / (1 + exp(-x)).
    BinaryLogistic,
    /// Of one sum x, for two classes: 1 - x and x.
    Binary,
}

/// A node. Children are numbers of nodes of the same tree, and greater than their parent's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Node {
    Split(Split),
    /// The number of its weights in `Ensemble::leaf`.
    Leaf(u32),
}

impl Node {
    /// Asks whether a feature is at most that, or missing.
    pub fn at_most(feature: usize, threshold: f32, yes: u32, no: u32) -> Self {
        Self::Split(Split {
            feature: feature as u16,
            comparison: Comparison::LessOrEqual,
            missing_holds: true,
            threshold,
            yes,
            no,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    pub feature: u16,
    pub comparison: Comparison,
    /// Where a missing value goes. A comparison with NaN is false but for `NotEqual`; ONNX calls this
    /// `missing_value_tracks_true`.
    pub missing_holds: bool,
    pub threshold: f32,
    /// If the comparison holds.
    pub yes: u32,
    pub no: u32,
}

/// A sum of trees.
#[derive(Clone, Debug, PartialEq)]
pub struct Ensemble {
    features: usize,
    classes: usize,
    post: Post,
    /// What sums begin with.
    base: Vec<f32>,
    trees: Vec<Vec<Node>>,
    /// Where the weights of each leaf begin, and one more: the end.
    leaf_begins: Vec<u32>,
    /// Numbers of sums and what is added to them.
    weights: Vec<(u16, f32)>,
}

impl Ensemble {
    pub fn features(&self) -> usize {
        self.features
    }

    pub fn classes(&self) -> usize {
        self.classes
    }

    pub fn post(&self) -> Post {
        self.post
    }

    pub fn base(&self) -> &[f32] {
        &self.base
    }

    pub fn trees(&self) -> &[Vec<Node>] {
        &self.trees
    }

    pub fn nodes(&self) -> usize {
        self.trees.iter().map(Vec::len).sum()
    }

    /// How many different leaves there are.
    pub fn leaves(&self) -> usize {
        self.leaf_begins.len() - 1
    }

    /// Weights of a leaf: which sum, and what is added to it.
    ///
    /// # Panics
    /// If there is no such leaf.
    pub fn leaf(&self, leaf: u32) -> &[(u16, f32)] {
        let begin = self.leaf_begins[leaf as usize];
        &self.weights[begin as usize..self.leaf_begins[leaf as usize + 1] as usize]
    }

    /// How many sums there are: one for each class, or one alone for two.
    pub fn sums(&self) -> usize {
        self.base.len()
    }
}

impl Post {
    /// From sums to one probability for each class.
    fn finish(self, sums: &[f32], trees: usize, probabilities: &mut [f32]) {
        let logistic = |sum: f32| 1.0 / (1.0 + (-sum).exp());
        match (self, sums) {
            (Post::BinaryLogistic, [sum]) => {
                probabilities.copy_from_slice(&[logistic(-sum), logistic(*sum)]);
            }
            (Post::Binary, [sum]) => probabilities.copy_from_slice(&[1.0 - sum, *sum]),
            (Post::Mean, _) => {
                let share = 1.0 / trees.max(1) as f32;
                each(sums, probabilities, |sum| sum * share);
            }
            (Post::Softmax, _) => softmax(sums, probabilities),
            (Post::Logistic, _) => each(sums, probabilities, logistic),
            _ => each(sums, probabilities, |sum| sum),
        }
    }
}

fn each(sums: &[f32], probabilities: &mut [f32], of: impl Fn(f32) -> f32) {
    probabilities.iter_mut().zip(sums).for_each(|(probability, sum)| *probability = of(*sum));
}

/// Without overflow: the greatest is taken off first.
pub(crate) fn softmax(sums: &[f32], probabilities: &mut [f32]) {
    let greatest = sums.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    each(sums, probabilities, |sum| (sum - greatest).exp());
    let total: f32 = probabilities.iter().sum();
    probabilities.iter_mut().for_each(|probability| *probability /= total);
}
