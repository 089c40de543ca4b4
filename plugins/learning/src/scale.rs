//! Features brought to one measure, for models that compare or add them.

use crate::table::Table;

/// Takes `offset` from a feature and multiplies by `factor`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scale {
    pub offsets: Vec<f32>,
    pub factors: Vec<f32>,
    /// By feature, what a missing value becomes, scaled: the mean of those that are there.
    pub missing: Vec<f32>,
}

impl Scale {
    /// From 0 for the least to 1 for the greatest.
    pub fn to_unit(table: &Table) -> Scale {
        Scale::by(table, |numbers| {
            let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
            let greatest = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            (least, greatest - least)
        })
    }

    /// To mean 0 and standard deviation 1.
    pub fn to_standard(table: &Table) -> Scale {
        Scale::by(table, |numbers| {
            let mean = mean(numbers);
            let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
            (mean, (squares / numbers.len() as f64).sqrt())
        })
    }

    /// By offset and width of each feature's numbers; a feature of no width becomes 0.
    fn by(table: &Table, of: impl Fn(&[f64]) -> (f64, f64)) -> Scale {
        let width = table.features.len();
        let mut scale = Scale { offsets: vec![], factors: vec![], missing: vec![] };
        for feature in 0..width {
            let column = table.values().iter().skip(feature).step_by(width).copied();
            let numbers: Vec<f64> = column.filter(|value| !value.is_nan()).collect();
            let (offset, range) = if numbers.is_empty() { (0.0, 0.0) } else { of(&numbers) };
            let factor = if range > 0.0 { 1.0 / range } else { 0.0 };
            scale.offsets.push(offset as f32);
            scale.factors.push(factor as f32);
            let middle = if numbers.is_empty() { offset } else { mean(&numbers) };
            scale.missing.push(((middle - offset) * factor) as f32);
        }
        scale
    }

    pub fn features(&self) -> usize {
        self.offsets.len()
    }

    pub fn apply(&self, row: &[f32], scaled: &mut [f32]) {
        for (feature, (scaled, value)) in scaled.iter_mut().zip(row).enumerate() {
            *scaled = match value.is_nan() {
                true => self.missing[feature],
                false => (value - self.offsets[feature]) * self.factors[feature],
            };
        }
    }
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}
