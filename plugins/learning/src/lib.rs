//! The learning part of TrActor: from tables of labelled flows to models, to reports of how good they are,
//! and to their quick application.
//!
//! Layout:
//! - `table`: data sets, read from CSV, ARFF and Parquet
//! - `bins`: features as bytes
//! - `forest`, `boosting`, `knn`, `logistic`: what learns
//! - `ensemble`: trees as they are applied
//! - `model`: any of them, asked for probabilities
//! - `train`: from a table to a model
//! - `onnx`: models of others
//! - `describe`: what a table is like
//! - `evaluate`: how good it is
//! - `file`: models on disk

mod bins;
pub mod boosting;
pub mod describe;
pub mod ensemble;
mod error;
pub mod evaluate;
pub mod file;
pub mod forest;
pub mod knn;
pub mod limits;
pub mod logistic;
pub mod model;
pub mod onnx;
pub mod random;
mod scale;
pub mod table;
#[cfg(test)]
mod testing;
pub mod threads;
pub mod train;

pub use error::LearningError;
pub use file::ModelFile;
pub use model::Model;
pub use table::{Profile, Table};
pub use train::{Options, Parameters, Trained, fit, train};
