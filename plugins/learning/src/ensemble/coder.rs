//! Rows as bytes, without loss: whether a value is at most some threshold of a tree depends only on how
//! many of its feature's thresholds are less than the value, its *rank*.
//!
//! A row becomes *columns* of one byte. A feature has a column for each 254 of its thresholds, and for
//! each of the two ways that a missing value may go; a comparison for equality has a column of its own.
//! So every comparison is `code <= limit`, and nodes need not say more than column and limit.

use super::{Comparison, Ensemble, Node, Split};
use std::collections::{BTreeMap, BTreeSet};

/// Thresholds that one column tells apart.
const THRESHOLDS_OF_COLUMN: usize = 254;

/// A limit that every code keeps to.
pub(super) const ALWAYS: u8 = u8::MAX;

/// What a column holds of its feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lens {
    /// Ranks from `first` times 254 on; what is missing is less than all or greater than all.
    Rank { first: u32, missing_is_low: bool },
    /// 0 for the number with these bits, and for what is missing if it goes with it; else the greatest.
    Equal { bits: u32, missing_is_equal: bool },
}

/// A split as bytes: it goes left if the code of the column is at most the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub column: usize,
    pub limit: u8,
    /// Whether what holds goes left.
    pub yes_is_left: bool,
}

/// Makes rows into codes.
#[derive(Clone, Debug)]
pub(super) struct Coder {
    /// By feature, ascending, each once.
    thresholds: Vec<Vec<f32>>,
    /// Feature and lens, sorted.
    columns: Vec<(u16, Lens)>,
}

impl Coder {
    pub fn of(ensemble: &Ensemble) -> Coder {
        let mut thresholds: BTreeMap<u16, BTreeSet<u32>> = BTreeMap::new();
        let splits = || {
            ensemble.trees.iter().flatten().filter_map(|node| match node {
                Node::Split(split) => Some(split),
                Node::Leaf(_) => None,
            })
        };
        for split in splits().filter(|split| !is_equality(split)) {
            let threshold = sortable(at_most(split));
            thresholds.entry(split.feature).or_default().insert(threshold);
        }
        let of = |feature: usize| {
            let known = thresholds.get(&(feature as u16)).into_iter().flatten();
            known.map(|threshold| from_sortable(*threshold)).collect()
        };
        let thresholds = (0..ensemble.features).map(of).collect();
        let mut coder = Coder { thresholds, columns: Vec::new() };
        let lenses: BTreeSet<(u16, Lens)> =
            splits().map(|split| (split.feature, coder.lens(split).0)).collect();
        coder.columns = lenses.into_iter().collect();
        coder
    }

    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    pub fn question(&self, split: &Split) -> Question {
        let (lens, limit) = self.lens(split);
        let column = self.columns.binary_search(&(split.feature, lens)).unwrap_or_default();
        Question { column, limit, yes_is_left: holds_for_the_smaller(split.comparison) }
    }

    /// Codes of a row, which is as wide as there are features.
    #[inline]
    pub fn code(&self, row: &[f32], codes: &mut [u8]) {
        let mut ranked = None;
        for (code, (feature, lens)) in codes.iter_mut().zip(&self.columns) {
            let value = row[usize::from(*feature)];
            *code = match *lens {
                Lens::Rank { first, missing_is_low } => {
                    let rank = match ranked {
                        Some((of, rank)) if of == *feature => rank,
                        _ => rank(&self.thresholds[usize::from(*feature)], value),
                    };
                    ranked = Some((*feature, rank));
                    let begin = first as usize * THRESHOLDS_OF_COLUMN;
                    let within = rank.saturating_sub(begin).min(THRESHOLDS_OF_COLUMN) as u8;
                    match (missing_is_low, value.is_nan()) {
                        (true, true) => 0,
                        (true, false) => within + 1,
                        (false, true) => u8::MAX,
                        (false, false) => within,
                    }
                }
                Lens::Equal { bits, missing_is_equal } => {
                    let is_equal = value == f32::from_bits(bits);
                    let is_equal = is_equal || (value.is_nan() && missing_is_equal);
                    if is_equal { 0 } else { u8::MAX }
                }
            };
        }
    }

    fn lens(&self, split: &Split) -> (Lens, u8) {
        let missing_holds = split.missing_holds || split.comparison == Comparison::NotEqual;
        let missing_is_left = missing_holds == holds_for_the_smaller(split.comparison);
        if is_equality(split) {
            let bits = (split.threshold + 0.0).to_bits();
            return (Lens::Equal { bits, missing_is_equal: missing_is_left }, 0);
        }
        let thresholds = &self.thresholds[usize::from(split.feature)];
        let place = rank(thresholds, at_most(split));
        let first = (place / THRESHOLDS_OF_COLUMN) as u32;
        let limit = (place % THRESHOLDS_OF_COLUMN) as u8 + u8::from(missing_is_left);
        (Lens::Rank { first, missing_is_low: missing_is_left }, limit)
    }
}

/// How many thresholds are less.
#[inline]
fn rank(thresholds: &[f32], value: f32) -> usize {
    thresholds.partition_point(|threshold| *threshold < value)
}

fn is_equality(split: &Split) -> bool {
    matches!(split.comparison, Comparison::Equal | Comparison::NotEqual)
}

/// Whether it holds for values that are at most the threshold, or equal to it, and for no others.
fn holds_for_the_smaller(comparison: Comparison) -> bool {
    matches!(comparison, Comparison::LessOrEqual | Comparison::Less | Comparison::Equal)
}

/// The number that values are at most, where the comparison holds or, for the greater, does not.
fn at_most(split: &Split) -> f32 {
    // Zeros of both signs are one threshold.
    match split.comparison {
        Comparison::Less | Comparison::GreaterOrEqual => split.threshold.next_down() + 0.0,
        _ => split.threshold + 0.0,
    }
}

/// Bits whose order is that of the numbers.
fn sortable(number: f32) -> u32 {
    let bits = number.to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

fn from_sortable(bits: u32) -> f32 {
    f32::from_bits(if bits >> 31 == 1 { bits & !(1 << 31) } else { !bits })
}
