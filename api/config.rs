//! Defaults from `tractor.toml`: values become clap's defaults, so that the command line wins, help
//! shows them, and clap itself judges them.

use clap::{Arg, ArgAction, Command};
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

const NAME: &str = "tractor.toml";

/// Tables that belong to others.
const NOT_OURS: &str = "plugins";

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

/// The command line with the file's values as defaults.
///
/// # Errors
/// A sentence that names the file, and for a wrong entry its line and key.
pub fn apply(command: Command, path: &Path) -> Result<Command, String> {
    let file = path.display();
    let text = std::fs::read_to_string(path).map_err(|cause| {
        let cause = cause.to_string();
        format!("cannot read {file}: {}", cause.split(" (os error").next().unwrap_or_default())
    })?;
    let at = |(span, wrong): (Range<usize>, String)| {
        let before = text.as_bytes().get(..span.start).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        format!("{file}, line {line}: {wrong}")
    };
    let table = DeTable::parse(&text).map_err(|wrong| {
        at((wrong.span().unwrap_or_default(), wrong.message().replace('\n', ", ")))
    })?;
    defaults(command, table.get_ref()).map_err(at)
}

/// A place in the file and what is wrong there.
type Wrong = (Range<usize>, String);

fn defaults(mut command: Command, table: &DeTable<'_>) -> Result<Command, Wrong> {
    let names: Vec<String> =
        command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
    let is_table = |name: &str| name == NOT_OURS || names.iter().any(|known| known == name);
    // A command's own table comes last, so that it wins.
    for (key, value) in table.iter().filter(|(key, _)| !is_table(key.get_ref())) {
        let takes = |name: &&String| {
            command.find_subcommand(name).is_some_and(|one| flag(one, key.get_ref()).is_some())
        };
        let takers: Vec<String> = names.iter().filter(takes).cloned().collect();
        if takers.is_empty() {
            return Err((key.span(), format!("no command has a flag {}", key.get_ref())));
        }
        for name in takers {
            command = with_default(command, &name, key.get_ref(), value)?;
        }
    }
    for name in &names {
        let Some(value) = table.get(name.as_str()) else { continue };
        let DeValue::Table(own) = value.get_ref() else {
            return Err((value.span(), format!("{name} is a command: write [{name}]")));
        };
        for (key, value) in own {
            let known = command.find_subcommand(name).map(flags).unwrap_or_default();
            if !known.iter().any(|flag| flag == key.get_ref()) {
                let known = match known.is_empty() {
                    true => "it has none".to_owned(),
                    false => format!("it has {}", known.join(", ")),
                };
                let wrong = format!("{name} has no flag {}; {known}", key.get_ref());
                return Err((key.span(), wrong));
            }
            command = with_default(command, name, key.get_ref(), value)?;
        }
    }
    Ok(command)
}

/// Whether a file may set it: the flags of one command, not the global ones, which are about a run,
/// nor the hidden ones, which are for tests.
fn may_be_set(argument: &Arg) -> bool {
    let action = argument.get_action();
    let is_set = matches!(action, ArgAction::Set | ArgAction::Append | ArgAction::SetTrue);
    let is_ours = argument.is_global_set() || argument.is_hide_set();
    argument.get_long().is_some() && !is_ours && is_set
}

fn flag<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|one| may_be_set(one) && one.get_long() == Some(name))
}

fn flags(command: &Command) -> Vec<String> {
    let shown = command.get_arguments().filter(|one| may_be_set(one));
    shown.filter_map(|one| one.get_long().map(str::to_owned)).collect()
}

fn with_default(
    command: Command,
    of: &str,
    key: &str,
    value: &Spanned<DeValue<'_>>,
) -> Result<Command, Wrong> {
    let Some(argument) = command.find_subcommand(of).and_then(|one| flag(one, key)) else {
        return Ok(command);
    };
    let wrong = |text: String| (value.span(), format!("{key}: {text}"));
    let is_switch = matches!(argument.get_action(), ArgAction::SetTrue);
    let texts = match (value.get_ref(), argument.get_action()) {
        (DeValue::Array(values), ArgAction::Append) => {
            values.iter().map(|one| text(one.get_ref())).collect::<Option<Vec<_>>>()
        }
        (DeValue::Boolean(_), _) if !is_switch => None,
        (DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_), _) if is_switch => None,
        (one, _) => text(one).map(|text| vec![text]),
    };
    let expected = if is_switch { "true or false" } else { "a text in quotes or a number" };
    let texts = texts.ok_or_else(|| wrong(format!("give {expected}")))?;
    let (id, judge) = (argument.get_id().clone(), argument.clone());
    if !is_switch {
        // Alone in a command, so that only its own value is judged.
        let judge = judge.required(false).exclusive(false);
        let judge = Command::new("judge").no_binary_name(true).arg(judge);
        let words = texts.iter().map(|text| format!("--{key}={text}"));
        judge.try_get_matches_from(words).map_err(|error| wrong(first_sentence(&error)))?;
    }
    Ok(command.mut_subcommand(of, |one| one.mut_arg(id, |argument| argument.default_values(texts))))
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
