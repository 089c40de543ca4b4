//! Servers and children that are stopped and killed: nothing finished is lost, and what was not is
//! done again with the same result. `TRACTOR_CASES` is the number of kills.

use std::time::{Duration, Instant};

use super::jobs::{SLOWLY, slow_capture};
use super::server::{Place, Server};
use crate::cli::run::until;
use crate::cli::traffic::office;
use crate::support::random::Random;

pub fn cases(usual: u64) -> u64 {
    std::env::var("TRACTOR_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Processes whose parent is the server.
fn children(server: &Server) -> Vec<u32> {
    let pid = server.child.id();
    let path = format!("/proc/{pid}/task");
    let tasks = std::fs::read_dir(path).into_iter().flatten().filter_map(Result::ok);
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

#[test]
fn a_server_that_is_told_to_stop_does_so_and_goes_on_later() {
    let place = Place::new();
    place.capture("slow.pcap", &slow_capture());
    let mut server = place.serve(&SLOWLY);
    let job = server.process("slow.pcap");
    until("the job is under way", || server.status(job)["progress"]["packets"].as_u64() > Some(0));
    server.signal("TERM");
    let began = Instant::now();
    let status = server.child.wait().unwrap();
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(status.code(), Some(0), "{}", place.messages());
    let server = place.serve(&SLOWLY);
    assert_eq!(server.wait(job)["state"], "finished");
}

#[test]
fn killed_servers_lose_nothing() {
    let place = Place::new();
    place.capture("slow.pcap", &slow_capture());
    place.capture("office.pcap", &office());
    let mut server = place.serve(&SLOWLY);
    let done = server.finished("office.pcap");
    let undisturbed = server.finished("slow.pcap");
    let expected = (server.export(done, "csv"), server.export(undisturbed, "csv"));
    let mut last = undisturbed;
    for case in 0..cases(6) {
        let mut random = Random::seeded(case);
        let job = server.process("slow.pcap");
        assert!(job > last, "number {job} is used again");
        last = job;
        std::thread::sleep(Duration::from_millis(random.below(1_500)));
        server.kill();
        let began = Instant::now();
        server = place.serve(&SLOWLY);
        assert_eq!(server.get("/health").status, 200);
        assert!(began.elapsed() < Duration::from_secs(4), "case {case}: {:?}", began.elapsed());
        assert_eq!(server.wait(job)["state"], "finished", "case {case}");
        assert!(server.export(job, "csv") == expected.1, "case {case}: other rows");
        assert!(
            server.export(done, "csv") == expected.0,
            "case {case}: other rows of what was done"
        );
        assert_eq!(server.delete(&format!("/file/{job}")).status, 200);
    }
}

#[test]
fn killed_children_are_begun_again() {
    let place = Place::new();
    place.capture("slow.pcap", &slow_capture());
    let server = place.serve(&SLOWLY);
    let expected = {
        let job = server.finished("slow.pcap");
        server.export(job, "csv")
    };
    for case in 0..cases(3) {
        let job = server.process("slow.pcap");
        until("the job is under way", || {
            server.status(job)["progress"]["packets"].as_u64() > Some(0)
        });
        std::thread::sleep(Duration::from_millis(Random::seeded(case).below(500)));
        for child in children(&server) {
            let _ = std::process::Command::new("kill").args(["-9", &child.to_string()]).status();
        }
        let status = server.wait(job);
        assert_eq!(status["state"], "finished", "case {case}: {status}");
        assert!(server.export(job, "csv") == expected, "case {case}: other rows");
    }
}
