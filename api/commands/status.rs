//! `tractor status`: how far a job is.

use super::remote::{
    Watched, client, failed, line, notes, patiently, percent, print_json, rest, share, word,
};
use super::{jobs, print};
use crate::cli::StatusArguments;
use crate::client::{Client, Trouble};
use crate::messages::counted;
use crate::progress::JobBar;
use crate::serve::views::{FileStatus, State};
use crate::{Exit, messages};
use serde_json::json;
use std::fmt::Write;

pub fn run(arguments: &StatusArguments) -> Exit {
    ask(arguments).unwrap_or_else(|exit| exit)
}

fn ask(arguments: &StatusArguments) -> Result<Exit, Exit> {
    let client = client(&arguments.server)?;
    let now =
        patiently(|| client.status(arguments.job, None)).map_err(|trouble| failed(&trouble))?;
    let Some(now) = now else {
        return Err(failed(&Trouble::Refused(
            "the server did not say how far the job is".to_owned(),
        )));
    };
    let mut job = Watched::new(arguments.job, now);
    let as_lines = arguments.watch && arguments.server.json;
    if arguments.watch {
        stay(&client, &mut job, as_lines)?;
    }
    match arguments.server.json {
        true => print_json(&json!(job.status), as_lines)?,
        false => print(&text(job.job, &job.status))?,
    }
    Ok(match job.status.state {
        State::Failed | State::Cancelled => Exit::Failure,
        _ => Exit::Success,
    })
}

/// Shows how far the job is until it is over. The last word is left to say.
fn stay(client: &Client, job: &mut Watched, as_lines: bool) -> Result<(), Exit> {
    let bar = JobBar::show();
    let mut is_news = true;
    while !job.is_over() {
        if let Some(bar) = &bar {
            bar.set(share(&job.status), &line(&job.status));
        }
        if is_news && as_lines {
            print_json(&json!(job.status), true)?;
        } else if is_news && bar.is_none() {
            messages::line(format_args!("{}", line(&job.status)));
        }
        rest();
        is_news = job.ask(client).map_err(|trouble| failed(&trouble))?;
    }
    Ok(())
}

/// What is known, a line each.
fn text(job: u64, status: &FileStatus) -> String {
    let mut text = format!("job {job}: {}\n", word(status.state));
    // Writing to a string cannot fail.
    if let Some(progress) = status.progress {
        let share = share(status).map(percent).unwrap_or_default();
        let counts =
            [(progress.packets, "packet"), (progress.bytes, "byte"), (progress.flows, "flow")];
        let counts = counts.map(|(count, noun)| counted(count, noun)).join(", ");
        let _ = writeln!(text, "progress: {share}, {counts}");
    }
    for (title, time) in [("started", status.started_at), ("finished", status.finished_at)] {
        if time.is_some() {
            let _ = writeln!(text, "{title}: {}", jobs::time(time));
        }
    }
    let notes = notes(status);
    if !notes.is_empty() {
        let _ = writeln!(text, "{notes}");
    }
    text
}
