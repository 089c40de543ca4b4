//! What people read on standard error.

use crate::Exit;
use anstyle::{AnsiColor, Style};
use std::io::Write;
use std::sync::atomic::{AtomicU8, Ordering};
use tractor_engine::capture::{Problem, Severity};
use tractor_engine::dataflow::Summary;
use tractor_engine::flows::EndReason;

const QUIET: u8 = 0;
const USUAL: u8 = 1;
const VERBOSE: u8 = 2;

/// How much is said.
static LEVEL: AtomicU8 = AtomicU8::new(USUAL);

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// Sets how much is said from now on.
pub fn set_level(quiet: bool, verbose: u8) {
    let level = match (quiet, verbose) {
        (true, _) => QUIET,
        (false, 0) => USUAL,
        (false, _) => VERBOSE,
    };
    LEVEL.store(level, Ordering::Relaxed);
}

pub fn is_quiet() -> bool {
    LEVEL.load(Ordering::Relaxed) == QUIET
}

pub fn is_verbose() -> bool {
    LEVEL.load(Ordering::Relaxed) == VERBOSE
}

/// One line. Nobody can be told that a message could not be written, and nothing else changes.
/// Colours stay only on a terminal, and as NO_COLOR and CLICOLOR_FORCE have it.
fn write(text: std::fmt::Arguments<'_>) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// One line that is no error.
pub fn line(text: std::fmt::Arguments<'_>) {
    if !is_quiet() {
        write(text);
    }
}

/// One line for those who want to know more.
pub fn verbose(text: std::fmt::Arguments<'_>) {
    if is_verbose() {
        write(text);
    }
}

/// Text with its control characters spelled out: a file's name may hold line breaks, and sequences
/// that a terminal obeys.
pub fn printable(text: impl std::fmt::Display) -> String {
    let mut shown = String::new();
    for character in text.to_string().chars() {
        match character.is_control() {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
    }
    shown
}

/// `warning: …`, one line.
pub fn warning(text: impl std::fmt::Display) {
    let text = printable(text);
    line(format_args!("{WARNING}warning:{WARNING:#} {text}"));
}

/// `error: …`, one line.
pub fn error(text: impl std::fmt::Display) {
    let text = printable(text);
    write(format_args!("{ERROR}error:{ERROR:#} {text}"));
}

/// A sentence without the system's numbers for its causes.
pub fn in_words(text: &str) -> &str {
    text.split(" (os error").next().unwrap_or_default()
}

/// `error: cannot write …`: the cause in words, as for inputs, without the system's number for it.
pub fn cannot_write(place: impl std::fmt::Display, cause: &std::io::Error) {
    let cause = cause.to_string();
    // Libraries put more behind the number, the name of a temporary file for one.
    error(format_args!("cannot write {place}: {}", in_words(&cause)));
}

/// Problems with inputs, a line each.
pub fn problems<'a>(problems: impl IntoIterator<Item = &'a Problem>) {
    for problem in problems {
        match problem.severity {
            Severity::Error => error(problem),
            Severity::Warning => warning(problem),
        }
    }
}

/// The exit of a run that went to its end, by what became of its inputs.
pub fn exit_of_inputs(files: usize, problems: &[Problem]) -> Exit {
    match (files, problems.is_empty()) {
        (_, true) => Exit::Success,
        (0, false) => Exit::Failure,
        (_, false) => Exit::Damaged,
    }
}

/// What a run did, in a few lines.
pub fn summary(summary: &Summary) {
    problems(&summary.problems);
    if summary.problems_not_kept > 0 {
        warning(format_args!("{} more inputs had problems", summary.problems_not_kept));
    }
    let seconds = summary.timings.wall_ns as f64 / 1e9;
    let (rate, unit) = match summary.packets as f64 / seconds.max(1e-9) {
        rate if rate < 1e6 => (rate / 1e3, "k"),
        rate => (rate / 1e6, "M"),
    };
    line(format_args!(
        "{}, {}, {} in {seconds:.2} s ({rate:.2} {unit} packets/s)",
        counted(summary.files as u64, "file"),
        counted(summary.packets, "packet"),
        counted(summary.flows.flows, "flow"),
    ));
    list("malformed", summary.decoded.malformed());
    list("in no flow", summary.decoded.ordinary());
    let went_back = ("time went back in their flow", summary.flows.time_went_back);
    list("packets whose", Some(went_back).filter(|(_, packets)| *packets > 0));
    if let Some(evicted) = evicted(summary) {
        warning(evicted);
    }
    let without_payload = counted(summary.flows.without_payload, "flow");
    if summary.flows.without_payload > 0 {
        warning(format_args!(
            "{without_payload} had no payload looked at: too much was kept of others"
        ));
    }
}

/// That flows were cut short, if any were.
pub fn evicted(summary: &Summary) -> Option<String> {
    let evicted = summary.flows.closed[EndReason::Evicted as usize];
    let flows = counted(evicted, "flow");
    let were = if evicted == 1 { "was" } else { "were" };
    (evicted > 0).then(|| format!("{flows} {were} evicted from a full table (see --max-flows)"))
}

/// Busy time of each stage, said even when little is said: who asks for it wants to see it.
pub fn timings(summary: &Summary) {
    let (timings, packets) = (&summary.timings, summary.packets);
    let stages = [
        ("read and decode", timings.read_and_decode_ns),
        ("flows and features", timings.flows_ns),
        ("names and labels", timings.classify_ns),
        ("sessions", timings.sessions_ns),
        ("order rows", timings.order_ns),
        ("write rows", timings.write_ns),
        ("wall clock", timings.wall_ns),
    ];
    for (stage, ns) in stages {
        let each = ns as f64 / packets.max(1) as f64;
        write(format_args!("{stage:20} {:9.3} s {each:8.1} ns/packet", ns as f64 / 1e9));
    }
    let peak = grouped(summary.flows.open_flows_peak as u64);
    write(format_args!("{:20} {peak}", "open flows, at most"));
}

/// Says how long a plugin was busy, and for how many flows it was asked. Part of `names and labels`.
pub fn timings_of_plugin(id: &str, busy_ns: u64, flows: u64) {
    let each = busy_ns as f64 / flows.max(1) as f64;
    let asked = grouped(flows);
    write(format_args!(
        "{:9.3} s {each:8.1} ns/flow, asked {asked} times: {id}",
        busy_ns as f64 / 1e9
    ));
}

fn list<'a>(title: &str, counts: impl IntoIterator<Item = (&'a str, u64)>) {
    let counts: Vec<_> =
        counts.into_iter().map(|(name, count)| format!("{} {name}", grouped(count))).collect();
    if !counts.is_empty() {
        line(format_args!("{title}: {}", counts.join(", ")));
    }
}

/// `1 file`, `2 files`.
pub fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// Digits in groups of three.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_come_in_threes() {
        let texts = [0, 999, 1_000, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(counted(1, "file"), "1 file");
    }
}
