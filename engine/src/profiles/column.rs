//! Columns: names, units and meanings, and how a row gives their values.

use super::{Chosen, Row, Value};

/// Which values a column holds. Every column may also hold [`Value::Null`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers from 0 on, of 64 bits.
    Unsigned,
    /// Whole numbers of 64 bits with a sign.
    Integer,
    /// Numbers; a whole one may come as [`Value::Integer`] or [`Value::Unsigned`].
    Float,
    Time,
    /// Names, addresses, ids that are no number.
    Text,
    /// Lists of whole numbers from 0 on.
    Unsigneds,
    /// Lists of numbers.
    Floats,
}

impl Kind {
    /// The name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Time => "time",
            Self::Text => "text",
            Self::Unsigneds => "unsigned, list",
            Self::Floats => "float, list",
        }
    }

    /// Whether its values are numbers.
    pub fn is_numeric(self) -> bool {
        matches!(self, Self::Unsigned | Self::Integer | Self::Float)
    }

    /// Whether a column of this kind may hold the value.
    pub fn holds(self, value: &Value<'_>) -> bool {
        match value {
            Value::Null => true,
            Value::Unsigned(_) => matches!(self, Self::Unsigned | Self::Float),
            Value::Integer(_) => matches!(self, Self::Integer | Self::Float),
            Value::Float(_) => self == Self::Float,
            Value::Time(_) | Value::MicrosecondTime(_) => self == Self::Time,
            Value::List(_) => matches!(self, Self::Unsigneds | Self::Floats),
            Value::Address(_)
            | Value::Text(_)
            | Value::CommunityId(_)
            | Value::Vlans(_)
            | Value::Tunnels(_)
            | Value::Printed(_) => self == Self::Text,
        }
    }
}

/// One column of a profile.
pub struct Column {
    pub name: String,
    /// `µs`, `bytes`, `packets` and so on; empty for names and addresses.
    pub unit: &'static str,
    pub kind: Kind,
    pub meaning: String,
}

impl Column {
    pub fn new(
        name: impl Into<String>,
        unit: &'static str,
        kind: Kind,
        meaning: impl Into<String>,
    ) -> Self {
        Self { name: name.into(), unit, kind, meaning: meaning.into() }
    }
}

type Evaluate = Box<dyn for<'a> Fn(&'a Row<'a>, &mut Vec<Value<'a>>) + Send + Sync>;

/// Columns that are evaluated together, by one call: a row has some ninety values, and a call for
/// each would cost more than the values.
struct Group {
    columns: Vec<Column>,
    /// Timing and volume, which windows have too.
    is_of_windows: bool,
    evaluate: Evaluate,
}

impl Group {
    fn is(&self, chosen: Chosen) -> bool {
        chosen == Chosen::All || self.is_of_windows
    }

    fn is_filled_by(&self, cells: &[Value<'_>]) -> bool {
        let mut pairs = self.columns.iter().zip(cells);
        self.columns.len() == cells.len() && pairs.all(|(column, cell)| column.kind.holds(cell))
    }
}

/// A table of columns.
#[derive(Default)]
pub struct Columns {
    /// Groups that are added count as timing and volume.
    of_windows: bool,
    groups: Vec<Group>,
}

impl Columns {
    /// Adds one column.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        unit: &'static str,
        kind: Kind,
        meaning: impl Into<String>,
        value: impl for<'a> Fn(&'a Row<'a>) -> Value<'a> + Send + Sync + 'static,
    ) {
        let column = Column::new(name, unit, kind, meaning);
        self.add_group(vec![column], move |row, cells| cells.push(value(row)));
    }

    /// Adds columns whose values `evaluate` pushes, one for each, in their order; another number, or
    /// a value of another kind, is a defect that debug builds stop at.
    pub fn add_group(
        &mut self,
        columns: Vec<Column>,
        evaluate: impl for<'a> Fn(&'a Row<'a>, &mut Vec<Value<'a>>) + Send + Sync + 'static,
    ) {
        let is_of_windows = self.of_windows;
        self.groups.push(Group { columns, is_of_windows, evaluate: Box::new(evaluate) });
    }

    /// Says whether what is added from here on is timing and volume, which windows have too.
    pub fn are_of_windows(&mut self, of_windows: bool) {
        self.of_windows = of_windows;
    }

    /// The same columns, with something before their names.
    pub fn with_prefix(mut self, prefix: &str) -> Self {
        let columns = self.groups.iter_mut().flat_map(|group| &mut group.columns);
        columns.for_each(|column| column.name.insert_str(0, prefix));
        self
    }

    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// False when a profile has nothing to say of windows.
    pub fn has_windows(&self) -> bool {
        self.groups.iter().any(|group| group.is_of_windows)
    }

    pub fn iter(&self, chosen: Chosen) -> impl Iterator<Item = &Column> + Clone {
        let groups = self.groups.iter().filter(move |group| group.is(chosen));
        groups.flat_map(|group| &group.columns)
    }

    /// Pushes a row's value of each column.
    pub fn evaluate<'a>(&self, row: &'a Row<'a>, chosen: Chosen, cells: &mut Vec<Value<'a>>) {
        for group in self.groups.iter().filter(|group| group.is(chosen)) {
            let before = cells.len();
            (group.evaluate)(row, cells);
            debug_assert!(group.is_filled_by(&cells[before..]), "a value of its kind a column");
        }
    }
}

/// An empty vector for the cells of another row, with the memory of this one where the standard
/// library keeps it, as today's does.
pub fn emptied<'b>(mut cells: Vec<Value<'_>>) -> Vec<Value<'b>> {
    cells.clear();
    cells.into_iter().map(|_| unreachable!("it is empty")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn a_kind_holds_its_own_values_and_a_float_whole_ones() {
        let values = [
            (Value::Unsigned(1), vec![Kind::Unsigned, Kind::Float]),
            (Value::Integer(-1), vec![Kind::Integer, Kind::Float]),
            (Value::Float(0.5), vec![Kind::Float]),
            (Value::Time(Timestamp(0)), vec![Kind::Time]),
            (Value::Text("a"), vec![Kind::Text]),
        ];
        let all = [Kind::Unsigned, Kind::Integer, Kind::Float, Kind::Time, Kind::Text];
        for (value, expected) in values {
            let holders: Vec<Kind> = all.into_iter().filter(|kind| kind.holds(&value)).collect();
            assert_eq!(holders, expected, "{value:?}");
            assert!(all.iter().all(|kind| kind.holds(&Value::Null)));
        }
    }
}
