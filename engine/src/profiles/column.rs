//! Columns: names, units and meanings, and how a row gives their values.

use super::{Row, Value};

/// One column of a profile.
pub struct Column {
    pub name: String,
    /// `µs`, `bytes`, `packets` and so on; empty for names and addresses.
    pub unit: &'static str,
    pub meaning: String,
}

impl Column {
    pub fn new(name: impl Into<String>, unit: &'static str, meaning: impl Into<String>) -> Self {
        Self { name: name.into(), unit, meaning: meaning.into() }
    }
}

type Evaluate = Box<dyn for<'a> Fn(&'a Row<'a>, &mut Vec<Value<'a>>) + Send + Sync>;

/// Columns that are evaluated together, by one call: a row has some ninety values, and a call for
/// each would cost more than the values.
struct Group {
    columns: Vec<Column>,
    evaluate: Evaluate,
}

/// A table of columns.
#[derive(Default)]
pub struct Columns {
    groups: Vec<Group>,
}

impl Columns {
    /// Adds one column.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        unit: &'static str,
        meaning: impl Into<String>,
        value: impl for<'a> Fn(&'a Row<'a>) -> Value<'a> + Send + Sync + 'static,
    ) {
        let column = Column::new(name, unit, meaning);
        self.add_group(vec![column], move |row, cells| cells.push(value(row)));
    }

    /// Adds columns whose values `evaluate` pushes, one for each, in their order; another number is
    /// a defect that debug builds stop at.
    pub fn add_group(
        &mut self,
        columns: Vec<Column>,
        evaluate: impl for<'a> Fn(&'a Row<'a>, &mut Vec<Value<'a>>) + Send + Sync + 'static,
    ) {
        self.groups.push(Group { columns, evaluate: Box::new(evaluate) });
    }

    pub fn iter(&self) -> impl Iterator<Item = &Column> + Clone {
        self.groups.iter().flat_map(|group| &group.columns)
    }

    /// Pushes a row's value of each column.
    pub fn evaluate<'a>(&self, row: &'a Row<'a>, cells: &mut Vec<Value<'a>>) {
        for group in &self.groups {
            let before = cells.len();
            (group.evaluate)(row, cells);
            debug_assert_eq!(cells.len() - before, group.columns.len(), "a value a column");
        }
    }
}

/// An empty vector for the cells of another row, with the memory of this one where the standard
/// library keeps it, as today's does.
pub fn emptied<'b>(mut cells: Vec<Value<'_>>) -> Vec<Value<'b>> {
    cells.clear();
    cells.into_iter().map(|_| unreachable!("it is empty")).collect()
}
