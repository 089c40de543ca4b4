//! Says when captures begin and end. A name a line comes in, as JSON; an object a line goes out.

use crate::cli::IndexArguments;
use crate::serve::limits::INDEXING_BYTES_MAX;
use crate::{Exit, messages, supervise};
use serde_json::{Value, json};
use std::io::{BufRead, Write};
use std::os::fd::AsRawFd;
use tractor_engine::capture::{CaptureFile, Span, span_of};
use tractor_engine::jobs::Folder;

pub fn run(arguments: &IndexArguments) -> Exit {
    let folder = supervise::child::is_killed_with_its_parent()
        .and_then(|()| supervise::child::takes_little(None))
        .and_then(|()| supervise::child::has_memory(INDEXING_BYTES_MAX))
        .and_then(|()| Folder::open(&arguments.captures));
    let folder = match folder {
        Ok(folder) => folder,
        Err(cause) => {
            messages::error(cause);
            return Exit::Failure;
        }
    };
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let name = line.ok().and_then(|line| serde_json::from_str::<String>(&line).ok());
        let Some(name) = name else { return Exit::Failure };
        let said = match look_at(&folder, &name) {
            Ok(Span { first: Some(first), last: Some(last) }) => {
                json!({ "first_s": first.seconds(), "last_s": last.seconds() })
            }
            Ok(_) => json!({}),
            Err(why) => json!({ "why": why }),
        };
        if said_to(&mut out, &said).is_err() {
            return Exit::Failure;
        }
    }
    Exit::Success
}

fn said_to(out: &mut impl Write, said: &Value) -> std::io::Result<()> {
    writeln!(out, "{said}")?;
    out.flush()
}

/// The sentence, where there is none, is without the file's name.
fn look_at(folder: &Folder, name: &str) -> Result<Span, String> {
    let not_there = || "it is not there any more".to_owned();
    let entry = folder.find(name).map_err(|_| not_there())?;
    let file = folder.open_file(&entry.name).map_err(|_| not_there())?;
    // By its handle: whatever takes the name meanwhile is not read.
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let capture = CaptureFile::open_as(path.into(), name).map_err(|problem| problem.cause)?;
    span_of(&capture).map_err(|problem| problem.cause)
}
