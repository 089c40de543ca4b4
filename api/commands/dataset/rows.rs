//! Where rows of all captures come together.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use tractor_engine::output::RowWriter;
use tractor_engine::profiles::{Chosen, Features, Profile, Row};
use tractor_learning::table::{self, TableBuilder, is_identity};
use tractor_learning::{LearningError, Table};

/// A table that grows capture by capture.
pub struct Gathered {
    features: Features,
    /// By column, whether it is taken: those that say which flow it is are not.
    taken: Arc<[bool]>,
    builder: Arc<Mutex<TableBuilder>>,
}

impl Gathered {
    /// # Errors
    /// When the profile has no column to learn from.
    pub fn new(profile: &'static Profile, has_windows: bool) -> Result<Self, LearningError> {
        let chosen = if has_windows { Chosen::OfWindows } else { Chosen::All };
        let features = Features::of(profile, chosen);
        let taken: Vec<bool> = features.columns().map(|name| !is_identity(name)).collect();
        let names = features.columns().zip(&taken).filter(|(_, taken)| **taken);
        let names = names.map(|(name, _)| name.to_owned()).collect();
        let version = profile.version;
        let of = table::Profile { name: profile.name.to_owned(), version };
        let builder = Arc::new(Mutex::new(TableBuilder::new(of, names)?));
        Ok(Self { features, taken: taken.into(), builder })
    }

    /// Takes the rows of one capture.
    pub fn writer(&self, class: &str, capture: &str) -> Box<dyn RowWriter> {
        Box::new(OfCapture {
            features: self.features,
            taken: Arc::clone(&self.taken),
            builder: Arc::clone(&self.builder),
            class: class.to_owned(),
            capture: capture.to_owned(),
            numbers: Vec::new(),
        })
    }

    /// The whole table.
    ///
    /// # Errors
    /// When there is no row.
    pub fn finish(self) -> Result<Table, LearningError> {
        let mut builder = self.builder.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *builder).finish()
    }
}

struct OfCapture {
    features: Features,
    taken: Arc<[bool]>,
    builder: Arc<Mutex<TableBuilder>>,
    class: String,
    capture: String,
    numbers: Vec<f64>,
}

impl RowWriter for OfCapture {
    fn write(&mut self, row: &Row<'_>) -> io::Result<()> {
        self.numbers.clear();
        self.features.extend(row, &mut self.numbers);
        let mut taken = self.taken.iter();
        self.numbers.retain(|_| taken.next().copied().unwrap_or(false));
        let mut builder = self.builder.lock().unwrap_or_else(PoisonError::into_inner);
        let pushed = builder.push(&self.numbers, &self.class, Some(&self.capture));
        pushed.map_err(io::Error::other)
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}
