//! Training a model of any kind from a table.

use crate::bins::{Bins, Coded, Rows};
use crate::boosting::{self, BoostingParameters};
use crate::error::LearningError;
use crate::evaluate::{Report, Split, cross_validate_telling, folds};
use crate::file::{ClassCount, FlowLife, Header, Input, Manifest, ModelFile};
use crate::forest::{self, ForestParameters};
use crate::knn::{Nearest, NearestParameters};
use crate::limits::FOLDS_MAX;
use crate::logistic::{Logistic, LogisticParameters};
use crate::model::Model;
use crate::table::Table;
use crate::threads;
use serde::{Deserialize, Serialize};

/// The kind of a model, and how it is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Parameters {
    Forest(ForestParameters),
    Boosting(BoostingParameters),
    Nearest(NearestParameters),
    Logistic(LogisticParameters),
}

impl Parameters {
    /// Those of a kind by name, `forest`, `boosting`, `nearest` or `logistic`, as they are unless chosen.
    pub fn of_kind(kind: &str) -> Option<Parameters> {
        Some(match kind {
            "forest" => Parameters::Forest(ForestParameters::default()),
            "boosting" => Parameters::Boosting(BoostingParameters::default()),
            "nearest" => Parameters::Nearest(NearestParameters::default()),
            "logistic" => Parameters::Logistic(LogisticParameters::default()),
            _ => return None,
        })
    }

    pub fn kind(&self) -> &'static str {
        match self {
            Parameters::Forest(_) => "forest",
            Parameters::Boosting(_) => "boosting",
            Parameters::Nearest(_) => "nearest",
            Parameters::Logistic(_) => "logistic",
        }
    }

    /// Whether a model of the table may keep to its bounds, as far as that is known before it grows.
    fn check(&self, table: &Table) -> Result<(), LearningError> {
        let (features, classes) = (table.features.len(), table.classes.len());
        match self {
            Parameters::Boosting(boosting) => boosting.check(table.rows(), features, classes),
            _ => Ok(()),
        }
        .map_err(LearningError::Parameter)
    }
}

/// Everything that `train` needs beside the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub parameters: Parameters,
    pub seed: u64,
    /// Threads that are started; results do not depend on it.
    pub threads: usize,
    /// Folds of each cross-validation; 0 for none, and a report without evaluations.
    pub folds: usize,
    /// The split that stands first in the report, behind given folds alone; nothing for the strictest that the
    /// table allows.
    pub split: Option<Split>,
    /// By row, a fold that is given; tested beside all others. Empty for none.
    pub given_folds: Vec<u16>,
    /// What the classes are of, such as `traffic_class`.
    pub label_group: String,
    /// How the flows of the table were cut, where that is known.
    pub flow_life: Option<FlowLife>,
    /// Files that the table was read from, for the manifest.
    pub inputs: Vec<Input>,
    /// When it was trained, for the manifest: this crate asks no clock.
    pub date: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            parameters: Parameters::Forest(ForestParameters::default()),
            seed: 1,
            threads: threads::available(),
            folds: 10,
            split: None,
            given_folds: Vec::new(),
            label_group: "traffic_class".to_owned(),
            flow_life: None,
            inputs: Vec::new(),
            date: String::new(),
        }
    }
}

/// A model that may be stored, and how good it is.
#[derive(Clone, Debug)]
pub struct Trained {
    /// Learned from all rows.
    pub file: ModelFile,
    /// Of models that learned from parts of the rows and were tested on the others.
    pub report: Report,
}

/// Trains a model on all rows, and says by cross-validation how good such models are: split by captures, or
/// by blocks where captures are not known, and at random beside it, since that flatters.
///
/// # Errors
/// A sentence, if the table has one class alone or too few rows for the folds, or as for `fit`.
pub fn train(table: &Table, options: &Options) -> Result<Trained, LearningError> {
    train_telling(table, options, &mut |_, _, _| {})
}

/// The same, and tells before each fold the split, how many folds of it were tested, and of how many.
///
/// # Errors
/// As `train`.
pub fn train_telling(
    table: &Table,
    options: &Options,
    tell: &mut dyn FnMut(Split, usize, usize),
) -> Result<Trained, LearningError> {
    if table.classes.len() < 2 {
        return Err(LearningError::Table("has one class alone".to_owned()));
    }
    if options.folds == 1 || options.folds > FOLDS_MAX || options.folds > table.rows() {
        let (folds, rows) = (options.folds, table.rows());
        let why = format!(
            "folds (--cv) is {folds}: 0, or 2 to {FOLDS_MAX} and no more than the {rows} rows, may be"
        );
        return Err(LearningError::Parameter(why));
    }
    let (parameters, seed) = (&options.parameters, options.seed);
    // Folds have fewer rows: they may keep to bounds that the whole does not.
    parameters.check(table)?;
    let mut evaluations = Vec::new();
    for (split, fold_of) in splits(table, options)? {
        let given = (split, fold_of.as_slice());
        let mut tell = |tested, of| tell(split, tested, of);
        evaluations.push(cross_validate_telling(
            table,
            parameters,
            given,
            seed,
            options.threads,
            &mut tell,
        )?);
    }
    let fitted = fit(table, parameters, seed, options.threads)?;
    let mut importances: Vec<(String, f64)> =
        table.features.iter().cloned().zip(fitted.importances.iter().copied()).collect();
    importances.sort_by(|left, right| right.1.total_cmp(&left.1));
    let report = Report {
        kind: parameters.kind().to_owned(),
        profile: table.profile.clone(),
        rows: table.rows(),
        classes: table.classes.clone(),
        warnings: table.warnings(),
        classes_of_one_capture: table.classes_of_one_capture(),
        notes: table.notes.clone(),
        evaluations,
        importances,
    };
    let header = header(table, options, fitted.importances);
    Ok(Trained { file: ModelFile { header, model: fitted.model }, report })
}

/// The ways to split that are shown, each with the fold of every row: what was asked for, and always one at
/// random and one that is not, side by side.
fn splits(table: &Table, options: &Options) -> Result<Vec<(Split, Vec<u16>)>, LearningError> {
    let strict = if table.captures.len() > 1 { Split::Capture } else { Split::Block };
    let two = match options.split {
        None | Some(Split::Given) => [strict, Split::Random],
        Some(Split::Random) => [Split::Random, strict],
        Some(Split::Capture) if strict != Split::Capture => {
            let why = match table.captures.len() {
                0 => "split is capture, and the table does not say its captures",
                _ => "split is capture, and the table is of one capture",
            };
            return Err(LearningError::Parameter(why.to_owned()));
        }
        Some(split) => [split, Split::Random],
    };
    let given = Some(options.given_folds.clone()).filter(|folds| !folds.is_empty());
    let given = given.map(|folds| (Split::Given, folds));
    let two = two.into_iter().filter(|_| options.folds > 0);
    let two = two.map(|split| (split, folds(table, split, options.folds, options.seed)));
    Ok(given.into_iter().chain(two).collect())
}

fn header(table: &Table, options: &Options, importances: Vec<f64>) -> Header {
    let named = table.classes.iter().cloned().zip(table.class_counts());
    let rows_of_classes =
        named.map(|(class, rows)| ClassCount { class, rows: rows as u64 }).collect();
    Header {
        kind: options.parameters.kind().to_owned(),
        profile: table.profile.clone(),
        flow_life: options.flow_life,
        label_group: options.label_group.clone(),
        classes: table.classes.clone(),
        features: table.features.clone(),
        importances,
        manifest: Some(Manifest {
            rows: table.rows() as u64,
            rows_of_classes,
            inputs: options.inputs.clone(),
            seed: options.seed,
            parameters: options.parameters.clone(),
            date: options.date.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }),
    }
}

/// A model and what its features did for it.
#[derive(Clone, Debug)]
pub struct Fitted {
    pub model: Model,
    /// By feature, its share of all that splits gained; empty for models without splits.
    pub importances: Vec<f64>,
}

/// Trains on all rows. The result depends on table, parameters and seed, and not on the number of threads.
///
/// # Errors
/// A sentence, if parameters are of no use or the model grows beyond its bounds.
pub fn fit(
    table: &Table,
    parameters: &Parameters,
    seed: u64,
    threads: usize,
) -> Result<Fitted, LearningError> {
    parameters.check(table)?;
    let (grown, or) = match parameters {
        Parameters::Forest(parameters) => {
            let bins = Bins::of(table);
            let coded = bins.code(table);
            let rows = rows(table, &bins, &coded);
            (forest::grow(&rows, parameters, seed, threads), "a greater --leaf-rows")
        }
        Parameters::Boosting(parameters) => {
            let bins = Bins::of(table);
            let coded = bins.code(table);
            let rows = rows(table, &bins, &coded);
            (boosting::grow(&rows, parameters, seed, threads), "fewer --leaves")
        }
        Parameters::Nearest(parameters) => {
            let model = Model::Nearest(Nearest::learn(table, parameters, threads));
            return Ok(Fitted { model, importances: Vec::new() });
        }
        Parameters::Logistic(parameters) => {
            let model = Model::Logistic(Logistic::learn(table, parameters, threads));
            return Ok(Fitted { model, importances: Vec::new() });
        }
    };
    // Tables keep to bounds of their own: it is the parameters that make trees too many or too large.
    let beyond =
        |why| LearningError::Parameter(format!("--trees gives {why}: take fewer of them, or {or}"));
    let (ensemble, importances) = grown.map_err(beyond)?;
    let model = Model::of_trees(ensemble).map_err(beyond)?;
    Ok(Fitted { model, importances })
}

fn rows<'a>(table: &'a Table, bins: &'a Bins, coded: &'a Coded) -> Rows<'a> {
    Rows { bins, coded, class_of: table.class_of(), classes: table.classes.len() }
}
