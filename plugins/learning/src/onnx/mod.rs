//! Models of others: ONNX graphs with one `TreeEnsembleClassifier` (ai.onnx.ml), as skl2onnx and onnxmltools
//! export forests, extra trees and boosted trees. They answer as ONNX Runtime has them answer: numbers are
//! compared and added in single precision.
//!
//! Layout:
//! - `protobuf`: fields of messages, from any bytes
//! - `graph`: what a model has of nodes and attributes
//! - `trees`: from attributes to an ensemble

mod graph;
mod protobuf;
#[cfg(test)]
mod tests;
mod trees;
#[cfg(test)]
mod written;

use self::graph::{Graph, GraphNode};
use crate::error::LearningError;
use crate::limits::ONNX_FILE_BYTES_MAX;
use crate::model::Model;

/// What came out of an ONNX file. Names of features are not in it.
#[derive(Clone, Debug)]
pub struct Imported {
    pub model: Model,
    /// In the order of the model's answers; numbers as text.
    pub classes: Vec<String>,
}

/// Types of numbers by `TensorProto`: a `Cast` to any other would round what the trees compare.
const FLOAT: i64 = 1;
const DOUBLE: i64 = 11;

/// Operators that may stand beside the trees, or behind them: they change the type or shape of what goes
/// through, and not the answer. So does `Mul` by 1, which onnxmltools puts behind LightGBM.
const BESIDE: [&str; 4] = ["Cast", "Identity", "ArrayFeatureExtractor", "ZipMap"];

/// Reads an ONNX file.
///
/// # Errors
/// A sentence with the place or the operator, for whatever is no such graph.
pub fn read(file: &[u8]) -> Result<Imported, LearningError> {
    if file.len() > ONNX_FILE_BYTES_MAX {
        return Err(LearningError::damaged(0, format!("more than {ONNX_FILE_BYTES_MAX} bytes")));
    }
    let graph = graph::read(file)?;
    let mut classifiers =
        graph.nodes.iter().filter(|node| node.operator == "TreeEnsembleClassifier");
    let classifier = classifiers.next();
    let classifier =
        classifier.ok_or_else(|| refused("has no TreeEnsembleClassifier".to_owned()))?;
    if classifiers.next().is_some() {
        return Err(refused("has more than one TreeEnsembleClassifier".to_owned()));
    }
    check_what_comes_in(&graph, classifier)?;
    let (ensemble, classes) = trees::ensemble(classifier, graph.features).map_err(refused)?;
    for node in &graph.nodes {
        let is_norm = node.operator == "Normalizer" && node.text("norm")? == Some("L1");
        // Of sums that are 1 already.
        let is_idle = is_norm && trees::adds_up_to_one(&ensemble);
        let is_known = node.operator == classifier.operator || BESIDE.contains(&node.operator);
        if !is_known && !is_idle && !graph.multiplies_by_one(node) {
            return Err(refused(format!("has the operator {:?}", node.operator)));
        }
    }
    let model = Model::of_trees(ensemble).map_err(refused)?;
    Ok(Imported { model, classes })
}

fn refused(why: String) -> LearningError {
    LearningError::Parameter(format!("onnx names a model that {why}"))
}

/// Goes back from the trees to the graph's first input. Trees that are given other columns than come in, or
/// scaled ones, would answer wrongly, and nobody would know.
fn check_what_comes_in(graph: &Graph, classifier: &GraphNode) -> Result<(), LearningError> {
    let by_output = graph.by_output();
    let mut input = classifier.input();
    // More steps than there are nodes go round in a ring.
    for _ in 0..=graph.nodes.len() {
        if input.is_some() && input == graph.input {
            return Ok(());
        }
        let Some(node) = input.and_then(|input| by_output.get(input)) else { break };
        if !keeps_numbers(node)? {
            return Err(refused(format!("has the operator {:?} before its trees", node.operator)));
        }
        input = node.input();
    }
    Err(refused("does not give its trees what comes in".to_owned()))
}

/// Whether what goes through stays what it is, as far as trees of single precision see it.
fn keeps_numbers(node: &GraphNode) -> Result<bool, LearningError> {
    Ok(match node.operator {
        "Identity" => true,
        "Cast" => matches!(node.integer("to")?, Some(FLOAT | DOUBLE)),
        _ => false,
    })
}
