//! Whether two verdicts are the same, and what they are in words.

use super::super::{Labels, Tag};
use super::bench::Answer;

/// Whether anything that a run could show is different.
pub fn what_differs(one: &Answer, other: &Answer) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => {
            let seen = |tag: &Tag| (tag.label, tag.confidence.to_bits(), tag.evidence.clone());
            !one.iter().map(seen).eq(other.iter().map(seen))
        }
        (None, None) => false,
        _ => true,
    }
}

pub fn said(tags: Option<&[Tag]>, labels: &Labels) -> String {
    let Some(tags) = tags else { return "an error".to_owned() };
    let one = |tag: &Tag| match tag.label {
        None => "a verdict taken back".to_owned(),
        Some(label) => {
            let label = labels.get(label);
            let why = tag.evidence.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
            format!("{}/{} {:.2}{why}", label.group, label.name, tag.confidence)
        }
    };
    match tags.is_empty() {
        true => "nothing".to_owned(),
        false => tags.iter().map(one).collect::<Vec<_>>().join(" + "),
    }
}
