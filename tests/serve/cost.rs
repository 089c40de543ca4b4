//! What a job costs beside the same run from the command line. `TRACTOR_LONG`; figures mean something in
//! a release build, over a capture that `TRACTOR_BENCH_CAPTURE` names.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::large::large_capture;
use super::server::{Place, Server};
use crate::cli::run::{program, start_command};

const ROUNDS: usize = 5;

/// Of a flow, at most: in segments with all columns of `native`, and in the index.
const SEGMENT_BYTES_MAX: u64 = 350;
const INDEX_BYTES_MAX: u64 = 60;

/// Of a hundred answers about a job's status, ninety-nine within that.
const STATUS_MAX: Duration = Duration::from_millis(20);

fn bytes_below(folder: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = entries.map(|entry| match entry.metadata() {
        Ok(about) if about.is_dir() => bytes_below(&entry.path()),
        about => about.map_or(0, |about| about.len()),
    });
    bytes.sum()
}

/// How long a job lasts, and how long each answer about its status took.
fn job(server: &Server, name: &str) -> (u64, Duration, Vec<Duration>) {
    let began = Instant::now();
    let job = server.process(name);
    let mut answers = Vec::new();
    loop {
        let asked = Instant::now();
        let status = server.status(job);
        answers.push(asked.elapsed());
        match status["state"].as_str() {
            Some("queued" | "in_progress") => std::thread::sleep(Duration::from_millis(20)),
            Some("finished") => return (job, began.elapsed(), answers),
            _ => panic!("{status}"),
        }
    }
}

#[test]
fn what_a_job_costs() {
    if std::env::var_os("TRACTOR_LONG").is_none() {
        eprintln!("skipped: TRACTOR_LONG is not set");
        return;
    }
    let place = Place::new();
    let name = large_capture(&place);
    let server = place.serve(&["--workers", "2"]);
    let (mut ratios, mut answers, mut last) = (Vec::new(), Vec::new(), 0);
    // The first round fills the page cache.
    for round in 0..=ROUNDS {
        let mut command =
            program(&place.captures(), &["flows", name, "--format", "none", "--workers", "2"]);
        let began = Instant::now();
        let run = start_command(&mut command, Stdio::null()).finish(Duration::from_secs(600));
        assert_eq!(run.code, Some(0), "{run:?}");
        let alone = began.elapsed();
        let (id, under, more) = job(&server, name);
        if round > 0 {
            ratios.push(under.as_secs_f64() / alone.as_secs_f64());
            answers.extend(more);
        }
        last = id;
    }
    ratios.sort_by(f64::total_cmp);
    answers.sort_unstable();
    let flows = server.ask(&format!("/file/{last}/details"))["flows_count"].as_u64().unwrap();
    let segments = bytes_below(&place.data().join("jobs").join(last.to_string())) / flows;
    let index = bytes_below(&place.data().join("index")) / (flows * (ROUNDS as u64 + 1));
    let status = answers[answers.len() * 99 / 100];
    println!(
        "a job takes {:.2} times ({:.2} to {:.2}) as long as flows --format none: {flows} flows, \
         {segments} bytes a flow, {index} in the index; status within {status:?}",
        ratios[ROUNDS / 2],
        ratios[0],
        ratios[ROUNDS - 1],
    );
    assert!(segments <= SEGMENT_BYTES_MAX && index <= INDEX_BYTES_MAX);
    assert!(status <= STATUS_MAX, "{status:?}");
}
