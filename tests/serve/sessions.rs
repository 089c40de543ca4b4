//! Sessions of a job: they are what the command writes, in pages and one by one, and their flows are found.

use super::server::{Place, Server, counts};
use super::streams::{end, follow};
use crate::cli::run::{tractor, until};
use crate::cli::traffic::{office, plain};
use crate::support::traffic::sample;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The lines of `tractor sessions`, as objects.
fn printed(place: &Place, name: &str, more: &[&str]) -> Vec<Value> {
    let arguments = [&["sessions", name, "--format", "jsonl", "-q"], more].concat();
    let run = tractor(&place.captures(), &arguments);
    assert_eq!(run.code, Some(0), "{}", run.messages);
    run.output.lines().map(|line| serde_json::from_str(line).expect("an object")).collect()
}

/// All pages of so many.
fn pages(server: &Server, job: u64, limit: usize, query: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut path = format!("/file/{job}/sessions?limit={limit}{query}");
    loop {
        let reply = server.get(&path);
        assert_eq!(reply.status, 200, "{path}");
        let page = reply.json().as_array().expect("a list").clone();
        assert!(page.len() <= limit);
        all.extend(page);
        let Some(link) = reply.header("link").map(str::to_owned) else { return all };
        path = link.trim_start_matches('<').split('>').next().unwrap_or_default().to_owned();
    }
}

#[test]
fn sessions_of_a_job_are_those_of_the_command() {
    for profile in ["native", "iscx-a2"] {
        let place = Place::new();
        place.capture("office.pcap", &office());
        let expected = printed(&place, "office.pcap", &["--profile", profile]);
        assert!(expected.iter().any(|session| session["flows"].as_u64() > Some(3)));
        let server = place.serve(&["--profile", profile]);
        let job = server.finished("office.pcap");
        for limit in [1, 7, 1_000] {
            assert_eq!(pages(&server, job, limit, ""), expected, "{profile}, {limit} a page");
        }
        for session in &expected {
            let id = session["session_id"].as_u64().expect("an id");
            assert_eq!(&server.ask(&format!("/file/{job}/sessions/{id}")), session);
            let flows = server.ask(&format!("/file/{job}/flows?session={id}"));
            let flows = flows.as_array().expect("a list");
            let ids = |flows: &[Value], id: &dyn Fn(&Value) -> Option<u64>| {
                flows.iter().filter_map(id).collect::<BTreeSet<u64>>()
            };
            let found = ids(flows, &|flow| flow["flow_id"].as_u64());
            let told = session["flow_ids"].as_array().expect("a list");
            assert_eq!(found, ids(told, &Value::as_u64), "{session}");
            assert_eq!(Some(found.len() as u64), session["flows"].as_u64(), "{session}");
            assert!(flows.iter().all(|flow| flow["session_id"] == id));
        }
        let mut by_label = BTreeMap::<String, u64>::new();
        for session in &expected {
            let label = session["label"].as_str().unwrap_or("(none)").to_owned();
            *by_label.entry(label).or_default() += 1;
        }
        let statistics = server.ask(&format!("/file/{job}/statistics"));
        let counted: BTreeMap<_, _> = counts(&statistics, "sessions").into_iter().collect();
        assert_eq!(counted, by_label);
        let label = expected.iter().find_map(|session| session["label"].as_str()).expect("a label");
        let of_label = pages(&server, job, 10, &format!("&label={label}"));
        let wanted: Vec<Value> =
            expected.iter().filter(|session| session["label"] == label).cloned().collect();
        assert_eq!(of_label, wanted);
        assert_eq!(server.get(&format!("/file/{job}/sessions/0")).status, 404);
    }
}

#[test]
fn sessions_of_a_job_that_goes_on_are_told_when_they_are_over() {
    let place = Place::new();
    let mut packets = sample();
    // What comes two minutes later ends all that was before.
    let mut late = packets[0].clone();
    late.time_ns += 300_000_000_000;
    packets.push(late);
    place.capture("0.pcap", &plain(&packets));
    let expected = printed(&place, "0.pcap", &[]);
    let server = place.serve(&[]);
    let job = follow(&server, ".");
    // All but that of the last packet, which goes on.
    let mut told = Vec::new();
    until("sessions are over", || {
        // Until the job has begun nobody can say.
        if server.get(&format!("/file/{job}/sessions")).status == 503 {
            return false;
        }
        told = pages(&server, job, 1_000, "");
        told.len() + 1 >= expected.len()
    });
    assert_eq!(told, expected[..expected.len() - 1]);
    end(&server, job, packets.len());
    assert_eq!(pages(&server, job, 1_000, ""), expected);
}

#[test]
fn profiles_that_copy_a_program_have_no_sessions() {
    let place = Place::new();
    place.capture("office.pcap", &office());
    let server = place.serve(&["--profile", "cic"]);
    let job = server.finished("office.pcap");
    assert_eq!(server.ask(&format!("/file/{job}/sessions")), Value::Array(Vec::new()));
}
