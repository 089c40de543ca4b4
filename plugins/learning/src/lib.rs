//! The learning part of TrActor: from tables of labelled flows to models, to reports of how good they are,
//! and to their quick application.
//!
//! ```
//! use tractor_learning::forest::ForestParameters;
//! use tractor_learning::{ModelFile, Options, Parameters, Profile, table::TableBuilder, train};
//!
//! let profile = Profile { name: "invented".to_owned(), version: 1 };
//! let mut builder = TableBuilder::new(profile, vec!["bytes".to_owned()])?;
//! for number in 0..100_u32 {
//!     let class = if number < 50 { "small" } else { "large" };
//!     builder.push(&[f64::from(number)], class, None)?;
//! }
//! let forest = ForestParameters { trees: 10, ..Default::default() };
//! let options = Options { parameters: Parameters::Forest(forest), ..Options::default() };
//! let trained = train(&builder.finish()?, &options)?;
//! println!("{}", trained.report.text());
//! let file = ModelFile::from_bytes(&trained.file.to_bytes()?)?;
//! let mut probabilities = [0.0; 2];
//! file.model.predict_probabilities(&[7.0], &mut probabilities);
//! assert!(probabilities[1] > 0.9, "classes are sorted: large, small");
//! # Ok::<(), tractor_learning::LearningError>(())
//! ```
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
pub use train::{Options, Parameters, Trained, fit, train, train_telling};
