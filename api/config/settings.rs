//! The values of all flags as they are when none is typed, and where each comes from.

use super::{FileOption, Origin, names};
use clap::{Arg, ArgAction, Command};
use std::ffi::OsStr;

/// A flag of a command, and its value.
#[derive(Clone, Debug)]
pub struct Setting {
    pub command: String,
    /// By its long name.
    pub flag: String,
    pub value: Value,
    pub source: Source,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// None: what then holds depends on other things, as the help says.
    None,
    Switch(bool),
    Text(String),
    /// Of a flag that may be given several times.
    List(Vec<String>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Default,
    /// A line of the file.
    Line(usize),
    /// A variable's name.
    Environment(String),
}

/// All settings of a command line that has the defaults of a file, in the order of the one that
/// has not: clap moves commands that are changed.
pub fn settings(
    before: &Command,
    program: &Command,
    origins: &[Origin],
    options: &[FileOption],
) -> Vec<Setting> {
    let mut settings = Vec::new();
    let names = before.get_subcommands().filter(|one| !one.is_hide_set()).map(Command::get_name);
    for command in names.filter_map(|name| program.find_subcommand(name)) {
        let name = command.get_name();
        for flag in names::flags(command) {
            let is_its = |one: &&Origin| one.command == name && one.flag == flag.get_id().as_str();
            let line = origins.iter().rev().find(is_its).map(|one| one.line);
            let (value, source) = value(flag, line);
            let flag = flag.get_long().unwrap_or_default().to_owned();
            settings.push(Setting { command: name.to_owned(), flag, value, source });
        }
        // Those of the file stand in tables of their own.
        let takes_options = names::flag(command, "plugin-option").is_some();
        settings.extend(options.iter().filter(|_| takes_options).map(|one| Setting {
            command: name.to_owned(),
            flag: "plugin-option".to_owned(),
            value: Value::Text(format!("{}.{}={}", one.id, one.key, one.value)),
            source: Source::Line(one.line),
        }));
    }
    settings
}

fn value(flag: &Arg, line: Option<usize>) -> (Value, Source) {
    let variable = flag.get_env().and_then(|name| Some((name, std::env::var_os(name)?)));
    if let Some((name, text)) = variable {
        return (shaped(flag, &[&text]), Source::Environment(shown(name)));
    }
    let defaults: Vec<&OsStr> = flag.get_default_values().iter().map(AsRef::as_ref).collect();
    (shaped(flag, &defaults), line.map_or(Source::Default, Source::Line))
}

fn shaped(flag: &Arg, texts: &[&OsStr]) -> Value {
    match (flag.get_action(), texts) {
        (ArgAction::SetTrue, texts) => {
            Value::Switch(texts.first().is_some_and(|one| *one == "true"))
        }
        (ArgAction::Append, texts) => Value::List(texts.iter().map(|one| shown(one)).collect()),
        (_, [first, ..]) => Value::Text(shown(first)),
        (_, []) => Value::None,
    }
}

fn shown(text: &OsStr) -> String {
    text.to_string_lossy().into_owned()
}
