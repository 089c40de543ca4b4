//! What makes results look better than they are: the same flow twice, or under two classes.

use super::Table;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// Counts of rows to be wary of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warnings {
    /// Rows that are, with their class, the same as an earlier one.
    pub duplicate_rows: usize,
    /// Rows whose features are those of a row of another class: no model can tell them apart.
    pub conflicting_rows: usize,
}

pub(super) fn of(table: &Table) -> Warnings {
    let mut order: Vec<usize> = (0..table.rows()).collect();
    order.sort_unstable_by(|left, right| {
        let by_class = table.class_of[*left].cmp(&table.class_of[*right]);
        compare(table.row(*left), table.row(*right)).then(by_class)
    });
    let mut warnings = Warnings::default();
    let same = |left: &usize, right: &usize| {
        compare(table.row(*left), table.row(*right)) == Ordering::Equal
    };
    for group in order.chunk_by(same) {
        let one_class =
            |left: &usize, right: &usize| table.class_of[*left] == table.class_of[*right];
        let classes = group.chunk_by(one_class).count();
        warnings.duplicate_rows += group.len() - classes;
        warnings.conflicting_rows += if classes > 1 { group.len() } else { 0 };
    }
    warnings
}

fn compare(left: &[f64], right: &[f64]) -> Ordering {
    let different = left.iter().zip(right).map(|(left, right)| left.total_cmp(right));
    different.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}
