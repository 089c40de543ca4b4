//! Exact sums of a series of whole numbers, and the statistics drawn from them.

use serde::{Deserialize, Serialize};

/// A wide sum from its two words. They are kept apart so that a tracker is aligned to eight bytes.
#[inline]
fn join(low: u64, high: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

/// Count, least, greatest, sum and sum of squares of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    pub count: u64,
    pub min: i64,
    pub max: i64,
    pub sum: i128,
    /// The sum as a float, converted while it was narrow.
    pub sum_float: f64,
    pub squares: u128,
}

impl Moments {
    /// sum / n.
    pub fn mean(&self) -> f64 {
        self.sum_float / self.count as f64
    }

    /// Sample standard deviation (divisor n - 1), 0 for one value.
    pub fn std(&self) -> f64 {
        if self.count < 2 {
            return 0.0;
        }
        let deviations = self.narrow_deviations().unwrap_or_else(|| self.wide_deviations());
        (deviations / (self.count - 1) as f64).sqrt()
    }

    /// Σx² - (Σx)²/n where everything fits 64 bits, as it does for most flows.
    #[inline]
    fn narrow_deviations(&self) -> Option<f64> {
        let squares = u64::try_from(self.squares).ok()?.checked_mul(self.count)?;
        let sum = u64::try_from(self.sum.unsigned_abs()).ok()?;
        Some((squares - sum.checked_mul(sum)?) as f64 / self.count as f64)
    }

    fn wide_deviations(&self) -> f64 {
        let n = u128::from(self.count);
        let sum = self.sum.unsigned_abs();
        let exact = self.squares.checked_mul(n).zip(sum.checked_mul(sum));
        match exact {
            // n Σx² - (Σx)² is never negative (Cauchy and Schwarz), and whole.
            Some((n_squares, square)) => (n_squares - square) as f64 / n as f64,
            // Beyond 128 bits: the same, in two parts that fit.
            None => self.deviations_of_long_series(n, sum),
        }
    }

    /// Σx² - (Σx)²/n, with the division's remainder kept apart so that nothing overflows.
    fn deviations_of_long_series(&self, n: u128, sum: u128) -> f64 {
        let (quotient, remainder) = (sum / n, sum % n);
        // (q n + r)² / n = q² n + 2 q r + r² / n
        let whole = quotient
            .checked_mul(quotient)
            .and_then(|square| square.checked_mul(n))
            .and_then(|part| part.checked_add(2 * quotient * remainder));
        match whole {
            Some(whole) => {
                let fraction = (remainder * remainder) as f64 / n as f64;
                (self.squares.saturating_sub(whole) as f64 - fraction).max(0.0)
            }
            None => (self.squares as f64 - sum as f64 * (sum as f64 / n as f64)).max(0.0),
        }
    }
}

/// Spans of time in nanoseconds, which may be negative where a profile takes file order as it is;
/// their sum stands elsewhere, as the time from the first to the last packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gaps {
    min_ns: i64,
    max_ns: i64,
    squares_low: u64,
    squares_high: u64,
}

impl Default for Gaps {
    fn default() -> Self {
        Self { min_ns: i64::MAX, max_ns: i64::MIN, squares_low: 0, squares_high: 0 }
    }
}

impl Gaps {
    #[inline]
    pub fn add(&mut self, gap_ns: i64) {
        self.min_ns = self.min_ns.min(gap_ns);
        self.max_ns = self.max_ns.max(gap_ns);
        let magnitude = u128::from(gap_ns.unsigned_abs());
        let squares = join(self.squares_low, self.squares_high);
        let squares = squares.saturating_add(magnitude * magnitude);
        (self.squares_low, self.squares_high) = (squares as u64, (squares >> 64) as u64);
    }

    /// The statistics of `count` gaps with this sum; `None` for none.
    #[inline]
    pub fn moments(&self, count: u64, sum_ns: i64) -> Option<Moments> {
        (count > 0).then(|| Moments {
            count,
            min: self.min_ns,
            max: self.max_ns,
            sum: sum_ns.into(),
            sum_float: sum_ns as f64,
            squares: join(self.squares_low, self.squares_high),
        })
    }
}

/// Lengths in bytes; their sum stands elsewhere, as the flow's volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lengths {
    min_bytes: u32,
    max_bytes: u32,
    squares_low: u64,
    squares_high: u32,
}

impl Default for Lengths {
    fn default() -> Self {
        Self { min_bytes: u32::MAX, max_bytes: 0, squares_low: 0, squares_high: 0 }
    }
}

impl Lengths {
    #[inline]
    pub fn add(&mut self, bytes: u32) {
        self.min_bytes = self.min_bytes.min(bytes);
        self.max_bytes = self.max_bytes.max(bytes);
        let (low, carry) = self.squares_low.overflowing_add(u64::from(bytes) * u64::from(bytes));
        self.squares_low = low;
        // It would take 2³² packets of 4 GiB to overflow.
        self.squares_high = self.squares_high.wrapping_add(u32::from(carry));
    }

    /// The statistics of `count` lengths with this sum; `None` for none.
    #[inline]
    pub fn moments(&self, count: u64, sum_bytes: u64) -> Option<Moments> {
        (count > 0).then(|| Moments {
            count,
            min: self.min_bytes.into(),
            max: self.max_bytes.into(),
            sum: sum_bytes.into(),
            sum_float: sum_bytes as f64,
            squares: join(self.squares_low, self.squares_high.into()),
        })
    }

    /// Both series as one.
    #[inline]
    pub fn merged(&self, other: &Self) -> Self {
        let (low, carry) = self.squares_low.overflowing_add(other.squares_low);
        Self {
            min_bytes: self.min_bytes.min(other.min_bytes),
            max_bytes: self.max_bytes.max(other.max_bytes),
            squares_low: low,
            squares_high: self.squares_high.wrapping_add(other.squares_high) + u32::from(carry),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gaps(values: &[i64]) -> Moments {
        let mut gaps = Gaps::default();
        values.iter().for_each(|&value| gaps.add(value));
        let sum_ns = values.iter().fold(0i64, |sum, &value| sum.saturating_add(value));
        gaps.moments(values.len() as u64, sum_ns).expect("not empty")
    }

    #[test]
    fn statistics_of_small_series() {
        let moments = gaps(&[2, 4, 4, 4, 5, 5, 7, 9]);
        assert_eq!((moments.min, moments.max, moments.mean()), (2, 9, 5.0));
        assert!((moments.std() - (32.0f64 / 7.0).sqrt()).abs() < 1e-15);
        assert_eq!(gaps(&[-3]).std(), 0.0);
        assert_eq!(Gaps::default().moments(0, 0), None);
    }

    #[test]
    fn no_cancellation_in_large_values() {
        let base = 3_000_000_000_000_000_000;
        assert_eq!(gaps(&[base, base + 1, base + 2]).std(), 1.0);
        assert_eq!(gaps(&[base; 3]).std(), 0.0);
        assert_eq!(gaps(&[i64::MAX, i64::MAX, i64::MIN + 1]).count, 3);
    }

    #[test]
    fn merged_lengths_equal_one_series() {
        let (mut a, mut b, mut all) = (Lengths::default(), Lengths::default(), Lengths::default());
        for (i, bytes) in [40, u32::MAX, 1500, 0, u32::MAX].into_iter().enumerate() {
            if i % 2 == 0 {
                a.add(bytes)
            } else {
                b.add(bytes)
            }
            all.add(bytes);
        }
        assert_eq!(a.merged(&b), all);
    }
}
