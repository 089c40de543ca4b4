//! From rows to a table: names become numbers, bounds are watched, classes are sorted.

use super::{Profile, Table, iscx};
use crate::error::LearningError;
use crate::limits::{CAPTURES_MAX, CLASSES_MAX, FEATURES_MAX, NAME_BYTES_MAX};
use crate::limits::{TABLE_ROWS_MAX, TABLE_VALUES_MAX};
use std::collections::HashMap;

/// Takes rows one by one.
#[derive(Debug, Default)]
pub struct TableBuilder {
    table: Table,
    classes: HashMap<String, u16>,
    captures: HashMap<String, u32>,
    infinite: usize,
    unlabelled: usize,
}

impl TableBuilder {
    /// A table of these features.
    ///
    /// # Errors
    /// If there are none or too many, or a name comes twice or is too long.
    pub fn new(profile: Profile, features: Vec<String>) -> Result<Self, LearningError> {
        if features.is_empty() || features.len() > FEATURES_MAX {
            let count = features.len();
            return Err(table(format!("has {count} features, and 1 to {FEATURES_MAX} may be")));
        }
        let mut sorted: Vec<&str> = features.iter().map(String::as_str).collect();
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(table(format!("has the feature {:?} twice", pair[0])));
        }
        features.iter().try_for_each(|name| short(name))?;
        let table = Table { profile, features, ..Table::default() };
        Ok(TableBuilder { table, ..TableBuilder::default() })
    }

    /// Adds a row behind the others. A row without a class is counted and left out; what is infinite is
    /// taken as missing, and counted. Either all rows have a capture or none.
    ///
    /// # Errors
    /// If the row has another width than the table, or a bound is met.
    pub fn push(
        &mut self,
        values: &[f64],
        class: &str,
        capture: Option<&str>,
    ) -> Result<(), LearningError> {
        let width = self.table.features.len();
        if values.len() != width {
            return Err(table(format!("has {width} features, and a row {} values", values.len())));
        }
        if matches!(class, "" | "?") {
            self.unlabelled += 1;
            return Ok(());
        }
        let rows = self.table.rows();
        if rows >= TABLE_ROWS_MAX || self.table.values.len() + width > TABLE_VALUES_MAX {
            return Err(table(format!(
                "has more than {TABLE_ROWS_MAX} rows or {TABLE_VALUES_MAX} values"
            )));
        }
        if capture.is_some() == self.table.capture_of.is_empty() && rows > 0 {
            return Err(table("has rows with a capture and rows without".to_owned()));
        }
        if let Some(capture) = capture {
            let number = number_of(&mut self.captures, capture, CAPTURES_MAX, "captures")?;
            self.table.capture_of.push(number);
        }
        let class = number_of(&mut self.classes, class, CLASSES_MAX, "classes")?;
        self.table.class_of.push(class);
        for value in values {
            self.infinite += usize::from(value.is_infinite());
            self.table.values.push(if value.is_finite() { *value } else { f64::NAN });
        }
        Ok(())
    }

    /// The table, with its classes sorted and the shifted names of the ISCX files put right.
    ///
    /// # Errors
    /// If there is no row.
    pub fn finish(self) -> Result<Table, LearningError> {
        let mut table = self.table;
        if table.rows() == 0 {
            let why = if self.unlabelled > 0 { "has no row with a class" } else { "has no row" };
            return Err(LearningError::Table(why.to_owned()));
        }
        let mut named: Vec<(String, u16)> = self.classes.into_iter().collect();
        named.sort_unstable();
        let mut sorted_place = vec![0_u16; named.len()];
        for (place, (_, number)) in named.iter().enumerate() {
            sorted_place[usize::from(*number)] = place as u16;
        }
        table.class_of.iter_mut().for_each(|class| *class = sorted_place[usize::from(*class)]);
        table.classes = named.into_iter().map(|(name, _)| name).collect();
        let mut captures: Vec<(u32, String)> =
            self.captures.into_iter().map(|(name, number)| (number, name)).collect();
        captures.sort_unstable();
        table.captures = captures.into_iter().map(|(_, name)| name).collect();
        let counted = [
            (self.unlabelled, "rows without a class are left out"),
            (self.infinite, "infinite values are taken as missing"),
        ];
        for (count, what) in counted.into_iter().filter(|(count, _)| *count > 0) {
            table.notes.push(format!("{count} {what}"));
        }
        iscx::put_right(&mut table);
        Ok(table)
    }
}

fn table(why: String) -> LearningError {
    LearningError::Table(why)
}

fn short(name: &str) -> Result<(), LearningError> {
    match name.len() {
        0..=NAME_BYTES_MAX => Ok(()),
        bytes => Err(table(format!("has a name of {bytes} bytes"))),
    }
}

fn number_of<N: Copy + TryFrom<usize>>(
    known: &mut HashMap<String, N>,
    name: &str,
    max: usize,
    what: &str,
) -> Result<N, LearningError> {
    if let Some(number) = known.get(name) {
        return Ok(*number);
    }
    short(name)?;
    let number = N::try_from(known.len()).ok().filter(|_| known.len() < max);
    let number = number.ok_or_else(|| table(format!("has more than {max} {what}")))?;
    known.insert(name.to_owned(), number);
    Ok(number)
}
