//! Columns of a profile as numbers, for classifiers.

use super::{Chosen, Profile, Row, Value};

/// A profile's numeric columns, in its order.
#[derive(Clone, Copy)]
pub struct Features {
    pub profile: &'static Profile,
    chosen: Chosen,
}

impl Features {
    /// Those of the profile's own flows, or of windows of them.
    pub fn of(profile: &'static Profile, chosen: Chosen) -> Self {
        Self { profile, chosen }
    }

    /// Those of a profile and version, such as `iscx-a2/1`.
    ///
    /// # Errors
    /// A sentence, when there are none of that name and version, or when they belong to a program's
    /// own reading of packets, which other flows do not have.
    pub fn named(text: &str) -> Result<Self, String> {
        let (name, version) =
            text.split_once('/').ok_or_else(|| format!("{text} is no profile and version"))?;
        let profile = Profile::named(name)
            .ok_or_else(|| format!("there is no profile {name} for columns"))?;
        if profile.reading.is_copied() {
            return Err(format!("columns of {name} can be had of its own flows alone"));
        }
        if version.parse() != Ok(profile.version) {
            let ours = profile.version;
            return Err(format!("the columns of {name} are of version {ours}, not {version}"));
        }
        Ok(Self::of(profile, Chosen::All))
    }

    /// The names of the columns.
    ///
    /// # Errors
    /// As [`Features::named`].
    pub fn names(text: &str) -> Result<Vec<&'static str>, String> {
        Ok(Self::named(text)?.columns().collect())
    }

    /// The names of these columns.
    pub fn columns(&self) -> impl Iterator<Item = &'static str> + use<> {
        let numeric =
            self.profile.columns.iter(self.chosen).filter(|column| column.kind.is_numeric());
        numeric.map(|column| column.name.as_str())
    }

    /// Appends a row's values; missing ones are not a number.
    pub fn extend(&self, row: &Row<'_>, values: &mut Vec<f64>) {
        let columns = &self.profile.columns;
        let mut cells = Vec::new();
        columns.evaluate(row, self.chosen, &mut cells);
        let all = columns.iter(self.chosen).zip(&cells);
        let numeric = all.filter(|(column, _)| column.kind.is_numeric());
        values.extend(numeric.map(|(_, cell)| match cell {
            Value::Unsigned(value) => *value as f64,
            Value::Integer(value) => *value as f64,
            Value::Float(value) => *value,
            _ => f64::NAN,
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_known_by_profile_and_version() {
        assert_eq!(Features::names("iscx/1").unwrap()[..2], ["duration", "total_fiat"]);
        for (text, why) in [
            ("iscx", "iscx is no profile and version"),
            ("iscy/1", "there is no profile iscy for columns"),
            ("iscx/9", "the columns of iscx are of version 1, not 9"),
            ("cic/1", "columns of cic can be had of its own flows alone"),
        ] {
            assert_eq!(Features::names(text).unwrap_err(), why);
        }
    }
}
