//! `tractor process`: has a server process captures of its folder.

use super::print;
use super::remote::{
    Watched, client, is_over, line, notes, patiently, percent, print_json, rest, share, word,
};
use crate::Exit;
use crate::cli::ProcessArguments;
use crate::client::{Client, Status, Trouble};
use crate::messages::{self, counted, printable};
use crate::progress::JobBar;
use crate::serve::views::{DirectoryRequest, FileStatus, ProcessRequest, State};
use serde_json::{Value, json};
use tractor_engine::jobs::shown_name;

/// A file, and what became of it: how far its job is, or why there is none.
struct Asked {
    name: String,
    answer: Result<FileStatus, String>,
}

pub fn run(arguments: &ProcessArguments) -> Exit {
    process(arguments).unwrap_or_else(|exit| exit)
}

fn process(arguments: &ProcessArguments) -> Result<Exit, Exit> {
    let names = names(arguments)?;
    let client = client(&arguments.server)?;
    let prints_now = !arguments.wait && !arguments.server.json;
    let mut asked = Vec::new();
    for name in names {
        let answer = patiently(|| ask(&client, arguments, &name));
        let is_gone = matches!(answer, Err(Trouble::Unreachable(_)));
        let answer = answer.map_err(|trouble| trouble.sentence().to_owned());
        let one = Asked { name, answer };
        match &one.answer {
            Ok(_) if prints_now => print(&text(&one))?,
            Ok(status) if arguments.wait => say(&one.name, status),
            Ok(_) => {}
            Err(sentence) if is_gone => messages::error(sentence),
            Err(sentence) => messages::error(format_args!("{}: {sentence}", one.name)),
        }
        asked.push(one);
        if is_gone {
            break;
        }
    }
    if arguments.wait {
        wait(&client, &mut asked);
        if !arguments.server.json {
            print(&asked.iter().map(text).collect::<String>())?;
        }
    }
    if arguments.server.json {
        print_json(&Value::Array(asked.iter().map(object).collect()), false)?;
    }
    Ok(exit_of(&asked, arguments.files.len().max(1)))
}

/// Asks for what is wanted of one file, folder or job.
fn ask(client: &Client, arguments: &ProcessArguments, name: &str) -> Result<FileStatus, Trouble> {
    let profile = arguments.profile.map(|profile| profile.name.to_owned());
    let name = name.to_owned();
    match (arguments.end, &arguments.directory) {
        (Some(job), _) => client.end(job),
        (_, Some(_)) => client.process_directory(&DirectoryRequest { directory: name, profile }),
        _ => client.process(&ProcessRequest { file_name: name, profile }),
    }
}

/// What the server calls the files; of a folder its name, and of a job to end its number.
fn names(arguments: &ProcessArguments) -> Result<Vec<String>, Exit> {
    if let Some(job) = arguments.end {
        return Ok(vec![format!("job {job}")]);
    }
    if let Some(directory) = &arguments.directory {
        return Ok(vec![directory.clone()]);
    }
    let name = |path: &std::path::PathBuf| {
        let name = path.file_name().map(shown_name);
        name.ok_or_else(|| {
            messages::error(format_args!("{} is no name of a file", path.display()));
            Exit::Usage
        })
    };
    arguments.files.iter().map(name).collect()
}

fn say(name: &str, status: &FileStatus) {
    messages::line(format_args!("{}: {}", printable(name), line(status)));
}

/// Asks after all jobs until each is over.
fn wait(client: &Client, asked: &mut [Asked]) {
    let bar = JobBar::show();
    let total = asked.len();
    let mut watched: Vec<Option<Watched>> = asked.iter().map(watch).collect();
    loop {
        let left = watched.iter().flatten().filter(|job| !job.is_over()).count();
        if left == 0 {
            return;
        }
        if let Some(bar) = &bar {
            let done = watched.iter().map(|job| match job {
                Some(job) if !job.is_over() => share(&job.status).unwrap_or(0.0),
                _ => 1.0,
            });
            let share = done.sum::<f64>() / total as f64;
            let left = counted(left as u64, "job");
            bar.set(Some(share), &format!("{}, {left} left", percent(share)));
        }
        rest();
        for (slot, one) in watched.iter_mut().zip(&mut *asked) {
            let Some(job) = slot.as_mut().filter(|job| !job.is_over()) else { continue };
            let before = job.status.state;
            match job.ask(client) {
                Ok(_) => {
                    if bar.is_none() && job.status.state != before {
                        say(&one.name, &job.status);
                    }
                    one.answer = Ok(job.status.clone());
                }
                Err(trouble) => {
                    let sentence = trouble.sentence().to_owned();
                    messages::error(format_args!("{}: {sentence}", one.name));
                    one.answer = Err(sentence);
                    *slot = None;
                }
            }
        }
    }
}

/// One to ask about: a job with a number.
fn watch(one: &Asked) -> Option<Watched> {
    let status = one.answer.as_ref().ok()?;
    Some(Watched::new(status.job_id?, Status { status: status.clone(), etag: None }))
}

/// A job's line; without a job there is none, but a message was.
fn text(one: &Asked) -> String {
    let Ok(status) = &one.answer else { return String::new() };
    let job = status.job_id.map_or_else(|| "-".to_owned(), |job| job.to_string());
    let (state, name, notes) = (word(status.state), printable(&one.name), notes(status));
    let colon = if notes.is_empty() { "" } else { ": " };
    format!("{job} {state} {name}{colon}{notes}\n")
}

fn object(one: &Asked) -> Value {
    match &one.answer {
        Ok(status) => json!({ "file_name": one.name, "status": status }),
        Err(sentence) => json!({ "file_name": one.name, "error": sentence }),
    }
}

fn exit_of(asked: &[Asked], files: usize) -> Exit {
    let is_well = |one: &&Asked| match &one.answer {
        Ok(status) => status.state == State::Finished || !is_over(status.state),
        Err(_) => false,
    };
    match asked.iter().filter(is_well).count() {
        0 => Exit::Failure,
        well if well == files => Exit::Success,
        _ => Exit::Damaged,
    }
}
