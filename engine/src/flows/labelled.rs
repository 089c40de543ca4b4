//! What classifiers and names say of a flow.

use crate::decode::names::Names;
use serde::{Deserialize, Serialize};

/// The last word about a flow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Labelled {
    /// The application, or else the protocol.
    pub label: Option<Choice>,
    /// What kind of traffic it is; decided apart.
    pub traffic_class: Option<Choice>,
    pub names: Names,
}

/// A classifier's verdict that was chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Index into the run's labels.
    pub label: u16,
    /// Index into the run's classifiers.
    pub classifier: u16,
    /// 0 to 1.
    pub confidence: f32,
    /// Why, in the classifier's words.
    pub evidence: Option<Box<str>>,
}
