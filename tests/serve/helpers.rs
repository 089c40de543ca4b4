//! What plugins begin and do not end.

use std::path::Path;

use super::jobs::{SLOWLY, slow_capture};
use super::server::{Place, Server};
use super::stops::{child_of, kill};
use crate::cli::bad_plugins::plugins::{FORKS, can_be_made, make};
use crate::cli::run::until;
use crate::cli::traffic::{many_flows, plain};

/// The processes that the plugin has begun so far.
fn helpers(root: &Path) -> Vec<u32> {
    let text = std::fs::read_to_string(root.join("helpers")).unwrap_or_default();
    text.lines().map(|line| line.parse().expect("a number")).collect()
}

/// Whether a process is there and has not ended.
fn lives(pid: u32) -> bool {
    let about = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    about.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

fn serve(place: &Place) -> Server {
    make(place.root.path(), &FORKS);
    place.serve(&[&SLOWLY[..], &["--plugin", "./libforks.so"]].concat())
}

#[test]
fn whom_a_plugin_leaves_behind_ends_with_its_job() {
    if !can_be_made() {
        return;
    }
    let place = Place::new();
    let root = place.root.path();
    place.capture("small.pcap", &plain(&many_flows(300)));
    place.capture("slow.pcap", &slow_capture());
    let server = serve(&place);
    let job = server.finished("small.pcap");
    assert_eq!(server.status(job)["without_plugins"], serde_json::Value::Null);
    let first = helpers(root);
    assert_eq!(first.len(), 1, "{}", place.messages());
    assert!(!lives(first[0]), "the job has ended");

    let job = server.process("slow.pcap");
    until("it has begun a helper", || helpers(root).len() == 2);
    let second = helpers(root)[1];
    assert!(lives(second), "the job is under way");
    kill(child_of(&server, job).expect("a process"), "KILL");
    until("the helper of the killed child is gone", || !lives(second));
    until("the next child has one", || helpers(root).len() == 3);
    let third = helpers(root)[2];
    assert_eq!(server.delete(&format!("/file/{job}")).status, 200);
    assert_eq!(server.wait(job)["state"], "cancelled");
    assert!(!lives(third), "the job is cancelled");
}

#[test]
fn a_server_that_is_told_to_stop_leaves_nobody_behind() {
    if !can_be_made() {
        return;
    }
    let place = Place::new();
    place.capture("slow.pcap", &slow_capture());
    let mut server = serve(&place);
    server.process("slow.pcap");
    until("it has begun a helper", || helpers(place.root.path()).len() == 1);
    // As from a terminal, where children with groups of their own hear nothing.
    server.signal("INT");
    assert!(server.child.wait().expect("its end").success(), "{}", place.messages());
    // It was killed before the server's end; on a busy machine the system is a moment behind.
    until("the helper is gone", || !lives(helpers(place.root.path())[0]));
}
