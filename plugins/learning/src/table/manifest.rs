//! What a data set says of itself, so that nobody has to say it again when something learns from it. In a
//! Parquet file it is JSON in the key-value metadata, under `tractor.dataset`.

use super::{Profile, Table};
use crate::file::{ClassCount, FlowLife, Input};
use serde::{Deserialize, Serialize};

/// Where a Parquet file has it.
pub const KEY: &str = "tractor.dataset";

/// Where `tractor flows --format parquet` has profile and version.
#[cfg(feature = "tables")]
pub(super) const PROFILE_KEYS: [&str; 2] = ["tractor.profile", "tractor.profile_version"];

/// Where a data set comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DatasetManifest {
    pub profile: Profile,
    /// How flows were cut, where that is known.
    pub flow_life: Option<FlowLife>,
    pub rows: u64,
    /// In the order of the classes.
    pub rows_of_classes: Vec<ClassCount>,
    /// The captures, with hashes.
    pub inputs: Vec<Input>,
    /// The version of the program that made it.
    pub version: String,
}

impl DatasetManifest {
    pub fn of(table: &Table) -> DatasetManifest {
        let named = table.classes.iter().cloned().zip(table.class_counts());
        DatasetManifest {
            profile: table.profile.clone(),
            flow_life: table.flow_life,
            rows: table.rows() as u64,
            rows_of_classes: named
                .map(|(class, rows)| ClassCount { class, rows: rows as u64 })
                .collect(),
            inputs: table.inputs.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}
