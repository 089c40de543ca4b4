//! A column: its name, unit and meaning, and how a row gives its value.

use super::{Row, Value};

type Evaluate = Box<dyn for<'a> Fn(&'a Row<'a>) -> Value<'a> + Send + Sync>;

/// One column of a profile.
pub struct Column {
    pub name: String,
    /// `µs`, `bytes`, `packets` and so on; empty for names and addresses.
    pub unit: &'static str,
    pub meaning: String,
    value: Evaluate,
}

impl Column {
    #[inline]
    pub fn value<'a>(&self, row: &'a Row<'a>) -> Value<'a> {
        (self.value)(row)
    }
}

/// A table of columns in the making.
#[derive(Default)]
pub struct Columns(Vec<Column>);

impl Columns {
    pub fn add(
        &mut self,
        name: impl Into<String>,
        unit: &'static str,
        meaning: impl Into<String>,
        value: impl for<'a> Fn(&'a Row<'a>) -> Value<'a> + Send + Sync + 'static,
    ) {
        let (name, meaning) = (name.into(), meaning.into());
        self.0.push(Column { name, unit, meaning, value: Box::new(value) });
    }

    pub fn finish(self) -> Vec<Column> {
        self.0
    }
}
