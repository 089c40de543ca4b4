//! What a user wrote in `[plugins."id"]` of tractor.toml or as `--plugin-option id.key=value`.

use std::cell::Cell;
use std::fmt::Display;
use std::str::FromStr;

use crate::{Columns, Error, Log, Result};

/// A classifier's options and what else it is given when it is made.
///
/// An option that nobody asked for by the end of [`create`](crate::Classifier::create) is unknown,
/// and refused by its name: users do not wonder why a misspelt one has no effect.
pub struct Options {
    pairs: Vec<Pair>,
    pub(crate) columns: Columns,
    log: Log,
}

struct Pair {
    key: String,
    value: String,
    asked_for: Cell<bool>,
}

impl Options {
    pub(crate) fn new(pairs: Vec<(String, String)>, log: Log) -> Self {
        let asked_for = Cell::new(false);
        let pairs = pairs.into_iter();
        let pairs = pairs.map(|(key, value)| Pair { key, value, asked_for: asked_for.clone() });
        Options { pairs: pairs.collect(), columns: Columns::default(), log }
    }

    /// The text of an option, `None` where it is not given.
    pub fn get(&self, key: &str) -> Option<&str> {
        let mut value = None;
        for pair in self.pairs.iter().filter(|pair| pair.key == key) {
            pair.asked_for.set(true);
            value = Some(pair.value.as_str());
        }
        value
    }

    /// An option's value, or what it is where it is not given.
    ///
    /// # Errors
    /// The option and what is wrong with its value, with the status BAD_OPTION.
    pub fn get_or<T>(&self, key: &str, default: T) -> Result<T>
    where
        T: FromStr<Err: Display>,
    {
        let Some(value) = self.get(key) else { return Ok(default) };
        value
            .parse()
            .map_err(|cause| Error::bad_option(format!("option {key} = \"{value}\": {cause}")))
    }

    /// # Errors
    /// The first option that was not asked for, with the status BAD_OPTION. `export!` calls this
    /// after `create`; who has something expensive to make may do so before.
    pub fn finish(&self) -> Result<()> {
        match self.pairs.iter().find(|pair| !pair.asked_for.get()) {
            Some(pair) => Err(Error::bad_option(format!("there is no option {}", pair.key))),
            None => Ok(()),
        }
    }

    /// The columns that flows will have: those of [`COLUMNS`](crate::Classifier::COLUMNS), or of what
    /// was declared. Empty while declaring.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// For messages to whoever runs the host; may be kept, and used on any thread.
    pub fn log(&self) -> &Log {
        &self.log
    }
}
