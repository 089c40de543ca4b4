//! The description of the API, held against a real server by schemathesis, where it is installed
//! (`TRACTOR_SCHEMATHESIS` names it).

use std::process::Command;

use super::server::Place;
use crate::cli::traffic::office;

#[test]
fn schemathesis_finds_no_failure_in_a_real_server() {
    let Some(schemathesis) = std::env::var_os("TRACTOR_SCHEMATHESIS") else {
        eprintln!("skipped: TRACTOR_SCHEMATHESIS does not name schemathesis");
        return;
    };
    let place = Place::new();
    place.capture("office.pcap", &office());
    std::fs::write(place.root.path().join("token"), "secret").unwrap();
    let mut server = place.serve(&["--token-file", "token"]);
    server.token = Some("secret".to_owned());
    let job = server.finished("office.pcap");
    let mut command = Command::new(schemathesis);
    // It leaves files where it works.
    command.current_dir(place.root.path());
    command.args(["run", &format!("{}/openapi.json", server.url)]);
    command.args(["--header", "Authorization: Bearer secret", "--checks", "all", "--seed", "1"]);
    command.args(["--max-examples", &super::stops::cases(20).to_string()]);
    let done = command.output().expect("schemathesis runs");
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{said}\n{}", String::from_utf8_lossy(&done.stderr));
    let _ = job;
}
