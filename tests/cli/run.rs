//! Starts the programs in a folder of their own, and ends them when they take too long.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(120);

/// A run that is over.
#[derive(Debug)]
pub struct Finished {
    /// None: a signal ended it.
    pub code: Option<i32>,
    pub output: String,
    pub messages: String,
    pub took: Duration,
}

/// A run that is under way. Its output goes to files, so that no full pipe can hold it up.
pub struct Running {
    pub child: Child,
    output: File,
    messages: File,
    began: Instant,
}

pub fn start_command(command: &mut Command, input: Stdio) -> Running {
    let output = tempfile::tempfile().expect("a file for output");
    let messages = tempfile::tempfile().expect("a file for messages");
    let shared = |file: &File| file.try_clone().expect("another handle");
    let child = command
        .stdin(input)
        .stdout(shared(&output))
        .stderr(shared(&messages))
        .spawn()
        .expect("the program starts");
    Running { child, output, messages, began: Instant::now() }
}

/// The path of `tractor`, for a program that starts it; that one is to be started [`in_folder`].
pub const TRACTOR: &str = env!("CARGO_BIN_EXE_tractor");

/// Any program, without defaults of whoever runs the tests.
pub fn in_folder(folder: &Path, name: &str) -> Command {
    let mut command = Command::new(name);
    command.current_dir(folder).env("XDG_CONFIG_HOME", folder).env_remove("TRACTOR_SERVER");
    command
}

/// `tractor` where the tests are run, without defaults of whoever runs them.
pub fn in_place() -> Command {
    let mut command = Command::new(TRACTOR);
    command.arg("--no-config").env_remove("TRACTOR_SERVER");
    command
}

pub fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = in_folder(folder, TRACTOR);
    command.args(arguments);
    command
}

/// `tractor` in a folder, with nothing to read on standard input.
pub fn tractor(folder: &Path, arguments: &[&str]) -> Finished {
    start_command(&mut program(folder, arguments), Stdio::null()).finish(PATIENCE)
}

pub fn pcap_info(folder: &Path, arguments: &[&str]) -> Finished {
    let mut command = in_folder(folder, env!("CARGO_BIN_EXE_pcap_info"));
    command.args(arguments);
    start_command(&mut command, Stdio::null()).finish(PATIENCE)
}

/// Rows of `tractor flows`, the header first, from a run without a complaint.
pub fn flows(folder: &Path, arguments: &[&str]) -> String {
    let finished = tractor(folder, &[&["flows"], arguments].concat());
    assert_eq!(finished.code, Some(0), "{arguments:?}: {}", finished.messages);
    finished.output
}

impl Running {
    /// Waits for the end; a run that has not ended in time fails the test.
    pub fn finish(mut self, patience: Duration) -> Finished {
        drop(self.child.stdin.take());
        let limit = Instant::now() + patience;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child to wait for") {
                break Some(status);
            }
            if Instant::now() > limit {
                self.child.kill().expect("a child to end");
                self.child.wait().expect("a child to wait for");
                break None;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let took = self.began.elapsed();
        let (output, messages) = (text(self.output), text(self.messages));
        let status = status.unwrap_or_else(|| panic!("still running after {took:?}: {messages}"));
        Finished { code: status.code(), output, messages, took }
    }
}

fn text(mut file: File) -> String {
    let mut bytes = Vec::new();
    file.rewind().expect("a file to read again");
    file.read_to_end(&mut bytes).expect("a file to read");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Waits until something is so, which must happen soon, on a machine that has others to serve, too.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < limit, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Names of everything in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder to list");
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.expect("an entry").file_name().to_string_lossy().into_owned()
    };
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}

/// CSV without quotes, as a map from column to value for each row.
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn of(csv: &str) -> Self {
        assert!(!csv.contains('"'), "no value here needs quotes");
        let fields = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
        let mut lines = csv.lines().map(fields);
        let header = lines.next().expect("a header");
        Self { header, rows: lines.collect() }
    }

    pub fn header(&self) -> &[String] {
        &self.header
    }

    pub fn column(&self, name: &str) -> Vec<&str> {
        let place = self.header.iter().position(|column| column == name);
        let place = place.unwrap_or_else(|| panic!("no column {name} in {:?}", self.header));
        self.rows.iter().map(|row| row[place].as_str()).collect()
    }

    pub fn numbers(&self, name: &str) -> Vec<u64> {
        self.column(name).into_iter().map(|text| text.parse().expect("a number")).collect()
    }
}
