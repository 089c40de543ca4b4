//! `examples/client.py`, with a Python of whoever runs the tests.

use super::super::run::{Finished, in_folder, start_command};
use super::PATIENCE;
use super::scripted::{Request, Scripted, refuses, says};
use serde_json::json;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::tempdir;

fn client(folder: &Path, arguments: &[&str]) -> Finished {
    let mut command = in_folder(folder, "python3");
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/client.py")).args(arguments);
    start_command(&mut command, Stdio::null()).finish(PATIENCE)
}

fn is_there() -> bool {
    let python = Command::new("python3").arg("--version").output();
    python.inspect_err(|cause| eprintln!("skipped: python3: {cause}")).is_ok()
}

/// A job that is asked after some times, with its mark, until it has that state.
fn job(end: &'static str) -> Scripted {
    let mut times = 0;
    Scripted::new(move |request: &Request| {
        Some(match request.line.as_str() {
            "POST /files/process" if !request.body.contains("\"a.pcap\"") => refuses(404, "Not found."),
            "POST /files/process" => says(200, r#"{"state":"queued","job_id":4}"#),
            "GET /file/4/statistics" => says(
                200,
                &json!([
                    { "title": "protocols", "content": [{ "label": "ftp\u{1b}[2J", "count": 12_345 }] },
                    { "title": "clients", "content": [] },
                ])
                .to_string(),
            ),
            _ => {
                times += 1;
                match times {
                    1 => {
                        let progress = json!({ "packets": 5, "bytes": 1, "flows": 1, "share": 0.5 });
                        let status = json!({ "state": "in_progress", "job_id": 4, "progress": progress });
                        let mut answer = says(200, &status.to_string());
                        answer.etag = Some("\"1\"".to_owned());
                        answer
                    }
                    2 if request.header("if-none-match") == Some("\"1\"") => says(304, ""),
                    3 => return None,
                    4 => refuses(503, "the store opens"),
                    _ => says(200, &json!({ "state": end, "job_id": 4, "message": "so it is" }).to_string()),
                }
            }
        })
    })
}

#[test]
fn the_client_in_python_submits_polls_and_prints_statistics() {
    if !is_there() {
        return;
    }
    let folder = tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "s3cret\n").unwrap();
    let server = job("finished");
    let finished =
        client(folder.path(), &[&server.url, "captures/a.pcap", "--token-file", "token"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let lines: Vec<Vec<&str>> =
        finished.output.lines().map(|line| line.split_whitespace().collect()).collect();
    let expected: [&[&str]; 4] =
        [&["protocols", "flows"], &["ftp\\x1b[2J", "12,345"], &[], &["clients", "flows"]];
    assert_eq!(lines, expected, "{finished:?}");
    let said = "job 4: in_progress, 50 %, 5 packets\njob 4: finished, so it is\n";
    assert_eq!(finished.messages, said);
    for one in server.seen() {
        assert_eq!(one.header("authorization"), Some("Bearer s3cret"), "{one:?}");
    }
}

#[test]
fn the_client_in_python_says_what_goes_wrong_in_a_sentence() {
    if !is_there() {
        return;
    }
    let folder = tempdir().unwrap();
    let server = job("failed");
    let failed = client(folder.path(), &[&server.url, "a.pcap"]);
    assert_eq!((failed.code, failed.output.as_str()), (Some(1), ""), "{failed:?}");
    assert!(failed.messages.ends_with("job 4: failed, so it is\n"), "{failed:?}");
    let odd = Scripted::saying(200, "<html>");
    for (url, code, said) in [
        (server.url.as_str(), 1, "error: Not found (404)\n"),
        (
            "http://127.0.0.1:1",
            1,
            "error: http://127.0.0.1:1 cannot be asked: Connection refused\n",
        ),
        (&odd.url, 1, " does not answer as tractor serve does: "),
        ("127.0.0.1", 2, "the server begins with http://\n"),
    ] {
        let finished = client(folder.path(), &[url, "b.pcap"]);
        assert_eq!(finished.code, Some(code), "{finished:?}");
        assert!(finished.messages.contains(said), "{said}: {finished:?}");
        assert!(!finished.messages.contains("Traceback"), "{finished:?}");
    }
    let absent = client(folder.path(), &[&server.url, "a.pcap", "--token-file", "absent"]);
    assert_eq!(absent.code, Some(2), "{absent:?}");
}
