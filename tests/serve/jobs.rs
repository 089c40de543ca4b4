//! Jobs: begun, queued, cancelled, forgotten, repeated without a bad plugin.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::server::{Place, Server};
use crate::cli::run::{flows, program, start_command, until};
use crate::cli::traffic::{many_flows, office, plain, write};

/// Flags that make a job over [`slow_capture`] last some seconds.
pub const SLOWLY: [&str; 4] = ["--chunk-bytes", "200", "--workers", "1"];

pub fn slow_capture() -> Vec<u8> {
    plain(&many_flows(60_000))
}

fn state(server: &Server, job: u64) -> String {
    server.status(job)["state"].as_str().expect("a state").to_owned()
}

#[test]
fn a_job_under_way_is_not_begun_again_and_one_that_is_over_is() {
    let place = Place::new();
    place.capture("slow.pcap", &slow_capture());
    place.capture("office.pcap", &office());
    let server = place.serve(&SLOWLY);
    let slow = server.process("slow.pcap");
    assert_eq!(server.process("slow.pcap"), slow);
    let waiting = server.process("office.pcap");
    assert_eq!(state(&server, waiting), "queued");
    assert_eq!(server.process("office.pcap"), waiting);
    let other = server.post(&json!({ "file_name": "office.pcap", "profile": "iscx" })).json();
    assert_ne!(other["job_id"], waiting);
    let unknown = server.post(&json!({ "file_name": "office.pcap", "profile": "isx" }));
    assert_eq!(unknown.status, 400);
    assert!(unknown.json()["message"].as_str().unwrap().contains("iscx-a2"), "{unknown:?}");

    until("the job is under way", || {
        let status = server.status(slow);
        status["state"] == "in_progress" && status["progress"]["packets"].as_u64() > Some(0)
    });
    let cancelled = server.delete(&format!("/file/{slow}"));
    assert_eq!(cancelled.status, 200, "{cancelled:?}");
    assert_eq!(cancelled.json()["message"], "it is being cancelled");
    assert_eq!(server.wait(slow)["state"], "cancelled");
    assert_eq!(server.wait(waiting)["state"], "finished");
    let again = server.finished("office.pcap");
    assert!(again > waiting);
    let files = server.ask("/files/list");
    let office = files.as_array().unwrap().iter().find(|file| file["name"] == "office").unwrap();
    assert_eq!(office["status"]["job_id"], again);
}

#[test]
fn a_job_that_is_forgotten_leaves_nothing_and_its_number_is_not_used_again() {
    let place = Place::new();
    place.capture("office.pcap", &office());
    let server = place.serve(&[]);
    let job = server.finished("office.pcap");
    assert_eq!(server.delete(&format!("/file/{job}")).status, 200);
    assert_eq!(server.get(&format!("/file/{job}/status")).status, 404);
    assert_eq!(server.ask("/files/list")[0]["status"], json!({ "state": "new" }));
    assert!(!place.data().join("jobs").join(job.to_string()).exists());
    drop(server);
    let server = place.serve(&[]);
    assert!(server.finished("office.pcap") > job);
}

#[test]
fn a_job_shows_its_own_capture_when_another_has_its_name() {
    let place = Place::new();
    place.capture("office.pcap", &office());
    let mut server = place.serve(&[]);
    let job = server.finished("office.pcap");
    let path = format!("/file/{job}/details");
    let before = server.ask(&path);
    place.capture("office.pcap", &plain(&many_flows(5_000)));
    until("the new file is seen", || {
        server.ask("/files/list")[0]["time_start"] == 1_700_000_000
            && server.ask("/files/list")[0]["indexing"].is_null()
    });
    assert_ne!(server.ask("/files/list")[0]["size"], before["size"]);
    for _ in 0..2 {
        let after = server.ask(&path);
        for field in ["name", "extension", "size", "time_start", "time_end", "flows_count"] {
            assert_eq!(after[field], before[field], "{field}");
        }
        assert!(after["message"].as_str().unwrap().contains("another"), "{after}");
        // The same after a restart.
        drop(server);
        server = place.serve(&[]);
        until("it is listed", || server.ask("/files/list")[0]["indexing"].is_null());
    }
    let next = server.finished("office.pcap");
    let details = server.ask(&format!("/file/{next}/details"));
    assert!(details["message"].is_null(), "{details}");
    assert_eq!(details, server.ask("/files/list")[0]);
}

#[test]
fn a_job_that_waits_again_has_not_begun_and_its_profile_is_the_only_one() {
    let place = Place::new();
    place.capture("slow.pcap", &slow_capture());
    let at_once = [&SLOWLY[..], &["--jobs", "2"]].concat();
    let mut server = place.serve(&at_once);
    let first = server.process("slow.pcap");
    let body = json!({ "file_name": "slow.pcap", "profile": "iscx" });
    let second = server.post(&body).json()["job_id"].as_u64().unwrap();
    until("both are under way", || {
        [first, second].iter().all(|job| state(&server, *job) == "in_progress")
    });
    for (job, other) in [(first, "iscx"), (second, "native")] {
        let path = format!("/file/{job}/flows?format=csv");
        assert_eq!(server.get(&path).status, 409, "{job}");
        assert_eq!(server.get(&format!("{path}&profile={other}")).status, 400, "{job}");
    }
    server.kill();
    let server = place.serve(&SLOWLY);
    assert_eq!(server.status(second), json!({ "state": "queued", "job_id": second }));
}

#[test]
fn captures_that_appear_are_processed_where_that_is_wanted() {
    for (process, expected) in
        [("none", [false, false]), ("new", [false, true]), ("all", [true, true])]
    {
        let place = Place::new();
        place.capture("before.pcap", &office());
        let old = std::time::SystemTime::now() - Duration::from_secs(60);
        let file = std::fs::File::options().write(true).open(place.captures().join("before.pcap"));
        file.unwrap().set_modified(old).unwrap();
        let server = place.serve(&["--process", process]);
        until("the folder is listed", || server.ask("/files/list").as_array().unwrap().len() == 1);
        place.capture("new.pcap", &office());
        until("both are listed", || server.ask("/files/list").as_array().unwrap().len() == 2);
        let is_done = |files: &Value, name: &str| {
            let file = files.as_array().unwrap().iter().find(|file| file["name"] == name).unwrap();
            file["status"]["state"] == "finished"
        };
        let names = ["before", "new"];
        if expected.contains(&true) {
            until("jobs have begun by themselves", || {
                let files = server.ask("/files/list");
                names.iter().zip(expected).all(|(name, wanted)| !wanted || is_done(&files, name))
            });
        } else {
            std::thread::sleep(Duration::from_millis(1_500));
        }
        let files = server.ask("/files/list");
        assert_eq!(names.map(|name| is_done(&files, name)), expected, "--process {process}");
    }
}

/// Jobs that a server has begun, of any state.
fn latest(server: &Server) -> Option<u64> {
    server.ask("/files/list")[0]["status"]["job_id"].as_u64()
}

#[test]
fn another_file_of_an_old_name_is_processed_and_what_was_forgotten_is_not_again() {
    let place = Place::new();
    place.capture("ring.pcap", &office());
    let path = place.captures().join("ring.pcap");
    let old = std::time::SystemTime::now() - Duration::from_secs(60);
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
    let flags = ["--process", "all", "--keep-jobs", "0"];
    let jobs_begun = |place: &Place| place.messages().matches("queued").count();
    let mut server = place.serve(&flags);
    until("the file is processed and forgotten", || {
        jobs_begun(&place) == 1 && latest(&server).is_none()
    });
    // A ring of files writes into the same one again; others are moved over it.
    std::fs::write(&path, plain(&many_flows(10))).unwrap();
    until("it is processed when it was written anew", || jobs_begun(&place) == 2);
    until("that is forgotten, too", || latest(&server).is_none());
    place.capture("ring.pcap", &plain(&many_flows(20)));
    until("it is processed when it was replaced", || jobs_begun(&place) == 3);
    until("that is remembered", || {
        let remembered = std::fs::read_to_string(place.data().join("processed_files"));
        let size = std::fs::metadata(&path).unwrap().len();
        remembered.is_ok_and(|text| text.contains(&format!("\"bytes\":{size}")))
    });
    for is_quiet in [true, false] {
        if is_quiet {
            until("that is forgotten, too", || latest(&server).is_none());
            server.kill();
        } else {
            server.signal("TERM");
            assert!(server.child.wait().unwrap().success());
        }
        server = place.serve(&flags);
        std::thread::sleep(Duration::from_millis(1_500));
        assert_eq!(jobs_begun(&place), 3, "{}", place.messages());
    }
}

#[test]
fn a_folder_of_results_has_one_server() {
    let place = Place::new();
    let server = place.serve(&[]);
    let arguments =
        ["serve", "--captures", "captures", "--data", "data", "--listen", "127.0.0.1:0"];
    let second = start_command(&mut program(place.root.path(), &arguments), Stdio::null());
    let second = second.finish(Duration::from_secs(20));
    assert_eq!(second.code, Some(1), "{second:?}");
    assert!(second.messages.contains(&server.child.id().to_string()), "{second:?}");
}

#[test]
fn what_makes_no_sense_is_refused_at_the_start() {
    let place = Place::new();
    write(place.root.path(), "token", b"secret\n");
    let cases: [(&[&str], i32, &str); 9] = [
        (&["--listen", "0.0.0.0:0"], 2, "token"),
        (&["--captures", "nowhere"], 1, "nowhere"),
        (&["--token-file", "nowhere"], 2, "nowhere"),
        (&["--geoip", "token"], 2, "token"),
        (&["--rules", "nowhere"], 2, "nowhere"),
        (&["--plugin", "nowhere.so"], 2, "nowhere.so"),
        (&["--plugins", "nowhere"], 2, "nowhere"),
        (&["--plugin-option", "org.tractor.signatures.bad=1"], 2, "bad"),
        (&["--plugin-memory", "100000000"], 2, "95 MiB"),
    ];
    for (more, code, said) in cases {
        let usual = ["serve", "--captures", "captures", "--data", "data"];
        let mut arguments: Vec<&str> = usual.to_vec();
        if let Some(place) = arguments.iter().position(|flag| more[0] == *flag) {
            arguments.drain(place..place + 2);
        }
        arguments.extend(more);
        let run = start_command(&mut program(place.root.path(), &arguments), Stdio::null());
        let run = run.finish(Duration::from_secs(20));
        assert_eq!(run.code, Some(code), "{more:?}: {run:?}");
        assert!(run.messages.contains(said), "{run:?}");
    }
}

#[test]
fn a_job_needs_no_more_memory_than_its_flows_do() {
    let place = Place::new();
    place.capture("office.pcap", &office());
    let server = place.serve(&["--plugin-memory", "150000000", "--workers", "2"]);
    server.finished("office.pcap");
}

#[test]
fn bad_plugins_lose_their_vote_and_the_server_stays_up() {
    use crate::cli::bad_plugins::plugins::{LOADABLE, can_be_made, good, make};
    if !can_be_made() {
        return;
    }
    let place = Place::new();
    place.capture("a.pcap", &plain(&many_flows(3_000)));
    good(place.root.path(), "good");
    let usual = ["a.pcap", "--plugin", "../libgood.so", "--format", "csv"];
    let expected = flows(&place.captures(), &usual);
    for bad in LOADABLE.iter().filter(|bad| !bad.said.is_empty()) {
        make(place.root.path(), bad);
        let library = format!("./lib{}.so", bad.name);
        let began = Instant::now();
        let server = place.serve(&[
            "--plugin",
            "./libgood.so",
            "--plugin",
            &library,
            "--plugin-deadline-ms",
            "1500",
            "--plugin-memory",
            "1500000000",
            "--workers",
            "2",
            "--chunk-bytes",
            "20000",
        ]);
        let job = server.finished("a.pcap");
        let status = server.status(job);
        let without = status["without_plugins"][0]["why"].as_str().unwrap_or_default();
        let listed = server.ask("/plugins");
        let named = |kind: &str| {
            let all = listed[kind].as_array().into_iter().flatten();
            all.clone().find(|one| one.to_string().contains(bad.name)).cloned()
        };
        let broke = named("quarantined");
        let told = broke.clone().or_else(|| named("refused"));
        let told = told.unwrap_or_else(|| panic!("{} is not named: {listed}", bad.name));
        assert!(told["why"].as_str().unwrap().contains(bad.said), "{}: {told}", bad.name);
        assert_eq!(broke.is_some(), without.contains(bad.said), "{}: {status}", bad.name);
        let exported = String::from_utf8(server.export(job, "csv")).unwrap();
        assert!(exported == expected, "{}: other rows", bad.name);
        assert!(began.elapsed() < Duration::from_secs(60), "{}", bad.name);
    }
}
