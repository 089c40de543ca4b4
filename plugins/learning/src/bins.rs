//! Features in 254 bins of about as many rows each: trees are grown on bytes, not on numbers.

use crate::table::Table;

/// Bins of numbers of a feature; one more is for what is missing.
pub const BINS_MAX: usize = 254;

/// Codes of a feature: 0 for a missing value, then the bins in the order of their numbers.
pub const CODES: usize = BINS_MAX + 1;

/// Where the bins of each feature end.
#[derive(Clone, Debug, PartialEq)]
pub struct Bins {
    /// By feature, ascending: bin `i` holds numbers up to and with edge `i`, the last bin those beyond.
    edges: Vec<Vec<f32>>,
}

/// Rows of a table by feature, as codes.
#[derive(Clone, Debug)]
pub struct Coded {
    pub rows: usize,
    /// Feature by feature, a code for each row.
    codes: Vec<u8>,
}

/// What trees are grown from.
pub struct Rows<'a> {
    pub bins: &'a Bins,
    pub coded: &'a Coded,
    /// By row.
    pub class_of: &'a [u16],
    pub classes: usize,
}

impl Coded {
    pub fn feature(&self, feature: usize) -> &[u8] {
        &self.codes[feature * self.rows..(feature + 1) * self.rows]
    }
}

impl Bins {
    /// Bins by the quantiles of these rows.
    pub fn of(table: &Table) -> Bins {
        let width = table.features.len();
        let column = |feature: usize| {
            let numbers = table.values().iter().skip(feature).step_by(width);
            let numbers = numbers.map(|value| *value as f32).filter(|value| !value.is_nan());
            edges(numbers.collect())
        };
        Bins { edges: (0..width).map(column).collect() }
    }

    pub fn code(&self, table: &Table) -> Coded {
        let width = table.features.len();
        let mut codes = Vec::with_capacity(table.values().len());
        for (feature, edges) in self.edges.iter().enumerate() {
            let column = table.values().iter().skip(feature).step_by(width);
            codes.extend(column.map(|value| code(edges, *value as f32)));
        }
        Coded { rows: table.rows(), codes }
    }

    pub fn features(&self) -> usize {
        self.edges.len()
    }

    /// The number up to and with which values are of this code or a smaller one. Of code 0 there is none:
    /// only what is missing is left of minus infinity.
    pub fn upper(&self, feature: usize, code: u8) -> f32 {
        match usize::from(code).checked_sub(1) {
            Some(bin) => self.edges[feature][bin],
            None => f32::NEG_INFINITY,
        }
    }
}

fn code(edges: &[f32], value: f32) -> u8 {
    match value.is_nan() {
        true => 0,
        false => 1 + edges.partition_point(|edge| *edge < value) as u8,
    }
}

/// Between any two neighbours where they are few; otherwise so that bins have about as many rows, and a
/// number that is many rows has one of its own.
fn edges(mut numbers: Vec<f32>) -> Vec<f32> {
    numbers.sort_unstable_by(f32::total_cmp);
    let groups: Vec<&[f32]> = numbers.chunk_by(|left, right| left == right).collect();
    let mut edges = Vec::new();
    let mut rows_left = numbers.len();
    let mut rows_of_bin = 0;
    for pair in groups.windows(2) {
        let [group, next] = pair else { continue };
        rows_of_bin += group.len();
        let bins_left = BINS_MAX - edges.len();
        let is_full = rows_of_bin * bins_left >= rows_left || groups.len() <= BINS_MAX;
        let is_before_heavy = next.len() * bins_left >= rows_left;
        if bins_left > 1 && (is_full || is_before_heavy) {
            edges.push(between(group[0], next[0]));
            rows_left -= rows_of_bin;
            rows_of_bin = 0;
        }
    }
    edges
}

/// Halfway, and less than the greater one in any case.
fn between(lower: f32, upper: f32) -> f32 {
    let middle = lower + (upper - lower) / 2.0;
    if middle < upper { middle } else { lower }
}

#[cfg(test)]
mod tests {
    use super::{BINS_MAX, between, code, edges};

    #[test]
    fn few_numbers_have_a_bin_each() {
        let edges = edges(vec![3.0, 1.0, 1.0, 2.0]);
        assert_eq!(edges, [1.5, 2.5]);
        let codes = [f32::NAN, 0.0, 1.0, 1.5, 1.6, 3.0, 9.0].map(|value| code(&edges, value));
        assert_eq!(codes, [0, 1, 1, 1, 2, 3, 3]);
        assert!(super::edges(Vec::new()).is_empty());
    }

    #[test]
    fn many_numbers_are_spread_evenly_and_a_frequent_one_stands_alone() {
        let mut numbers: Vec<f32> = (0..10_000).map(|number| number as f32).collect();
        numbers.extend([5_000.25; 2_000]);
        let edges = edges(numbers.clone());
        assert!(edges.len() > 200 && edges.len() < BINS_MAX, "{}", edges.len());
        let mut counts = [0; 256];
        numbers.iter().for_each(|number| counts[usize::from(code(&edges, *number))] += 1);
        let alone = usize::from(code(&edges, 5_000.25));
        assert_eq!(counts[alone], 2_000);
        counts[alone] = 0;
        assert!(counts.iter().all(|count| *count < 100), "{counts:?}");
    }

    #[test]
    fn an_edge_is_less_than_the_greater_number() {
        let next = f32::from_bits(1.0_f32.to_bits() + 1);
        assert_eq!(between(1.0, next), 1.0);
        assert!(between(-f32::MAX, f32::MAX) < f32::MAX);
    }
}
