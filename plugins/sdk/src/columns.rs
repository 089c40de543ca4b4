//! Names of a flow's features.

use std::collections::HashMap;

/// The columns that a classifier named, in the order of [`Flow::features`](crate::Flow::features).
#[derive(Clone, Debug, Default)]
pub struct Columns {
    names: Vec<String>,
    places: HashMap<String, usize>,
}

impl Columns {
    pub(crate) fn new(names: Vec<String>) -> Self {
        let numbered = names.iter().enumerate();
        let places = numbered.map(|(place, name)| (name.clone(), place)).collect();
        Columns { names, places }
    }

    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Where a column is, `None` where the profile has none of that name.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }
}
