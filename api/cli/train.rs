//! Arguments of `tractor train`.

use crate::duration;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// `tractor train`.
#[derive(Args)]
#[command(after_help = "Examples:
  tractor train data.parquet --model forest -o model.tractor --report report.html
  tractor train data.parquet --model boosting --split capture --cv 5 -o model.tractor
  tractor train old.csv --profile iscx/1 --active-timeout 15s --model knn --neighbours 3 -o model.tractor

How good such models are is told by cross-validation: once with captures whole, or blocks of rows where captures are \
not known, and once at random, which flatters, since flows of one session then are on both sides. The model \
itself learns from all rows. Results depend on data, parameters and seed, not on threads; SOURCE_DATE_EPOCH is \
taken as the date of the model where it is set.")]
pub struct TrainArguments {
    /// Parquet, CSV or ARFF with the class in a column class, class1, Class, Label or label; several are one
    /// table
    #[arg(value_name = "DATA", required = true)]
    pub data: Vec<PathBuf>,

    /// Where to write the model; the file appears when it is whole
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,

    /// What learns
    #[arg(long, value_enum, default_value_t = Kind::Forest)]
    pub model: Kind,

    /// Folds of each cross-validation; 0 for none
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub cv: usize,

    /// The split that is shown first, but for --folds [default: capture where captures are known, else block]
    #[arg(long, value_enum)]
    pub split: Option<SplitName>,

    /// Also test by folds that are given: a CSV file with a line for each row of the data
    #[arg(long, value_name = "FILE", requires = "folds_column")]
    pub folds: Option<PathBuf>,

    /// The column of that file
    #[arg(long, value_name = "NAME", requires = "folds")]
    pub folds_column: Option<String>,

    /// Write the report as a page of HTML, too
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,

    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,

    /// Where chance begins
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// Threads [default: one a processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=256))]
    pub threads: Option<u64>,

    /// What the classes are of
    #[arg(long, value_name = "NAME", default_value = "traffic_class")]
    pub group: String,

    #[command(flatten)]
    pub shape: ShapeArguments,

    #[command(flatten)]
    pub flows: LifeArguments,

    /// Names of the fields whose flags were typed. Other values are defaults, of a file or ours.
    #[arg(skip)]
    pub typed: Vec<String>,
}

/// What may be chosen of a model.
#[derive(Args)]
#[command(next_help_heading = "Models")]
pub struct ShapeArguments {
    /// Trees of a forest [default: 200], or rounds of boosting [default: 400]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub trees: Option<u64>,

    /// Rows of a forest's leaf, at least [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub leaf_rows: Option<u32>,

    /// Leaves of a boosted tree, at most [default: 63]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=65_536))]
    pub leaves: Option<u64>,

    /// What part of a boosted tree's answer is added, above 0 to 1 [default: 0.1]
    #[arg(long, value_name = "PART", value_parser = part)]
    pub shrinkage: Option<f64>,

    /// Neighbours that knn asks [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000))]
    pub neighbours: Option<u64>,
}

/// What the flows of a table were, where it does not say it.
#[derive(Args)]
#[command(next_help_heading = "Data that do not say how they were made")]
pub struct LifeArguments {
    /// The profile of the columns, such as iscx-a2/1
    #[arg(long, value_name = "NAME/VERSION")]
    pub profile: Option<String>,

    /// Flows were ended before the first packet more than this after their first
    #[arg(long, visible_alias = "flow-timeout", value_name = "TIME", value_parser = duration::parse)]
    pub active_timeout: Option<i64>,

    /// Flows were ended after a longer silence than this
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub idle_timeout: Option<i64>,

    /// Rows are of windows of this length
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub window: Option<i64>,
}

/// Kinds of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Forest,
    Boosting,
    Knn,
    Logistic,
}

/// Ways to split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SplitName {
    Random,
    Block,
    Capture,
}

fn part(text: &str) -> Result<f64, String> {
    let part = text.parse::<f64>().ok().filter(|part| *part > 0.0 && *part <= 1.0);
    part.ok_or_else(|| "give a number above 0, at most 1".to_owned())
}

impl TrainArguments {
    /// Whether the flag of that field was typed.
    pub fn is_typed(&self, field: &str) -> bool {
        self.typed.iter().any(|one| one == field)
    }
}
