//! Statistics of a list of integers, exact up to the last step.

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
    let (minimum, maximum) = (*values.iter().min()?, *values.iter().max()?);
    let count = values.len() as i128;
    let sum: i128 = values.iter().sum();
    // Each n·x − Σx is exact, and all squares are positive: adding them up loses nothing worth mentioning.
    let squares: f64 = values
        .iter()
        .map(|value| (count * value - sum) as f64)
        .map(|deviation| deviation * deviation)
        .sum();
    let deviation =
        if count == 1 { 0.0 } else { (squares / (count - 1) as f64).sqrt() / count as f64 };
    Some(Summary { minimum, maximum, sum, mean: ratio(sum, count), deviation })
}

/// As good as a division of doubles gets: both are exact up to 2^53, and right to half a unit beyond.
pub fn ratio(numerator: i128, denominator: i128) -> f64 {
    numerator as f64 / denominator as f64
}

/// The distances between neighbours.
pub fn gaps(times: &[i128]) -> Vec<i128> {
    times.windows(2).map(|pair| pair[1] - pair[0]).collect()
}
