//! What it costs a whole run to group flows into sessions:
//! `TRACTOR_BENCH_CAPTURE=F cargo bench -p tractor-engine --bench sessions`, where TRACTOR_BENCH_PLUGIN may be a
//! classifier's library: `tractor flows` has the bundled ones unless told otherwise. TRACTOR_BENCH_WORKERS: 1
//! unless told otherwise.
//!
//! One after the other, in turn, so that a busy machine is busy for all of them: flows by themselves,
//! flows that tell their session, and rows of sessions instead, measured by all their packets. Rows are
//! written as CSV, to nowhere.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use tractor_engine::capture::{Input, join};
use tractor_engine::classify::{PluginOptions, Plugins};
use tractor_engine::dataflow::{Progress, Rows, RunError, RunOptions, Summary, run};
use tractor_engine::output::CsvWriter;
use tractor_engine::profiles::{Features, Layout, Profile};

/// That of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(capture) = std::env::var_os("TRACTOR_BENCH_CAPTURE") else {
        println!("skipped: TRACTOR_BENCH_CAPTURE is not set");
        return Ok(());
    };
    let capture = Path::new(&capture);
    let files = std::env::var_os("TRACTOR_BENCH_PLUGIN").map(PathBuf::from).into_iter().collect();
    let plugins = PluginOptions { files, ..PluginOptions::default() };
    let plugins = Arc::new(Plugins::load(&plugins, Features::names));
    println!("with {} classifiers", plugins.classifiers().len());
    let workers =
        std::env::var("TRACTOR_BENCH_WORKERS").map_or(Ok(1), |workers| workers.parse())?;
    let profile = &Profile::all()[0];
    let by_themselves = || RunOptions {
        names: true,
        workers,
        plugins: Arc::clone(&plugins),
        ..RunOptions::new(profile)
    };
    let mut with_session = by_themselves();
    with_session.group_flows(Rows::Flows, false, None);
    let mut of_sessions = by_themselves();
    of_sessions.group_flows(Rows::Sessions, true, None);
    let of_flows = Layout::of_flows(profile, true, false);
    let kinds = [
        ("flows by themselves", by_themselves(), of_flows),
        ("flows that tell their session", with_session, of_flows),
        ("rows of sessions", of_sessions, Layout::of_sessions(profile, false)),
    ];
    // For a profiler: `-- --only 1` is the second alone.
    let only = std::env::args().skip_while(|word| word != "--only").nth(1);
    if let Some(place) = only.and_then(|place| place.parse::<usize>().ok()) {
        let (name, options, layout) = &kinds[place];
        println!("{name}");
        for _ in 0..ROUNDS {
            once(capture, options, *layout)?;
        }
        return Ok(());
    }
    let mut seconds = [const { Vec::new() }; 3];
    let mut shares = [const { Vec::new() }; 3];
    let mut busy = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        for (place, (_, options, layout)) in kinds.iter().enumerate() {
            let (began, busy_before) = (Instant::now(), processor_seconds()?);
            let timings = once(capture, options, *layout)?.timings;
            seconds[place].push(began.elapsed().as_secs_f64());
            busy[place].push(processor_seconds()? - busy_before);
            shares[place].push(timings.sessions_ns as f64 / timings.wall_ns as f64);
        }
    }
    for (what, figures) in [("by the clock", &seconds), ("of processors", &busy)] {
        for ((name, ..), own) in kinds.iter().zip(figures) {
            // Of each round by itself, and of these the one in the middle.
            let mut ratios: Vec<f64> =
                own.iter().zip(&figures[0]).map(|(one, base)| one / base).collect();
            ratios.sort_by(f64::total_cmp);
            let least = |figures: &[f64]| figures.iter().copied().fold(f64::INFINITY, f64::min);
            println!(
                "{name}: {:.2} s {what} at best, {:.3} times; {:.3} times ({:.3} to {:.3})",
                least(own),
                least(own) / least(&figures[0]),
                ratios[ROUNDS / 2],
                ratios[0],
                ratios[ROUNDS - 1]
            );
        }
    }
    for ((name, ..), own) in kinds.iter().zip(&mut shares) {
        own.sort_by(f64::total_cmp);
        println!("{name}: grouping is {:.1} % of the time", own[ROUNDS / 2] * 100.0);
    }
    Ok(())
}

fn once(capture: &Path, options: &RunOptions, layout: Layout) -> Result<Summary, RunError> {
    let joined = join(&[Input::Path(capture.to_owned())]);
    let writer = Box::new(CsvWriter::new(layout, io::sink()));
    run(joined, options, Some(writer), &Arc::new(Progress::default()))
}

/// Of all threads so far, in hundredths.
fn processor_seconds() -> Result<f64, Box<dyn Error>> {
    let all = std::fs::read_to_string("/proc/self/stat")?;
    // Behind the name, which may hold anything (proc_pid_stat(5)).
    let behind = all.rsplit_once(')').ok_or("no name")?.1;
    let fields: Vec<&str> = behind.split_whitespace().collect();
    let ticks = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
    Ok(ticks / 100.0)
}
