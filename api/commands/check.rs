//! `tractor plugins check`: whether a plugin keeps the contract, tried in a child that it may end.

use super::print;
use crate::cli::CheckArguments;
use crate::messages::{counted, printable};
use crate::supervise::{self, How, Orders, Watched};
use crate::{Exit, interrupt, messages};
use serde_json::json;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write};
use tractor_engine::classify::check::{Event, From, check};
use tractor_engine::classify::{PluginOption, PluginOptions};
use tractor_engine::profiles::Features;

/// How a child tells events, a line each.
const BEGINS: &str = "trial";
const BREACH: &str = "breach";
const NOTE: &str = "note";

pub fn run(arguments: &CheckArguments) -> Exit {
    if let Some(orders) = supervise::child::orders() {
        return supervise::child::work(orders, || try_it(arguments, orders));
    }
    if !arguments.file.is_file() {
        messages::error(format_args!("there is no file {}", arguments.file.display()));
        return Exit::Usage;
    }
    interrupt::counts();
    match tried(arguments) {
        Ok(report) => report.show(arguments),
        Err(cause) => {
            messages::error(format_args!("cannot check it: {cause}"));
            Exit::Failure
        }
    }
}

/// The child's part.
fn try_it(arguments: &CheckArguments, orders: &Orders) -> Exit {
    let option = |(id, key, value): &(String, String, String)| PluginOption {
        id: id.clone(),
        key: key.clone(),
        value: value.clone(),
        is_typed: true,
    };
    let options = PluginOptions {
        files: vec![arguments.file.clone()],
        options: arguments.plugin_option.iter().map(option).collect(),
        calls: Some(orders.calls.clone()),
        ..PluginOptions::default()
    };
    let from = From { trial: orders.first_trial, broken: orders.broken_trials.clone() };
    let diary = File::options().append(true).open(&orders.words);
    let Ok(mut diary) = diary else { return Exit::Failure };
    let was_tried = check(&options, Features::names, &from, &mut |event| {
        let line = match event {
            Event::Begins { trial, what } => format!("{BEGINS}\t{trial}\t{}", printable(what)),
            Event::Breach(sentence) => format!("{BREACH}\t{}", printable(sentence)),
            Event::Note(sentence) => format!("{NOTE}\t{}", printable(sentence)),
        };
        // Who reads it does without what cannot be written.
        let _ = diary.write_all(format!("{line}\n").as_bytes());
    });
    if was_tried { Exit::Success } else { Exit::Usage }
}

/// One trial, and what came of it.
#[derive(Default)]
struct Tried {
    what: String,
    breaches: Vec<String>,
    notes: Vec<String>,
}

#[derive(Default)]
struct Report {
    tried: Vec<Tried>,
    exit: Option<Exit>,
}

/// The parent's part: a child that ends in a trial is followed by one that goes on behind it.
fn tried(arguments: &CheckArguments) -> io::Result<Report> {
    let limits = supervise::limits(arguments.plugin_deadline_ms, arguments.plugin_memory);
    let (mut report, mut first_trial, mut broken) = (Report::default(), 0, Vec::new());
    loop {
        let mut orders = Orders::new(&[], false, limits.memory_bytes);
        (orders.first_trial, orders.broken_trials) = (first_trial, broken.clone());
        let output = supervise::nameless("output")?;
        let Watched { attempt, words } =
            supervise::watched(&orders, &limits, output.try_clone()?.into())?;
        let last = report.take(&words);
        if output.metadata()?.len() > 0 {
            report.breach("prints to standard output".to_owned());
        }
        match attempt.how {
            How::Told(exit) => report.exit = Some(exit),
            How::Interrupted => report.exit = Some(Exit::Interrupted),
            how => report.breach(supervise::deed(&how)),
        }
        // Without a trial, or when it was being loaded, there is nothing to go on with.
        match (report.exit, last) {
            (None, Some(trial)) if trial > 0 => {
                first_trial = trial + 1;
                broken.push(trial);
            }
            _ => return Ok(report),
        }
    }
}

impl Report {
    /// Takes what a child told; gives the number of its last trial.
    fn take(&mut self, words: &str) -> Option<usize> {
        let mut last = None;
        for line in words.lines() {
            match line.splitn(3, '\t').collect::<Vec<_>>()[..] {
                [BEGINS, trial, what] => {
                    last = trial.parse().ok();
                    self.tried.push(Tried { what: what.to_owned(), ..Tried::default() });
                }
                [BREACH, sentence] => self.breach(sentence.to_owned()),
                [NOTE, sentence] => {
                    if let Some(trial) = self.tried.last_mut() {
                        trial.notes.push(sentence.to_owned());
                    }
                }
                _ => {}
            }
        }
        last
    }

    fn breach(&mut self, sentence: String) {
        let is_known = self.tried.iter().any(|trial| trial.breaches.contains(&sentence));
        match self.tried.last_mut() {
            Some(trial) if !is_known => trial.breaches.push(sentence),
            Some(_) => {}
            None => self.tried.push(Tried { breaches: vec![sentence], ..Tried::default() }),
        }
    }

    fn breaches(&self) -> usize {
        self.tried.iter().map(|trial| trial.breaches.len()).sum()
    }

    fn show(&self, arguments: &CheckArguments) -> Exit {
        let exit = match (self.breaches(), self.exit) {
            (_, Some(Exit::Interrupted)) => return Exit::Interrupted,
            (0, Some(exit)) => exit,
            _ => Exit::Failure,
        };
        let file = printable(arguments.file.display());
        let text = if arguments.json { self.object(&file, exit) } else { self.text(&file, exit) };
        print(&text).err().unwrap_or(exit)
    }

    fn text(&self, file: &str, exit: Exit) -> String {
        let mut text = String::new();
        for trial in &self.tried {
            let mark = if trial.breaches.is_empty() { "well   " } else { "BREACH " };
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(text, "{mark} {}", trial.what);
            for breach in &trial.breaches {
                let _ = writeln!(text, "            {breach}");
            }
            for note in trial.notes.iter().take(3) {
                let _ = writeln!(text, "        note: {note}");
            }
            if let more @ 1.. = trial.notes.len().saturating_sub(3) {
                let _ = writeln!(text, "        and {more} more");
            }
        }
        let verdict = match (exit, self.breaches()) {
            (Exit::Success, _) => "keeps the contract".to_owned(),
            (_, 0) => "could not be tried".to_owned(),
            (_, count @ 1) => format!("breaks the contract in {count} point"),
            (_, count) => format!("breaks the contract in {count} points"),
        };
        let _ = writeln!(text, "{file} {verdict} ({})", counted(self.tried.len() as u64, "trial"));
        text
    }

    fn object(&self, file: &str, exit: Exit) -> String {
        let trial = |trial: &Tried| json!({ "what": trial.what, "breaches": trial.breaches, "notes": trial.notes });
        let keeps = exit == Exit::Success;
        let trials: Vec<_> = self.tried.iter().map(trial).collect();
        format!("{:#}\n", json!({ "file": file, "keeps_the_contract": keeps, "trials": trials }))
    }
}
