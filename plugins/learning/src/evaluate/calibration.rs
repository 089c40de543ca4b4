//! Whether probabilities are what they say (Guo and others, "On calibration of modern neural networks",
//! 2017; Brier, 1950).

use serde::{Deserialize, Serialize};

const BINS: usize = 10;

/// Rows whose greatest probability is in one tenth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    pub rows: u64,
    /// Sum of the greatest probabilities.
    pub confidence_sum: f64,
    /// Rows that were right.
    pub right: u64,
}

/// Of all tested rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// From 0 to 0.1 up to 0.9 to 1.
    pub bins: [CalibrationBin; BINS],
    /// Sum over rows and classes of the squared difference between probability and truth.
    squares: f64,
}

impl CalibrationBin {
    /// The mean of the greatest probabilities, and the part that was right.
    pub fn means(&self) -> Option<(f64, f64)> {
        let rows = self.rows as f64;
        (self.rows > 0).then(|| (self.confidence_sum / rows, self.right as f64 / rows))
    }
}

impl Calibration {
    pub fn add(&mut self, class: usize, predicted: usize, probabilities: &[f32]) {
        let confidence = f64::from(probabilities[predicted]);
        let bin = &mut self.bins[((confidence * BINS as f64) as usize).min(BINS - 1)];
        bin.rows += 1;
        bin.confidence_sum += confidence;
        bin.right += u64::from(class == predicted);
        for (other, probability) in probabilities.iter().enumerate() {
            let truth = f64::from(u8::from(other == class));
            self.squares += (f64::from(*probability) - truth).powi(2);
        }
    }

    pub fn merge(&mut self, other: &Calibration) {
        for (bin, more) in self.bins.iter_mut().zip(&other.bins) {
            bin.rows += more.rows;
            bin.confidence_sum += more.confidence_sum;
            bin.right += more.right;
        }
        self.squares += other.squares;
    }

    fn rows(&self) -> f64 {
        self.bins.iter().map(|bin| bin.rows).sum::<u64>().max(1) as f64
    }

    /// Expected calibration error: the mean difference between confidence and accuracy, by rows.
    pub fn expected_error(&self) -> f64 {
        let gap = |bin: &CalibrationBin| (bin.confidence_sum - bin.right as f64).abs();
        self.bins.iter().map(gap).sum::<f64>() / self.rows()
    }

    /// Brier score over all classes: from 0, the best, to 2.
    pub fn brier(&self) -> f64 {
        self.squares / self.rows()
    }
}
