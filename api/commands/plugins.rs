//! `tractor plugins`: which classifiers are loaded, with their labels, and which are refused.

use super::{check, print};
use crate::Exit;
use crate::cli::{PluginsAction, PluginsArguments};
use crate::messages::printable;
use crate::plugins::load_only;
use crate::supervise::{self, Job};
use serde_json::{Value, json};
use std::fmt::Write;
use tractor_engine::classify::{Absent, Description, LabelId, Labels, Plugins, Reason, Wish};

pub fn run(arguments: &PluginsArguments) -> Exit {
    if let Some(PluginsAction::Check(arguments)) = &arguments.action {
        return check::run(arguments);
    }
    supervise::run(&Job::of_list(&arguments.plugins), || list(arguments))
}

fn list(arguments: &PluginsArguments) -> Exit {
    let plugins = match load_only(&arguments.plugins) {
        Ok(plugins) => plugins,
        Err(exit) => return exit,
    };
    let text = match arguments.json {
        true => format!("{:#}\n", object(&plugins)),
        false => text(&plugins),
    };
    match print(&text) {
        Err(exit) => exit,
        Ok(()) if arguments.plugins.strict_plugins && !plugins.refused().is_empty() => Exit::Usage,
        Ok(()) => Exit::Success,
    }
}

fn text(plugins: &Plugins) -> String {
    let mut text = String::new();
    for one in plugins.classifiers() {
        describe(one, plugins.labels(), &mut text);
    }
    // Writing to a string cannot fail, here and below.
    for Absent { id, path, reason } in plugins.absent() {
        let name = id.as_deref().unwrap_or("the plugin");
        let why = words(*reason);
        let _ = writeln!(text, "{name} of {} is {why}", printable(path.display()));
    }
    for refusal in plugins.refused() {
        let _ = writeln!(text, "{}", printable(refusal));
    }
    if text.is_empty() {
        text.push_str("no plugin is loaded\n");
    }
    text
}

fn describe(one: &Description, labels: &Labels, text: &mut String) {
    let bundled = if one.bundled { ", bundled" } else { "" };
    let path = printable(one.path.display());
    let _ = writeln!(text, "{} {} ({path}{bundled})", one.id, one.version);
    let _ = writeln!(text, "    {}: {}", one.name, one.description);
    let wish = &one.wish;
    let needs = needs(wish);
    let needs = if needs.is_empty() { vec!["addresses and counts alone"] } else { needs };
    let _ = writeln!(text, "    sees flows {}: {}", when(wish).join(", "), needs.join(", "));
    if let Some(columns) = &wish.columns {
        let _ = writeln!(text, "    columns of {columns}");
    }
    for (group, names) in groups(&one.labels, labels) {
        let _ = writeln!(text, "    {group}: {}", names.join(", "));
    }
}

/// Names by group, both in the classifier's own order.
fn groups<'a>(ids: &[LabelId], labels: &'a Labels) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for label in ids.iter().map(|id| labels.get(*id)) {
        match groups.iter_mut().find(|(group, _)| *group == label.group) {
            Some((_, names)) => names.push(&label.name),
            None => groups.push((&label.group, vec![&label.name])),
        }
    }
    groups
}

fn when(wish: &Wish) -> Vec<&'static str> {
    let all = [(wish.early, "early"), (wish.windows, "by window"), (wish.closed, "closed")];
    all.into_iter().filter_map(|(is_so, name)| is_so.then_some(name)).collect()
}

fn needs(wish: &Wish) -> Vec<&'static str> {
    let needs = wish.needs;
    let all = [
        (needs.payload, "payload"),
        (needs.packets, "packets"),
        (needs.features, "features"),
        (needs.names, "names"),
    ];
    all.into_iter().filter_map(|(is_so, name)| is_so.then_some(name)).collect()
}

fn words(reason: Reason) -> &'static str {
    match reason {
        Reason::LeftOut => "left out",
        Reason::NotConfigured => "not configured",
    }
}

fn object(plugins: &Plugins) -> Value {
    let label = |id: &LabelId| {
        let label = plugins.labels().get(*id);
        json!({ "group": label.group, "name": label.name })
    };
    let loaded = plugins.classifiers().iter().map(|one| {
        let wish = &one.wish;
        json!({
            "id": one.id,
            "name": one.name,
            "version": one.version,
            "description": one.description,
            "path": one.path.display().to_string(),
            "bundled": one.bundled,
            "when": when(wish),
            "needs": needs(wish),
            "payload_bytes": wish.payload_bytes,
            "packets": wish.packets,
            "early_after_us": wish.early_after_us,
            "window_us": wish.window_us,
            "columns": wish.columns,
            "labels": one.labels.iter().map(label).collect::<Vec<_>>(),
        })
    });
    let absent = plugins.absent().iter().map(|one| {
        let path = one.path.display().to_string();
        json!({ "id": one.id, "path": path, "why": words(one.reason) })
    });
    let refused = plugins.refused().iter().map(|one| {
        let path = one.path.display().to_string();
        json!({ "id": one.id, "path": path, "why": one.why, "fault": one.fault.name() })
    });
    json!({
        "loaded": loaded.collect::<Vec<_>>(),
        "absent": absent.collect::<Vec<_>>(),
        "refused": refused.collect::<Vec<_>>(),
    })
}
