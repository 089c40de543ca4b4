//! Arguments of the command that shows what a configuration comes to.

use crate::config::Setting;
use clap::Args;
use std::path::PathBuf;

/// `tractor config`.
#[derive(Args)]
#[command(after_help = "Examples:
  tractor config
  tractor config flows --config night.toml
  tractor config --json | jq -r '.settings[] | select(.source != \"default\") | .flag'")]
pub struct ConfigArguments {
    /// The command whose flags to show
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,

    /// Print an object with the file and an array of settings
    #[arg(long)]
    pub json: bool,

    /// What there is to show.
    #[arg(skip)]
    pub settings: Vec<Setting>,

    /// The file that was read.
    #[arg(skip)]
    pub file: Option<PathBuf>,
}
