//! The published feature files of ISCX VPN-nonVPN 2016 (Draper-Gil et al., ICISSP 2016), whose scenario
//! A1 has eight columns under wrong names.
//!
//! | A1 says | it holds |
//! |---|---|
//! | total_fiat, total_biat | min_fiat, min_biat |
//! | min_fiat, min_biat | max_fiat, max_biat |
//! | max_fiat, max_biat | mean_fiat, mean_biat |
//! | mean_fiat, mean_biat | std_fiat, std_biat |
//!
//! Found by computing the columns of flows that are in A1 and in A2, whose names are right. TrActor's
//! profile `iscx` prints A1's names, shifted as they are.

use super::{Profile, Table};

/// The header of A1 and of A2, without the class.
pub const PUBLISHED: [&str; 23] = [
    "duration",
    "total_fiat",
    "total_biat",
    "min_fiat",
    "min_biat",
    "max_fiat",
    "max_biat",
    "mean_fiat",
    "mean_biat",
    "flowPktsPerSecond",
    "flowBytesPerSecond",
    "min_flowiat",
    "max_flowiat",
    "mean_flowiat",
    "std_flowiat",
    "min_active",
    "mean_active",
    "max_active",
    "std_active",
    "min_idle",
    "mean_idle",
    "max_idle",
    "std_idle",
];

const HELD: [(&str, &str); 8] = [
    ("total_fiat", "min_fiat"),
    ("total_biat", "min_biat"),
    ("min_fiat", "max_fiat"),
    ("min_biat", "max_biat"),
    ("max_fiat", "mean_fiat"),
    ("max_biat", "mean_biat"),
    ("mean_fiat", "std_fiat"),
    ("mean_biat", "std_biat"),
];

const A1_CLASSES: [&str; 2] = ["Non-VPN", "VPN"];

/// What a column of A1, or of the profile `iscx`, holds.
pub fn held_by(name: &str) -> &str {
    HELD.iter().find(|(said, _)| *said == name).map_or(name, |(_, held)| held)
}

/// The names under which a model knows features of this profile.
pub fn true_names(profile: &Profile, features: &[String]) -> Vec<String> {
    let is_shifted = profile.name == "iscx" && is_published(features);
    let name = |name: &String| if is_shifted { held_by(name).to_owned() } else { name.clone() };
    features.iter().map(name).collect()
}

/// Recognises the published files by header and classes, and renames the columns of A1.
pub(super) fn put_right(table: &mut Table) {
    if !is_published(&table.features) {
        return;
    }
    if table.profile.name.is_empty() {
        let is_a1 = table.classes.iter().all(|class| A1_CLASSES.contains(&class.as_str()));
        let name = if is_a1 { "iscx" } else { "iscx-a2" };
        table.profile = Profile { name: name.to_owned(), version: 1 };
        table.notes.push(format!("taken as profile {}, by header and classes", table.profile));
    }
    let renamed = true_names(&table.profile, &table.features);
    if renamed != table.features {
        table.features = renamed;
        let note =
            "eight columns have the names of what they hold, which the profile iscx has shifted";
        table.notes.push(note.to_owned());
    }
}

fn is_published(features: &[String]) -> bool {
    features.iter().map(String::as_str).eq(PUBLISHED)
}
