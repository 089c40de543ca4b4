//! What a model file says of its model, for people and for programs.

use crate::limits::{CLASSES_MAX, FEATURES_MAX, LABEL_BYTES_MAX, NAME_BYTES_MAX};
use crate::model::Model;
use crate::table::Profile;
use crate::train::Parameters;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What [`is_label`] asks for, in words.
pub const LABEL_SHAPE: &str = "a-z, A-Z, 0-9, _, - and ., 1 to 63 bytes";

/// Whether flows can be labelled with that: a class of a model, or the group of its classes. Models may have
/// other classes, and flows cannot be judged by them.
pub fn is_label(name: &str) -> bool {
    let may_be = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    (1..=LABEL_BYTES_MAX).contains(&name.len()) && name.bytes().all(may_be)
}

/// The first part of a model file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// `forest`, `boosting`, `nearest`, `logistic`, or `onnx` for a model that came as such.
    pub kind: String,
    /// The profile of the features.
    pub profile: Profile,
    /// How the flows were cut that it learned from, where that is known.
    pub flow_life: Option<FlowLife>,
    /// What the classes are of, such as `traffic_class`.
    pub label_group: String,
    /// In the order of the model's answers.
    pub classes: Vec<String>,
    /// In the order of a row.
    pub features: Vec<String>,
    /// By feature, its share of what all splits gained; empty where the kind has none.
    pub importances: Vec<f64>,
    /// Nothing for a model that was trained elsewhere.
    pub manifest: Option<Manifest>,
}

/// How flows are cut, in microseconds of packet time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowLife {
    pub idle_timeout_us: Option<u64>,
    pub active_timeout_us: Option<u64>,
    /// Rows are of windows of flows, not of flows.
    pub window_us: Option<u64>,
}

impl fmt::Display for FlowLife {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |value: Option<u64>| match value {
            Some(us) => format!("{} s", us as f64 / 1e6),
            None => "none".to_owned(),
        };
        let (idle, active) = (part(self.idle_timeout_us), part(self.active_timeout_us));
        write!(
            formatter,
            "idle timeout {idle}, active timeout {active}, window {}",
            part(self.window_us)
        )
    }
}

/// From what a model was trained, and how: enough to do it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub rows: u64,
    /// In the order of the classes.
    pub rows_of_classes: Vec<ClassCount>,
    pub inputs: Vec<Input>,
    pub seed: u64,
    pub parameters: Parameters,
    /// As the caller gives it: this crate asks no clock.
    pub date: String,
    /// The version of this crate.
    pub version: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassCount {
    pub class: String,
    pub rows: u64,
}

/// A file that was learned from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Without its folder.
    pub name: String,
    /// A hash of its bytes, with the name of the function: `sha256:...`.
    pub hash: String,
}

impl Header {
    /// Whether names are as many as the model has features and classes.
    pub(super) fn check(&self, model: &Model) -> Result<(), String> {
        let counts = [
            ("features", self.features.len(), model.features(), FEATURES_MAX),
            ("classes", self.classes.len(), model.classes(), CLASSES_MAX),
        ];
        for (what, named, there, max) in counts {
            if named != there || named > max {
                return Err(format!("{named} {what} are named, and the model has {there}"));
            }
        }
        let names = self.features.iter().chain(&self.classes);
        if let Some(long) = names.map(String::len).find(|bytes| *bytes > NAME_BYTES_MAX) {
            return Err(format!("a name of {long} bytes"));
        }
        match self.importances.len() {
            0 => Ok(()),
            count if count == self.features.len() => Ok(()),
            count => Err(format!("{count} importances of {} features", self.features.len())),
        }
    }
}
