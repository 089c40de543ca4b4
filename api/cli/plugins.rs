//! Arguments of `tractor plugins`.

use crate::plugins::{PluginArguments, plugin_option};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `tractor plugins`.
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  tractor plugins
  tractor plugins --plugin ./libports.so --plugin-option org.example.ports.ssh=2222
  tractor plugins --json | jq '.loaded[].id'"
)]
pub struct PluginsArguments {
    #[command(subcommand)]
    pub action: Option<PluginsAction>,

    /// Print everything as JSON
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub plugins: PluginArguments,
}

/// What else `tractor plugins` does.
#[derive(Subcommand)]
pub enum PluginsAction {
    /// Try whether a plugin keeps the contract, and say what breaks it
    Check(CheckArguments),
}

/// `tractor plugins check`.
#[derive(Args)]
#[command(
    after_help = "The plugin is shown invented flows: in other orders, in other batches, twice, \
                        cut short, without what it asked for, by two instances on two threads. It \
                        must say the same each time. Exit codes: 0 it keeps the contract; 1 it does \
                        not; 2 wrong usage, or it is not configured.

Example:
  tractor plugins check ./libports.so --plugin-option org.example.ports.ssh=2222"
)]
pub struct CheckArguments {
    /// The plugin
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Tell the plugin something, as for `tractor flows`
    #[arg(long, value_name = "ID.KEY=VALUE", value_parser = plugin_option)]
    pub plugin_option: Vec<(String, String, String)>,

    /// Print what was tried, and what came of it, as JSON
    #[arg(long)]
    pub json: bool,

    /// Milliseconds that a call may last; for tests
    #[arg(long, hide = true, value_name = "MS")]
    pub plugin_deadline_ms: Option<u64>,

    /// Bytes that may be allocated; for tests
    #[arg(long, hide = true, value_name = "BYTES")]
    pub plugin_memory: Option<u64>,
}
