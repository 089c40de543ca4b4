//! The bundled classifier that applies a trained model: a flow's features in, the most likely class out.
//!
//! Layout:
//! - `settings`: the options as they were given
//! - `stored`: the model's file, read once for all instances
//! - `meaning`: what the model answers for: columns, features, classes, windows
//! - `evidence`: what is said beside a verdict
//! - `plugin`: the classifier that the host loads

mod evidence;
mod meaning;
pub mod plugin;
mod settings;
mod stored;
// A test that unwraps what it must have says so by failing there.
#[cfg(test)]
mod tests;
