//! `tractor profiles`: which profiles there are, and their columns.

use super::print;
use crate::Exit;
use crate::cli::ProfilesArguments;
use std::fmt::Write;
use tractor_engine::profiles::{Layout, Profile};

pub fn run(arguments: &ProfilesArguments) -> Exit {
    let text = arguments.name.map_or_else(all, columns);
    print(&text).err().unwrap_or(Exit::Success)
}

fn all() -> String {
    let mut text = String::new();
    for profile in Profile::all() {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(
            text,
            "{:12} version {}, {} columns\n    {}",
            profile.name,
            profile.version,
            Layout::of_flows(profile, false, false).columns().count(),
            profile.about
        );
    }
    text
}

fn columns(profile: &'static Profile) -> String {
    let layout = Layout::of_flows(profile, false, false);
    let mut text = format!("{} version {}\n{}\n\n", profile.name, profile.version, profile.about);
    let widest = layout.columns().map(|column| column.name.len()).max().unwrap_or(0);
    for (number, column) in layout.columns().enumerate() {
        let _ = writeln!(
            text,
            "{:>3}  {:widest$}  {:8}  {:8}  {}",
            number + 1,
            column.name,
            column.kind.name(),
            column.unit,
            column.meaning
        );
    }
    text
}
