//! The best split of a node by the Gini index.

use super::ForestParameters;
use crate::bins::{CODES, Rows};
use crate::random::Random;

/// Rows up to which sorting them is quicker than counting them in all bins.
const SORTED_ROWS_MAX: usize = 96;

/// Where a node is split.
#[derive(Clone, Copy, Debug)]
pub(super) struct Best {
    pub feature: usize,
    pub code: u8,
    /// By how much the Gini index becomes less, times rows.
    pub gain: f64,
}

/// Looks for splits, with memory for it.
pub(super) struct Splitter<'a> {
    rows: &'a Rows<'a>,
    per_split: usize,
    leaf_rows_min: u32,
    features: Vec<usize>,
    /// By code and class.
    counts: Vec<u32>,
    /// By code.
    counted: Vec<u32>,
    /// Code and row, of nodes with few rows.
    sorted: Vec<u64>,
    left: Vec<u32>,
}

impl<'a> Splitter<'a> {
    pub fn new(rows: &'a Rows<'a>, parameters: &ForestParameters) -> Self {
        let features = rows.bins.features();
        let per_split = match parameters.features_per_split {
            0 => features.isqrt(),
            chosen => chosen.min(features),
        };
        Splitter {
            rows,
            per_split,
            leaf_rows_min: parameters.leaf_rows_min.max(1),
            features: (0..features).collect(),
            counts: vec![0; CODES * rows.classes],
            counted: vec![0; CODES],
            sorted: Vec::new(),
            left: vec![0; rows.classes],
        }
    }

    /// The best of some features. Those in which all rows are alike do not count as looked at.
    pub fn best(
        &mut self,
        order: &[u32],
        drawn: &[u32],
        totals: &[u32],
        random: &mut Random,
    ) -> Option<Best> {
        let mut best = None;
        let mut looked_at = 0;
        for place in 0..self.features.len() {
            let other = place + random.below(self.features.len() - place);
            self.features.swap(place, other);
            let feature = self.features[place];
            self.left.fill(0);
            let mut scan = Scan::new(totals, &mut self.left, feature, self.leaf_rows_min, best);
            if order.len() <= SORTED_ROWS_MAX {
                let codes = self.rows.coded.feature(feature);
                let keys =
                    order.iter().map(|row| u64::from(codes[*row as usize]) << 32 | u64::from(*row));
                self.sorted.clear();
                self.sorted.extend(keys);
                self.sorted.sort_unstable();
                for key in &self.sorted {
                    let row = *key as u32 as usize;
                    scan.next((key >> 32) as u8);
                    scan.add(usize::from(self.rows.class_of[row]), drawn[row]);
                }
            } else {
                count(self.rows, feature, order, drawn, &mut self.counts, &mut self.counted);
                let by_code = self.counts.chunks_exact_mut(self.rows.classes);
                for ((code, counts), counted) in by_code.enumerate().zip(&mut self.counted) {
                    if std::mem::take(counted) > 0 {
                        scan.next(code as u8);
                        for (class, count) in counts.iter_mut().enumerate() {
                            scan.add(class, std::mem::take(count));
                        }
                    }
                }
            }
            let is_informative = scan.is_informative;
            best = scan.best;
            looked_at += usize::from(is_informative);
            if looked_at >= self.per_split && best.is_some() {
                break;
            }
        }
        best
    }
}

/// Counts rows by code and class.
fn count(
    rows: &Rows,
    feature: usize,
    order: &[u32],
    drawn: &[u32],
    counts: &mut [u32],
    counted: &mut [u32],
) {
    let codes = rows.coded.feature(feature);
    for row in order {
        let row = *row as usize;
        let code = usize::from(codes[row]);
        counts[code * rows.classes + usize::from(rows.class_of[row])] += drawn[row];
        counted[code] += 1;
    }
}

/// Rows in the order of their codes, moving from right to left.
struct Scan<'a> {
    totals: &'a [u32],
    left: &'a mut [u32],
    feature: usize,
    leaf_rows_min: u32,
    rows: u32,
    rows_left: u32,
    /// Sums of squared counts of classes.
    squares_left: u64,
    squares_right: u64,
    /// Of the node, squares by rows.
    purity: f64,
    last: Option<u8>,
    is_informative: bool,
    best: Option<Best>,
}

impl<'a> Scan<'a> {
    fn new(
        totals: &'a [u32],
        left: &'a mut [u32],
        feature: usize,
        leaf_rows_min: u32,
        best: Option<Best>,
    ) -> Self {
        let rows = totals.iter().sum();
        let squares_right: u64 = totals.iter().map(|count| u64::from(*count).pow(2)).sum();
        Scan {
            totals,
            left,
            feature,
            leaf_rows_min,
            rows,
            rows_left: 0,
            squares_left: 0,
            squares_right,
            purity: squares_right as f64 / f64::from(rows),
            last: None,
            is_informative: false,
            best,
        }
    }

    /// What is added from now on has this code; what was added before might be split off.
    #[inline]
    fn next(&mut self, code: u8) {
        let Some(last) = self.last.replace(code).filter(|last| *last != code) else { return };
        self.is_informative = true;
        let rows_right = self.rows - self.rows_left;
        if self.rows_left.min(rows_right) < self.leaf_rows_min {
            return;
        }
        let left = self.squares_left as f64 / f64::from(self.rows_left);
        let right = self.squares_right as f64 / f64::from(rows_right);
        let gain = left + right - self.purity;
        if self.best.is_none_or(|best| gain > best.gain) {
            // In the middle of bins without rows, but nothing joins what is missing.
            let code = if last == 0 { 0 } else { last + (code - 1 - last) / 2 };
            self.best = Some(Best { feature: self.feature, code, gain });
        }
    }

    #[inline]
    fn add(&mut self, class: usize, count: u32) {
        let wide = u64::from(count);
        let left = u64::from(self.left[class]);
        let right = u64::from(self.totals[class]) - left;
        self.squares_left += wide * (2 * left + wide);
        self.squares_right -= wide * (2 * right - wide);
        self.left[class] += count;
        self.rows_left += count;
    }
}
