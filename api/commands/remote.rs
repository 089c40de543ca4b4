//! What the commands that ask a server share. Whatever a server says may hold anything: what is
//! printed of it is made printable first.

use super::print;
use crate::Exit;
use crate::cli::ServerOptions;
use crate::client::{Client, Status, Trouble};
use crate::messages::{self, counted, grouped, printable};
use crate::serve::views::{FileStatus, State, Stream};
use serde_json::Value;
use std::fmt::Write;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Between two questions after the same thing.
const EVERY: Duration = Duration::from_secs(1);

/// How long a server that is starting, or cannot be reached any more, is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client, or how the command ends without one.
pub fn client(options: &ServerOptions) -> Result<Client, Exit> {
    Client::new(&options.server, options.token_file.as_deref()).map_err(|wrong| {
        messages::error(wrong);
        Exit::Usage
    })
}

/// Asks until the server can answer; what is wrong otherwise is the caller's.
pub fn patiently<T>(ask: impl Fn() -> Result<T, Trouble>) -> Result<T, Trouble> {
    let began = Instant::now();
    loop {
        match ask() {
            Err(Trouble::Busy(_)) if began.elapsed() < PATIENCE => sleep(EVERY),
            answer => return answer,
        }
    }
}

/// Says why the server did not do what it was asked for.
pub fn failed(trouble: &Trouble) -> Exit {
    messages::error(trouble.sentence());
    Exit::Failure
}

/// A job that is asked about again and again.
pub struct Watched {
    pub job: u64,
    pub status: FileStatus,
    etag: Option<String>,
    answered: Instant,
}

impl Watched {
    pub fn new(job: u64, now: Status) -> Self {
        Self { job, status: now.status, etag: now.etag, answered: Instant::now() }
    }

    /// Whether there is news. A server that does not answer for a while may have been started
    /// again: it then goes on with the job.
    ///
    /// # Errors
    /// When that has taken too long, or the job is gone.
    pub fn ask(&mut self, client: &Client) -> Result<bool, Trouble> {
        match client.status(self.job, self.etag.as_deref()) {
            Ok(news) => {
                self.answered = Instant::now();
                let Some(Status { status, etag }) = news else { return Ok(false) };
                self.etag = etag;
                let is_news = self.status != status;
                self.status = status;
                Ok(is_news)
            }
            Err(Trouble::Refused(sentence)) => Err(Trouble::Refused(sentence)),
            Err(_) if self.answered.elapsed() < PATIENCE => Ok(false),
            Err(trouble) => Err(trouble),
        }
    }

    pub fn is_over(&self) -> bool {
        is_over(self.status.state)
    }
}

/// Waits for the next time to ask.
pub fn rest() {
    sleep(EVERY);
}

pub fn is_over(state: State) -> bool {
    matches!(state, State::Finished | State::Failed | State::Cancelled)
}

/// A state as the API spells it.
pub fn word(state: State) -> &'static str {
    match state {
        State::New => "new",
        State::Queued => "queued",
        State::InProgress => "in_progress",
        State::Finished => "finished",
        State::Failed => "failed",
        State::Cancelled => "cancelled",
    }
}

/// From 0 to 1.
pub fn share(status: &FileStatus) -> Option<f64> {
    match (status.state, status.progress) {
        (State::Finished, _) => Some(1.0),
        // One that goes on for ever is of nothing a share.
        _ if status.stream.is_some() => None,
        (_, progress) => progress.map(|progress| progress.share.clamp(0.0, 1.0)),
    }
}

/// A share in words; only what is whole has 100 %.
pub fn percent(share: f64) -> String {
    format!("{} %", (share * 100.0).floor())
}

/// All that a status says beside its state and its times, in one printable line.
pub fn notes(status: &FileStatus) -> String {
    let mut notes: Vec<String> = Vec::new();
    // A message, where there is one, says what a job waits for.
    let waits = || status.waiting.as_ref().map(|what| format!("waits for {what}"));
    notes.extend(status.message.clone().or_else(waits));
    notes.extend(status.stream.as_ref().map(stream));
    let without =
        |one: &crate::serve::views::WithoutPlugin| format!("without {}: {}", one.id, one.why);
    notes.extend(status.without_plugins.iter().map(without));
    printable(notes.join("; "))
}

/// How a followed folder gets on.
fn stream(stream: &Stream) -> String {
    let Stream { lag_bytes, lag_s, packets_per_s, open_flows, memory_bytes, .. } = *stream;
    let lag = match lag_bytes {
        0 => "up to date".to_owned(),
        bytes => format!("{lag_s:.1} s and {} behind", mebibytes(bytes)),
    };
    let rate = grouped(packets_per_s as u64);
    let open = counted(open_flows, "open flow");
    format!("{lag}, {rate} packets/s, {open}, {} of memory", mebibytes(memory_bytes))
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// A status in one printable line.
pub fn line(status: &FileStatus) -> String {
    let mut text = word(status.state).to_owned();
    if let Some(share) = share(status).filter(|_| status.state == State::InProgress) {
        // Writing to a string cannot fail, here and below.
        let _ = write!(text, ", {}", percent(share));
    }
    if let Some(progress) = status.progress {
        let packets = counted(progress.packets, "packet");
        let _ = write!(text, ", {packets}, {}", counted(progress.flows, "flow"));
    }
    let notes = notes(status);
    if !notes.is_empty() {
        let _ = write!(text, ": {notes}");
    }
    text
}

/// JSON for people and programs: on many lines, or on one.
pub fn print_json(value: &Value, is_one_line: bool) -> Result<(), Exit> {
    let text = if is_one_line { value.to_string() } else { format!("{value:#}") };
    // Control characters stand only inside texts; JSON need not escape all that terminals obey.
    let mut shown = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        match character.is_control() && character != '\n' {
            true => {
                let _ = write!(shown, "\\u{:04x}", u32::from(character));
            }
            false => shown.push(character),
        }
    }
    shown.push('\n');
    print(&shown)
}
