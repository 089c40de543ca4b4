//! The store with rows of real runs: exports are what the formats write, and it is small.

mod exports;
mod sizes;

// The builders of the tests of the whole program.
#[allow(dead_code, unused_imports)]
#[path = "../../../tests/support/mod.rs"]
mod support;

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex};
use support::capture::RawPacket;
use support::pcapng::{PcapngStyle, pcapng};
use tractor_engine::capture::{Input, join};
use tractor_engine::dataflow::{Progress, RunOptions, run};
use tractor_engine::output::RowWriter;
use tractor_engine::profiles::Layout;
use tractor_engine::store::{
    Committed, Entry, JobListener, JobReader, JobRecord, JobState, JobWriter,
};

/// A listener that wants nothing.
struct Nobody;

impl JobListener for Nobody {
    fn committed(&mut self, _: &Entry, _: Committed) {}

    fn full(&mut self) -> ControlFlow<()> {
        ControlFlow::Break(())
    }
}

/// What a writer wrote, after it is gone.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panicked").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Written {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().expect("nobody panicked"))
    }
}

/// Runs a capture, with two workers.
fn run_with(capture: &Path, options: &RunOptions, writer: Box<dyn RowWriter>) {
    let joined = join(&[Input::Path(capture.to_owned())]);
    let options = RunOptions { workers: 2, ..options.clone() };
    run(joined, &options, Some(writer), &Arc::new(Progress::default())).expect("a run");
}

/// Runs a capture as a job.
fn store(folder: &Path, layout: Layout, capture: &Path, options: &RunOptions) -> JobReader {
    std::fs::create_dir_all(folder).expect("a folder");
    let record = JobRecord { id: 1, state: JobState::InProgress, ..JobRecord::default() };
    let writer = JobWriter::create(folder, layout, &record, Nobody).expect("a writer");
    run_with(capture, options, Box::new(writer.rows()));
    let record = JobRecord { state: JobState::Finished, ..record };
    writer.end(Vec::new(), &record).expect("an end");
    JobReader::open(folder).expect("a reader")
}

fn write_capture(path: &Path, packets: &[RawPacket]) {
    std::fs::write(path, pcapng(packets, PcapngStyle::default())).expect("room for it");
}
