//! `tractor config`: the values of all flags that are not typed, and where each comes from.

use super::print;
use crate::Exit;
use crate::cli::ConfigArguments;
use crate::config::{Setting, Source, Value};
use crate::messages::{self, printable};
use serde_json::json;
use std::fmt::Write;
use std::path::Path;

pub fn run(arguments: &ConfigArguments) -> Exit {
    show(arguments).unwrap_or_else(|exit| exit)
}

fn show(arguments: &ConfigArguments) -> Result<Exit, Exit> {
    let mut settings: Vec<&Setting> = arguments.settings.iter().collect();
    if let Some(name) = &arguments.command {
        settings.retain(|one| one.command == *name);
        if settings.is_empty() {
            messages::error(format_args!("no command {name} has flags; {}", known(arguments)));
            return Err(Exit::Usage);
        }
    }
    let file = arguments.file.as_deref();
    match arguments.json {
        true => print(&format!("{:#}\n", object(&settings, file)))?,
        false => print(&text(&settings, file))?,
    }
    Ok(Exit::Success)
}

fn known(arguments: &ConfigArguments) -> String {
    let mut names: Vec<&str> = arguments.settings.iter().map(|one| one.command.as_str()).collect();
    names.dedup();
    format!("there are {}", names.join(", "))
}

/// A table a command, as a file would have it, with the place of each value behind it.
fn text(settings: &[&Setting], file: Option<&Path>) -> String {
    let mut text = match file {
        Some(file) => format!("# {}\n", printable(file.display())),
        None => "# no file\n".to_owned(),
    };
    let rows: Vec<[String; 3]> = settings.iter().map(|one| row(one, file)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths = [0, 1].map(|column| width(column).unwrap_or(0));
    let mut before = "";
    for (setting, [flag, value, source]) in settings.iter().zip(&rows) {
        if setting.command != before {
            before = &setting.command;
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(text, "\n[{before}]");
        }
        let [flags, values] = widths;
        let _ = writeln!(text, "{flag:flags$}  {value:values$}  {source}");
    }
    text
}

fn row(setting: &Setting, file: Option<&Path>) -> [String; 3] {
    let value = match &setting.value {
        Value::None => "-".to_owned(),
        Value::Switch(is_on) => is_on.to_string(),
        Value::Text(text) => printable(text),
        Value::List(texts) if texts.is_empty() => "-".to_owned(),
        Value::List(texts) => printable(texts.join(", ")),
    };
    let source = match (&setting.source, file) {
        (Source::Line(line), Some(file)) => format!("{}:{line}", printable(file.display())),
        (Source::Environment(name), _) => format!("environment: {name}"),
        _ => "default".to_owned(),
    };
    [setting.flag.clone(), value, source]
}

fn object(settings: &[&Setting], file: Option<&Path>) -> serde_json::Value {
    let settings = settings.iter().map(|one| {
        let value = match &one.value {
            Value::None => json!(null),
            Value::Switch(is_on) => json!(is_on),
            Value::Text(text) => json!(text),
            Value::List(texts) => json!(texts),
        };
        let mut object = json!({ "command": one.command, "flag": one.flag, "value": value });
        object["source"] = match &one.source {
            Source::Default => "default".into(),
            Source::Line(line) => {
                object["line"] = (*line).into();
                "file".into()
            }
            Source::Environment(name) => {
                object["variable"] = name.as_str().into();
                "environment".into()
            }
        };
        object
    });
    let settings: Vec<_> = settings.collect();
    json!({ "file": file.map(|file| file.display().to_string()), "settings": settings })
}
