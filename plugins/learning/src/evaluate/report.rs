//! What there is to say of a training: the data, several ways to split side by side, and what features did.

use super::{Evaluation, html, text};
use crate::table::{Profile, Warnings};
use serde::{Deserialize, Serialize};

/// Everything that a report shows; `text`, `html` and serde's JSON are ways to see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Kind of the model.
    pub kind: String,
    pub profile: Profile,
    pub rows: usize,
    pub classes: Vec<String>,
    pub warnings: Warnings,
    /// Classes whose rows all come from one capture, where captures are known.
    pub classes_of_one_capture: Vec<String>,
    pub notes: Vec<String>,
    /// The strictest split first: by captures or blocks, then at random.
    pub evaluations: Vec<Evaluation>,
    /// Features and their shares of what all splits gained, the greatest first.
    pub importances: Vec<(String, f64)>,
}

impl Report {
    /// For people, some lines.
    pub fn text(&self) -> String {
        text::of(self)
    }

    /// One page that needs nothing else: no script, drawings as SVG.
    pub fn html(&self) -> String {
        html::of(self)
    }

    /// What a reader should know before believing the numbers, a sentence each.
    pub fn cautions(&self) -> Vec<String> {
        let mut cautions = Vec::new();
        let counted = [
            (self.warnings.duplicate_rows, "rows are exact duplicates of others"),
            (self.warnings.conflicting_rows, "rows are also there under another class"),
        ];
        for (count, what) in counted.into_iter().filter(|(count, _)| *count > 0) {
            cautions.push(format!("{count} rows of {}: {what}", self.rows));
        }
        if !self.classes_of_one_capture.is_empty() {
            cautions.push(one_capture(&self.classes_of_one_capture));
        }
        for evaluation in self.evaluations.iter().filter(|one| one.leakage.rows > 0) {
            let (captures, rows) = (evaluation.leakage.captures, evaluation.leakage.rows);
            let split = evaluation.split.name();
            cautions.push(format!(
                "the {split} split has {captures} captures, of {rows} rows, on both sides"
            ));
        }
        cautions
    }
}

/// What to say of classes that come from one capture each.
pub fn one_capture(classes: &[String]) -> String {
    let classes = classes.join(", ");
    format!(
        "one capture alone has the rows of {classes}: a model may know the capture, not the class"
    )
}
