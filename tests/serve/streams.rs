//! Folders that a server follows: one job over all files, current while it goes on, and the same
//! whatever is killed. `TRACTOR_CASES` is the number of kills.

use super::server::{PATIENCE, Place, Server, counts, total};
use super::stops::{cases, child_of, kill};
use crate::cli::run::{TRACTOR, in_place, until};
use crate::follow::writer::{Capture, Rotation, Sensor, replay};
use crate::follow::{rows_of, traffic};
use crate::support::random::Random;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const OFTEN: [&str; 6] =
    ["--checkpoint-pause", "30ms", "--quiet-after", "never", "--window", "20s"];

pub fn follow(server: &Server, directory: &str) -> u64 {
    let reply = server.post_to("/directories/process", &json!({ "directory": directory }));
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    reply.json()["job_id"].as_u64().unwrap()
}

/// Ends the stream once it has so many packets.
pub fn end(server: &Server, job: u64, packets: usize) -> Value {
    until("all is read", || {
        let status = server.status(job);
        assert_eq!(status["state"], "in_progress", "{status}");
        status["progress"]["packets"].as_u64() == Some(packets as u64)
    });
    assert_eq!(server.post_to(&format!("/file/{job}/end"), &json!({})).status, 200);
    server.wait(job)
}

fn assert_is(capture: &Capture, server: &Server, job: u64) {
    let rows = rows_of(capture, &[]);
    let flows = rows.lines().count() as u64 - 1;
    assert_eq!(total(&server.ask(&format!("/file/{job}/statistics")), "protocols"), flows);
    let stored = String::from_utf8(server.export(job, "csv")).unwrap();
    assert!(stored == rows, "{} lines, not {flows}", stored.lines().count());
    // Its windows are those of a job over the whole, which nobody has killed.
    let place = Place::new();
    place.capture("whole.pcap", &capture.bytes);
    let quiet = place.serve(&["--window", "20s"]);
    let whole = quiet.finished("whole.pcap");
    let sessions = |server: &Server, job| {
        let statistics = server.ask(&format!("/file/{job}/statistics?limit=1000"));
        counts(&statistics, "sessions")
    };
    assert_eq!(sessions(server, job), sessions(&quiet, whole));
    let [stored, expected] = [windows(server, job), windows(&quiet, whole)];
    assert!(stored == expected, "{} lines of windows", stored.0.lines().count());
}

/// The rows in order, and the sums.
fn windows(server: &Server, job: u64) -> (String, Value) {
    let rows = server.get(&format!("/file/{job}/windows?format=csv"));
    let sums = server.ask(&format!("/file/{job}/windows?limit=10000"));
    (String::from_utf8(rows.body).unwrap(), sums)
}

/// What whoever begins to watch a job is told at once.
fn first_event(server: &Server, job: u64) -> Value {
    let address = server.url.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(connection, "GET /file/{job}/events HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    let mut lines = BufReader::new(connection).lines().map(Result::unwrap);
    let data = lines.find_map(|line| line.strip_prefix("data:").map(str::to_owned)).unwrap();
    serde_json::from_str(&data).unwrap()
}

#[test]
fn a_folder_is_one_job_that_answers_while_it_fills() {
    let place = Place::new();
    let inner = place.captures().join("sensor");
    std::fs::create_dir(&inner).unwrap();
    let server = place.serve(&OFTEN);
    let missing = json!({ "directory": "missing" });
    assert_eq!(server.post_to("/directories/process", &missing).status, 404);
    for outside in ["..", "sensor/..", "/", ""] {
        let reply = server.post_to("/directories/process", &json!({ "directory": outside }));
        assert_eq!(reply.status, 404, "{outside:?}");
    }
    let job = follow(&server, "sensor");
    assert_eq!(follow(&server, "sensor"), job, "it is followed already");
    let capture = traffic(5, 3_000);
    let rotation = Rotation::Bytes(capture.bytes.len() / 5);
    let sensor = Sensor { rotation, ..Sensor::default() };
    replay(&capture, &inner, sensor, &mut Random::seeded(5));
    until("all is read", || {
        server.status(job)["progress"]["packets"].as_u64() == Some(capture.packets() as u64)
    });
    let listed = server.ask("/directories");
    let names: Vec<&str> =
        listed.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, [".", "sensor"]);
    assert_eq!(listed[1]["status"]["job_id"], job);
    until("it waits for more", || server.status(job)["waiting"] == "input");
    let stream = server.status(job)["stream"].clone();
    assert_eq!((&stream["lag_bytes"], &stream["late_files"]), (&json!(0), &json!(0)), "{stream}");
    assert!(stream["open_flows"].as_u64() > Some(0), "{stream}");
    let told = first_event(&server, job)["stream"].clone();
    assert_eq!(told["open_flows"], stream["open_flows"], "{told}");
    assert!(stream["memory_bytes"].as_u64() > Some(1 << 20), "{stream}");
    assert!(total(&server.ask(&format!("/file/{job}/statistics")), "protocols") > 0);
    let mut jobs = in_place();
    jobs.args(["jobs", "--server", &server.url]);
    let said = String::from_utf8(jobs.output().unwrap().stdout).unwrap();
    assert!(said.contains("sensor") && said.contains("up to date"), "{TRACTOR} jobs: {said}");
    assert_eq!(said.matches("waits for").count(), 1, "{said}");
    let status = end(&server, job, capture.packets());
    assert_eq!(status["state"], "finished", "{status}");
    assert_is(&capture, &server, job);
    let again = follow(&server, "sensor");
    assert_ne!(again, job, "it has ended");
    assert_eq!(server.delete(&format!("/file/{again}")).status, 200);
}

#[test]
fn a_stream_that_was_told_to_end_ends_after_a_restart_too() {
    let place = Place::new();
    let capture = traffic(6, 2_000);
    place.capture("a.pcap", &capture.bytes);
    let mut server = place.serve(&OFTEN);
    let job = follow(&server, ".");
    until("all is read", || {
        server.status(job)["progress"]["packets"].as_u64() == Some(capture.packets() as u64)
    });
    // It does not hear it.
    kill(child_of(&server, job).unwrap(), "STOP");
    assert_eq!(server.post_to(&format!("/file/{job}/end"), &json!({})).status, 200);
    server.kill();
    let server = place.serve(&OFTEN);
    assert_eq!(server.wait(job)["state"], "finished");
    let again = follow(&server, ".");
    assert_ne!(again, job, "it has ended");
    assert_eq!(server.delete(&format!("/file/{again}")).status, 200);
    assert_is(&capture, &server, job);
}

/// Kills the child or the server at random moments.
fn follow_and_kill(seed: u64, kills: u64) {
    let mut random = Random::seeded(seed);
    let place = Place::new();
    let capture = traffic(seed, 9_000);
    place.capture("early.pcap", &crate::cli::traffic::plain(&[]));
    let bytes = capture.bytes.len();
    let sensor = Sensor {
        rotation: random.pick(&[Rotation::Never, Rotation::Bytes(bytes / 12)]),
        bytes_per_second: Some(bytes as u64 / 4),
        ..Sensor::default()
    };
    let mut server = place.serve(&OFTEN);
    let job = follow(&server, ".");
    std::thread::scope(|scope| {
        let captures = place.captures();
        let (capture, mut of_sensor) = (&capture, Random::seeded(seed + 1_000));
        scope.spawn(move || replay(capture, &captures, sensor, &mut of_sensor));
        for _ in 0..kills {
            std::thread::sleep(Duration::from_millis(100 + random.below(900)));
            if random.chance(30) {
                server.kill();
                server = place.serve(&OFTEN);
            } else {
                let limit = Instant::now() + PATIENCE;
                let child = loop {
                    assert!(Instant::now() < limit, "no child: {}", place.messages());
                    if let Some(child) = child_of(&server, job) {
                        break child;
                    }
                };
                kill(child, "KILL");
            }
        }
    });
    assert!(server.ask("/files/list").as_array().unwrap().iter().all(|file| file["in_job"] == job));
    let status = end(&server, job, capture.packets());
    assert_eq!(status["state"], "finished", "seed {seed}: {status} {}", place.messages());
    assert_is(&capture, &server, job);
}

#[test]
fn killed_streams_go_on_as_if_nothing_had_happened() {
    const KILLS: u64 = 4;
    for seed in 0..cases(8).div_ceil(KILLS) {
        follow_and_kill(seed, KILLS);
    }
}
