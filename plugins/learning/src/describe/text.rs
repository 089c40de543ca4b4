//! A description as lines of text.

use super::{Description, FeatureRange};
use crate::evaluate::one_capture;
use std::fmt::Write;

/// Weights of a component that are shown.
const WEIGHTS_SHOWN: usize = 5;

pub(super) fn of(description: &Description) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write(description, &mut text);
    text
}

fn write(description: &Description, to: &mut String) -> std::fmt::Result {
    let Description { rows, profile, captures, warnings, .. } = description;
    writeln!(to, "{rows} rows of profile {profile}, from {captures} known captures")?;
    for note in &description.notes {
        writeln!(to, "note: {note}")?;
    }
    if warnings.duplicate_rows > 0 {
        writeln!(to, "warning: {} rows are exact duplicates", warnings.duplicate_rows)?;
    }
    if warnings.conflicting_rows > 0 {
        let count = warnings.conflicting_rows;
        writeln!(to, "warning: {count} rows are also there under another class")?;
    }
    if !description.classes_of_one_capture.is_empty() {
        writeln!(to, "warning: {}", one_capture(&description.classes_of_one_capture))?;
    }
    if let Some(leakage) = description.random_leakage.filter(|leakage| leakage.rows > 0) {
        let (captures, rows) = (leakage.captures, leakage.rows);
        writeln!(
            to,
            "leakage: split at random, {captures} captures, of {rows} rows, are on both sides"
        )?;
    }
    writeln!(to, "\n{:<32} {:>10}", "class", "rows")?;
    for (class, rows) in &description.classes {
        writeln!(to, "{class:<32} {rows:>10}")?;
    }
    let names = ["feature", "missing", "least", "median", "mean", "greatest"];
    let [feature, missing, least, median, mean, greatest] = names;
    write!(
        to,
        "\n{feature:<32} {missing:>10} {least:>14} {median:>14} {mean:>14} {greatest:>14}\n"
    )?;
    for FeatureRange { name, missing, least, median, mean, greatest } in &description.features {
        write!(to, "{name:<32} {missing:>10}")?;
        for number in [least, median, mean, greatest] {
            let shown = number.map_or("-".to_owned(), |number| format!("{number:.3}"));
            write!(to, " {shown:>14}")?;
        }
        writeln!(to)?;
    }
    writeln!(to, "\n{:<10} {:>10} {:>10}  most of its rows", "cluster", "rows", "radius")?;
    for (number, cluster) in description.clusters.iter().enumerate() {
        let (rows, of_class) = (cluster.rows, cluster.class_rows);
        let radius = cluster.radius;
        writeln!(
            to,
            "{:<10} {rows:>10} {radius:>10.3}  {} ({of_class})",
            number + 1,
            cluster.class
        )?;
    }
    for (number, component) in description.components.iter().enumerate() {
        let part = 100.0 * component.part;
        write!(to, "\ncomponent {}: {part:.1} % of the variance:", number + 1)?;
        for (name, weight) in component.weights.iter().take(WEIGHTS_SHOWN) {
            write!(to, " {name} {weight:+.2}")?;
        }
    }
    writeln!(to)
}
