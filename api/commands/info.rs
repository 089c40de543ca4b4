//! `tractor info`: what captures hold.

use super::{engine_inputs, print};
use crate::cli::InfoArguments;
use crate::{Exit, messages};
use serde_json::{Map, Value, json};
use std::fmt::Write;
use tractor_engine::capture::{CaptureFile, Description, Format, Problem, join};
use tractor_engine::statistics::{Content, content_of};

pub fn run(arguments: &InfoArguments) -> Exit {
    read(arguments).unwrap_or_else(|exit| exit)
}

/// Stops as soon as there is nobody to print for.
fn read(arguments: &InfoArguments) -> Result<Exit, Exit> {
    let mut report = Report::new(arguments.json);
    for input in engine_inputs(&arguments.inputs) {
        let mut joined = join(&[input]);
        for problem in joined.problems {
            report.add_problem(problem);
        }
        // People look for a file by its name, not by the time of its first packet.
        joined.files.sort_by(|a, b| a.name.cmp(&b.name));
        for file in &joined.files {
            match content_of(file) {
                Ok(content) => report.add(file, content)?,
                Err(problem) => report.add_problem(problem),
            }
        }
    }
    report.finish()
}

/// What was found so far; text appears at once, JSON at the end.
struct Report {
    array: Option<Vec<Value>>,
    files: usize,
    problems: Vec<Problem>,
}

impl Report {
    fn new(json: bool) -> Self {
        let array = json.then(Vec::new);
        Self { array, files: 0, problems: Vec::new() }
    }

    fn add(&mut self, file: &CaptureFile, content: Content) -> Result<(), Exit> {
        self.files += 1;
        match &mut self.array {
            Some(array) => array.push(object(file, &content)),
            None => print(&text(file, &content))?,
        }
        if let Some(problem) = content.problem {
            messages::problems([&problem]);
            self.problems.push(problem);
        }
        Ok(())
    }

    fn add_problem(&mut self, problem: Problem) {
        if let Some(array) = &mut self.array {
            array.push(json!({ "path": problem.file, "error": problem.cause }));
        }
        messages::problems([&problem]);
        self.problems.push(problem);
    }

    fn finish(self) -> Result<Exit, Exit> {
        if let Some(array) = self.array {
            // An array of plain values always has a JSON form.
            print(&format!("{:#}\n", Value::Array(array)))?;
        }
        Ok(match (self.files, self.problems.is_empty()) {
            (0, true) => super::flows::nothing_found(),
            _ => messages::exit_of_inputs(self.files, &self.problems),
        })
    }
}

/// The lines that scripts know.
fn text(file: &CaptureFile, content: &Content) -> String {
    let more = if content.more_unique_flows { " or more" } else { "" };
    let name = messages::printable(&file.name);
    let mut text = format!("{name}: {}\n", first_line(&content.description));
    // Writing to a string cannot fail.
    let _ = writeln!(text, "Unique flows: {}{more}", content.unique_flows);
    let _ = writeln!(text, "TCP Packets: {}", content.counts.tcp_packets);
    let _ = writeln!(text, "UDP Packets: {}", content.counts.udp_packets);
    text
}

/// As `file` describes a capture.
fn first_line(about: &Description) -> String {
    let format = match about.format {
        Format::Pcap => "tcpdump capture file",
        Format::PcapNg => "pcapng capture file",
    };
    let fine = if about.nanosecond { ", nanosecond resolution" } else { "" };
    let order = if about.big_endian { "big-endian" } else { "little-endian" };
    let (major, minor) = about.version;
    let mut links: Vec<String> = Vec::new();
    for interface in &about.interfaces {
        let link = format!("{}, capture length {}", interface.link_name, interface.snaplen);
        if !links.contains(&link) {
            links.push(link);
        }
    }
    let links = if links.is_empty() { "no interface".to_owned() } else { links.join("; ") };
    let compression = about.compression.map(|name| format!(", {name} compressed"));
    let compression = compression.unwrap_or_default();
    format!("{format}{fine} ({order}) - version {major}.{minor} ({links}){compression}")
}

fn object(file: &CaptureFile, content: &Content) -> Value {
    let about = &content.description;
    let time = |time: Option<_>| time.map(|time: tractor_engine::time::Timestamp| time.to_string());
    let interface = |interface: &tractor_engine::capture::Interface| {
        json!({
            "link_type": interface.link_type,
            "link_name": interface.link_name,
            "capture_length_bytes": interface.snaplen,
            "resolution": interface.resolution.to_string(),
        })
    };
    let mut link_types: Vec<_> = about.interfaces.iter().map(|one| one.link_type).collect();
    link_types.sort_unstable();
    link_types.dedup();
    let counted = |counts: &mut dyn Iterator<Item = (&'static str, u64)>| {
        counts.map(|(name, count)| (name.to_owned(), count.into())).collect::<Map<_, _>>()
    };
    json!({
        "path": file.name,
        "format": about.format.to_string(),
        "compression": about.compression,
        "byte_order": if about.big_endian { "big-endian" } else { "little-endian" },
        "version": format!("{}.{}", about.version.0, about.version.1),
        "packets": content.counts.packets,
        "bytes": content.bytes,
        "first_time": time(content.first_time),
        "last_time": time(content.last_time),
        "unique_flows": content.unique_flows,
        "unique_flows_is_floor": content.more_unique_flows,
        "tcp_packets": content.counts.tcp_packets,
        "udp_packets": content.counts.udp_packets,
        "interfaces": about.interfaces.iter().map(interface).collect::<Vec<_>>(),
        "link_types": link_types,
        "malformed": counted(&mut content.counts.malformed()),
        "in_no_flow": counted(&mut content.counts.ordinary()),
        "error": content.problem.as_ref().map(|problem| problem.cause.clone()),
    })
}
