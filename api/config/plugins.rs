//! Options for plugins: `[plugins."org.example.ports"]` with `ssh = 22`.

use super::Wrong;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// The table of all plugins.
pub const TABLE: &str = "plugins";

/// A value for the plugin of an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileOption {
    pub id: String,
    pub key: String,
    pub value: String,
    pub line: usize,
}

/// Whether an entry is that table; `plugins = "folder"` is a flag's default.
pub fn are_in(key: &Spanned<DeString<'_>>, value: &Spanned<DeValue<'_>>) -> bool {
    key.get_ref() == TABLE && matches!(value.get_ref(), DeValue::Table(_))
}

/// The line of a place.
type Line<'a> = &'a dyn Fn(&Range<usize>) -> usize;

/// All options in the order of the file's tables, which is that of their names.
pub fn options(file: &DeTable<'_>, line: Line<'_>) -> Result<Vec<FileOption>, Wrong> {
    let mut options = Vec::new();
    if let Some(DeValue::Table(plugins)) = file.get(TABLE).map(Spanned::get_ref) {
        collect("", plugins, line, &mut options)?;
    }
    Ok(options)
}

/// Without quotes the dots of an id make tables inside one another: `[plugins.org.example.ports]`.
fn collect(
    id: &str,
    table: &DeTable<'_>,
    line: Line<'_>,
    options: &mut Vec<FileOption>,
) -> Result<(), Wrong> {
    for (key, value) in table {
        let name = key.get_ref();
        if let DeValue::Table(inner) = value.get_ref() {
            let id = if id.is_empty() { name.to_string() } else { format!("{id}.{name}") };
            collect(&id, inner, line, options)?;
            continue;
        }
        if id.is_empty() {
            let wrong = format!("{name} is of no plugin: write [{TABLE}.\"ID\"] above it");
            return Err((key.span(), wrong));
        }
        let value = super::text(value.get_ref()).ok_or_else(|| {
            let wrong = format!("{name}: give a text in quotes, a number, true or false");
            (value.span(), wrong)
        })?;
        let line = line(&key.span());
        options.push(FileOption { id: id.to_owned(), key: name.to_string(), value, line });
    }
    Ok(())
}
