//! The engine as a library: `cargo run --example embed -- sample.pcap` prints client, server and
//! packets of every flow.

use std::io::{self, Write};
use std::sync::Arc;
use tractor_engine::capture::{Input, join};
use tractor_engine::dataflow::{Progress, RunOptions, run};
use tractor_engine::output::RowWriter;
use tractor_engine::profiles::{Profile, Row};

/// Takes the rows, in their order, on a thread of its own.
struct Print(io::BufWriter<io::Stdout>);

impl RowWriter for Print {
    fn write(&mut self, row: &Row<'_>) -> io::Result<()> {
        let flow = row.flow;
        let ((client, from), (server, to)) = (flow.client(), flow.server());
        let port = |port: Option<u16>| port.map_or_else(String::new, |port| format!(" {port}"));
        let (from, to, packets) = (port(from), port(to), flow.packet_count());
        writeln!(self.0, "{client}{from} -> {server}{to}: {packets} packets")
    }

    fn finish(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn main() -> anyhow::Result<()> {
    let inputs: Vec<_> = std::env::args_os().skip(1).map(|path| Input::Path(path.into())).collect();
    let options = RunOptions::new(&Profile::all()[0]);
    let writer = Box::new(Print(io::BufWriter::new(io::stdout())));
    let summary = run(join(&inputs), &options, Some(writer), &Arc::new(Progress::default()))?;
    for problem in &summary.problems {
        eprintln!("{}: {}", problem.file, problem.cause);
    }
    eprintln!("{} packets, {} flows", summary.packets, summary.rows);
    Ok(())
}
