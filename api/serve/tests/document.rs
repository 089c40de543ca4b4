//! The OpenAPI document is what is served, and what is committed.

use super::client::Server;
use super::{AUTHORIZATION, fake, open, with_token};
use crate::serve::log::{self, LogFormat};
use crate::serve::openapi;
use crate::serve::settings::HttpSettings;
use crate::serve::views::ProfileName;
use serde_json::Value;
use std::process::Command;

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/api/openapi.json");

/// `TRACTOR_WRITE_OPENAPI=1 cargo test --lib the_committed_document` writes it anew.
#[test]
fn the_committed_document_is_the_one_that_is_served() {
    let text = openapi::text(true);
    if std::env::var_os("TRACTOR_WRITE_OPENAPI").is_some() {
        std::fs::write(COMMITTED, &text).unwrap();
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap_or_default();
    assert!(text == committed, "write it with TRACTOR_WRITE_OPENAPI=1");
    let server = with_token();
    assert_eq!(server.ask("GET", "/openapi.json", AUTHORIZATION).text(), text);
    assert!(open().get("/openapi.json").json().get("security").is_none());
}

#[test]
fn every_route_of_the_document_is_there_and_answers_as_documented() {
    let server = open();
    let document: Value = serde_json::from_str(&openapi::text(true)).unwrap();
    for (template, item) in document["paths"].as_object().unwrap() {
        let job = if template.ends_with("events") { fake::FINISHED } else { fake::RUNNING };
        let path = template.replace("{job_id}", &job.to_string());
        let path = path.replace("{session_id}", "7");
        let query = match template.as_str() {
            "/file/{job_id}/statistics/ip" => "?ip=192.0.2.1",
            "/file/{job_id}/statistics/labels" | "/file/{job_id}/flows/labels" => "?label=dns",
            _ => "",
        };
        for (method, operation) in item.as_object().unwrap() {
            let reply = match method.as_str() {
                "post" => server.post(&path, br#"{"file_name": "a.pcap", "directory": "."}"#),
                method => server.ask(&method.to_uppercase(), &format!("{path}{query}"), ""),
            };
            assert_eq!(reply.status, 200, "{method} {path}: {reply:?}");
            let content = operation["responses"]["200"]["content"].as_object().unwrap();
            let given = reply.header("content-type").unwrap().split(';').next().unwrap();
            assert!(content.contains_key(given), "{method} {path}: {given}");
            let statuses: Vec<&String> =
                operation["responses"].as_object().unwrap().keys().collect();
            for status in ["400", "401", "403", "404", "405", "500", "503"] {
                assert!(statuses.iter().any(|given| *given == status), "{method} {path}: {status}");
            }
        }
    }
}

#[test]
fn the_description_has_the_profiles_that_there_are() {
    let described = serde_json::to_value(ProfileName::ALL).unwrap();
    let all: Vec<&str> =
        tractor_engine::profiles::Profile::all().iter().map(|profile| profile.name).collect();
    assert_eq!(described, serde_json::json!(all));
}

/// `TRACTOR_SCHEMATHESIS=program cargo test --lib schemathesis`: the document and what is served are
/// compared by somebody else.
#[test]
fn schemathesis_finds_no_failure() {
    let Some(program) = std::env::var_os("TRACTOR_SCHEMATHESIS") else { return };
    let server = with_token();
    let url = format!("http://{}/openapi.json", server.address);
    let options = ["--checks", "all", "--workers", "2", "--seed", "1", "--no-color"];
    let cases = std::env::var("TRACTOR_CASES").unwrap_or_else(|_| "30".to_owned());
    // It remembers in its folder what it found.
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    command.current_dir(folder.path());
    command
        .args(["run", &url, "--header", AUTHORIZATION.trim()])
        .args(options)
        .args(["--max-examples", &cases]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// Serves the made-up jobs until the time is over, for trying things by hand:
/// `TRACTOR_FAKE=127.0.0.1:8080 cargo test --lib serves_by_hand -- --nocapture`.
#[test]
fn serves_by_hand() {
    let Some(address) = std::env::var("TRACTOR_FAKE").ok() else { return };
    let format = match std::env::var_os("TRACTOR_FAKE_JSON") {
        Some(_) => LogFormat::Json,
        None => LogFormat::Text,
    };
    log::init(format, "info").unwrap();
    let server = Server::on(&address, HttpSettings::default());
    println!("listening on http://{}", server.address);
    std::thread::sleep(std::time::Duration::from_secs(3_600));
}
