//! Statistics of a list of integers, exact up to the last step, within the bounds of section 6.

#[derive(Clone, Copy, Debug)]
pub struct Summary {
    pub minimum: i128,
    pub maximum: i128,
    pub sum: i128,
    pub mean: f64,
    /// Of the sample (n − 1); 0 for one value.
    pub deviation: f64,
}

/// None for no values.
pub fn summary(values: &[i128]) -> Option<Summary> {
    summary_with_sum(values, values.iter().fold(0, |sum, value| bounded(sum + value)))
}

/// Of the gaps between packets at these times.
pub fn summary_of_gaps(times: &[i128]) -> Option<Summary> {
    summary_with_sum(&gaps(times), span(*times.first()?, *times.last()?))
}

fn summary_with_sum(values: &[i128], sum: i128) -> Option<Summary> {
    let (minimum, maximum) = (*values.iter().min()?, *values.iter().max()?);
    let count = values.len() as i128;
    let is_within = sum == values.iter().sum();
    let squares = match is_within {
        // Each n·x − Σx is exact, and all squares are positive: adding them up loses nothing worth mentioning.
        true => {
            let deviations = values.iter().map(|value| (count * value - sum) as f64);
            deviations.map(|deviation| deviation * deviation).sum::<f64>() / (count * count) as f64
        }
        false => squares_of_bounded_sums(values, sum),
    };
    let deviation = if count == 1 { 0.0 } else { (squares / (count - 1) as f64).sqrt() };
    Some(Summary { minimum, maximum, sum, mean: ratio(sum, count), deviation })
}

/// (n Σx² − (Σx)²) / n with sums that have met their bounds.
fn squares_of_bounded_sums(values: &[i128], sum: i128) -> f64 {
    let (count, sum) = (values.len() as u128, sum.unsigned_abs());
    let squares = values.iter().map(|value| value.unsigned_abs());
    let squares = squares.fold(0_u128, |squares, value| squares.saturating_add(value * value));
    match squares.checked_mul(count) {
        Some(all) => (all - sum * sum) as f64 / count as f64,
        // The first part is at least four times the second: there is nothing to lose.
        None => squares as f64 - (sum * sum) as f64 / count as f64,
    }
}

/// What 64 bits with a sign can hold: anything beyond is taken for the nearest end.
fn bounded(nanoseconds: i128) -> i128 {
    nanoseconds.clamp(i64::MIN.into(), i64::MAX.into())
}

/// From one time to another.
pub fn span(from: i128, to: i128) -> i128 {
    bounded(to - from)
}

/// As good as a division of doubles gets: both are exact up to 2^53, and right to half a unit beyond.
pub fn ratio(numerator: i128, denominator: i128) -> f64 {
    numerator as f64 / denominator as f64
}

/// The distances between neighbours.
pub fn gaps(times: &[i128]) -> Vec<i128> {
    times.windows(2).map(|pair| span(pair[0], pair[1])).collect()
}
