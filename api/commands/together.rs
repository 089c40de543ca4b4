//! Flags that do not go together. What was typed wins over what the configuration file adds.

use crate::cli::{FlowsArguments, Format};
use std::path::Path;

/// Two flags that do not go together, or one that does not go without another, by the names of their
/// fields, and why.
struct Clash {
    flags: &'static [&'static str],
    why: String,
}

/// The arguments without what the configuration file adds and what was typed does not go with.
///
/// # Errors
/// Why the rest does not go together.
pub fn agreed(arguments: &FlowsArguments) -> Result<FlowsArguments, String> {
    let mut agreed = arguments.clone();
    let is_typed = |flag: &str| arguments.options.is_typed(flag);
    for Clash { flags, .. } in clashes(arguments) {
        let &[one, other] = flags else { continue };
        match (is_typed(one), is_typed(other)) {
            (true, false) => leave_out(&mut agreed, other),
            (false, true) => leave_out(&mut agreed, one),
            _ => {}
        }
    }
    let Some(Clash { flags, why }) = clashes(&agreed).into_iter().next() else {
        return Ok(agreed);
    };
    // Our own defaults go together.
    let of_file: Vec<_> =
        flags.iter().filter(|flag| !is_typed(flag)).map(|flag| flag.replace('_', "-")).collect();
    Err(match of_file.is_empty() {
        true => why,
        false => format!("{why} (the configuration file sets {})", of_file.join(" and ")),
    })
}

/// Only what a file adds: of profiles and formats there is always one, and the command line can
/// name another.
fn leave_out(arguments: &mut FlowsArguments, flag: &str) {
    match flag {
        "splt" => arguments.splt = None,
        "window" => arguments.window = None,
        "with_id" => arguments.with_id = false,
        "outer" => arguments.options.outer = false,
        _ => {}
    }
}

fn clashes(arguments: &FlowsArguments) -> Vec<Clash> {
    let FlowsArguments { format, window, splt, with_id, options, of_sessions, .. } = arguments;
    let profile = options.profile;
    let (name, is_zeek, has_window) = (profile.name, *format == Format::Zeek, window.is_some());
    let clash = |is_so: bool, flags: &'static [&'static str], why: &str| {
        is_so.then(|| Clash { flags, why: why.to_owned() })
    };
    let known = [
        clash(
            is_zeek && name != "native",
            &["format", "profile"],
            "the format zeek is of the profile native only",
        ),
        clash(
            is_zeek && *of_sessions,
            &["format"],
            "the format zeek is of flows: sessions have no conn.log",
        ),
        clash(
            *of_sessions && !profile.has_sessions(),
            &["profile"],
            &format!("the profile {name} has no sessions: its columns are of one connection"),
        ),
        clash(
            is_zeek && has_window,
            &["format", "window"],
            "the format zeek has no rows of windows",
        ),
        clash(
            is_zeek && splt.is_some(),
            &["format", "splt"],
            "the format zeek does not show packets one by one (--splt)",
        ),
        clash(
            *format == Format::Arff && splt.is_some(),
            &["format", "splt"],
            "the format arff has no lists of packets (--splt)",
        ),
        clash(
            has_window && !profile.columns.has_windows(),
            &["profile", "window"],
            &format!("the profile {name} has no rows of windows"),
        ),
        clash(
            has_window && splt.is_some(),
            &["window", "splt"],
            "rows of windows do not show packets one by one (--splt)",
        ),
        clash(
            has_window && *with_id,
            &["window", "with_id"],
            "rows of windows begin with flow_id alone, not with all of --with-id",
        ),
        clash(
            arguments.follow && *format == Format::Parquet,
            &["follow", "format"],
            "a followed folder has no end, and parquet is written as a whole: take csv or jsonl",
        ),
        clash(
            arguments.checkpoint.is_some() && arguments.output == Path::new("-"),
            &["checkpoint"],
            "what went to standard output cannot be cut to a checkpoint: name a file with -o",
        ),
        clash(
            arguments.follow && options.merge,
            &["follow", "merge"],
            "a followed folder is read as its files come, not interleaved (--merge)",
        ),
        clash(
            options.outer && profile.reading.is_copied(),
            &["profile", "outer"],
            &not_outer(name),
        ),
    ];
    known.into_iter().flatten().collect()
}

/// Why a profile that copies another program does not go with --outer.
pub fn not_outer(profile: &str) -> String {
    format!("the profile {profile} reads tunnels by its own rules, not by --outer")
}
