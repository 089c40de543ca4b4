//! A folder of results that was written once opens for ever: `tests/store` has one of each version of what
//! is in it, with what it answered then. `TRACTOR_FREEZE=1` writes the one of a new version, and no other.

use super::server::{Place, Server};
use crate::cli::run::tractor;
use crate::cli::traffic::office;
use std::path::{Path, PathBuf};

/// Of this version of what is written: raised when that changes, so that there is one more.
const VERSION: &str = "1";

/// What is asked, and the file that has the answer.
const QUESTIONS: [(&str, &str); 6] = [
    ("/file/1/flows?format=csv", "flows.csv"),
    ("/file/1/flows?session=1", "flows_of_session.json"),
    ("/file/1/sessions?limit=1000", "sessions.json"),
    ("/file/1/windows?format=csv", "windows.csv"),
    ("/file/1/windows", "windows.json"),
    ("/file/1/statistics", "statistics.json"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => drop(std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
        }
    }
}

fn answer(server: &Server, question: &str) -> String {
    let reply = server.get(question);
    assert_eq!(reply.status, 200, "{question}");
    String::from_utf8(reply.body).unwrap()
}

/// Writes the folder of this version, if it is not there.
fn freeze() {
    let to = folder().join(VERSION);
    if to.exists() || std::env::var_os("TRACTOR_FREEZE").is_none() {
        return;
    }
    let place = Place::new();
    place.capture("office.pcap", &office());
    let server = place.serve(&["--window", "10s"]);
    server.finished("office.pcap");
    let answers = QUESTIONS.map(|(question, file)| (answer(&server, question), file));
    drop(server);
    copy(&place.data(), &to.join("data"));
    // What is made anew wherever it is not.
    let _ = std::fs::remove_dir_all(to.join("data/index"));
    let _ = std::fs::remove_file(to.join("data/lock"));
    for (answer, file) in answers {
        std::fs::write(to.join(file), answer).unwrap();
    }
}

#[test]
fn a_folder_of_results_of_every_version_opens_and_answers_as_it_did() {
    freeze();
    let mut versions: Vec<PathBuf> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    versions.sort();
    assert!(versions.contains(&folder().join(VERSION)), "of this version there is none");
    for version in versions {
        let place = Place::new();
        copy(&version.join("data"), &place.data());
        let checked = tractor(place.root.path(), &["store", "check", "--data", "data"]);
        assert_eq!(checked.code, Some(0), "{version:?}: {}", checked.messages);
        let server = place.serve(&[]);
        for (question, file) in QUESTIONS {
            let Ok(expected) = std::fs::read_to_string(version.join(file)) else { continue };
            assert_eq!(answer(&server, question), expected, "{version:?}: {question}");
        }
    }
}
