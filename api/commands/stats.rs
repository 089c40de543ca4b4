//! `tractor stats`: counts of flows by label, protocol, client, server and port.

use super::{
    STANDARD_OUTPUT, engine_inputs, exit_of_error, print, run_options, stoppable, together,
    wants_timings, watched,
};
use crate::cli::StatsArguments;
use crate::messages::grouped;
use crate::plugins;
use crate::supervise::{self, Job};
use crate::{Exit, interrupt, messages};
use serde_json::{Value, json};
use std::fmt::Write;
use tractor_engine::capture::join;
use tractor_engine::classify::Plugins;
use tractor_engine::dataflow::Summary;
use tractor_engine::statistics::{Count, StatisticKey, Table, Tables};

pub fn run(arguments: &StatsArguments) -> Exit {
    supervise::run(&Job::of_stats(arguments), || count(arguments))
}

fn count(arguments: &StatsArguments) -> Exit {
    let profile = arguments.options.profile;
    // Of the configuration file it is dropped, as in `flows`.
    if profile.reading.is_copied() && arguments.options.is_typed("outer") {
        messages::error(together::not_outer(profile.name));
        return Exit::Usage;
    }
    let progress = stoppable();
    // Before anything is read: when a plugin breaks here, the run can be repeated.
    let plugins = match plugins::load(&arguments.plugins) {
        Ok(plugins) => plugins,
        Err(exit) => return exit,
    };
    let joined = join(&engine_inputs(&arguments.inputs));
    if joined.files.is_empty() {
        messages::problems(&joined.problems);
        return match joined.problems.is_empty() {
            true => super::flows::nothing_found(),
            false => Exit::Failure,
        };
    }
    let mut options = run_options(&arguments.options);
    options.statistics = true;
    options.plugins = plugins;
    let summary = match watched(joined, &options, None, &progress) {
        Ok(summary) => summary,
        Err(error) => return exit_of_error(&error, STANDARD_OUTPUT),
    };
    if interrupt::was_asked() {
        return Exit::Interrupted;
    }
    plugins::say_messages(&options.plugins);
    messages::summary(&summary);
    if wants_timings(&arguments.options) {
        messages::timings(&summary);
    }
    plugins::say_counts(&options.plugins, &summary, wants_timings(&arguments.options));
    match show(arguments, &options.plugins, &summary) {
        Ok(()) => messages::exit_of_inputs(summary.files, &summary.problems),
        Err(exit) => exit,
    }
}

fn show(arguments: &StatsArguments, plugins: &Plugins, summary: &Summary) -> Result<(), Exit> {
    let Some(tables) = &summary.statistics else { return Ok(()) };
    match arguments.json {
        true => print(&format!("{:#}\n", object(tables, plugins, summary))),
        false => print(&text(tables, plugins, arguments.top)),
    }
}

fn text(tables: &Tables, plugins: &Plugins, top: usize) -> String {
    let mut text = String::new();
    for (title, table) in titled(tables).into_iter().filter(|(_, table)| !table.is_empty()) {
        let more = table.len().saturating_sub(top);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{title:40} {:>12} {:>14} {:>18}", "flows", "packets", "bytes");
        for (key, count) in table.iter().take(top) {
            let Count { flows, packets, bytes } = count;
            let _ = writeln!(
                text,
                "{:40} {:>12} {:>14} {:>18}",
                name(key, plugins),
                grouped(flows.unsigned_abs()),
                grouped(packets.unsigned_abs()),
                grouped(bytes.unsigned_abs())
            );
        }
        if more > 0 {
            let _ = writeln!(text, "and {} more (--top, --json)", grouped(more as u64));
        }
        text.push('\n');
    }
    text.pop();
    text
}

fn titled(tables: &Tables) -> [(&'static str, Table); 5] {
    [
        ("label", tables.labels()),
        ("protocol", tables.protocols()),
        ("client", tables.clients()),
        ("server", tables.servers()),
        ("server port", tables.ports()),
    ]
}

/// Names of the IANA registry for the protocols that are common.
fn protocol(number: u8) -> String {
    let name = match number {
        1 => "ICMP",
        2 => "IGMP",
        6 => "TCP",
        17 => "UDP",
        47 => "GRE",
        50 => "ESP",
        58 => "ICMPv6",
        89 => "OSPF",
        132 => "SCTP",
        _ => return format!("protocol {number}"),
    };
    name.to_owned()
}

fn name(key: &StatisticKey, plugins: &Plugins) -> String {
    match key {
        StatisticKey::Label(label) => plugins.labels().get(*label).name.clone(),
        StatisticKey::Unlabelled(_) => "no label".to_owned(),
        StatisticKey::Protocol(number) => protocol(*number),
        StatisticKey::Client(address) | StatisticKey::Server(address) => address.to_string(),
        StatisticKey::Port(number, port) => format!("{} {port}", protocol(*number)),
        StatisticKey::Country(_) | StatisticKey::Domain(_) | StatisticKey::Session(_) => {
            String::new()
        }
    }
}

fn object(tables: &Tables, plugins: &Plugins, summary: &Summary) -> Value {
    let row = |(key, count): &(StatisticKey, Count)| {
        let mut row = json!({
            "flows": count.flows, "packets": count.packets, "bytes": count.bytes,
        });
        match key {
            StatisticKey::Label(label) => {
                let label = plugins.labels().get(*label);
                row["label"] = label.name.as_str().into();
                row["group"] = label.group.as_str().into();
            }
            StatisticKey::Unlabelled(_) => row["label"] = Value::Null,
            StatisticKey::Protocol(number) => row["protocol"] = (*number).into(),
            StatisticKey::Client(address) | StatisticKey::Server(address) => {
                row["address"] = address.to_string().into();
            }
            StatisticKey::Port(number, port) => {
                row["protocol"] = (*number).into();
                row["port"] = (*port).into();
            }
            StatisticKey::Country(_) | StatisticKey::Domain(_) | StatisticKey::Session(_) => {}
        }
        row
    };
    let rows = |table: Table| table.iter().map(row).collect::<Vec<_>>();
    json!({
        "packets": summary.packets,
        "flows": summary.flows.flows,
        "labels": rows(tables.labels()),
        "protocols": rows(tables.protocols()),
        "clients": rows(tables.clients()),
        "servers": rows(tables.servers()),
        "ports": rows(tables.ports()),
        "beyond_the_bound": tables.beyond(),
    })
}
