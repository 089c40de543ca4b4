//! Statistics while a job runs: each answer of one consistent state, and at the end those of all rows.

use super::jobs::{SLOWLY, slow_capture};
use super::server::{Place, total};
use crate::cli::run::until;

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
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(answers > 1, "the job was too quick to look at");
    assert_eq!(server.wait(job)["state"], "finished");
    let statistics = server.ask(&format!("/file/{job}/statistics"));
    for title in ["protocols", "clients", "servers", "transports"] {
        assert_eq!(total(&statistics, title), 60_000, "{title}");
    }
}
