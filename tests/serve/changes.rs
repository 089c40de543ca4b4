//! Captures that change: they grow, or another file takes their name.

use std::io::Write;
use std::time::{Duration, SystemTime};

use super::jobs::{SLOWLY, slow_capture};
use super::server::{Place, Server};
use crate::cli::run::until;
use crate::cli::traffic::{many_flows, office, plain};

/// Jobs that a server has begun, of any state.
fn jobs_begun(place: &Place) -> usize {
    place.messages().matches("queued").count()
}

fn listed(server: &Server) -> serde_json::Value {
    server.ask("/files/list")[0].clone()
}

/// Makes a file look as if nobody had written to it for a minute.
fn age(place: &Place, name: &str) {
    let file = std::fs::File::options().write(true).open(place.captures().join(name)).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
}

#[test]
fn a_capture_that_pauses_while_it_grows_has_one_job_and_one_that_is_written_anew_another() {
    let place = Place::new();
    let packets = plain(&many_flows(4_000));
    let server = place.serve(&["--process", "new"]);
    let path = place.captures().join("grows.pcap");
    std::fs::write(&path, &packets[..packets.len() / 2]).unwrap();
    until("it is processed", || listed(&server)["status"]["state"] == "finished");
    let job = listed(&server)["status"]["job_id"].clone();
    for piece in packets[packets.len() / 2..].chunks(packets.len() / 6) {
        let mut file = std::fs::File::options().append(true).open(&path).unwrap();
        file.write_all(piece).unwrap();
        drop(file);
        std::thread::sleep(Duration::from_millis(300));
    }
    until("its end is seen", || {
        listed(&server)["size"] == packets.len().div_ceil(1_024) && jobs_begun(&place) == 1
    });
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(jobs_begun(&place), 1, "{}", place.messages());
    assert_eq!(listed(&server)["status"]["job_id"], job, "it is still the one of its job");

    // Larger, in the same place, but not the one that was there.
    std::fs::write(&path, plain(&many_flows(9_000)[1..])).unwrap();
    until("what was written anew is processed, too", || jobs_begun(&place) == 2);
}

#[test]
fn a_capture_that_has_taken_a_name_has_a_job_of_its_own() {
    let place = Place::new();
    place.capture("ring.pcap", &slow_capture());
    let server = place.serve(&SLOWLY);
    let first = server.process("ring.pcap");
    until("it is under way", || server.status(first)["progress"]["packets"].as_u64() > Some(0));
    assert_eq!(server.process("ring.pcap"), first);
    place.capture("ring.pcap", &office());
    let second = server.process("ring.pcap");
    assert_ne!(second, first, "that one reads the file of before");
    assert_eq!(server.process("ring.pcap"), second);
    assert_eq!(server.wait(second)["state"], "finished");
    let flows = |job: u64| server.ask(&format!("/file/{job}/details"))["flows_count"].clone();
    assert_eq!(flows(first), 60_000);
    assert_ne!(flows(second), 60_000);

    place.capture("ring.pcap", &plain(&many_flows(10)));
    until("the third is seen", || listed(&server)["status"]["state"] == "new");
    assert!(listed(&server)["flows_count"].is_null(), "{}", listed(&server));
}

#[test]
fn a_job_that_waited_is_told_of_the_capture_that_it_reads() {
    let place = Place::new();
    place.capture("slow.pcap", &slow_capture());
    let small = plain(&many_flows(100));
    place.capture("later.pcap", &small);
    age(&place, "later.pcap");
    let server = place.serve(&SLOWLY);
    server.process("slow.pcap");
    let waits = server.process("later.pcap");
    assert_eq!(server.status(waits)["state"], "queued");
    place.capture("later.pcap", &slow_capture());
    until("it is under way", || server.status(waits)["progress"]["packets"].as_u64() > Some(0));
    let status = server.status(waits);
    if status["state"] == "in_progress" {
        assert!(status["progress"]["share"].as_f64() < Some(0.95), "{status}");
    }
    let details = server.ask(&format!("/file/{waits}/details"));
    assert!(details["message"].is_null(), "{details}");
    assert_eq!(details["size"], slow_capture().len().div_ceil(1_024));
    assert_eq!(server.delete(&format!("/file/{waits}")).status, 200);
}
