//! Which keys a file may have, and what is right where it has another.

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, Command, Id};

/// Whether a file may set it: the flags of one command, not the global ones, which are about a run,
/// nor the hidden ones, which are for tests.
fn may_be_set(argument: &Arg) -> bool {
    let action = argument.get_action();
    let is_set = matches!(action, ArgAction::Set | ArgAction::Append | ArgAction::SetTrue);
    let is_ours = argument.is_global_set() || argument.is_hide_set();
    argument.get_long().is_some() && !is_ours && is_set
}

/// Commands whose flags are those of the word behind them: `tractor dataset build`. They have one table
/// together.
const OF_ACTIONS: [&str; 1] = ["dataset"];

/// A command, and what is meant with it in its table.
fn meant(command: &Command) -> impl Iterator<Item = &Command> {
    let has_actions = OF_ACTIONS.contains(&command.get_name());
    let actions = command.get_subcommands().filter(move |_| has_actions);
    std::iter::once(command).chain(actions)
}

/// The command with a flag of it changed, or of its actions.
pub fn changed(command: Command, id: &Id, change: impl Fn(Arg) -> Arg) -> Command {
    let has = |command: &Command| command.get_arguments().any(|one| one.get_id() == id);
    let of: Vec<String> = meant(&command)
        .skip(1)
        .filter(|one| has(one))
        .map(|one| one.get_name().to_owned())
        .collect();
    let own = has(&command);
    let command = if own { command.mut_arg(id.clone(), &change) } else { command };
    of.into_iter().fold(command, |command, action| {
        command.mut_subcommand(action, |one| one.mut_arg(id.clone(), &change))
    })
}

/// The flag of that name, or with that alias.
pub fn flag<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    let is_it = |one: &&Arg| {
        let aliases = one.get_all_aliases().unwrap_or_default();
        may_be_set(one) && (one.get_long() == Some(name) || aliases.contains(&name))
    };
    meant(command).flat_map(Command::get_arguments).find(is_it)
}

/// What to say of a key at the top of the file that is no flag of any command.
pub fn unknown_at_top(program: &Command, key: &str) -> String {
    if program.get_arguments().any(|one| one.is_global_set() && one.get_long() == Some(key)) {
        return format!("{key} is for the command line only");
    }
    let mut all: Vec<&Arg> = program.get_subcommands().flat_map(flags).collect();
    all.sort_by_key(|one| one.get_long());
    all.dedup_by_key(|one| one.get_long());
    let known = match nearest(&all, key) {
        Some(name) => format!("did you mean {name}?"),
        None => format!("there are {}", listed(&all)),
    };
    format!("no command has a flag {key}; {known}")
}

/// What to say of a table that is of no command.
pub fn unknown_table(program: &Command, key: &str) -> String {
    let names: Vec<&str> = program.get_subcommands().map(Command::get_name).collect();
    format!("there is no command {key}; there are {}", names.join(", "))
}

/// What to say of a key in a command's table that is no flag of the command.
pub fn unknown_of(program: &Command, command: &Command, key: &str) -> String {
    let own: Vec<&Arg> = flags(command).collect();
    let others = program.get_subcommands().filter(|other| flag(other, key).is_some());
    let others: Vec<&str> = others.map(Command::get_name).collect();
    let known = match nearest(&own, key) {
        _ if !others.is_empty() => format!("{key} is a flag of {}", others.join(" and ")),
        Some(name) => format!("did you mean {name}?"),
        None if own.is_empty() => "it has none".to_owned(),
        None => format!("it has {}", listed(&own)),
    };
    format!("{} has no flag {key}; {known}", command.get_name())
}

/// The flags of a command that a file may set, each once.
pub fn flags(command: &Command) -> impl Iterator<Item = &Arg> {
    let mut seen = Vec::new();
    let all = meant(command).flat_map(Command::get_arguments).filter(|one| may_be_set(one));
    all.filter(move |one| {
        let is_new = !seen.contains(&one.get_id());
        seen.push(one.get_id());
        is_new
    })
}

fn listed(flags: &[&Arg]) -> String {
    let names: Vec<&str> = flags.iter().filter_map(|one| one.get_long()).collect();
    names.join(", ")
}

/// The name that somebody who wrote `key` may have meant, as clap suggests it on a command line.
fn nearest(flags: &[&Arg], key: &str) -> Option<String> {
    let names = flags.iter().flat_map(|one| {
        let aliases = one.get_all_aliases().unwrap_or_default();
        one.get_long().into_iter().chain(aliases)
    });
    let known = names.map(|name| Arg::new(name.to_owned()).long(name.to_owned()));
    let judge = Command::new("judge").no_binary_name(true).disable_help_flag(true).args(known);
    let error = judge.try_get_matches_from([format!("--{key}")]).err()?;
    match error.get(ContextKind::SuggestedArg)? {
        ContextValue::String(name) => Some(name.trim_start_matches('-').to_owned()),
        _ => None,
    }
}
