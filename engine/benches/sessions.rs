//! What it costs a whole run to group flows into sessions:
//! `TRACTOR_BENCH_CAPTURE=F cargo bench -p tractor-engine --bench sessions`, where TRACTOR_BENCH_PLUGIN may be a
//! classifier's library: `tractor flows` has the bundled ones unless told otherwise.
//!
//! One after the other, in turn, so that a busy machine is busy for all of them: flows by themselves,
//! flows that tell their session, and rows of sessions instead, measured by all their packets.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use tractor_engine::capture::{Input, join};
use tractor_engine::classify::{PluginOptions, Plugins};
use tractor_engine::dataflow::{Progress, Rows, RunOptions, run};
use tractor_engine::profiles::{Features, Profile};

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
    let by_themselves = || RunOptions {
        names: true,
        workers: 1,
        plugins: Arc::clone(&plugins),
        ..RunOptions::new(&Profile::all()[0])
    };
    let mut with_session = by_themselves();
    with_session.group_flows(Rows::Flows, false, None);
    let mut of_sessions = by_themselves();
    of_sessions.group_flows(Rows::Sessions, true, None);
    let kinds = [
        ("flows by themselves", by_themselves()),
        ("flows that tell their session", with_session),
        ("rows of sessions", of_sessions),
    ];
    // For a profiler: `-- --only 1` is the second alone.
    let only = std::env::args().skip_while(|word| word != "--only").nth(1);
    if let Some(place) = only.and_then(|place| place.parse::<usize>().ok()) {
        let (name, options) = &kinds[place];
        println!("{name}");
        for _ in 0..ROUNDS {
            let joined = join(&[Input::Path(capture.to_owned())]);
            run(joined, options, None, &Arc::new(Progress::default()))?;
        }
        return Ok(());
    }
    let mut seconds = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        for ((_, options), seconds) in kinds.iter().zip(&mut seconds) {
            let began = Instant::now();
            let joined = join(&[Input::Path(capture.to_owned())]);
            run(joined, options, None, &Arc::new(Progress::default()))?;
            seconds.push(began.elapsed().as_secs_f64());
        }
    }
    for ((name, _), own) in kinds.iter().zip(&seconds) {
        // Of each round by itself, and of these the one in the middle.
        let mut ratios: Vec<f64> =
            own.iter().zip(&seconds[0]).map(|(one, base)| one / base).collect();
        ratios.sort_by(f64::total_cmp);
        let least = own.iter().copied().fold(f64::INFINITY, f64::min);
        println!(
            "{name}: {least:.2} s at best, {:.3} times ({:.3} to {:.3})",
            ratios[ROUNDS / 2],
            ratios[0],
            ratios[ROUNDS - 1]
        );
    }
    Ok(())
}
