//! Servers and children that are stopped and killed: nothing finished is lost, and what was not is
//! done again with the same result. `TRACTOR_CASES` is the number of kills.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::jobs::{SLOWLY, slow_capture};
use super::server::{Place, Server};
use crate::cli::run::until;
use crate::cli::traffic::{many_flows, office, plain};
use crate::support::random::Random;

/// How long after a kill a server answers again, or a job is begun again.
const RESTART_MAX: Duration = Duration::from_secs(2);

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
fn a_lock_that_is_left_for_a_moment_is_waited_for() {
    use rustix::fs::{FlockOperation, flock};
    let place = Place::new();
    drop(place.serve(&[]));
    let lock = std::fs::File::open(place.data().join("lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let left = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(400));
        drop(lock);
    });
    let server = place.serve(&[]);
    left.join().unwrap();
    assert_eq!(server.get("/health").status, 200);
}

#[test]
fn what_was_cancelled_before_a_kill_does_not_come_back() {
    let place = Place::new();
    place.capture("slow.pcap", &slow_capture());
    place.capture("office.pcap", &office());
    let mut server = place.serve(&SLOWLY);
    let (running, queued) = (server.process("slow.pcap"), server.process("office.pcap"));
    until("a job is under way", || child_of(&server, running).is_some());
    for job in [running, queued] {
        assert_eq!(server.delete(&format!("/file/{job}")).status, 200);
    }
    server.kill();
    let server = place.serve(&SLOWLY);
    for job in [running, queued] {
        assert_eq!(server.status(job)["state"], "cancelled");
    }
}

#[test]
fn a_server_that_stops_does_not_take_a_part_of_a_job_for_all_of_it() {
    let place = Place::new();
    place.capture("slow.pcap", &slow_capture());
    let mut server = place.serve(&SLOWLY);
    let job = server.process("slow.pcap");
    until("the job is under way", || server.status(job)["progress"]["packets"].as_u64() > Some(0));
    // Requests that have begun are answered before it ends.
    let address = server.url.trim_start_matches("http://");
    let asked = ["statistics", "statistics/ip?ip=192.0.2.1", "flows?limit=10"].map(|path| {
        let mut connection = TcpStream::connect(address).unwrap();
        write!(connection, "GET /file/{job}/{path} HTTP/1.1\r\nHost: local").unwrap();
        (path, connection)
    });
    std::thread::sleep(Duration::from_millis(200));
    server.signal("TERM");
    until("the job has stopped", || children(&server).is_empty());
    std::thread::sleep(Duration::from_millis(300));
    for (path, mut connection) in asked {
        write!(connection, "host\r\n\r\n").unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 503 "), "{path}: {answer}");
        assert!(answer.to_lowercase().contains("\r\nretry-after: "), "{path}: {answer}");
    }
    assert_eq!(server.child.wait().unwrap().code(), Some(0), "{}", place.messages());
}

#[test]
fn killed_servers_lose_nothing() {
    let place = Place::new();
    place.capture("slow.pcap", &slow_capture());
    place.capture("office.pcap", &office());
    let mut server = place.serve(&SLOWLY);
    let done = server.finished("office.pcap");
    let began = Instant::now();
    let undisturbed = server.finished("slow.pcap");
    // Kills come at any moment of a job, that at which it ends among them.
    let lasts_ms = began.elapsed().as_millis() as u64 * 21 / 20;
    let expected = (server.export(done, "csv"), server.export(undisturbed, "csv"));
    let mut last = undisturbed;
    for case in 0..cases(6) {
        let mut random = Random::seeded(case);
        let job = server.process("slow.pcap");
        assert!(job > last, "number {job} is used again");
        last = job;
        std::thread::sleep(Duration::from_millis(random.below(lasts_ms)));
        server.kill();
        let began = Instant::now();
        server = place.serve(&SLOWLY);
        assert_eq!(server.get("/health").status, 200);
        // From the start of the process to its first answer.
        assert!(began.elapsed() < RESTART_MAX, "case {case}: {:?}", began.elapsed());
        assert_eq!(server.wait(job)["state"], "finished", "case {case}");
        assert!(server.export(job, "csv") == expected.1, "case {case}: other rows");
        assert!(
            server.export(done, "csv") == expected.0,
            "case {case}: other rows of what was done"
        );
        assert_eq!(server.delete(&format!("/file/{job}")).status, 200);
    }
}

/// The process that does a job, while there is one.
pub fn child_of(server: &Server, job: u64) -> Option<u32> {
    let folder = format!("/jobs/{job}");
    let does_it = |pid: &u32| {
        let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        words.split(|byte| *byte == 0).any(|word| word.ends_with(folder.as_bytes()))
    };
    children(server).into_iter().find(does_it)
}

pub fn kill(pid: u32, signal: &str) {
    let _ = std::process::Command::new("kill").args(["-s", signal, &pid.to_string()]).status();
}

#[test]
fn killed_children_are_begun_again() {
    let place = Place::new();
    place.capture("slow.pcap", &slow_capture());
    place.capture("beside.pcap", &slow_capture());
    let server = place.serve(&[&SLOWLY[..], &["--jobs", "2"]].concat());
    let expected = {
        let job = server.finished("slow.pcap");
        server.export(job, "csv")
    };
    for case in 0..cases(3) {
        let (job, beside) = (server.process("slow.pcap"), server.process("beside.pcap"));
        until("the jobs are under way", || {
            let is_under_way = |job| server.status(job)["progress"]["packets"].as_u64() > Some(0);
            is_under_way(job) && is_under_way(beside)
        });
        std::thread::sleep(Duration::from_millis(Random::seeded(case).below(500)));
        let child_beside = child_of(&server, beside);
        let child = child_of(&server, job).expect("a process");
        kill(child, "KILL");
        let began = Instant::now();
        loop {
            let state = server.status(job)["state"].clone();
            if state == "failed" || child_of(&server, job).is_some_and(|other| other != child) {
                break;
            }
            assert!(began.elapsed() < RESTART_MAX, "case {case}: it is {state} still");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(child_of(&server, beside), child_beside, "case {case}: the other one, too");
        for job in [job, beside] {
            let status = server.wait(job);
            assert_eq!(status["state"], "finished", "case {case}: {status}");
            assert!(server.export(job, "csv") == expected, "case {case}: other rows");
        }
    }
}

#[test]
fn a_plugin_that_thinks_below_its_deadline_is_left_alone_and_a_job_that_stands_still_fails() {
    use crate::cli::bad_plugins::plugins::{THINKS, can_be_made, make};
    if !can_be_made() {
        return;
    }
    let place = Place::new();
    make(place.root.path(), &THINKS);
    place.capture("few.pcap", &plain(&many_flows(300)));
    place.capture("slow.pcap", &slow_capture());
    let more = ["--plugin", "./libthinks.so", "--standstill-ms", "1000"];
    let server = place.serve(&[&SLOWLY[..], &more].concat());
    let job = server.finished("few.pcap");
    let status = server.status(job);
    assert_eq!(status["without_plugins"], serde_json::Value::Null, "{status}");

    let job = server.process("slow.pcap");
    until("the job is under way", || server.status(job)["progress"]["packets"].as_u64() > Some(0));
    // Stopped outside of a plugin it stands still; inside, the plugin is to blame.
    kill(child_of(&server, job).expect("a process"), "STOP");
    let status = server.wait(job);
    let message = status["message"].as_str().unwrap_or_default();
    let is_told = status["state"] == "failed" && message.contains("no progress for 1 s");
    let is_blamed = status["without_plugins"][0]["id"] == "org.example.thinks";
    assert!(is_told || is_blamed, "{status}");
}
