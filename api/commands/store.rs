//! `tractor store`: looks after the results of jobs while no server has them.

use super::print;
use crate::cli::{StoreAction, StoreArguments, StoreOptions};
use crate::messages::{counted, grouped, printable};
use crate::{Exit, messages};
use serde_json::json;
use std::fmt::Write;
use tractor_engine::store::{Report, check, compact, rebuild};

pub fn run(arguments: &StoreArguments) -> Exit {
    let (act, options): (fn(&_) -> _, &StoreOptions) = match &arguments.action {
        StoreAction::Check(options) => (check, options),
        StoreAction::Rebuild(options) => (rebuild, options),
        StoreAction::Compact(options) => (compact, options),
    };
    let data = &options.data;
    // One that is made by being looked at is of no use to whoever mistyped.
    if !data.join("jobs").is_dir() {
        messages::error(format_args!("{} holds no results of jobs", data.display()));
        return Exit::Usage;
    }
    let report: Report = match act(data) {
        Ok(report) => report,
        Err(error) => {
            messages::error(error);
            return Exit::Failure;
        }
    };
    let exit = if report.is_clean() { Exit::Success } else { Exit::Damaged };
    // Who removes what is needless reads nothing else.
    let was_read = !matches!(arguments.action, StoreAction::Compact(_));
    let text = if options.json { object(&report) } else { text(&report, was_read) };
    print(&text).err().unwrap_or(exit)
}

fn text(report: &Report, was_read: bool) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for line in report.findings.iter().chain(&report.done) {
        let _ = writeln!(text, "{}", printable(line));
    }
    if report.findings_not_kept > 0 {
        let _ = writeln!(text, "and {} more", grouped(report.findings_not_kept));
    }
    if report.bytes_freed > 0 {
        let _ = writeln!(text, "{} freed", counted(report.bytes_freed, "byte"));
    }
    if !was_read {
        if report.done.is_empty() {
            text.push_str("nothing is needless\n");
        }
        return text;
    }
    if report.jobs > 0 {
        let _ = writeln!(
            text,
            "{}, {}, {}, {}",
            counted(report.jobs, "job"),
            counted(report.flows, "flow"),
            counted(report.segments, "segment"),
            counted(report.bytes, "byte"),
        );
    }
    if report.is_clean() {
        let _ = writeln!(text, "all is well");
    }
    text
}

fn object(report: &Report) -> String {
    let object = json!({
        "jobs": report.jobs,
        "segments": report.segments,
        "blocks": report.blocks,
        "flows": report.flows,
        "bytes": report.bytes,
        "bytes_freed": report.bytes_freed,
        "findings": report.findings,
        "findings_not_kept": report.findings_not_kept,
        "done": report.done,
    });
    format!("{object:#}\n")
}
