//! The model that was asked for.

use crate::cli::{Kind, ShapeArguments, TrainArguments};
use tractor_learning::Parameters;
use tractor_learning::boosting::BoostingParameters;
use tractor_learning::forest::ForestParameters;
use tractor_learning::knn::NearestParameters;
use tractor_learning::logistic::LogisticParameters;

/// # Errors
/// A sentence, when something was typed that the kind of model does not have. What a configuration file
/// says of other kinds is dropped.
pub fn parameters(arguments: &TrainArguments) -> Result<Parameters, String> {
    let kind = arguments.model;
    for (flag, kinds) in FLAGS {
        if arguments.is_typed(flag) && !kinds.contains(&kind) {
            let names: Vec<&str> = kinds.iter().map(|kind| name(*kind)).collect();
            let (flag, of) = (flag.replace('_', "-"), names.join(" and "));
            return Err(format!("--{flag} is of {of}, and the model is {}", name(kind)));
        }
    }
    let ShapeArguments { trees, leaf_rows, leaves, shrinkage, neighbours } = arguments.shape;
    let trees = trees.map(|trees| trees as usize);
    Ok(match kind {
        Kind::Forest => {
            let usual = ForestParameters::default();
            Parameters::Forest(ForestParameters {
                trees: trees.unwrap_or(usual.trees),
                leaf_rows_min: leaf_rows.unwrap_or(usual.leaf_rows_min),
                ..usual
            })
        }
        Kind::Boosting => {
            let usual = BoostingParameters::default();
            Parameters::Boosting(BoostingParameters {
                rounds: trees.unwrap_or(usual.rounds),
                shrinkage: shrinkage.unwrap_or(usual.shrinkage),
                leaves_max: leaves.map_or(usual.leaves_max, |leaves| leaves as usize),
                ..usual
            })
        }
        Kind::Knn => {
            let usual = NearestParameters::default().neighbours;
            let neighbours = neighbours.map_or(usual, |neighbours| neighbours as usize);
            Parameters::Nearest(NearestParameters { neighbours })
        }
        Kind::Logistic => Parameters::Logistic(LogisticParameters::default()),
    })
}

/// Names of fields, and the kinds that have them.
const FLAGS: [(&str, &[Kind]); 5] = [
    ("trees", &[Kind::Forest, Kind::Boosting]),
    ("leaf_rows", &[Kind::Forest]),
    ("leaves", &[Kind::Boosting]),
    ("shrinkage", &[Kind::Boosting]),
    ("neighbours", &[Kind::Knn]),
];

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Forest => "forest",
        Kind::Boosting => "boosting",
        Kind::Knn => "knn",
        Kind::Logistic => "logistic",
    }
}
