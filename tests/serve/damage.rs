//! A damaged folder of results: the server starts, says what is so, and finished jobs whose files are
//! whole are as they were. `TRACTOR_CASES` is the number of damages.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::jobs::{SLOWLY, slow_capture};
use super::server::{Place, Server};
use super::stops::cases;
use crate::cli::traffic::{many_flows, office, plain};
use crate::support::random::Random;

/// Every file below a folder, by path.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(files_below(&path)),
            path => found.push(path),
        }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for path in files_below(from) {
        let target = to.join(path.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(&path, target).unwrap();
    }
}

/// Damages one file; gives which.
fn damage(data: &Path, random: &mut Random) -> PathBuf {
    let files = files_below(data);
    let path = random.pick(&files);
    let mut bytes = std::fs::read(&path).unwrap();
    let place = random.below(bytes.len().max(1) as u64) as usize;
    match random.below(3) {
        0 => bytes.truncate(place),
        1 if !bytes.is_empty() => bytes[place] ^= 1 << random.below(8),
        _ => {
            let page = place / 4_096 * 4_096;
            let end = (page + 4_096).min(bytes.len());
            bytes[page..end].fill(0);
        }
    }
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Questions about a job, those that the index helps with among them.
const ASKED: [&str; 6] = [
    "details",
    "statistics",
    "statistics/labels?label=dns",
    "statistics/ip?ip=192.0.2.1",
    "flows/labels?label=dns",
    "flows?ip=192.168.1.52",
];

/// All that clients see of a job.
fn answers(server: &Server, job: u64) -> (Vec<Value>, Vec<u8>) {
    let ask = |path: &&str| server.ask(&format!("/file/{job}/{path}"));
    (ASKED.iter().map(ask).collect(), server.export(job, "csv"))
}

/// What is damaged is refused; what is not refused is as it was.
fn never_other_answers(server: &Server, job: u64, expected: &(Vec<Value>, Vec<u8>), case: u64) {
    let refused = |status: u16| matches!(status, 404 | 409);
    // What the server knows of the job by heart may tell of the damage.
    for (path, expected) in ASKED.iter().zip(&expected.0).skip(1) {
        // In the middle of a damaged list the connection is cut.
        let Some(reply) = server.try_get(&format!("/file/{job}/{path}")) else { continue };
        if !refused(reply.status) {
            assert_eq!(reply.status, 200, "case {case}, {path}: {reply:?}");
            assert_eq!(reply.json(), *expected, "case {case}, {path}");
        }
    }
    // In the middle of a damaged export the connection is cut.
    let path = format!("/file/{job}/flows?format=csv");
    match server.try_get(&path) {
        Some(export) if export.status == 200 => {
            assert!(export.body == expected.1, "case {case}: other rows");
        }
        Some(export) => assert!(refused(export.status), "case {case}: {export:?}"),
        None => {}
    }
}

#[test]
fn a_queued_job_whose_record_is_damaged_has_failed_and_says_so() {
    let place = Place::new();
    place.capture("slow.pcap", &slow_capture());
    place.capture("office.pcap", &office());
    let mut server = place.serve(&SLOWLY);
    server.process("slow.pcap");
    let job = server.process("office.pcap");
    server.kill();
    let record = place.data().join("jobs").join(job.to_string()).join("job.json");
    let text = std::fs::read_to_string(&record).unwrap();
    std::fs::write(&record, &text[..text.len() / 2]).unwrap();
    let server = place.serve(&SLOWLY);
    let status = server.status(job);
    assert_eq!(status["state"], "failed", "{status}");
    assert!(status["message"].as_str().unwrap().contains("job.json is damaged"), "{status}");
    assert!(server.get(&format!("/file/{job}/flows")).status < 500);
    assert_eq!(server.ask(&format!("/file/{job}/details"))["status"]["job_id"], job);
    assert_eq!(server.delete(&format!("/file/{job}")).status, 200);
    assert_eq!(server.get(&format!("/file/{job}/status")).status, 404);
}

#[test]
fn what_is_whole_survives_what_is_not() {
    let place = Place::new();
    place.capture("office.pcap", &office());
    place.capture("many.pcap", &plain(&many_flows(3_000)));
    let (jobs, expected) = {
        let server = place.serve(&[]);
        let jobs = [server.finished("office.pcap"), server.finished("many.pcap")];
        crate::cli::run::until("captures are looked at", || {
            let files = server.ask("/files/list");
            files.as_array().unwrap().iter().all(|file| file["indexing"].is_null())
        });
        let expected = jobs.map(|job| answers(&server, job));
        server.signal("TERM");
        let mut server = server;
        assert!(server.child.wait().unwrap().success());
        (jobs, expected)
    };
    let whole = place.root.path().join("whole");
    copy(&place.data(), &whole);
    for case in 0..cases(30) {
        std::fs::remove_dir_all(place.data()).unwrap();
        copy(&whole, &place.data());
        let mut random = Random::seeded(case);
        let damaged = damage(&place.data(), &mut random);
        let began = Instant::now();
        let server = place.serve(&[]);
        assert!(began.elapsed() < Duration::from_secs(5), "case {case}: {:?}", began.elapsed());
        crate::cli::run::until("captures are looked at", || {
            let files = server.ask("/files/list");
            files.as_array().unwrap().iter().all(|file| file["indexing"].is_null())
        });
        for (job, expected) in jobs.iter().zip(&expected) {
            let is_segment = damaged.extension().is_some_and(|extension| extension == "trs");
            let folder = place.data().join("jobs").join(job.to_string());
            if is_segment && damaged.starts_with(&folder) {
                never_other_answers(&server, *job, expected, case);
                continue;
            }
            let given = answers(&server, *job);
            let place = format!("case {case}, job {job}: {}", damaged.display());
            assert_eq!(given.0, expected.0, "{place}");
            assert!(given.1 == expected.1, "{place}: other rows");
        }
        let log = place.messages();
        assert!(!log.contains("panicked"), "case {case}: {log}");
    }
}
