//! The confusion matrix, and what follows from it.

use serde::{Deserialize, Serialize};

/// How often a class was taken for another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    classes: usize,
    /// True class by true class, how often each was predicted.
    counts: Vec<u64>,
}

/// Of one class. What would be divided by nothing is 0, as in scikit-learn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassMeasures {
    /// Rows of the class.
    pub support: u64,
    /// Of those that were predicted, the part that is right.
    pub precision: f64,
    /// Of its rows, the part that was predicted.
    pub recall: f64,
    /// The harmonic mean of both.
    pub f1: f64,
}

impl Confusion {
    pub fn new(classes: usize) -> Self {
        Confusion { classes, counts: vec![0; classes * classes] }
    }

    /// # Panics
    /// If a class is not one of them.
    pub fn add(&mut self, class: usize, predicted: usize) {
        self.counts[class * self.classes + predicted] += 1;
    }

    pub fn merge(&mut self, other: &Confusion) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(sum, count)| *sum += count);
    }

    pub fn count(&self, class: usize, predicted: usize) -> u64 {
        self.counts[class * self.classes + predicted]
    }

    pub fn classes(&self) -> usize {
        self.classes
    }

    pub fn rows(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The part of rows that is right.
    pub fn accuracy(&self) -> f64 {
        let right: u64 = (0..self.classes).map(|class| self.count(class, class)).sum();
        part(right, self.rows())
    }

    pub fn of_class(&self, class: usize) -> ClassMeasures {
        let right = self.count(class, class);
        let support = (0..self.classes).map(|predicted| self.count(class, predicted)).sum();
        let predicted = (0..self.classes).map(|other| self.count(other, class)).sum();
        let f1 = part(2 * right, support + predicted);
        ClassMeasures {
            support,
            precision: part(right, predicted),
            recall: part(right, support),
            f1,
        }
    }

    /// The mean of the F1 of all classes that there are rows or predictions of.
    pub fn macro_f1(&self) -> f64 {
        let is_there = |class: &usize| {
            (0..self.classes).any(|other| self.count(*class, other) + self.count(other, *class) > 0)
        };
        let present: Vec<usize> = (0..self.classes).filter(is_there).collect();
        let sum: f64 = present.iter().map(|class| self.of_class(*class).f1).sum();
        sum / present.len().max(1) as f64
    }
}

fn part(some: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { some as f64 / all as f64 }
}
