//! Defaults from `tractor.toml`: values become clap's defaults, so that the command line wins, help
//! shows them, and clap itself judges them.

mod names;
mod plugins;
mod settings;

use clap::builder::Resettable;
use clap::{Arg, ArgAction, Command, Id};
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

const NAME: &str = "tractor.toml";

/// Bytes of a file; a longer one is an error, and not read further.
const CONFIG_BYTES_MAX: usize = 1 << 20;

pub use plugins::FileOption;
pub use settings::{Setting, Source, Value, settings};

/// A file as far as it is about a command line.
pub struct OfFile {
    /// The command line with the file's values as defaults.
    pub command: Command,
    pub plugin_options: Vec<FileOption>,
    /// Where the defaults stand; of two for one flag the later one counts.
    pub origins: Vec<Origin>,
}

/// A line of the file that sets a flag of a command.
#[derive(Debug)]
pub struct Origin {
    command: String,
    flag: Id,
    line: usize,
}

/// The file that a run uses, if there is one: the one named, or the first of the usual places.
pub fn find(named: Option<&PathBuf>) -> Option<PathBuf> {
    if let Some(path) = named {
        return Some(path.clone());
    }
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let configuration = set("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| set("HOME").map(|home| Path::new(&home).join(".config")));
    let for_user = configuration.map(|folder| folder.join("tractor").join(NAME));
    [Some(PathBuf::from(NAME)), for_user].into_iter().flatten().find(|path| path.exists())
}

/// What the file says.
///
/// # Errors
/// A sentence that names the file, and for a wrong entry its line and key.
pub fn apply(command: Command, path: &Path) -> Result<OfFile, String> {
    let file = path.display();
    let text = read_text(path, CONFIG_BYTES_MAX)?;
    let line = |span: &Range<usize>| {
        let before = text.as_bytes().get(..span.start).unwrap_or_default();
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    };
    let at = |(span, wrong): Wrong| format!("{file}, line {}: {wrong}", line(&span));
    let table = DeTable::parse(&text).map_err(|wrong| {
        at((wrong.span().unwrap_or_default(), wrong.message().replace('\n', ", ")))
    })?;
    let table = table.get_ref();
    let plugin_options = plugins::options(table, &line).map_err(at)?;
    let (command, places) = defaults(command, table).map_err(at)?;
    let origins = places.into_iter().map(|(command, flag, span)| {
        let line = line(&span);
        Origin { command, flag, line }
    });
    Ok(OfFile { command, plugin_options, origins: origins.collect() })
}

/// A small file of text; a longer one than `bytes_max` is an error.
///
/// # Errors
/// A sentence that names the file.
pub fn read_text(path: &Path, bytes_max: usize) -> Result<String, String> {
    let cannot = |cause: &str| format!("cannot read {}: {cause}", path.display());
    let mut bytes = Vec::new();
    // A byte more than may be, and no more of a device that has no end.
    let read =
        File::open(path).and_then(|file| file.take(bytes_max as u64 + 1).read_to_end(&mut bytes));
    if let Err(cause) = read {
        let cause = cause.to_string();
        return Err(cannot(cause.split(" (os error").next().unwrap_or_default()));
    }
    if bytes.len() > bytes_max {
        return Err(cannot(&format!("it is longer than {bytes_max} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| cannot("it is not UTF-8"))
}

/// A place in the file and what is wrong there.
type Wrong = (Range<usize>, String);

/// A command, a flag of it, and where a default for it stands.
type Place = (String, Id, Range<usize>);

fn defaults(mut command: Command, table: &DeTable<'_>) -> Result<(Command, Vec<Place>), Wrong> {
    let mut places = Vec::new();
    let known: Vec<String> =
        command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
    let is_known = |key: &str| known.iter().any(|name| name == key);
    for (key, value) in table.iter().filter(|(key, _)| !is_known(key.get_ref())) {
        if command.get_subcommands().any(|one| names::flag(one, key.get_ref()).is_some()) {
            continue;
        }
        let wrong = match value.get_ref() {
            DeValue::Table(_) => names::unknown_table(&command, key.get_ref()),
            _ => names::unknown_at_top(&command, key.get_ref()),
        };
        return Err((key.span(), wrong));
    }
    for name in &known {
        command = with_defaults(command, name, table, &known, &mut places)?;
        let Some(value) = table.get(name.as_str()) else { continue };
        // It is a command, a flag and the table of all plugins.
        if name == plugins::TABLE {
            continue;
        }
        let DeValue::Table(own) = value.get_ref() else {
            // Some commands have the name of a flag of another one.
            if command.get_subcommands().any(|one| names::flag(one, name).is_some()) {
                continue;
            }
            return Err((value.span(), format!("{name} is a command: write [{name}]")));
        };
        if let Some(of) = command.find_subcommand(name) {
            let unknown = own.keys().find(|key| names::flag(of, key.get_ref()).is_none());
            if let Some(key) = unknown {
                return Err((key.span(), names::unknown_of(&command, of, key.get_ref())));
            }
        }
        // A command's own table comes last, so that it wins.
        command = with_defaults(command, name, own, &[], &mut places)?;
    }
    Ok((command, places))
}

/// With the defaults of those keys that are flags of the command `of`. In the table at the top
/// those of the commands stand, too.
fn with_defaults(
    mut command: Command,
    of: &str,
    table: &DeTable<'_>,
    commands: &[String],
    places: &mut Vec<Place>,
) -> Result<Command, Wrong> {
    let mut set: Vec<(Id, &str)> = Vec::new();
    let is_of_a_command = |key: &str, value: &DeValue<'_>| {
        matches!(value, DeValue::Table(_)) && commands.iter().any(|name| name == key)
    };
    for (key, value) in table.iter().filter(|(key, value)| !plugins::are_in(key, value)) {
        if is_of_a_command(key.get_ref(), value.get_ref()) {
            continue;
        }
        let flag = command.find_subcommand(of).and_then(|one| names::flag(one, key.get_ref()));
        let Some(flag) = flag else { continue };
        let id = flag.get_id().clone();
        if let Some((_, other)) = set.iter().find(|(one, _)| *one == id) {
            let wrong = format!("{} is another name of {other}, which is set too", key.get_ref());
            return Err((key.span(), wrong));
        }
        let texts = texts(flag, key.get_ref(), value)?;
        set.push((id.clone(), key.get_ref()));
        places.push((of.to_owned(), id.clone(), key.span()));
        command = command.mut_subcommand(of, |one| {
            names::changed(one, &id, |flag| flag.default_values(texts.clone()).required(false))
        });
    }
    Ok(command)
}

/// A value as the command line would have it, and as clap finds it right.
fn texts(flag: &Arg, key: &str, value: &Spanned<DeValue<'_>>) -> Result<Vec<String>, Wrong> {
    let wrong = |text: String| (value.span(), format!("{key}: {text}"));
    let is_switch = matches!(flag.get_action(), ArgAction::SetTrue);
    let texts = match (value.get_ref(), flag.get_action()) {
        (DeValue::Array(values), ArgAction::Append) => {
            values.iter().map(|one| text(one.get_ref())).collect::<Option<Vec<_>>>()
        }
        (DeValue::Boolean(_), _) if !is_switch => None,
        (DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_), _) if is_switch => None,
        (one, _) => text(one).map(|text| vec![text]),
    };
    let expected = if is_switch { "true or false" } else { "a text in quotes or a number" };
    let texts = texts.ok_or_else(|| wrong(format!("give {expected}")))?;
    if !is_switch {
        // Alone in a command, so that only its own value is judged.
        let judge = flag.clone().required(false).exclusive(false).conflicts_with(Resettable::Reset);
        let judge = Command::new("judge").no_binary_name(true).arg(judge);
        let words = texts.iter().map(|text| format!("--{key}={text}"));
        judge.try_get_matches_from(words).map_err(|error| wrong(first_sentence(&error)))?;
    }
    Ok(texts)
}

/// As one would type it.
fn text(value: &DeValue<'_>) -> Option<String> {
    Some(match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(is_so) => is_so.to_string(),
        _ => return None,
    })
}

/// What clap complains of, in one line.
fn first_sentence(error: &clap::Error) -> String {
    let text = error.to_string();
    let first = text.trim_start_matches("error: ").split("\n\n").next().unwrap_or_default();
    first.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}
