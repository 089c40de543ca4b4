//! Arguments of `tractor dataset`.

use super::{FlowOptions, Inputs};
use crate::duration;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `tractor dataset`.
#[derive(Args)]
pub struct DatasetArguments {
    #[command(subcommand)]
    pub action: DatasetAction,
}

/// What is done with data sets.
#[derive(Subcommand)]
pub enum DatasetAction {
    /// Make a table of labelled flows from captures whose class is known, or from other tables
    Build(Box<BuildArguments>),
    /// Say what tables of labelled flows are like: classes, ranges, what is missing, what to be wary of
    Describe(DescribeArguments),
}

/// `tractor dataset build`.
#[derive(Args)]
#[command(after_help = "Examples:
  tractor dataset build captures/ --profile iscx-a2 --active-timeout 15s -o data.parquet
  tractor dataset build captures/ --labels labels.csv --window 10s -o windows.parquet
  tractor dataset build *.pcapng --profile iscx-a2 -o data.csv
  tractor dataset build TimeBasedFeatures-Dataset-15s-VPN.arff --active-timeout 15s -o published.parquet

The class of a capture is what --labels says, else the label in the comments that tractor capture writes, else \
what the name APP_dd-mm-yyyy-HH-MM.pcap tells; a capture without a class is told of and left out. Every capture \
is read on its own: no flow goes on in another. Columns are the profile's numbers, but for those that say \
which flow it is, then class1 and capture. Inputs that end in .parquet, .csv or .arff are tables, such as the \
published ones of ISCX: they become one table with a manifest; --profile and the time-outs say of them what they do not. Parquet also holds a manifest (tractor.dataset): profile, flow life, \
counts by class, captures with their SHA-256.")]
pub struct BuildArguments {
    #[command(flatten)]
    pub inputs: Inputs,

    /// Where to write, by its ending parquet, csv or arff; the file appears when it is whole
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,

    /// Classes of captures: a CSV file with the columns file and label, names as seen from its folder or from
    /// here
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,

    /// Make a row for each flow and window of this length (from multiples of it since 1970)
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub window: Option<i64>,

    #[command(flatten)]
    pub options: FlowOptions,
}

/// `tractor dataset describe`.
#[derive(Args)]
#[command(after_help = "Examples:
  tractor dataset describe data.parquet
  tractor dataset describe TimeBasedFeatures-Dataset-15s-VPN.arff --json | jq .classes")]
pub struct DescribeArguments {
    /// Parquet, CSV or ARFF with the class in a column class, class1, Class, Label or label; several are one
    /// table
    #[arg(value_name = "DATA", required = true)]
    pub data: Vec<PathBuf>,

    /// Clusters to look for by k-means [default: as many as there are classes]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=256))]
    pub clusters: Option<u64>,

    /// Where chance begins
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// Print everything as JSON
    #[arg(long)]
    pub json: bool,
}
