//! Statistics while a job runs: each answer of one consistent state, and at the end those of all rows.

use std::io::Write;
use std::time::Duration;

use super::jobs::{SLOWLY, slow_capture};
use super::server::{Place, total};
use crate::cli::run::until;
use crate::cli::traffic::{many_flows, office, plain};

#[test]
fn counts_of_one_answer_belong_together_and_grow() {
    let place = Place::new();
    place.capture("slow.pcap", &slow_capture());
    let server = place.serve(&SLOWLY);
    let job = server.process("slow.pcap");
    until("the job is under way", || server.status(job)["state"] == "in_progress");
    let (mut before, mut answers) = (0, 0);
    while server.status(job)["state"] == "in_progress" {
        let reply = server.get(&format!("/file/{job}/statistics"));
        if reply.status == 503 {
            assert!(reply.header("Retry-After").is_some(), "{reply:?}");
            continue;
        }
        let statistics = reply.json();
        let flows = total(&statistics, "transports");
        for title in ["protocols", "clients", "servers"] {
            assert_eq!(total(&statistics, title), flows, "{title}");
        }
        assert!(flows >= before, "{flows} after {before}");
        let address = server.get(&format!("/file/{job}/statistics/ip?ip=192.0.2.1"));
        if address.status == 200 {
            let details = address.json();
            let of_address = total(&details["statistics"], "peers");
            assert!(of_address >= before, "{of_address} flows of the only client after {before}");
            assert_eq!(total(&details["statistics"], "protocols"), of_address);
        }
        before = flows;
        answers += 1;
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(answers > 1, "the job was too quick to look at");
    assert_eq!(server.wait(job)["state"], "finished");
    let statistics = server.ask(&format!("/file/{job}/statistics"));
    for title in ["protocols", "clients", "servers", "transports"] {
        assert_eq!(total(&statistics, title), 60_000, "{title}");
    }
}

#[test]
fn a_capture_that_grows_keeps_its_times_and_holds_up_no_other() {
    let place = Place::new();
    let packets = plain(&many_flows(2_000));
    let half = packets.len() / 2;
    place.capture("a-grows.pcap", &packets[..half]);
    let server = place.serve(&[]);
    let file = |name: &str| {
        let files = server.ask("/files/list");
        files.as_array().unwrap().iter().find(|file| file["name"] == name).cloned()
    };
    let begin = |name: &str| file(name).and_then(|file| file["time_start"].as_i64()).unwrap_or(0);
    until("it is looked at", || begin("a-grows") > 0);
    let path = place.captures().join("a-grows.pcap");
    let mut growing = std::fs::File::options().append(true).open(path).unwrap();
    for (number, piece) in packets[half..].chunks(packets.len() / 40).enumerate() {
        growing.write_all(piece).unwrap();
        place.capture(&format!("b{number}.pcap"), &office());
        std::thread::sleep(Duration::from_millis(100));
        assert!(begin("a-grows") > 0, "it has no times any more");
    }
    until("the others are looked at", || (0..20).all(|number| begin(&format!("b{number}")) > 0));
    drop(growing);
    let last = |name: &str| file(name).and_then(|file| file["time_end"].as_i64()).unwrap_or(0);
    let end = last("a-grows");
    place.capture("c-whole.pcap", &packets);
    until("it is looked at when it is complete", || {
        last("c-whole") > 0 && last("a-grows") == last("c-whole")
    });
    assert!(end <= last("c-whole"));
}
