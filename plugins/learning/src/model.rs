//! A trained model, whatever its kind: rows in, probabilities of classes out.

use crate::ensemble::{Applied, Ensemble};
use crate::knn::Nearest;
use crate::logistic::Logistic;

/// What answers for rows.
#[derive(Clone, Debug)]
pub enum Model {
    /// A forest or boosted trees, with the form that is quick.
    Trees(Box<Trees>),
    Nearest(Nearest),
    Logistic(Logistic),
}

/// An ensemble as it is stored and as it is applied.
#[derive(Clone, Debug)]
pub struct Trees {
    pub ensemble: Ensemble,
    applied: Applied,
}

impl Model {
    /// # Errors
    /// A sentence, if trees compare with more different numbers than can be told apart.
    pub fn of_trees(ensemble: Ensemble) -> Result<Model, String> {
        let applied = Applied::new(&ensemble)?;
        Ok(Model::Trees(Box::new(Trees { ensemble, applied })))
    }

    pub fn features(&self) -> usize {
        match self {
            Model::Trees(trees) => trees.ensemble.features(),
            Model::Nearest(nearest) => nearest.features(),
            Model::Logistic(logistic) => logistic.features(),
        }
    }

    pub fn classes(&self) -> usize {
        match self {
            Model::Trees(trees) => trees.ensemble.classes(),
            Model::Nearest(nearest) => nearest.classes(),
            Model::Logistic(logistic) => logistic.classes(),
        }
    }

    /// Probabilities of rows, which stand one behind the other, as wide as there are features, NaN where
    /// a value is missing; so stand the probabilities, as wide as there are classes.
    ///
    /// # Panics
    /// If rows and probabilities are not of as many rows.
    pub fn predict_probabilities(&self, rows: &[f32], probabilities: &mut [f32]) {
        let count = rows.len() / self.features();
        let fits =
            rows.len() == count * self.features() && probabilities.len() == count * self.classes();
        assert!(fits, "a place for each class of each row");
        match self {
            Model::Trees(trees) => trees.applied.probabilities(rows, probabilities),
            Model::Nearest(nearest) => nearest.probabilities(rows, probabilities),
            Model::Logistic(logistic) => logistic.probabilities(rows, probabilities),
        }
    }
}

/// The class that is most likely; of several, the first.
pub fn most_likely(probabilities: &[f32]) -> usize {
    let mut best = 0;
    for (class, probability) in probabilities.iter().enumerate() {
        if *probability > probabilities[best] {
            best = class;
        }
    }
    best
}
