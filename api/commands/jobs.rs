//! `tractor jobs`: the jobs of a server, newest first.

use super::print;
use super::remote::{client, failed, notes, patiently, percent, print_json, share, word};
use crate::cli::JobsArguments;
use crate::messages::{counted, grouped, printable};
use crate::serve::views::File;
use crate::{Exit, messages};
use serde_json::json;
use std::cmp::Reverse;
use tractor_engine::time::Timestamp;

pub fn run(arguments: &JobsArguments) -> Exit {
    list(arguments).unwrap_or_else(|exit| exit)
}

fn list(arguments: &JobsArguments) -> Result<Exit, Exit> {
    let client = client(&arguments.server)?;
    let mut files = patiently(|| client.files()).map_err(|trouble| failed(&trouble))?;
    let folders = patiently(|| client.directories()).map_err(|trouble| failed(&trouble))?;
    files.extend(folders.into_iter().filter(|folder| folder.status.job_id.is_some()));
    let (mut jobs, new): (Vec<File>, Vec<File>) =
        files.into_iter().partition(|file| file.status.job_id.is_some());
    jobs.sort_by_key(|file| Reverse(file.status.job_id));
    match arguments.server.json {
        true => print_json(&json!(jobs), false)?,
        false if jobs.is_empty() => messages::line(format_args!("there are no jobs")),
        false => print(&table(&jobs))?,
    }
    if !new.is_empty() {
        let files = counted(new.len() as u64, "file");
        messages::line(format_args!("{files} without a job (tractor process FILE)"));
    }
    Ok(Exit::Success)
}

const TITLES: [&str; 8] =
    ["job", "file", "state", "progress", "flows", "started", "finished", "message"];

/// Columns of numbers.
const TO_THE_RIGHT: [bool; 8] = [true, false, false, true, true, false, false, false];

fn table(jobs: &[File]) -> String {
    let mut rows = vec![TITLES.map(str::to_owned)];
    rows.extend(jobs.iter().map(row));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..TITLES.len()).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).zip(TO_THE_RIGHT);
        let cells = cells.map(|((cell, width), to_the_right)| match to_the_right {
            true => format!("{cell:>width$}"),
            false => format!("{cell:width$}"),
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn row(file: &File) -> [String; 8] {
    let status = &file.status;
    let dot = if file.extension.is_empty() { "" } else { "." };
    let flows = file.flows_count.or(status.progress.map(|progress| progress.flows));
    let absent = || "-".to_owned();
    [
        status.job_id.map_or_else(absent, |job| job.to_string()),
        printable(format!("{}{dot}{}", file.name, file.extension)),
        word(status.state).to_owned(),
        share(status).map_or_else(absent, percent),
        flows.map_or_else(absent, grouped),
        time(status.started_at),
        time(status.finished_at),
        notes(status),
    ]
}

/// Seconds since 1970 as `2018-07-06T12:00:00Z`.
pub fn time(seconds: Option<i64>) -> String {
    let Some(seconds) = seconds else { return "-".to_owned() };
    let text = Timestamp::from_parts(seconds, 0).to_string();
    format!("{}Z", text.split('.').next().unwrap_or_default())
}
