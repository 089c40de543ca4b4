//! What a run asks of plugins.

use std::path::PathBuf;

/// Which plugins to load, and what to tell them.
#[derive(Clone, Debug, Default)]
pub struct PluginOptions {
    /// Whether to load those that come with the program.
    pub bundled: bool,
    /// Folders whose `*.so` are loaded, sorted by name.
    pub folders: Vec<PathBuf>,
    pub files: Vec<PathBuf>,
    /// Ids of classifiers, or paths of files, that are not to be entered.
    pub without: Vec<String>,
    /// In the order in which they are handed on; of one key the last counts.
    pub options: Vec<PluginOption>,
    /// A file, which exists, that tells from outside which plugin is inside ([`super::calls`]).
    pub calls: Option<PathBuf>,
}

/// A value for a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginOption {
    pub id: String,
    pub key: String,
    pub value: String,
    /// Whether it was asked for in this very run: then it is an error when no plugin has that id.
    pub is_typed: bool,
}

/// Gives the names of the columns of, such as, `iscx-a2/1`, or says in a sentence why there are none.
pub type ColumnNames = fn(&str) -> Result<Vec<&'static str>, String>;
