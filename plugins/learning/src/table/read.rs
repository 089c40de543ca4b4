//! Reading data sets: which file is of which format, and which of its columns is what.

use super::{DatasetManifest, Profile, Table, TableBuilder, arff, csv, parquet};
use crate::error::LearningError;
use crate::file::{FlowLife, Input};
use std::path::Path;

/// Names of class columns, where none is asked for. What the user said comes before `label`, which beside
/// a `class` is a classifier's verdict.
const CLASS_COLUMNS: [&str; 5] = ["class", "class1", "Class", "Label", "label"];

/// Names of capture columns, where none is asked for.
const CAPTURE_COLUMNS: [&str; 2] = ["capture", "source_capture"];

/// Columns that say which flow it is. A model that learns from them knows the flows of its data set by
/// heart and no others.
const IDENTITIES: [&str; 24] = [
    "client_ip",
    "client_port",
    "community_id",
    "confidence",
    "dst_ip",
    "dst_port",
    "end",
    "evidence",
    "flow_id",
    "id",
    "ip_a",
    "ip_b",
    "port_a",
    "port_b",
    "server_ip",
    "server_port",
    "src_ip",
    "src_port",
    "start",
    "bidirectional_first_seen_ms",
    "bidirectional_last_seen_ms",
    "timestamp",
    "vlan",
    "window_start",
];

/// How a data set is read.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// The profile of the features; an empty name leaves it to what files say of themselves, and to the
    /// published files to be recognised. Of files that say another the first is refused.
    pub profile: Profile,
    /// Columns to take, in this order; otherwise every column of numbers that tells no identity.
    pub features: Option<Vec<String>>,
    /// Otherwise one named `class`, `class1`, `Class`, `Label` or `label`.
    pub class_column: Option<String>,
    /// Otherwise one named `capture` or `source_capture`, if there is one.
    pub capture_column: Option<String>,
}

/// Reads files of one data set as one table, in the order given. A name ending in `.arff` is ARFF, one in
/// `.parquet` Parquet, any other CSV.
///
/// # Errors
/// A sentence that names file, place and cause: a file that cannot be read, a header without a class
/// or with other features than that of the first file, a value that is no number, a bound that is met.
pub fn read(files: &[impl AsRef<Path>], options: &ReadOptions) -> Result<Table, LearningError> {
    let mut rows = Rows {
        options,
        profile: options.profile.clone(),
        life: None,
        inputs: Vec::new(),
        builder: None,
        features: Vec::new(),
        notes: Vec::new(),
    };
    for file in files.iter().map(AsRef::as_ref) {
        match file.extension().and_then(|ending| ending.to_str()) {
            Some("parquet") => parquet::read(file, &mut rows)?,
            ending => {
                rows.manifest(file, DatasetManifest::default())?;
                match ending {
                    Some("arff") => arff::read(file, &mut rows)?,
                    _ => csv::read(file, &mut rows)?,
                }
            }
        }
    }
    let builder = rows.builder.ok_or_else(|| LearningError::Table("has no file".to_owned()))?;
    let mut table = builder.finish()?;
    table.notes.append(&mut rows.notes);
    table.flow_life = rows.life.flatten();
    table.inputs = rows.inputs;
    Ok(table)
}

/// Where rows of all files come together.
pub(super) struct Rows<'a> {
    options: &'a ReadOptions,
    /// What is known of it so far.
    profile: Profile,
    /// That of the first file; inside, nothing where it does not say.
    life: Option<Option<FlowLife>>,
    inputs: Vec<Input>,
    builder: Option<TableBuilder>,
    features: Vec<String>,
    notes: Vec<String>,
}

/// Which column of a file is what.
pub(super) struct Roles {
    /// Places of the features in the header.
    pub features: Vec<usize>,
    pub class: usize,
    pub capture: Option<usize>,
}

impl Rows<'_> {
    /// Takes what a file says of itself, before its rows; all files have to agree.
    pub fn manifest(&mut self, file: &Path, said: DatasetManifest) -> Result<(), LearningError> {
        let known = &self.profile;
        if !said.profile.name.is_empty() {
            let is_first = known.name.is_empty() && self.builder.is_none();
            if !is_first && *known != said.profile {
                let why = format!("it is of profile {}, and not of {known}", said.profile);
                return Err(LearningError::file(file, why));
            }
            self.profile = said.profile;
        }
        let first = *self.life.get_or_insert(said.flow_life);
        if first != said.flow_life {
            let text = |life: Option<FlowLife>| {
                life.map_or_else(|| "an unknown life".to_owned(), |life| life.to_string())
            };
            let (this, before) = (text(said.flow_life), text(first));
            let why = format!("its flows have {this}, and those of the file before {before}");
            return Err(LearningError::file(file, why));
        }
        self.inputs.extend(said.inputs);
        Ok(())
    }

    /// Roles by the header; `is_number` tells of a column whether it holds numbers.
    pub fn roles(
        &mut self,
        file: &Path,
        header: &[String],
        is_number: impl Fn(usize) -> bool,
    ) -> Result<Roles, LearningError> {
        let class = self.class_column(file, header)?;
        let capture = self.capture_column(file, header)?;
        let is_feature = |place: &usize| {
            *place != class
                && Some(*place) != capture
                && is_number(*place)
                && !is_identity(&header[*place])
        };
        let features: Vec<usize> = match &self.options.features {
            Some(names) => {
                names.iter().map(|name| place(file, header, name)).collect::<Result<_, _>>()?
            }
            None => (0..header.len()).filter(is_feature).collect(),
        };
        let named: Vec<String> = features.iter().map(|place| header[*place].clone()).collect();
        if self.builder.is_none() {
            let builder = TableBuilder::new(self.profile.clone(), named.clone());
            self.builder =
                Some(builder.map_err(|error| LearningError::file(file, error.to_string()))?);
            self.features = named;
            let taken = features.len() + 1 + usize::from(capture.is_some());
            if taken < header.len() {
                let left = header.len() - taken;
                let note = "columns of text or identity are left out";
                self.notes.push(format!("{left} {note}"));
            }
        } else if named != self.features {
            return Err(LearningError::file(file, "the features are not those of the file before"));
        }
        Ok(Roles { features, class, capture })
    }

    pub fn push(
        &mut self,
        (file, line): (&Path, u64),
        values: &[f64],
        class: &str,
        capture: Option<&str>,
    ) -> Result<(), LearningError> {
        let Some(builder) = &mut self.builder else { return Ok(()) };
        let pushed = builder.push(values, class, capture);
        pushed.map_err(|error| LearningError::line(file, line, error.to_string()))
    }

    fn class_column(&self, file: &Path, header: &[String]) -> Result<usize, LearningError> {
        if let Some(name) = &self.options.class_column {
            return place(file, header, name);
        }
        let place = |name: &&str| header.iter().position(|other| other == name);
        CLASS_COLUMNS.iter().find_map(place).ok_or_else(|| {
            LearningError::file(file, "there is no column class, class1, Class, Label or label")
        })
    }

    fn capture_column(
        &self,
        file: &Path,
        header: &[String],
    ) -> Result<Option<usize>, LearningError> {
        match &self.options.capture_column {
            Some(name) => place(file, header, name).map(Some),
            None => Ok(header.iter().position(|name| CAPTURE_COLUMNS.contains(&name.as_str()))),
        }
    }
}

/// A number, or NaN for an empty cell or `?`.
pub(super) fn number(cell: &str) -> Option<f64> {
    match cell {
        "" | "?" => Some(f64::NAN),
        cell => cell.parse().ok(),
    }
}

fn place(file: &Path, header: &[String], name: &str) -> Result<usize, LearningError> {
    let found = header.iter().position(|other| other == name);
    found.ok_or_else(|| LearningError::file(file, format!("there is no column {name:?}")))
}

/// Whether a column of that name says which flow it is: nothing is learned from it.
pub fn is_identity(name: &str) -> bool {
    let plain = name.trim().to_ascii_lowercase().replace(' ', "_");
    IDENTITIES.contains(&plain.as_str())
}
