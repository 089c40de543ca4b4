//! Names and bodies of people who mean no good.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use super::server::Place;
use crate::cli::run::until;
use crate::cli::traffic::{office, plain, segment};
use crate::support::traffic::payloads::client_hello;

#[test]
fn nothing_outside_of_the_folder_is_opened_and_nothing_hangs() {
    let place = Place::new();
    let captures = place.captures();
    place.capture("office.pcap", &office());
    std::fs::write(place.root.path().join("secret.pcap"), office()).unwrap();
    std::fs::create_dir(captures.join("inner")).unwrap();
    symlink("../secret.pcap", captures.join("out.pcap")).unwrap();
    symlink("/dev/zero", captures.join("zero.pcap")).unwrap();
    symlink("loop.pcap", captures.join("loop.pcap")).unwrap();
    let made = Command::new("mkfifo").arg(captures.join("fifo.pcap")).status();
    assert!(made.expect("mkfifo is there").success());
    let server = place.serve(&["--process", "all"]);
    let absolute = place.root.path().join("secret.pcap");
    let long = "a".repeat(255);
    let names = [
        "..",
        ".",
        "",
        "../secret.pcap",
        "inner/../office.pcap",
        "inner",
        "/dev/zero",
        "out.pcap",
        "zero.pcap",
        "loop.pcap",
        "fifo.pcap",
        "office.pcap\0",
        "OFFICE.PCAP",
        "%2e%2e/secret.pcap",
        "./office.pcap",
        absolute.to_str().unwrap(),
        &long,
    ];
    for name in names {
        let began = Instant::now();
        let reply = server.post(&json!({ "file_name": name }));
        assert_eq!(reply.status, 404, "{name:?}: {reply:?}");
        assert_eq!(reply.json()["status"], 404);
        assert!(began.elapsed() < Duration::from_secs(2), "{name:?}");
    }
    until("the only capture is processed", || {
        let files = server.ask("/files/list");
        files.as_array().unwrap().len() == 1 && files[0]["status"]["state"] == "finished"
    });
}

#[test]
fn a_server_that_calls_itself_a_script_is_inert_in_every_answer() {
    let name = "<script>alert(1)</script>.example";
    let hello = client_hello(name, &[7; 32]);
    let packets = [segment(0, 40_000, b""), segment(1_000, 40_000, &hello)];
    let place = Place::new();
    place.capture("script.pcap", &plain(&packets));
    let server = place.serve(&[]);
    let job = server.finished("script.pcap");
    let paths = [
        "statistics",
        "statistics/ip?ip=192.0.2.2",
        "flows",
        "flows?ip=192.0.2.2",
        "details",
        "status",
    ];
    let mut told = 0;
    for path in paths {
        let reply = server.get(&format!("/file/{job}/{path}"));
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        assert!(!text.contains("<script"), "{path}: {text}");
        assert_eq!(reply.header("Content-Type"), Some("application/json"), "{path}");
        assert_eq!(reply.header("X-Content-Type-Options"), Some("nosniff"), "{path}");
        told += usize::from(reply.json().to_string().contains(name));
    }
    assert!(told >= 4, "{told} answers tell the name");
    // An export has the text as it is, and is no page.
    let export = server.get(&format!("/file/{job}/flows?format=csv"));
    assert!(String::from_utf8_lossy(&export.body).contains(name));
    let attached = export.header("Content-Disposition").unwrap_or_default();
    assert!(attached.starts_with("attachment"), "{attached}");
    assert_eq!(export.header("X-Content-Type-Options"), Some("nosniff"));
}

#[test]
fn a_name_that_is_no_text_is_listed_and_processed() {
    let place = Place::new();
    let odd = OsStr::from_bytes(b"odd\xff.pcap");
    std::fs::write(place.captures().join(odd), office()).unwrap();
    let longest = "a".repeat(250) + ".pcap";
    place.capture(&longest, &office());
    let server = place.serve(&[]);
    until("they are listed", || server.ask("/files/list").as_array().unwrap().len() == 2);
    for name in ["odd%FF.pcap", &longest] {
        let job = server.finished(name);
        assert_eq!(server.ask(&format!("/file/{job}/details"))["status"]["state"], "finished");
    }
}

#[test]
fn captures_that_are_none_fail_with_a_sentence() {
    let place = Place::new();
    place.capture("none.pcap", b"this is no capture at all");
    place.capture("empty.pcap", b"");
    let mut cut = office();
    cut.truncate(cut.len() - 7);
    place.capture("cut.pcap", &cut);
    let server = place.serve(&[]);
    for name in ["none.pcap", "empty.pcap"] {
        let job = server.process(name);
        let status = server.wait(job);
        assert_eq!(status["state"], "failed", "{status}");
        assert!(status["message"].as_str().unwrap().contains(name), "{status}");
    }
    let job = server.finished("cut.pcap");
    let message = server.status(job)["message"].as_str().unwrap().to_owned();
    assert!(message.contains("cut.pcap") && message.contains("truncated"), "{message}");
}
